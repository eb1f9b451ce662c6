"""What the code and the profile of a tenant may be; pure."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import is_currency

from onecard.base.errors import OneCardError
from onecard.base.texts import LANGUAGES, say
from onecard.tenants.model import Profile

NAME_MOST = 64


def check_code(code: str) -> None:
    """Refuse what is not a tenant's code.

    Raises:
        OneCardError: it has not exactly four digits.
    """
    if not re.fullmatch(r"\d{4}", code, re.ASCII):
        raise OneCardError(say("A tenant code has exactly four digits; {code} has not.", code=repr(code)))


def checked(draft: Profile) -> Profile:
    """A profile as it is stored.

    Raises:
        OneCardError: says what is malformed, and what is possible.
    """
    name, currency = draft.name.strip(), draft.currency.strip().upper()
    if not name:
        raise OneCardError(say("A tenant needs a name."))
    if len(name) > NAME_MOST or not name.isprintable():
        raise OneCardError(say("The tenant's name has at most {most} printable characters.", most=NAME_MOST))
    if not is_currency(currency):
        raise OneCardError(
            say(
                "{currency} is not a currency; write its three letters, e.g. CNY.",
                currency=repr(draft.currency),
            )
        )
    if draft.language not in LANGUAGES:
        raise OneCardError(
            say(
                "The language {language} is not supported; choose zh-CN or en.", language=repr(draft.language)
            )
        )
    try:
        ZoneInfo(draft.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise OneCardError(say("The time zone {zone} is not known.", zone=repr(draft.time_zone))) from None
    if draft.day_cutoff.second or draft.day_cutoff.microsecond or draft.day_cutoff.tzinfo:
        raise OneCardError(say("The business day ends at a full minute, e.g. 03:00."))
    return replace(draft, name=name, currency=currency)
