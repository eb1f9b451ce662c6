"""Names of what the audit keeps in English: kinds of things, fields, actions that are no functions."""

import json
from collections.abc import Mapping
from typing import Any

from onecard.base.texts import Text, say, say_in
from onecard.tenants import service as tenants
from onecard.tenants.factors import service as factors
from onecard.tenants.functions import LABELS, TREE
from onecard.tenants.sessions import rules as sessions
from onecard.web.kit.visit import Visit

AREAS: dict[str, Text] = {
    **{area.name: area.label for area in TREE},
    "account": say("Own account"),
    "platform": say("Platform"),
}
FUNCTIONS: dict[str, Text] = {
    **{function.value: label for function, label in LABELS.items()},
    sessions.BEGIN: say_in("audit", "Sign in"),
    sessions.REFUSE: say_in("audit", "Refused sign-in"),
    sessions.END: say_in("audit", "Sign out"),
    factors.OWN: say_in("audit", "Own second factor"),
    tenants.CREATE: say_in("audit", "Create a tenant"),
    tenants.SUSPEND: say_in("audit", "Suspend a tenant"),
    tenants.RESUME: say_in("audit", "Resume a tenant"),
}
THINGS: dict[str, Text] = {
    "api_key": say_in("audit", "API key"),
    "approval": say_in("audit", "Request for approval"),
    "class": say_in("audit", "Account class"),
    "department": say_in("audit", "Department"),
    "field": say_in("audit", "Custom field"),
    "job": say_in("audit", "Job"),
    "list": say_in("audit", "Exported list"),
    "logo": say_in("audit", "Logo"),
    "operator": say_in("audit", "Operator"),
    "person": say_in("audit", "Person"),
    "policy": say_in("audit", "Consent policy"),
    "provider": say_in("audit", "Sign-in provider"),
    "role": say_in("audit", "Role"),
    "settings": say_in("audit", "Settings"),
    "tenant": say_in("audit", "Institution"),
}
FIELDS: dict[str, Text] = {
    "absolute_minutes": say_in("audit", "Longest session in minutes"),
    "account": say_in("audit", "Account number"),
    "all_departments": say_in("audit", "Sees everybody"),
    "approvals": say_in("audit", "Functions that need approval"),
    "authenticator_app": say_in("audit", "Authenticator app"),
    "batch_ends": say_in("audit", "Batch ends"),
    "batch_expires": say_in("audit", "Cards of the batch expire"),
    "batch_starts": say_in("audit", "Batch begins"),
    "card": say_in("audit", "Card"),
    "card_fee_fen": say_in("audit", "Card fee"),
    "cards_most": say_in("audit", "Cards per person"),
    "choices": say_in("audit", "Choices"),
    "claim": say_in("audit", "Claim with the account number"),
    "class": say_in("audit", "Account class"),
    "client": say_in("audit", "Client ID"),
    "client_secret": say_in("audit", "Client secret"),
    "code": say_in("audit", "Code"),
    "currency": say_in("audit", "Currency"),
    "day_cutoff": say_in("audit", "End of the business day"),
    "day_limit_count": say_in("audit", "Purchases per day"),
    "day_limit_fen": say_in("audit", "Limit per day"),
    "department": say_in("audit", "Department"),
    "deposit_fen": say_in("audit", "Deposit"),
    "drawing": say_in("audit", "Drawing order of purses"),
    "email": say_in("audit", "E-mail"),
    "enabled": say_in("audit", "Enabled"),
    "ends_at": say_in("audit", "Ends at"),
    "ends_on": say_in("audit", "Last day"),
    "entered_on": say_in("audit", "Entered on"),
    "exclusions": say_in("audit", "Excluded merchants"),
    "face_consent": say_in("audit", "Consent to face recognition"),
    "file": say_in("audit", "File"),
    "floor_fen": say_in("audit", "Lowest balance"),
    "functions": say_in("audit", "Functions"),
    "gender": say_in("audit", "Gender"),
    "given_by": say_in("audit", "Given by"),
    "holder_language": say_in("audit", "Language of holders"),
    "id_number": say_in("audit", "ID document number"),
    "id_number_days": say_in("audit", "Days ID numbers are kept"),
    "idle_minutes": say_in("audit", "Minutes without use"),
    "issuer": say_in("audit", "Issuer"),
    "kind": say_in("audit", "Kind"),
    "label": say_in("audit", "Words on the button"),
    "language": say_in("audit", "Language"),
    "leaves_on": say_in("audit", "Leaves on"),
    "left_on": say_in("audit", "Left on"),
    "locked_until": say_in("audit", "Locked until"),
    "logo": say_in("audit", "Logo"),
    "may_sign_in_on_devices": say_in("audit", "Signs in on devices"),
    "may_top_up": say_in("audit", "Tops up"),
    "meal_limit_count": say_in("audit", "Purchases per meal"),
    "meal_limit_fen": say_in("audit", "Limit per meal"),
    "method": say_in("audit", "Signed in by"),
    "name": say_in("audit", "Name"),
    "number": say_in("audit", "Number"),
    "overdraft_fen": say_in("audit", "Overdraft"),
    "parent": say_in("audit", "Parent department"),
    "passkey": say_in("audit", "Passkey"),
    "password": say_in("audit", "Password"),
    "password_set_by_other": say_in("audit", "Password set by somebody else"),
    "password_sign_in": say_in("audit", "Sign-in by password"),
    "people": say_in("audit", "People"),
    "phone": say_in("audit", "Phone"),
    "photo": say_in("audit", "Photo"),
    "photo_1": say_in("audit", "Photo 1"),
    "photo_2": say_in("audit", "Photo 2"),
    "photo_check": say_in("audit", "Check of the photo"),
    "photo_days": say_in("audit", "Days photos are kept"),
    "pin_above_fen": say_in("audit", "PIN above"),
    "position": say_in("audit", "Position"),
    "purses": say_in("audit", "Purses"),
    "rates": say_in("audit", "Discounts and surcharges"),
    "receipt_footer": say_in("audit", "Foot of receipts"),
    "recovery_codes": say_in("audit", "Recovery codes"),
    "remark": say_in("audit", "Remark"),
    "required": say_in("audit", "Required"),
    "revoked": say_in("audit", "Revoked"),
    "roles": say_in("audit", "Roles"),
    "rows": say_in("audit", "Rows"),
    "second_factor": say_in("audit", "Second factor"),
    "sessions": say_in("audit", "Sessions"),
    "sign_in_link_minutes": say_in("audit", "Minutes the sign-in link is good for"),
    "state": say_in("audit", "State"),
    "time_zone": say_in("audit", "Time zone"),
    "transaction_limit_fen": say_in("audit", "Limit per purchase"),
    "valid_days": say_in("audit", "Days a card is valid"),
    "valid_until": say_in("audit", "Valid until"),
}
_VALUES: dict[str, dict[str, Text]] = {
    "gender": {"male": say_in("audit", "male"), "female": say_in("audit", "female")},
    "given_by": {"guardian": say_in("audit", "guardian"), "person": say_in("audit", "the person")},
    "method": {
        "link": say_in("audit", "one-time link"),
        "oidc": say_in("audit", "own provider"),
        "password": say_in("audit", "password"),
    },
    "second_factor": {
        "dangerous": say_in("audit", "for functions that need special care"),
        "everybody": say_in("audit", "for everybody"),
        "nobody": say_in("audit", "for nobody"),
        "passkey": say_in("audit", "passkey"),
        "recovery": say_in("audit", "recovery code"),
        "totp": say_in("audit", "app"),
    },
    "state": {
        "active": say_in("audit", "active"),
        "approved": say_in("audit", "approved"),
        "asked": say_in("audit", "asked for"),
        "disabled": say_in("audit", "disabled"),
        "done": say_in("audit", "carried out"),
        "enabled": say_in("audit", "enabled"),
        "left": say_in("audit", "left"),
        "refused": say_in("audit", "refused"),
        "suspended": say_in("audit", "suspended"),
        "withdrawn": say_in("audit", "withdrawn"),
    },
}
_WORDS: dict[str, Text] = {"changed": say_in("audit", "changed"), "removed": say_in("audit", "removed")}
_SHORT = 80


