"""Records as plain fields, for JSON and for people."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from enum import IntEnum, IntFlag
from typing import Any

from onecard.base.errors import OneCardError
from onecard.cards.keys import Role
from onecard.cards.oc1.records import (
    DAYS_FROM,
    CardStatus,
    Identity,
    Log,
    Purse,
    PurseFlag,
    Record,
    Rights,
    Validity,
    kind_of,
)

# names of the format's description, as terminal makers write them
SHORT_NAMES: dict[type[Record], dict[str, str]] = {
    Identity: {"card_no": "card_number", "class": "account_class", "until": "valid_until"},
    Purse: {"cash": "cash_fen", "subsidy": "subsidy_fen", "ctr": "counter"},
    Log: {"amount": "amount_fen", "time": "seconds", "ctr": "counter"},
    Rights: {},
    Validity: {"from": "valid_from", "until": "valid_until"},
}
# what `to_fields` adds for people and `from_fields` does not need
DERIVED = {"kind_of_record", "valid_until_date", "valid_from_date", "at", "mac_ok"}
_TEXT_MOST = 80


def to_fields(record: Record) -> dict[str, Any]:
    """Field → number, name, or list; dates and times once more in ISO form."""
    fields: dict[str, Any] = {"kind_of_record": type(record).__name__.lower()}
    for name in _names(type(record)):
        fields[name] = _plain(getattr(record, name))
    if isinstance(record, Identity):
        fields["valid_until_date"] = record.valid_until_date.isoformat()
    if isinstance(record, Log):
        fields["at"] = record.at.isoformat()
    return fields


def from_fields(fields: Mapping[str, Any], *, role: Role, slot: int) -> Record:
    """The record that belongs into a place.

    Raises:
        OneCardError: the place holds none, a field is missing, unknown, or malformed.
    """
    kind = kind_of(role, slot)
    if kind is None:
        message = f"Slot {slot} of role {int(role)} ({role.name.lower()}) holds no record."
        raise OneCardError(message)
    short = SHORT_NAMES[kind]
    given = {short.get(name, name): value for name, value in fields.items() if name not in DERIVED}
    known = _names(kind)
    strangers = sorted(given.keys() - set(known))
    if strangers:
        stranger = strangers[0][:_TEXT_MOST]
        message = f"A {kind.__name__.lower()} has no field {stranger!r}; it has {', '.join(known)}."
        raise OneCardError(message)
    values = {name: _value(kind, name, value) for name, value in given.items()}
    try:
        return kind(**values)
    except TypeError:
        required = [name for name in known if name not in values and name not in _OPTIONAL]
        message = f"A {kind.__name__.lower()} needs {', '.join(required)}."
        raise OneCardError(message) from None


_OPTIONAL = {"flags", "subsidy_fen", "desk_seq", "profile", "uses"}


def _names(kind: type[Record]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, IntFlag):
        return int(value)
    return value.name.lower() if isinstance(value, IntEnum) else value


def _value(kind: type[Record], name: str, value: object) -> Any:
    parser = _PARSERS.get((kind, name), _number)
    try:
        return parser(value)
    except (KeyError, TypeError, ValueError):
        message = f"{name} cannot be {str(value)[:_TEXT_MOST]!r}."
        raise OneCardError(message) from None


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value


def _status(value: object) -> CardStatus:
    return CardStatus[value.upper()] if isinstance(value, str) else CardStatus(_number(value))


def _flags(value: object) -> PurseFlag:
    number = _number(value)
    if not 0 <= number < 1 << 4:
        raise ValueError
    return PurseFlag(number)


def _day(value: object) -> int:
    """Days since 2000-01-01, or an ISO date."""
    return (date.fromisoformat(value) - DAYS_FROM).days if isinstance(value, str) else _number(value)


def _floors(value: object) -> frozenset[int]:
    """Floor indices, or the eight bytes as they stand on the card in hex."""
    if isinstance(value, str):
        bits = int.from_bytes(bytes.fromhex(value), "little")
        return frozenset(floor for floor in range(bits.bit_length()) if bits >> floor & 1)
    if not isinstance(value, list):
        raise TypeError
    return frozenset(_number(floor) for floor in value)


_PARSERS: dict[tuple[type[Record], str], Callable[[object], Any]] = {
    (Identity, "status"): _status,
    (Identity, "valid_until"): _day,
    (Purse, "flags"): _flags,
    (Rights, "floors"): _floors,
    (Validity, "valid_from"): _day,
    (Validity, "valid_until"): _day,
}
