"""Enterprise settings over HTTP: saved whole or not at all, kept from those who may not, the logo."""

import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from PIL import Image
from stage import CLERK, Stage

from onecard.base.db import Tx
from onecard.tenants import oidc
from onecard.tenants import service as tenants
from onecard.tenants.functions import F
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import EVERYTHING
from onecard.tenants.settings import service as settings
from onecard.tenants.settings.model import SecondFactor, Settings

Enter = Callable[[str], httpx.Client]
PATH = "/system/enterprise"
FORM: dict[str, Any] = {
    "name": "青松学校", "language": "zh-CN", "currency": "CNY", "time_zone": "Asia/Shanghai",
    "day_cutoff": "03:00", "password_sign_in": "1",
    "idle_minutes": "30", "absolute_minutes": "720", "second_factor": "nobody",
    "photo_days": "30", "id_number_days": "180",
}  # fmt: skip


def stored(stage: Stage) -> tuple[Settings, str]:
    async def read(tx: Tx) -> tuple[Settings, str]:
        return await settings.get(tx), (await tenants.get(tx)).name

    return stage.in_school(read)


def picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(out, kind)
    return out.getvalue()


@pytest.fixture(autouse=True)
def afterwards(enter: Enter) -> Any:
    """As it was, whatever a test did."""
    yield
    assert enter("admin").post(PATH, data=FORM).status_code == 303


def test_everything_is_saved_at_once(enter: Enter, stage: Stage) -> None:
    changed = FORM | {
        "name": "青松中学", "idle_minutes": "15", "approvals": [F.PEOPLE_PERSON_ERASE.value],
        "photo_days": "0",        "receipt_footer": "谢谢\n再见", "holder_language": "en",
    }  # fmt: skip
    assert enter("admin").post(PATH, data=changed).status_code == 303
    own, name = stored(stage)
    assert (name, own.idle_minutes, own.photo_days) == ("青松中学", 15, 0)
    assert own.approvals == {F.PEOPLE_PERSON_ERASE}
    assert (own.receipt_footer, own.holder_language) == ("谢谢\n再见", "en")
    page = enter("admin").get(PATH).text
    assert 'value="青松中学"' in page
    assert re.search(r'value="people:person:erase" checked', page)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"absolute_minutes": "5"}, "最长"),
        ({"idle_minutes": "0"}, "不能小于 1"),
        ({"name": ""}, "请填写"),
        ({"time_zone": "Mars/Olympus"}, "时区"),
        ({"currency": "XXZ"}, "币种"),
        ({"day_cutoff": "noon"}, "03:00"),
        ({"provider_enabled": "1"}, "认证服务地址"),
        ({"issuer": "http://login.example.org", "client": "a"}, "https://"),
    ],
)
def test_nothing_is_saved_when_a_part_is_wrong(
    enter: Enter, stage: Stage, wrong: dict[str, str], said: str
) -> None:
    answer = enter("admin").post(PATH, data=FORM | {"receipt_footer": "不该保存"} | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert "不该保存" in answer.text  # what was typed is kept
    assert stored(stage)[0].receipt_footer == ""


def test_the_provider_and_its_secret(enter: Enter, stage: Stage) -> None:
    provider = {
        "issuer": "https://login.example.org",
        "client": "onecard",
        "secret": "hush-hush",
        "claim": "sub",
    }
    assert enter("admin").post(PATH, data=FORM | provider).status_code == 303
    page = enter("admin").get(PATH).text
    assert 'value="https://login.example.org"' in page
    assert "hush-hush" not in page
    enter("admin").post(PATH, data=FORM | provider | {"secret": ""})

    async def read(tx: Tx) -> oidc.Configured | None:
        return await oidc.configured(tx)

    found = stage.in_school(read)
    assert found is not None
    assert (found.has_secret, found.enabled, found.claim) == (True, False, "sub")


def test_the_logo(enter: Enter) -> None:
    admin = enter("admin")
    assert admin.get("/logo").status_code == 404
    assert admin.post(PATH, data=FORM, files={"logo": ("l.png", picture())}).status_code == 303
    address = re.search(r'src="(/logo\?v=\w+)"', admin.get("/jobs").text)
    assert address
    answer = admin.get(address[1])
    assert answer.headers["content-type"] == "image/png"
    assert "immutable" in answer.headers["cache-control"]
    assert httpx.get(f"{answer.url}").status_code == 303
    assert enter("stranger").get("/logo").status_code == 404
    refused = admin.post(PATH, data=FORM, files={"logo": ("l.svg", b"<svg onload='alert(1)'/>")})
    assert refused.status_code == 422
    assert "PNG" in refused.text
    assert admin.post(PATH, data=FORM | {"remove_logo": "1"}).status_code == 303
    assert admin.get("/logo").status_code == 404


def test_who_may_only_look(enter: Enter, stage: Stage) -> None:
    assert enter("clerk").get(PATH).status_code == 403

    async def grant(tx: Tx) -> None:
        functions = CLERK | {F.SYSTEM_ENTERPRISE_VIEW}
        await roles.set_grants(tx, stage.operators["clerk"], functions, by=EVERYTHING)

    stage.in_school(grant)
    page = enter("clerk").get(PATH)
    assert page.status_code == 200
    assert 'type="submit"' not in page.text.split("<main")[1].split("</main>")[0]
    assert enter("clerk").post(PATH, data=FORM | {"name": "x"}).status_code == 403
    assert stored(stage)[1] == "青松学校"


def test_each_institution_has_its_own(enter: Enter, stage: Stage) -> None:
    theirs = FORM | {
        "name": "Lakeside Works Ltd.",
        "language": "en",
        "second_factor": SecondFactor.NOBODY.value,
    }
    assert enter("stranger").post(PATH, data=theirs).status_code == 303
    assert stored(stage)[1] == "青松学校"