def field(visit: Visit, name: str) -> str:
    """A field as people read it; the name itself where nobody has translated it."""
    known = FIELDS.get(name)
    return visit.say(known) if known else name.removesuffix("_fen").replace("_", " ")


def differences(visit: Visit, before: str | None, after: str | None) -> tuple[tuple[str, str, str], ...]:
    """(field, before, after) of an entry, as people read them.

    Args:
        visit: who reads.
        before: JSON text of an object, as the list of entries has it.
        after: the same, afterwards.
    """
    was: Mapping[str, Any] = json.loads(before) if before else {}
    now: Mapping[str, Any] = json.loads(after) if after else {}
    found = (
        (field(visit, name), value(visit, name, was.get(name)), value(visit, name, now.get(name)))
        for name in dict.fromkeys((*was, *now))
    )
    return tuple(each for each in found if each[1] or each[2])


def value(visit: Visit, name: str, stored: Any) -> str:
    """A stored value as people read it."""
    if isinstance(stored, list):
        return ", ".join(value(visit, name, each) for each in stored)
    if isinstance(stored, bool):
        return visit.say(say("Yes") if stored else say("No"))
    if isinstance(stored, int) and name.endswith("_fen"):
        return visit.money(stored)
    if isinstance(stored, dict):
        return json.dumps(stored, ensure_ascii=False)
    text = "" if stored is None else str(stored)
    if name in {"photo_1", "photo_2"}:
        return text[:8]  # of a hash: enough to see that it is another picture
    return visit.say(_VALUES.get(name, {}).get(text) or FUNCTIONS.get(text) or _WORDS.get(text) or text)


def shortened(text: str) -> str:
    """What a list shows of a long value."""
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
