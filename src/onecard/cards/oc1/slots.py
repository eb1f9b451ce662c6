"""Two alternating slots: which one is current, and which one a change overwrites."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from onecard.cards.keys import Role
from onecard.cards.oc1.records import SEQ_MODULUS, U24_MOST, Identity, Purse, Record, Rights, decode

R = TypeVar("R", Identity, Purse, Rights)


@dataclass(frozen=True, slots=True)
class Current(Generic[R]):
    """The record that holds now, the slot it lies in (0 or 1), and both slots as they were read."""

    record: R
    slot: int
    slots: tuple[bytes, bytes]

    @property
    def other(self) -> int:
        """The slot a change is written to; the current one stays until that is complete."""
        return 1 - self.slot


def current(kind: type[R], slots: tuple[bytes, bytes], *, role: Role, mac_key: bytes) -> Current[R] | None:
    """The newer of the valid slots; None when neither is valid.

    Two valid slots of one counter never come from a desk or terminal; the first is taken, and whoever knows
    the history must look.
    """
    found: Current[R] | None = None
    for slot, raw in enumerate(slots):
        record = decode(raw, role=role, slot=slot, mac_key=mac_key)
        if isinstance(record, kind) and (found is None or is_newer(record, found.record)):
            found = Current(record, slot, slots)
    return found


def current_slot(slots: tuple[bytes, bytes], *, role: Role, mac_key: bytes) -> int | None:
    """The slot that holds now, whatever kind of record the role alternates; None when neither is valid."""
    identity = current(Identity, slots, role=role, mac_key=mac_key)
    purse = current(Purse, slots, role=role, mac_key=mac_key)
    rights = current(Rights, slots, role=role, mac_key=mac_key)
    return next((found.slot for found in (identity, purse, rights) if found), None)


def is_newer(record: Record, than: Record) -> bool:
    """Whether a record was written later than another of its kind, by their counters."""
    if isinstance(record, Purse) and isinstance(than, Purse):
        return record.counter > than.counter
    if isinstance(record, Identity | Rights) and isinstance(than, Identity | Rights):
        return 0 < (record.seq - than.seq) % SEQ_MODULUS < SEQ_MODULUS // 2
    message = "only purses, identities and lift rights alternate"
    raise TypeError(message)


def next_counter(purse: Purse) -> int:
    """The counter of the next change.

    Raises:
        ValueError: after 16 million changes there is none; the card is worn out long before.
    """
    if purse.counter >= U24_MOST:
        message = "the purse's counter has come to its end"
        raise ValueError(message)
    return purse.counter + 1


def next_seq(record: Identity | Rights) -> int:
    """The seq of the next change, modulo 256."""
    return (record.seq + 1) % SEQ_MODULUS
