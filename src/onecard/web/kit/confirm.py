"""Dangerous functions ask who it is once more: by password, or by a code where there is none."""

from datetime import UTC, datetime

from onecard.base.texts import Text, say
from onecard.tenants import sessions
from onecard.web.kit.views import FieldView
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit

CONFIRM = "confirm_password"


def confirm_field(visit: Visit) -> FieldView | None:
    """The field of the form; None while the last proof is fresh."""
    if _fresh(visit):
        return None
    if not visit.who.has_password:
        return FieldView(
            kind="code",
            name=CONFIRM,
            label=visit.say(say("Code of your authenticator app")),
            help=visit.say(say("Without one, sign in again; a fresh sign-in counts for five minutes.")),
            required=True,
            autocomplete="one-time-code",
        )
    return FieldView(
        kind="password",
        name=CONFIRM,
        label=visit.say(say("Your password")),
        help=visit.say(say("This needs your password once more. It is then good for five minutes.")),
        required=True,
        autocomplete="current-password",
    )


async def unconfirmed(visit: Visit) -> Text | None:
    """Why the operator has not proven who he is; None: he has.

    An API key has proven it with every request, and holds a dangerous function only because somebody who
    confirmed gave it.
    """
    if _fresh(visit):
        return None
    posted = await visit.form()
    typed = posted.get(CONFIRM)
    if not isinstance(typed, str) or not typed:
        return say("Write your password.") if visit.who.has_password else say("Write the code.")
    db, who = visit.services.db, visit.who
    if who.has_password:
        proof = await sessions.confirm(db, who, password=typed)
    else:
        proof = await sessions.confirm_with_code(db, visit.services.vault, who, typed)
    if isinstance(proof, sessions.Refused):
        return proof.text
    visit.cookies.append(Cookie(SESSION_COOKIE, proof.cookie))
    return None


def _fresh(visit: Visit) -> bool:
    who = visit.who
    # what was approved was confirmed when it was asked for, and again when its page was opened to do it
    return visit.replay is not None or who.key_id is not None or who.is_confirmed(datetime.now(UTC))
