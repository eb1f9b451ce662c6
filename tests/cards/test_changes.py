"""A purse is changed while the card is pulled at every point and used at terminals before it comes back."""

from dataclasses import replace
from itertools import product

import pytest
from cast import AFTER, CARD, MASTERS, SITE, issued
from player import lay_on, play, purse, slots

from onecard.cards.keys import Role
from onecard.cards.oc1.changes import Change, Finding, Verdict, plan_change, resolve, spend
from onecard.cards.oc1.layout import Place, block_of
from onecard.cards.oc1.records import EMPTY, Purse, PurseFlag
from onecard.cards.oc1.scripts import CardKeys, change_purse, refresh
from onecard.cards.oc1.slots import Current
from onecard.cards.steps import Dialect, exchanges
from onecard.cards.virtual.chip import Chip
from onecard.cards.virtual.tear import Tear, Torn

KEYS = CardKeys(MASTERS, SITE, CARD)
PLACE = Place(2, Role.CONSUMPTION)
MAC = KEYS.mac(Role.CONSUMPTION)
TOPUP, WITHDRAWAL = 5000, -3000
APDUS = 8
CUTS = [(apdu, None, None) for apdu in range(APDUS)] + [(None, *tear) for tear in product(range(2), Torn)]


def card_and_change(amount: int, flags: PurseFlag | None = None) -> tuple[Chip, Change]:
    chip = Chip(bytes(issued()))
    now = purse(chip, KEYS)
    assert now
    assert now.record == AFTER
    return chip, plan_change(now, role=Role.CONSUMPTION, cash_fen=amount, flags=flags)


def change_and_pull(chip: Chip, change: Change, cut: tuple[int | None, int | None, Torn | None]) -> None:
    reader = lay_on(chip)
    reader.pull_before, write, how = cut
    chip.tear = Tear(chip.writes + write, how) if write is not None and how else None
    assert play(reader, change_purse(KEYS, PLACE, change, EMPTY)) is None
    assert reader.chip is None


def spend_at_terminals(chip: Chip, times: int) -> int:
    """Sales of a yuan each, as terminals write them."""
    for _ in range(times):
        now = purse(chip, KEYS)
        assert now
        assert play(
            lay_on(chip), change_purse(KEYS, PLACE, spend(now, role=Role.CONSUMPTION, cash_fen=100), EMPTY)
        )
    return times * 100


def find(chip: Chip, change: Change) -> Finding:
    return resolve(change, slots(chip, KEYS, PLACE), MAC)


@pytest.mark.parametrize("sales", range(4))
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("amount", [TOPUP, WITHDRAWAL])
def test_the_card_itself_says_what_happened(
    amount: int, cut: tuple[int | None, int | None, Torn | None], sales: int
) -> None:
    chip, change = card_and_change(amount)
    change_and_pull(chip, change, cut)
    now = purse(chip, KEYS)
    assert now
    happened = now.record == change.after
    spent = spend_at_terminals(chip, sales)
    finding = find(chip, change)
    assert finding.verdict is (Verdict.CONFIRMED if happened else Verdict.VOID)
    assert finding.current
    expected = AFTER.cash_fen + (amount if happened else 0) - spent
    assert finding.current.record.cash_fen == expected, "no fen is made or lost"
    assert finding.refresh is (happened and not sales)


def test_both_ends_of_the_cuts_are_reached() -> None:
    _, change = card_and_change(TOPUP)
    assert len(list(exchanges(change_purse(KEYS, PLACE, change, EMPTY), Dialect.ACS))) == APDUS
    verdicts = []
    for cut in CUTS:
        chip, change = card_and_change(TOPUP)
        change_and_pull(chip, change, cut)
        verdicts.append(find(chip, change).verdict)
    assert verdicts.count(Verdict.CONFIRMED) == 2, "answer lost, or pulled before it was read back"
    assert verdicts.count(Verdict.VOID) == len(CUTS) - 2


