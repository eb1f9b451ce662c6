"""Sessions of operators: signing in, what slows guessing down, taking up, confirming, ending."""

from onecard.tenants.sessions.lists import SESSIONS
from onecard.tenants.sessions.model import (
    Confirmed,
    NeedsFactor,
    Outcome,
    Place,
    Refused,
    Session,
    SignedIn,
)
from onecard.tenants.sessions.service import (
    confirm,
    confirm_with_code,
    confirm_with_passkey,
    end,
    end_all,
    make_link,
    places,
    resume,
    rotate,
    sign_out,
    strengthen,
    unlock,
)
from onecard.tenants.sessions.signing_in import (
    finish_with_code,
    finish_with_passkey,
    passkey_options,
    sign_in,
    use_link,
    waiting_factors,
)

__all__ = [
    "SESSIONS",
    "Confirmed",
    "NeedsFactor",
    "Outcome",
    "Place",
    "Refused",
    "Session",
    "SignedIn",
    "confirm",
    "confirm_with_code",
    "confirm_with_passkey",
    "end",
    "end_all",
    "finish_with_code",
    "finish_with_passkey",
    "make_link",
    "passkey_options",
    "places",
    "resume",
    "rotate",
    "sign_in",
    "sign_out",
    "strengthen",
    "unlock",
    "use_link",
    "waiting_factors",
]
