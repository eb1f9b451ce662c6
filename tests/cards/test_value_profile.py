"""OC1-V on a chip: a terminal that only decrements, pulled inside each of its two writes."""

from collections.abc import Callable

import pytest
from cast import CARD, MASTERS, SITE, issued, put

from onecard.cards.classic.values import Value
from onecard.cards.keys import KeyType, Role
from onecard.cards.oc1.layout import Layout
from onecard.cards.oc1.value_profile import ValuePurse, read
from onecard.cards.virtual.chip import Chip, RefusedError
from onecard.cards.virtual.tear import PulledError, Tear, Torn

MAIN, COPY = 8, 9
KEYS = MASTERS.of(Role.CONSUMPTION).sector_keys(CARD, SITE, 2)


def charged(amount_fen: int) -> Chip:
    memory = issued(layout=Layout(value_blocks=True))
    for block in (MAIN, COPY):
        put(memory, block, Value(amount_fen, MAIN).encode())
    return Chip(bytes(memory))


def opened(chip: Chip, key_type: KeyType = KeyType.A) -> Chip:
    chip.select()
    chip.authenticate(MAIN, key_type, KEYS.a if key_type is KeyType.A else KEYS.b)
    return chip


def sell(chip: Chip, amount_fen: int) -> None:
    """As the terminal does it."""
    opened(chip).decrement(MAIN, amount_fen)
    chip.transfer(MAIN)
    chip.restore(MAIN)
    chip.transfer(COPY)


def recover(chip: Chip) -> ValuePurse | None:
    """As the desk does it: what counts is copied over what does not."""
    opened(chip, KeyType.B)
    found = read(chip.read(MAIN), chip.read(COPY))
    if found and not found.copy_is_current:
        source, target = (MAIN, COPY) if found.main_is_valid else (COPY, MAIN)
        chip.restore(source)
        chip.transfer(target)
    return found


def test_a_sale() -> None:
    chip = charged(1000)
    sell(chip, 300)
    assert recover(chip) == ValuePurse(700, MAIN, copy_is_current=True, main_is_valid=True)


@pytest.mark.parametrize("how", Torn)
@pytest.mark.parametrize("write_number", [0, 1])
def test_a_torn_sale_happened_or_did_not(write_number: int, how: Torn) -> None:
    chip = charged(1000)
    chip.tear = Tear(write_number, how)
    with pytest.raises(PulledError):
        sell(chip, 300)
    found = recover(chip)
    assert found
    happened = write_number == 1 or how is Torn.FULL
    assert found.amount_fen == (700 if happened else 1000)
    after = recover(chip)
    assert after == ValuePurse(found.amount_fen, MAIN, copy_is_current=True, main_is_valid=True)


@pytest.mark.parametrize(
    "step",
    [
        lambda chip: chip.increment(MAIN, 1),
        lambda chip: chip.write(MAIN, Value(99_999, MAIN).encode()),
        lambda chip: chip.write(COPY, Value(99_999, MAIN).encode()),
        lambda chip: chip.write(10, bytes(16)),
    ],
)
def test_key_a_cannot_charge(step: Callable[[Chip], None]) -> None:
    chip = charged(1000)
    with pytest.raises(RefusedError):
        step(opened(chip))
    step(opened(chip, KeyType.B))


def test_the_chip_goes_below_zero_and_the_purse_is_then_no_purse() -> None:
    chip = charged(100)
    sell(chip, 101)
    assert recover(chip) is None