def test_a_finished_change_and_its_refreshment() -> None:
    chip, change = card_and_change(TOPUP)
    assert play(lay_on(chip), change_purse(KEYS, PLACE, change, EMPTY))
    finding = find(chip, change)
    assert (finding.verdict, finding.refresh) == (Verdict.CONFIRMED, True)
    assert finding.current
    assert (finding.current.record, finding.current.slot) == (change.after, change.slot)
    writes = chip.writes
    assert play(lay_on(chip), refresh(KEYS, PLACE, change))
    assert chip.writes == writes + 1
    assert find(chip, change).verdict is Verdict.CONFIRMED


def test_a_card_that_changed_meanwhile_is_not_written() -> None:
    chip, change = card_and_change(TOPUP)
    spend_at_terminals(chip, 1)
    writes = chip.writes
    assert play(lay_on(chip), change_purse(KEYS, PLACE, change, EMPTY)) is None
    assert chip.writes == writes


def test_an_older_dump_is_a_rollback() -> None:
    chip, _ = card_and_change(TOPUP)
    old = chip.dump()
    spend_at_terminals(chip, 2)
    now = purse(chip, KEYS)
    assert now
    change = plan_change(now, role=Role.CONSUMPTION, cash_fen=TOPUP)
    chip.restore_dump(old)
    assert find(chip, change).verdict is Verdict.ROLLBACK


def test_an_older_dump_with_more_sales_is_a_rollback_too() -> None:
    chip, change = card_and_change(TOPUP)
    old = chip.dump()
    assert play(lay_on(chip), change_purse(KEYS, PLACE, change, EMPTY))
    later = plan_change(
        Current(change.after, change.slot, change.slots), role=Role.CONSUMPTION, cash_fen=TOPUP
    )
    chip.restore_dump(old)
    spend_at_terminals(chip, 3)
    assert find(chip, later).verdict is Verdict.ROLLBACK, "its desk_seq is behind"


@pytest.mark.parametrize(
    "forged",
    [
        {"counter": 2, "desk_seq": 1, "cash_fen": 99900},
        {"counter": 3, "desk_seq": 2, "cash_fen": 99900},
        {"counter": 2, "desk_seq": 2, "cash_fen": 20000},
        {"counter": 9, "desk_seq": 3, "cash_fen": 15000},
    ],
)
def test_genuine_records_that_cannot_be_are_a_clone(forged: dict[str, int]) -> None:
    _, change = card_and_change(TOPUP)
    record = replace(AFTER, **forged)
    image = KEYS.record(Role.CONSUMPTION, 0, record)
    assert resolve(change, (image, EMPTY), MAC).verdict is Verdict.CLONE


def test_no_valid_slot_is_broken() -> None:
    chip, change = card_and_change(TOPUP)
    memory = bytearray(chip.dump())
    for slot in range(2):
        memory[block_of(2, slot) * 16] ^= 1
    chip.restore_dump(bytes(memory))
    assert find(chip, change) == Finding(Verdict.BROKEN, None)


def test_desk_seq_turns_over() -> None:
    now = Current(Purse(counter=9, cash_fen=0, desk_seq=4095), 0, (EMPTY, EMPTY))
    change = plan_change(now, role=Role.WATER, cash_fen=1)
    assert change.after.desk_seq == 0
    mac = KEYS.mac(Role.WATER)
    pair = KEYS.record(Role.WATER, 0, now.record), change.image(mac)
    assert resolve(change, pair, mac).verdict is Verdict.CONFIRMED
    assert resolve(change, (pair[0], EMPTY), mac).verdict is Verdict.VOID


def test_what_cannot_be_planned() -> None:
    now = Current(Purse(counter=1, cash_fen=100), 0, (EMPTY, EMPTY))
    with pytest.raises(ValueError, match="three bytes"):
        plan_change(now, role=Role.WATER, cash_fen=-101)
    frozen = plan_change(now, role=Role.WATER, flags=PurseFlag.FROZEN)
    with pytest.raises(ValueError, match="frozen"):
        spend(Current(frozen.after, 1, now.slots), role=Role.WATER, cash_fen=1)
