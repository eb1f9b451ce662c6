"""OC1-V: purses as value blocks, for terminals that can only decrement.

Block 0 is the value, block 1 its copy, block 2 the desk's record of its last change, with a MAC. A terminal
decrements block 0 and then restores it into block 1. Nothing on the card tells a replayed dump; only the
comparison with the ledger does.
"""

from dataclasses import dataclass

from onecard.cards.classic.values import Value
from onecard.cards.keys import Role, record_mac
from onecard.cards.oc1.records import BODY_BYTES, Purse, mac_ok

DESK_SLOT = 2


@dataclass(frozen=True, slots=True)
class ValuePurse:
    """What the two blocks say.

    Attributes:
        amount_fen: what may be spent.
        copy_is_current: False after an interrupted change: the main block has to be restored into the copy,
            or the copy into a torn main block.
        main_is_valid: False when the main block was torn and the copy holds.
    """

    amount_fen: int
    copy_is_current: bool
    main_is_valid: bool


def read(main: bytes, copy: bytes) -> ValuePurse | None:
    """The main block if it is valid, else the copy; None when neither is, or the amount is below zero."""
    first, second = Value.decode(main), Value.decode(copy)
    value = first or second
    if value is None or value.value < 0:
        return None
    return ValuePurse(value.value, copy_is_current=first == second, main_is_valid=first is not None)


def write(amount_fen: int, address: int) -> bytes:
    """A value block of an amount; `address` is the main block's number in both blocks, as restore keeps it.

    Raises:
        ValueError: the amount is below zero or has more than 31 bits.
    """
    if amount_fen < 0:
        message = "a purse is never below zero"
        raise ValueError(message)
    return Value(amount_fen, address).encode()


def encode_desk_record(purse: Purse, *, role: Role, mac_key: bytes) -> bytes:
    """The desk's record: a purse record whose MAC is bound to slot 2."""
    body = purse.body(role)
    return body + record_mac(mac_key, role, DESK_SLOT, body)


def decode_desk_record(raw: bytes, *, role: Role, mac_key: bytes) -> Purse | None:
    """The desk's record; None unless both MAC and format are right."""
    if not mac_ok(raw, role=role, slot=DESK_SLOT, mac_key=mac_key):
        return None
    return Purse.parse(raw[:BODY_BYTES], role)
