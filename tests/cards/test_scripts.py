"""Issue, clear, re-key: pulled at every point and run again, on chips of both tempers and all dialects."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import product

import pytest
from cast import AFTER, BEFORE, CARD, IDENTITY, MASTERS, SITE, WATER
from player import lay_on, play, purse, raw

from onecard.cards.classic.geometry import TRANSPORT_KEY, Size
from onecard.cards.explain import explain
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import KeyType, Masters, Role
from onecard.cards.oc1.layout import Layout, Place, block_of
from onecard.cards.oc1.records import CardStatus, Record, Rights, Validity
from onecard.cards.oc1.scripts import (
    CardKeys,
    clear_sector,
    issue_sector,
    rekey_sector,
    rewrite_sector,
    stock_check,
    write_slot,
)
from onecard.cards.steps import Authenticate, Dialect, Read, Step, Write, exchanges
from onecard.cards.virtual.chip import Chip, Make, new_chip
from onecard.cards.virtual.tear import Tear, Torn

KEYS = CardKeys(MASTERS, SITE, CARD)
LAYOUT = Layout(lift_groups=1)
RECORDS: dict[Role, dict[int, Record]] = {
    Role.IDENTITY: {0: replace(IDENTITY, seq=0, status=CardStatus.INCOMPLETE)},
    Role.CONSUMPTION: {0: BEFORE},
    Role.WATER: {0: WATER},
    Role.LIFT: {
        0: Rights(seq=0, group=1, floors=frozenset({3})),
        2: Validity(seq=0, valid_from=1, valid_until=9),
    },
}


def blocks(keys: CardKeys, role: Role) -> dict[int, bytes]:
    return {slot: keys.record(role, slot, record) for slot, record in RECORDS[role].items()}


def issuing(layout: Layout = LAYOUT) -> Iterator[Step]:
    for place in layout.writing_order:
        yield from issue_sector(KEYS, layout, place, blocks(KEYS, place.role))
    yield from write_slot(KEYS, layout.places[0], 1, IDENTITY)


def issue_again(chip: Chip) -> bool:
    """As a desk repeats an issue: each sector is blank or ours; False when one is neither."""
    for place in LAYOUT.writing_order:
        filled = blocks(KEYS, place.role)
        if not play(lay_on(chip), issue_sector(KEYS, LAYOUT, place, filled)) and not play(
            lay_on(chip), rewrite_sector(KEYS, place, filled)
        ):
            return False
    return bool(play(lay_on(chip), write_slot(KEYS, LAYOUT.places[0], 1, IDENTITY)))


def clear_again(chip: Chip) -> bool:
    for place in LAYOUT.writing_order:
        cleared = play(lay_on(chip), clear_sector(KEYS, place))
        transport = [Authenticate(place.sector, KeyType.A, TRANSPORT_KEY), Read(block_of(place.sector, 0))]
        if not cleared and not play(lay_on(chip), transport):
            return False
    return True


def clearing() -> Iterator[Step]:
    for place in LAYOUT.writing_order:
        yield from clear_sector(KEYS, place)


def fresh() -> Chip:
    return new_chip(CARD.uid, halts_on_refusal=True)


def issued_chip() -> Chip:
    chip = fresh()
    assert play(lay_on(chip), issuing())
    return chip


Operation = tuple[Callable[[], Chip], Callable[[], Iterable[Step]], Callable[[Chip], bool]]
OPERATIONS: dict[str, Operation] = {
    "issue": (fresh, issuing, issue_again),
    "clear": (issued_chip, clearing, clear_again),
}


@pytest.mark.parametrize("dialect", Dialect)
@pytest.mark.parametrize("uid", [CARD.uid, bytes.fromhex("04A1B2C3D4E5F6")])
@pytest.mark.parametrize("size", Size)
def test_an_issued_card_is_what_the_vectors_say(dialect: Dialect, uid: bytes, size: Size) -> None:
    keys, layout = replace(KEYS, card=replace(CARD, uid=uid)), Layout(size=size)
    chip = new_chip(uid, size)
    for place in layout.writing_order:
        script = issue_sector(keys, layout, place, blocks(keys, place.role))
        assert play(lay_on(chip, dialect), script)
    assert play(lay_on(chip, dialect), write_slot(keys, layout.places[0], 1, IDENTITY))
    view = explain(chip.dump(), KeyRing(SITE, {1: MASTERS}))
    assert (view.whose, view.remarks) == ("a card of this tenant", ())
    if uid == CARD.uid:
        assert raw(chip, 1, 1).hex().upper() == "1001010101E24001270F0000606A7D68"
        assert raw(chip, 2, 0).hex().upper() == "110000010027100000000000A660E9DA"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_pulled_before_every_command_it_is_finished_later(operation: str) -> None:
    prepare, script, again = OPERATIONS[operation]
    for number in range(len(list(exchanges(script(), Dialect.ACS)))):
        chip = prepare()
        reader = lay_on(chip)
        reader.pull_before = number
        assert play(reader, script()) is None
        assert again(chip), number


@pytest.mark.parametrize("operation", OPERATIONS)
def test_torn_in_every_write_it_is_finished_later_or_a_trailer_is_dead(operation: str) -> None:
    prepare, script, again = OPERATIONS[operation]
    writes = [step for step in script() if isinstance(step, Write)]
    dead = []
    for (number, step), how in product(enumerate(writes), Torn):
        chip = prepare()
        chip.tear = Tear(chip.writes + number, how)
        assert play(lay_on(chip), script()) is None
        if not again(chip):
            dead.append((step.block % 4, how))
    trailers = len(LAYOUT.places)
    assert sorted(dead, key=str) == sorted(
        product([3] * trailers, (Torn.ZERO, Torn.HALF, Torn.MIXED)), key=str
    )


def test_a_cleared_card_is_as_it_was_delivered() -> None:
    chip = issued_chip()
    assert play(lay_on(chip), clearing())
    assert chip.dump() == fresh().dump()


NEWER = Masters(field=b"f" * 16, issuer=b"i" * 16, mac=b"m" * 16)
NEW = CardKeys(NEWER, SITE, replace(CARD, key_version=2))
PLACE = Place(2, Role.CONSUMPTION)


def rekeying() -> Iterator[Step]:
    return rekey_sector(KEYS, NEW, LAYOUT, PLACE, {1: NEW.record(Role.CONSUMPTION, 1, AFTER)})


def test_a_rekeyed_purse_is_old_or_new_or_its_sector_is_dead() -> None:
    writes = [step for step in rekeying() if isinstance(step, Write)]
    found = []
    for number, how in product(range(len(writes)), Torn):
        chip = issued_chip()
        chip.tear = Tear(chip.writes + number, how)
        assert play(lay_on(chip), rekeying()) is None
        opened = [keys for keys in (KEYS, NEW) if play(lay_on(chip), [authenticate(keys)])]
        now = purse(chip, opened[0]) if opened else None
        again = play(lay_on(chip), rekeying())
        found.append((opened == [NEW], now and now.record, again is not None))
    # in the last but one case key A is new and key B is old, and the conditions are whole: it can be repeated
    old, half, new, dead = (
        (False, BEFORE, True),
        (True, AFTER, True),
        (True, AFTER, False),
        (False, None, False),
    )
    assert found == [old] * 5 + [old, new, dead, half, dead]


def authenticate(keys: CardKeys) -> Step:
    return Authenticate(PLACE.sector, KeyType.A, keys.sector(PLACE).a)


@pytest.mark.parametrize(("make", "accepted"), [(Make.GENUINE, False), (Make.CUID, True), (Make.OTP, True)])
def test_imitations_are_found_out(make: Make, accepted: bool) -> None:  # noqa: FBT001
    chip = new_chip(CARD.uid, make=make)
    done = play(lay_on(chip), stock_check(CARD.uid, chip.dump()[:16]))
    assert (done is not None) is accepted


def test_another_card_is_not_written() -> None:
    chip = new_chip(bytes.fromhex("DEADBEEF"))
    assert play(lay_on(chip), issuing()) is None
    assert chip.writes == 0


def test_no_step_shows_a_key() -> None:
    for step in [*issuing(), *clearing(), *rekeying()]:
        text = repr(step)
        for sector in range(1, 5):
            place = Place(sector, Role(min(sector - 1, 3)))
            for key in (KEYS.sector(place).a, KEYS.sector(place).b):
                assert repr(key)[2:-1] not in text
    secret = [exchange for exchange in exchanges(issuing(), Dialect.ACS) if exchange.secret]
    assert len(secret) == 3 * len(LAYOUT.places) + 1, "keys that are loaded, and trailers"
