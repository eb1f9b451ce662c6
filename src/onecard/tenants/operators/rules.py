"""Rules about operators and roles that need no database."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import available_timezones

from onecard.base.errors import ConflictError, OneCardError
from onecard.base.texts import LANGUAGES, Text, say
from onecard.tenants.functions import LABELS, Function
from onecard.tenants.operators.model import Authority, Operator, State
from onecard.tenants.operators.passwords import ONE_TIME_LASTS

NAME_MAX, REMARK_MAX = 64, 500
FIRST_SEQUENCE = 9000
"""The first administrator of tenant 8672 is 86729000, the next operator 86729001."""

_KNOWN = frozenset(str(function) for function in Function)
_LISTED_MOST = 5


def account_number(tenant_code: str, counted: int) -> str:
    """The account of the n-th operator of a tenant, n from 1."""
    return f"{tenant_code}{FIRST_SEQUENCE - 1 + counted}"


def tenant_code_of(account: str) -> str:
    """The code of the tenant an account belongs to."""
    return account[:4]


def sign_in_refusal(operator: Operator, now: datetime) -> Text | None:
    """Why an operator whose password is right may not sign in; None: it may.

    Args:
        operator: as stored.
        now: aware.
    """
    if operator.state is State.DISABLED:
        return say("This account is disabled. Ask an administrator to enable it.")
    if operator.state is State.ENDED:
        return say(
            "This account ended on {day}. Ask an administrator for a later date.", day=operator.ends_on
        )
    if operator.locked_until is not None and operator.locked_until > now:
        return say(
            "This account is locked after repeated failures. Wait, or ask an administrator to unlock it."
        )
    if has_lapsed(operator, now):
        return say("The one-time password was not used in time. Ask an administrator for a new one.")
    return None


def has_lapsed(operator: Operator, now: datetime) -> bool:
    """Whether a password that somebody else set has waited too long for its first use."""
    changed = operator.password_changed_at
    return operator.password_set_by_other and changed is not None and changed + ONE_TIME_LASTS < now


def usable_name(name: str) -> str:
    """A name without surplus blanks.

    Raises:
        OneCardError: it is empty, too long, or has control characters.
    """
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise OneCardError(say("A name has 1 to {most} printable characters.", most=NAME_MAX))
    return name


def usable_remark(remark: str) -> str:
    """A remark without blanks around it.

    Raises:
        OneCardError: it is too long.
    """
    if len(remark.strip()) > REMARK_MAX:
        raise OneCardError(say("A remark has at most {most} characters.", most=REMARK_MAX))
    return remark.strip()


def refuse_preferences(language: str | None, time_zone: str | None) -> None:
    """Check an operator's own language and time zone; None stands for the tenant's.

    Raises:
        OneCardError: one of them is not known.
    """
    if language is not None and language not in LANGUAGES:
        raise OneCardError(say("The language {language} is not offered.", language=language))
    if time_zone is not None and time_zone not in available_timezones():
        raise OneCardError(say("The time zone {zone} is not known.", zone=time_zone))


def known_functions(names: Iterable[str]) -> frozenset[Function]:
    """Stored names as functions; names of other versions are left out."""
    return frozenset(Function(name) for name in names if name in _KNOWN)


def refuse_granting(functions: Iterable[Function], by: Authority) -> None:
    """Nobody grants a function he does not have himself.

    Raises:
        ConflictError: names the functions.
    """
    beyond = [each for each in Function if each in set(functions) - by.functions]
    if beyond:
        labels = listed([LABELS[each] for each in beyond])
        raise ConflictError(
            say("You cannot grant what you may not do yourself: {functions}.", functions=labels)
        )


def refuse_beyond(theirs: Authority, by: Authority, *, title: str) -> None:
    """Nobody changes an operator who may do more, or sees more, than he himself.

    Raises:
        ConflictError: the operator may.
    """
    if not by.covers(theirs):
        raise ConflictError(
            say(
                "{operator} may do or see more than you, so only somebody with as much authority can change"
                " this account.",
                operator=title,
            )
        )


def listed(items: Sequence[str | Text]) -> Text:
    """Several things in one sentence; of many, the first few and how many there are."""
    if len(items) > _LISTED_MOST:
        shown = listed(items[:_LISTED_MOST])
        return say("{items} and others, {count} in all", items=shown, count=len(items))
    if len(items) == 1:
        return say("{item}", item=items[0])
    return say("{item}, {others}", item=items[0], others=listed(items[1:]))
