"""Rules of personnel files without I/O: what a draft must be, and what the audit says of one."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from onecard.base.errors import OneCardError
from onecard.base.texts import say
from onecard.people.fields import checked_values
from onecard.people.model import CustomField, FileDraft, PersonFile
from onecard.people.rules import (
    NUMBER_MAX,
    REMARK_MAX,
    has_control_characters,
    parse_email,
    parse_id_number,
    parse_phone,
    plain,
    tidy,
    usable_name,
)

FIRST_YEAR, LAST_YEAR = 1900, 2199


def checked(draft: FileDraft, definitions: Sequence[CustomField]) -> FileDraft:
    """A draft in the form in which it is stored.

    Raises:
        OneCardError: something in it is malformed; one sentence says what.
    """
    number = plain(draft.number)
    if not number or len(number) > NUMBER_MAX or has_control_characters(number):
        raise OneCardError(say("A person's number has 1 to {most} printable characters.", most=NUMBER_MAX))
    remark = tidy(draft.remark)
    if len(remark) > REMARK_MAX or has_control_characters(remark.replace("\n", "").replace("\r", "")):
        raise OneCardError(say("The remark has at most {most} characters.", most=REMARK_MAX))
    _check_days(draft.entered_on, draft.leaves_on)
    return replace(
        draft,
        number=number,
        name=usable_name(draft.name, say("a person")),
        phone=_phone(draft.phone),
        email=_email(draft.email),
        id_number=_id_number(draft.id_number),
        remark=remark,
        custom=checked_values(definitions, draft.custom),
    )


def _check_days(entered: date | None, leaves: date | None) -> None:
    for day in (entered, leaves):
        if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
            raise OneCardError(say("Days lie between {first} and {last}.", first=FIRST_YEAR, last=LAST_YEAR))
    if entered is not None and leaves is not None and leaves < entered:
        raise OneCardError(say("The day of leaving is before the day of entering."))


def _phone(text: str | None) -> str | None:
    if not text or not tidy(text):
        return None
    phone = parse_phone(text)
    if phone is None:
        message = say("A phone is an 11-digit mobile number, or + and the country's code before the number.")
        raise OneCardError(message)
    return phone


def _email(text: str | None) -> str | None:
    if not text or not tidy(text):
        return None
    email = parse_email(text)
    if email is None:
        raise OneCardError(say("The e-mail address is not one, such as name@example.com."))
    return email


def _id_number(text: str | None) -> str | None:
    if text is None:
        return None
    if not tidy(text):
        return ""
    number = parse_id_number(text)
    if number is None:
        message = say("The ID number is malformed: an 18-digit number has a real date and check character.")
        raise OneCardError(message)
    return number


def audited(file: PersonFile) -> dict[str, Any]:
    """What the audit keeps of a file: no ID number, no remark, no custom values; how to reach one, masked.

    The audit cannot forget, so it says that such details changed and not what they are.
    """
    return {
        "name": file.name,
        "department": file.department,
        "class": file.class_name,
        "gender": file.gender,
        "phone": _masked(file.phone),
        "email": _masked(file.email),
        "entered_on": file.entered_on,
        "leaves_on": file.leaves_on,
        "state": file.state.value,
    }


def _masked(text: str | None) -> str | None:
    """`138****8000`, `z***@example.com`."""
    if text is None:
        return None
    name, at, host = text.partition("@")
    return f"{name[:1]}***@{host}" if at else f"{text[:3]}****{text[-4:]}"
