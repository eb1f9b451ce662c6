"""Signing in and out over HTTP: what is let in, where it leads, what the cookies are."""

import pytest
from access_cast import DEVICE, SESSION, Browser, signed_in
from stage import PASSWORD, Stage

NEW = "violet anchor breakfast"


def test_leads_where_one_wanted_to_go(stage: Stage) -> None:
    browser = Browser(stage)
    first = browser.get("/access/roles?sort=-name")
    assert first.headers["location"] == "/sign-in?next=/access/roles%3Fsort%3D-name"
    assert "OneCard 0.1.0" in browser.get(first.headers["location"]).text
    answer = browser.sign_in("admin", next="/access/roles?sort=-name")
    assert (answer.status_code, answer.headers["location"]) == (303, "/access/roles?sort=-name")
    assert browser.get("/access/roles").status_code == 200


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1"]
)
def test_never_leads_to_another_site(stage: Stage, onward: str) -> None:
    assert Browser(stage).sign_in("admin", next=onward).headers["location"] == "/"


def test_refuses_and_keeps_what_was_typed(stage: Stage) -> None:
    browser = Browser(stage)
    for account in (stage.accounts["clerk"], "86729999", "nobody"):
        answer = browser.sign_in(account, "wrong", next="/access/roles")
        assert answer.status_code == 422
        assert "The account number or the password is wrong." in answer.text
        assert f'value="{account}"' in answer.text
        assert 'value="/access/roles"' in answer.text
        assert SESSION not in browser.cookies


def test_cookies_are_for_this_host_and_no_script(stage: Stage) -> None:
    lines = Browser(stage).sign_in("clerk").headers.get_list("set-cookie")
    session = next(line for line in lines if line.startswith(f"{SESSION}="))
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=lax"):
        assert attribute in session
    assert "Max-Age" not in session
    assert "Domain" not in session
    assert any(line.startswith(f"{DEVICE}=") and "Max-Age=31536000" in line for line in lines)


def test_a_session_somebody_planted_is_not_taken_over(stage: Stage) -> None:
    browser = Browser(stage)
    planted = signed_in(stage, "clerk").cookies[SESSION]
    browser.cookies[SESSION] = planted
    browser.sign_in("admin")
    assert browser.cookies[SESSION] != planted
    assert stage.accounts["admin"] in browser.get("/account").text


def test_other_sites_cannot_send_forms(stage: Stage) -> None:
    browser = signed_in(stage, "admin")
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = browser.post("/access/roles/new", {"name": "planted"}, headers)
        assert answer.status_code == 403
        assert "Nothing was changed" in answer.text
    assert "planted" not in browser.get("/access/roles").text


def test_signing_out_ends_it(stage: Stage) -> None:
    browser = signed_in(stage, "clerk")
    kept = dict(browser.cookies)
    assert browser.post("/sign-out").headers["location"] == "/sign-in"
    browser.cookies = kept
    assert browser.get("/account").headers["location"] == "/sign-in?next=/account"


def test_a_link_works_once(stage: Stage) -> None:
    secret = stage.link("admin").partition("#")[2]
    browser = Browser(stage)
    assert 'id="from-fragment"' in browser.get("/sign-in/once").text
    assert browser.post("/sign-in/once", {"code": secret}).headers["location"] == "/"
    assert browser.get("/account").status_code == 200
    again = Browser(stage).post("/sign-in/once", {"code": secret})
    assert again.status_code == 422
    assert "This link was used already" in again.text


def test_a_password_somebody_else_set_is_changed_first(stage: Stage) -> None:
    browser = signed_in(stage, "newcomer")
    assert browser.get("/").headers["location"] == "/account/password"
    assert browser.get("/people/departments").headers["location"] == "/account/password"
    assert "Choose a password of your own" in browser.get("/account/password").text
    weak = browser.post("/account/password", {"old": PASSWORD, "new": "12345678"})
    assert weak.status_code == 422
    assert "easy to guess" in weak.text
    wrong = browser.post("/account/password", {"old": "wrong", "new": NEW})
    assert "The password is wrong." in wrong.text
    assert browser.post("/account/password", {"old": PASSWORD, "new": NEW}).headers["location"] == "/"
    assert browser.get("/people/departments").status_code == 200
    assert Browser(stage).sign_in("newcomer").status_code == 422
    assert Browser(stage).sign_in("newcomer", NEW).status_code == 303


def test_an_unencrypted_address_is_told(stage: Stage) -> None:
    browser = Browser(stage)
    assert "came unencrypted" not in browser.get("/sign-in").text
    assert "came unencrypted" in browser.get("/sign-in", {"host": "console.school.example"}).text


def test_names_the_institution_of_its_own_page(stage: Stage) -> None:
    browser = Browser(stage)
    assert "青松学校" in browser.get("/sign-in?tenant=8672").text
    assert "Lakeside Works" in browser.get("/sign-in?tenant=1200").text
    for page in ("/sign-in", "/sign-in?tenant=9999"):
        text = browser.get(page).text
        assert "青松学校" not in text
        assert "Lakeside Works" not in text


def test_a_provider_nobody_has_leads_back(stage: Stage) -> None:
    answer = Browser(stage).get("/sign-in/provider?tenant=8672")
    assert answer.status_code == 422
    assert "Sign in" in answer.text
