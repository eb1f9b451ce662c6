"""Tenants change their profile, settings and logo: what is possible, what is refused, what the audit says."""

import io
import json
from dataclasses import fields, replace
from datetime import time
from typing import Any

import pytest
from PIL import Image

from onecard.base.db import SYSTEM, Actor, Database, Tx
from onecard.base.errors import ConflictError, OneCardError
from onecard.base.listing import Wish
from onecard.ledger.service import money_moved
from onecard.tenants import service as tenants
from onecard.tenants.audit.lists import ENTRIES
from onecard.tenants.functions import F
from onecard.tenants.model import Profile
from onecard.tenants.settings import rules
from onecard.tenants.settings import service as settings
from onecard.tenants.settings.logo import PIXELS_MOST, logo_of
from onecard.tenants.settings.model import LOGO_BYTES_MOST, SecondFactor, Settings

ANNA = Actor("operator", "86729001", "10.0.0.7")
PROFILE = Profile(name="青松学校")
STRICT = Settings(
    idle_minutes=15,
    absolute_minutes=60,
    second_factor=SecondFactor.EVERYBODY,
    approvals=frozenset({F.PEOPLE_PERSON_ERASE}),
    password_sign_in=False,
    photo_days=0,
    id_number_days=1,
    holder_language="en",
    receipt_footer=" 谢谢光临 \r\n Thank you\n",
)


async def _newest(tx: Tx) -> Any:
    return (await ENTRIES.page(tx, Wish(most=1))).rows[0]


async def _nothing_moved(_: Tx) -> bool:
    return False


async def _money_moved(_: Tx) -> bool:
    return True


async def test_settings_have_defaults_and_are_changed(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        assert await settings.get(tx) == Settings()
        saved = await settings.change(tx, STRICT)
        assert saved == replace(STRICT, receipt_footer="谢谢光临\nThank you")
        assert await settings.get(tx) == saved
    async with db.tenant_tx(two_tenants[1], ANNA) as tx:
        assert await settings.get(tx) == Settings()


async def test_the_audit_says_what_differs(db: Database, two_tenants: tuple[int, int]) -> None:
    draft = Settings(idle_minutes=20, approvals=frozenset({F.PEOPLE_PERSON_MOVE}))
    for _ in range(2):
        async with db.tenant_tx(two_tenants[0], ANNA) as tx:
            await settings.change(tx, draft)
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        entry = await _newest(tx)
        changes = Wish(arguments={"search": "青松学校"})
        assert (await ENTRIES.page(tx, changes)).total == 2  # created, changed once
    assert (entry["function"], entry["thing"]) == ("system:enterprise:change", "settings")
    assert (entry["actor"], entry["subject"]) == ("operator:86729001", "8672 青松学校")
    assert json.loads(entry["before"]) == {"idle_minutes": 30, "approvals": []}
    assert json.loads(entry["after"]) == {"idle_minutes": 20, "approvals": ["people:person:move"]}


async def test_an_empty_row_has_the_documented_defaults(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        insert = "insert into tenants.settings (tenant_id) values ($1)"
        await tx.connection.execute(insert, two_tenants[0])
        assert await settings.get(tx) == Settings()


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (Settings(idle_minutes=0), "1 to 1440 minutes"),
        (Settings(idle_minutes=60, absolute_minutes=59), "from 60 minutes"),
        (Settings(absolute_minutes=10_081), "10080 minutes"),
        (Settings(second_factor="some"), "who needs a second factor"),  # type: ignore[arg-type]
        (Settings(approvals=frozenset({F.SYSTEM_AUDIT_VIEW})), "system:audit:view needs no approval"),
        (Settings(photo_days=-1), "0 to 36500 days"),
        (Settings(id_number_days=36_501), "0 to 36500 days"),
        (Settings(holder_language="de"), "de is not supported"),  # type: ignore[arg-type]
        (Settings(receipt_footer="1\n2\n3\n4\n5"), "at most 4 lines"),
        (Settings(receipt_footer="x" * 201), "200 characters"),
        (Settings(receipt_footer="a\x07b"), "cannot be printed"),
    ],
)
def test_impossible_settings_are_refused_in_both_languages(draft: Settings, words: str) -> None:
    with pytest.raises(OneCardError, match=words) as refusal:
        rules.checked(draft)
    assert refusal.value.in_language("zh-CN") != str(refusal.value)


