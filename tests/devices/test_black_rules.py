"""Rules of lists and watermarks, without a database."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from onecard.devices import rules
from onecard.devices.model import Change, Delivered, ListState, Row, Said, Standing, Uncollected

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CARD = Row("A1B2C3D4", {"no": 1001, "gen": 1})
FRESH = ListState(
    device_id=7, token="pos-7", sn="POS-7", name="", place="", merchant_id=None, state="certified",
    online=True, last_seen=NOON, wanted=5, named=False, version=4, confirmed_at=None, sent_version=4,
    sent_at=None, next_at=None, ripe=True, resend_at=None, error=None, error_at=None,
)  # fmt: skip


def test_a_rows_digest_is_what_the_protocol_says() -> None:
    # printf 'A1B2C3D4,gen=1,no=1001' | sha256sum
    assert f"{rules.row_digest(CARD):016x}" == "867912f9a82708b5"


def put(*devices: int | None) -> Change:
    return Change(CARD, added=True, devices=None if devices == (None,) else devices)  # type: ignore[arg-type]


def test_a_first_report_puts_in_and_a_repeated_one_changes_nothing() -> None:
    assert rules.replaced(None, put(None)) == [put(None)]
    assert rules.replaced(put(1, 2), put(2, 1)) == []


def test_another_choice_of_terminals_takes_out_before_it_puts_in() -> None:
    assert rules.replaced(put(None), put(1)) == [replace(put(None), added=False), put(1)]


def test_a_cancel_takes_out_where_it_was_put_in_and_nowhere_twice() -> None:
    cancel = Change(CARD, added=False, devices=None)
    out = replace(put(1, 2), added=False)
    assert rules.replaced(put(1, 2), cancel) == [out]
    assert rules.replaced(out, cancel) == []


def test_a_device_hears_the_newest_change_meant_for_it() -> None:
    changes = [(3, put(None)), (4, replace(put(None), added=False)), (5, put(1))]
    assert [rules.newest_for(changes, device) for device in (1, 2)] == [changes[2], changes[1]]
    assert rules.newest_for([(3, put())], 1) is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"version": 5}, Delivered.YES),
        ({"last_seen": None, "online": False}, Delivered.NEVER_SEEN),
        ({"state": "disabled", "online": False}, Delivered.DISABLED),
        ({"online": False, "error": "no_room"}, Delivered.OFFLINE),
        ({"error": "no_room"}, Delivered.REJECTED),
        ({"sent_version": 5}, Delivered.SENT),
        ({}, Delivered.WAITING),
    ],
)
def test_why_a_device_does_not_have_it(changed: dict[str, object], expected: Delivered) -> None:
    assert rules.delivered(replace(FRESH, **changed), 5) is expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changed", "due"),
    [
        ({}, True),
        ({"version": 5}, False),
        ({"version": 5, "resend_at": NOON}, True),
        ({"version": 5, "sent_version": 5, "resend_at": NOON, "sent_at": NOON, "ripe": False}, False),
        ({"sent_version": 5, "ripe": False}, False),
        ({"sent_version": 5, "ripe": True}, True),
        ({"online": False}, False),
        ({"state": "disabled"}, False),
    ],
)
def test_who_is_to_be_told_now(changed: dict[str, object], *, due: bool) -> None:
    assert replace(FRESH, **changed).due is due  # type: ignore[arg-type]


def test_what_a_device_says_is_believed_when_it_is_what_there_is() -> None:
    there = Standing(2, 99)
    assert rules.believed(Said(4, there), 5, there) == (4, None)
    assert rules.believed(Said(4, there, "no_room"), 5, there) == (4, "no_room")
    assert rules.believed(Said(4, Standing(2, 98)), 5, there) == (0, "content_differs")
    assert rules.believed(Said(6, there), 5, there) == (0, "version_unknown")


@pytest.mark.parametrize(
    ("said", "current", "online", "expected"),
    [
        (10, True, True, Uncollected.NO),
        (11, True, True, Uncollected.YES),
        (11, False, False, Uncollected.YES),
        (10, True, False, Uncollected.UNKNOWN),
        (10, False, True, Uncollected.UNKNOWN),
        (None, True, True, Uncollected.NO),
        (None, False, False, Uncollected.UNKNOWN),
    ],
)
def test_whether_a_store_holds_more(
    said: int | None, expected: Uncollected, *, current: bool, online: bool
) -> None:
    assert rules.uncollected(watermark=10, said=said, current=current, online=online) is expected


def test_devices_that_hear_the_same_are_told_together() -> None:
    plain, other, own = (replace(FRESH, device_id=each) for each in (1, 2, 3))
    again, ahead = replace(FRESH, device_id=4, resend_at=NOON), replace(FRESH, device_id=5, version=9)
    groups = rules.scopes([plain, other, replace(own, named=True), again, ahead])
    assert {key: [each.device_id for each in them] for key, them in groups.items()} == {
        (0, 4): [1, 2], (3, 4): [3], (0, 0): [4, 5],
    }  # fmt: skip
