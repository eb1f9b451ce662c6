"""What settings may be; pure."""

from dataclasses import asdict, replace
from typing import Any

from onecard.base.errors import OneCardError
from onecard.base.texts import LANGUAGES, say
from onecard.tenants.functions import DANGEROUS
from onecard.tenants.settings.model import SecondFactor, Settings

DAY_MINUTES, WEEK_MINUTES = 24 * 60, 7 * 24 * 60
RETENTION_DAYS_MOST = 36_500
FOOTER_MOST, FOOTER_LINES = 200, 4


def checked(draft: Settings) -> Settings:
    """A draft as it is stored.

    Raises:
        OneCardError: says what is not possible, and what is.
    """
    if not 1 <= draft.idle_minutes <= DAY_MINUTES:
        raise OneCardError(say("A session may be idle for 1 to {most} minutes.", most=DAY_MINUTES))
    if not draft.idle_minutes <= draft.absolute_minutes <= WEEK_MINUTES:
        raise OneCardError(
            say(
                "A session may last from {least} minutes, its idle time, to {most} minutes, a week.",
                least=draft.idle_minutes,
                most=WEEK_MINUTES,
            )
        )
    if draft.second_factor not in set(SecondFactor):
        raise OneCardError(say("Choose who needs a second factor: nobody, dangerous or everybody."))
    if undangerous := sorted(draft.approvals - DANGEROUS):
        raise OneCardError(
            say(
                "{function} needs no approval; only dangerous functions can be put under approval.",
                function=undangerous[0],
            )
        )
    for days in (draft.photo_days, draft.id_number_days):
        if not 0 <= days <= RETENTION_DAYS_MOST:
            raise OneCardError(say("Personal data is kept for 0 to {most} days.", most=RETENTION_DAYS_MOST))
    if draft.holder_language not in {None, *LANGUAGES}:
        raise OneCardError(say("The language {language} is not supported.", language=draft.holder_language))
    return replace(draft, receipt_footer=_footer(draft.receipt_footer))


def _footer(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) > FOOTER_LINES or sum(map(len, lines)) > FOOTER_MOST:
        raise OneCardError(
            say(
                "The receipt's footer has at most {lines} lines and {most} characters.",
                lines=FOOTER_LINES,
                most=FOOTER_MOST,
            )
        )
    if not all(line.isprintable() for line in lines):
        raise OneCardError(say("The receipt's footer contains characters that cannot be printed."))
    return "\n".join(lines)


def as_plain(settings: Settings) -> dict[str, Any]:
    """Values as columns and the audit have them."""
    return asdict(settings) | {
        "second_factor": str(settings.second_factor),
        "approvals": sorted(map(str, settings.approvals)),
    }