async def test_a_profile_is_changed(db: Database, two_tenants: tuple[int, int]) -> None:
    draft = Profile(
        name=" 青松中学 ", currency="eur", time_zone="Europe/Berlin", day_cutoff=time(4, 30), language="en"
    )
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        saved = await tenants.change(tx, draft, money_moved=_nothing_moved)
    assert {field.name: getattr(saved, field.name) for field in fields(Profile)} == {
        "name": "青松中学",
        "currency": "EUR",
        "time_zone": "Europe/Berlin",
        "day_cutoff": time(4, 30),
        "language": "en",
    }
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        entry = await _newest(tx)
        assert (await tenants.get(tx)) == saved
    assert (entry["thing"], entry["subject"]) == ("tenant", "8672 青松中学")
    assert json.loads(entry["before"])["day_cutoff"] == "03:00:00"


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (replace(PROFILE, name=" "), "needs a name"),
        (replace(PROFILE, name="x" * 65), "at most 64"),
        (replace(PROFILE, currency="XQZ"), "not a currency"),
        (replace(PROFILE, time_zone="Mars/Base"), "not known"),
        (replace(PROFILE, time_zone="../etc/passwd"), "not known"),
        (replace(PROFILE, time_zone="Europe"), "not known"),
        (replace(PROFILE, day_cutoff=time(3, 0, 1)), "full minute"),
        (replace(PROFILE, language="de"), "choose zh-CN or en"),
    ],
)
async def test_an_impossible_profile_is_refused(
    db: Database, two_tenants: tuple[int, int], draft: Profile, words: str
) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        with pytest.raises(OneCardError, match=words) as refusal:
            await tenants.change(tx, draft, money_moved=_nothing_moved)
    assert refusal.value.in_language("zh-CN") != str(refusal.value)


async def test_the_currency_stays_once_money_moved(db: Database, two_tenants: tuple[int, int]) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        assert not await money_moved(tx)
        with pytest.raises(ConflictError, match="booked in CNY already"):
            await tenants.change(tx, replace(PROFILE, currency="EUR"), money_moved=_money_moved)
        saved = await tenants.change(tx, replace(PROFILE, name="松"), money_moved=_money_moved)
        assert saved.name == "松"


async def test_creation_and_suspension_are_in_the_audit(db: Database) -> None:
    tenant_id = await tenants.create(db, SYSTEM, code="1200", name="Lakeside Works")
    for suspended in (True, True, False):
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            await tenants.set_suspended(tx, suspended=suspended)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        rows = (await ENTRIES.page(tx, Wish())).rows
    assert [row["function"].split(":")[-1] for row in rows] == ["resume", "suspend", "create"]


def _picture(size: tuple[int, int], kind: str, mode: str = "RGB", *, noise: bool = False) -> bytes:
    picture = Image.effect_noise(size, 200).convert(mode) if noise else Image.new(mode, size, "teal")
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    "upload",
    [
        _picture((640, 320), "PNG", "RGBA"),
        _picture((90, 60), "JPEG"),
        _picture((64, 64), "PNG", "P"),
        _picture((64, 64), "PNG", "L"),
        _picture((1200, 900), "JPEG", noise=True),
    ],
)
async def test_a_logo_becomes_a_small_png(db: Database, two_tenants: tuple[int, int], upload: bytes) -> None:
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        logo = await settings.change_logo(tx, upload)
        assert logo
        assert logo == await settings.get_logo(tx)
        assert await settings.logo_digest(tx) == logo.digest
    assert len(logo.png) <= LOGO_BYTES_MOST
    with Image.open(io.BytesIO(logo.png), formats=["PNG"]) as picture:
        assert picture.size == (logo.width, logo.height)
        assert max(picture.size) <= 512


def test_nothing_of_the_upload_but_its_pixels_is_kept() -> None:
    out = io.BytesIO()
    picture = Image.new("RGB", (60, 40), "teal")
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "secret place", 6  # description; turned by a quarter
    picture.save(out, "JPEG", exif=exif, comment=b"secret word")
    logo = logo_of(out.getvalue() + b"<script>secret tail</script>")
    assert b"secret" not in logo.png
    assert (logo.width, logo.height) == (40, 60)


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "not a PNG or JPEG"),
        (_picture((10, 10), "GIF"), "not a PNG or JPEG"),
        (_picture((200, 200), "PNG", noise=True)[:300], "not a PNG or JPEG"),
        (b"", "not a PNG or JPEG"),
        (_picture((5000, PIXELS_MOST // 5000 + 1), "PNG", "1"), "megapixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2 * 1024 * 1024), "2 MB"),
    ],
    ids=["svg", "gif", "cut off", "empty", "too many pixels", "too many bytes"],
)
def test_other_pictures_are_refused(upload: bytes, words: str) -> None:
    with pytest.raises(OneCardError, match=words) as refusal:
        logo_of(upload)
    assert refusal.value.in_language("zh-CN") != str(refusal.value)


async def test_a_logo_is_taken_away_and_the_audit_says_so(db: Database, two_tenants: tuple[int, int]) -> None:
    for upload in (_picture((9, 9), "PNG"), None, None):
        async with db.tenant_tx(two_tenants[0], ANNA) as tx:
            await settings.change_logo(tx, upload)
    async with db.tenant_tx(two_tenants[0], ANNA) as tx:
        assert await settings.get_logo(tx) is None
        rows = (await ENTRIES.page(tx, Wish())).rows
    assert [row["thing"] for row in rows] == ["logo", "logo", "tenant"]
    assert json.loads(rows[0]["after"]) == {"logo": None}
