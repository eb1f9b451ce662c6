"""OC1-V: purses as value blocks, for terminals that can only decrement.

Block 0 is the value, block 1 its copy, block 2 the desk's record of its last change, with a MAC. A terminal
decrements block 0 and then restores it into block 1. Nothing on the card tells a replayed dump; only the
comparison with the ledger does.

The address byte of a value block is free, and terminals keep it. It holds the low byte of the desk's count of
changes: so one block write says both how much there is and whether the desk's change happened.
"""

from dataclasses import dataclass, replace

from onecard.cards.classic.values import Value
from onecard.cards.keys import Role, record_mac
from onecard.cards.oc1.records import BODY_BYTES, Purse, mac_ok

DESK_SLOT = 2
STAMPS = 1 << 8


@dataclass(frozen=True, slots=True)
class ValuePurse:
    """What the two blocks say.

    Attributes:
        amount_fen: what may be spent.
        stamp: the low byte of `desk_seq` when a desk wrote it last.
        copy_is_current: False after an interrupted change: the main block has to be restored into the copy,
            or the copy into a torn main block.
        main_is_valid: False when the main block was torn and the copy holds.
    """

    amount_fen: int
    stamp: int
    copy_is_current: bool
    main_is_valid: bool


def read(main: bytes, copy: bytes) -> ValuePurse | None:
    """The main block if it is valid, else the copy; None when neither is, or the amount is below zero."""
    first, second = Value.decode(main), Value.decode(copy)
    value = first or second
    if value is None or value.value < 0:
        return None
    return ValuePurse(
        value.value, value.address, copy_is_current=first == second, main_is_valid=first is not None
    )


def stamp_of(purse: Purse) -> int:
    """What the value blocks of a purse carry as their address."""
    return purse.desk_seq % STAMPS


def write(purse: Purse) -> bytes:
    """Main block and copy of a purse, cash and subsidy together; both are the same.

    Raises:
        ValueError: the amount is below zero or has more than 31 bits.
    """
    amount_fen = purse.cash_fen + purse.subsidy_fen
    if amount_fen < 0:
        message = "a purse is never below zero"
        raise ValueError(message)
    return Value(amount_fen, stamp_of(purse)).encode()


def encode_desk_record(purse: Purse, *, role: Role, mac_key: bytes) -> bytes:
    """The desk's record: a purse record whose MAC is bound to slot 2."""
    body = purse.body(role)
    return body + record_mac(mac_key, role, DESK_SLOT, body)


def decode_desk_record(raw: bytes, *, role: Role, mac_key: bytes) -> Purse | None:
    """The desk's record; None unless both MAC and format are right."""
    if not mac_ok(raw, role=role, slot=DESK_SLOT, mac_key=mac_key):
        return None
    return Purse.parse(raw[:BODY_BYTES], role)


def left_of(record: Purse, amount_fen: int) -> Purse:
    """A desk's record after terminals have taken from it: what is left, subsidy spent first."""
    spent_fen = max(record.cash_fen + record.subsidy_fen - amount_fen, 0)
    subsidy_fen = max(record.subsidy_fen - spent_fen, 0)
    return replace(record, cash_fen=amount_fen - subsidy_fen, subsidy_fen=subsidy_fen)
