"""My account over HTTP: second factors, sessions, language; and the second step of signing in."""

import re

import pyotp
from access_cast import SESSION, Browser, grow_old, signed_in
from stage import PASSWORD, Stage


def _set_up_app(browser: Browser) -> tuple[str, list[str]]:
    """Set an authenticator app up; its secret, and the recovery codes."""
    shown = browser.post("/account/factors/app").text
    secret = re.search(r'id="totp-secret" value="([A-Z2-7 ]+)"', shown)
    assert secret is not None
    assert "<svg" in shown
    key = secret[1].replace(" ", "")
    done = browser.post("/account/factors/app/code", {"code": pyotp.TOTP(key).now()})
    assert done.status_code == 200
    return key, re.findall(r"<li><code>([A-Z2-7-]+)</code></li>", done.text)


def test_the_second_step(stage: Stage) -> None:
    browser = signed_in(stage, "teacher")
    wrong = browser.post("/account/factors/app/code", {"code": "000000"})
    assert wrong.status_code == 422
    _, codes = _set_up_app(browser)
    assert len(codes) == 10

    other = Browser(stage)
    assert other.sign_in("teacher", next="/account").headers["location"] == "/sign-in/factor?next=/account"
    assert other.get("/account").headers["location"] == "/sign-in?next=/account"
    assert "recovery codes" in other.get("/sign-in/factor").text
    pending = other.cookies[SESSION]
    refused = other.post("/sign-in/factor", {"code": "123456", "next": "/account"})
    assert refused.status_code == 422
    assert 'value="/account"' in refused.text
    assert (
        other.post("/sign-in/factor", {"code": codes[0], "next": "/account"}).headers["location"]
        == "/account"
    )
    assert other.cookies[SESSION] != pending
    assert "9 left" in other.get("/account").text

    third = Browser(stage)
    third.sign_in("teacher")
    assert third.post("/sign-in/factor", {"code": codes[0]}).status_code == 422


def test_the_second_step_needs_the_first(stage: Stage) -> None:
    assert Browser(stage).get("/sign-in/factor").headers["location"] == "/sign-in"
    assert Browser(stage).post("/sign-in/factor/options").status_code == 409


def test_factors_ask_who_it_is(stage: Stage) -> None:
    browser = signed_in(stage, "clerk")
    grow_old(stage)
    refused = browser.post("/account/factors/app")
    assert refused.status_code == 422
    assert "Write your password." in refused.text
    before = browser.cookies[SESSION]
    assert browser.post("/account/factors/app", {"confirm_password": PASSWORD}).status_code == 200
    assert browser.cookies[SESSION] != before


def test_passkeys_are_asked_for_by_name(stage: Stage) -> None:
    browser = signed_in(stage, "clerk")
    by_number = browser.post("/account/factors/passkeys", {"name": "Key"})
    assert "Passkeys need an address with a name" in by_number.text
    host = {"host": stage.url.replace("http://127.0.0.1", "localhost")}
    host["origin"] = f"http://{host['host']}"
    assert "Make the passkey" in browser.post("/account/factors/passkeys", {"name": "Key"}, host).text
    options = browser.post("/account/factors/passkeys/options", headers=host).json()
    assert options["rp"]["id"] == "localhost"
    made = browser.post("/account/factors/passkeys/made?name=Key", {"credential": "{}"}, host)
    assert made.status_code == 409
    assert "not accepted" in made.text


def test_own_sessions_are_ended(stage: Stage) -> None:
    here, there, third = (signed_in(stage, "admin") for _ in range(3))
    page = here.get("/account").text
    assert "this one" in page
    number = re.search(r"/account/sessions/(\d+)/end", page)
    assert number is not None
    assert here.post(f"/account/sessions/{number[1]}/end").status_code == 303
    assert signed_in(stage, "clerk").post(f"/account/sessions/{number[1]}/end").status_code == 404
    assert here.post("/account/sessions/end-others").status_code == 303
    assert here.get("/account").status_code == 200
    assert {there.get("/account").status_code, third.get("/account").status_code} == {303}


def test_language_and_time_zone(stage: Stage) -> None:
    browser = signed_in(stage, "clerk")
    browser.post("/account/preferences", {"language": "en", "time_zone": "Europe/Lisbon"})
    assert "onecard-language" not in browser.cookies
    page = browser.get("/account").text
    assert "My account" in page
    assert "Europe/Lisbon" in page
    refused = browser.post("/account/preferences", {"language": "en", "time_zone": "Europe/Nowhere"})
    assert refused.status_code == 422
    browser.post("/account/preferences", {"language": "", "time_zone": ""})
    assert "我的账号" in browser.get("/account").text
