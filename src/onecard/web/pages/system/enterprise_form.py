"""The form of the enterprise settings, and what there is to choose from in it."""

from datetime import UTC, datetime, time
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import get_timezone_location
from babel.numbers import get_currency_name, get_territory_currencies
from pydantic import BaseModel, ConfigDict, Field
from starlette.datastructures import UploadFile

from onecard.base.texts import LANGUAGES, NAMES, Text, say
from onecard.tenants.functions import Function
from onecard.tenants.settings.model import SecondFactor
from onecard.web.kit.fields import Ui
from onecard.web.kit.views import Option

PROFILE, SIGN_IN, PROVIDER = say("Institution"), say("Sign-in"), say("Sign-in through your own provider")
APPROVALS, DATA, HOLDERS = say("Approval by a second operator"), say("Personal data"), say("Card holders")
_MINUTES, _DAYS = say("minutes"), say("days")
_LANGUAGES = {code: Text(NAMES[code]) for code in LANGUAGES}


class EnterpriseForm(BaseModel):
    """What an institution decides for itself."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: Annotated[
        str, Field(min_length=1, max_length=64), Ui(say("Name of the institution"), section=PROFILE)
    ]
    language: Annotated[
        str,
        Ui(say("Language"), section=PROFILE, words=_LANGUAGES,
           help=say("Of the console, until an operator chooses another.")),
    ]  # fmt: skip
    currency: Annotated[str, Ui(say("Currency"), kind="select", section=PROFILE)]
    time_zone: Annotated[str, Ui(say("Time zone"), kind="select", section=PROFILE)]
    day_cutoff: Annotated[
        time,
        Ui(say("End of the business day"), section=PROFILE,
           help=say("Sales before it belong to the day before. A change counts from the next day on.")),
    ]  # fmt: skip
    logo: Annotated[
        UploadFile | None,
        Ui(say("Logo"), kind="logo", section=PROFILE, accept="image/png,image/jpeg",
           help=say("PNG or JPEG of at most 2 MB; shown in the menu.")),
    ] = None  # fmt: skip
    remove_logo: Annotated[bool, Ui(say("Remove the logo"), section=PROFILE)] = False

    idle_minutes: Annotated[
        int, Field(ge=1, le=1440),
        Ui(say("Sign out when nothing is done for"), suffix=_MINUTES, section=SIGN_IN),
    ]  # fmt: skip
    absolute_minutes: Annotated[
        int, Field(ge=1, le=10080), Ui(say("Sign out after at most"), suffix=_MINUTES, section=SIGN_IN)
    ]
    second_factor: Annotated[
        SecondFactor,
        Ui(say("Second factor"), kind="radio", section=SIGN_IN, wide=True, words={
            SecondFactor.NOBODY: say("Nobody needs one"),
            SecondFactor.DANGEROUS: say("Whoever uses a function that needs special care"),
            SecondFactor.EVERYBODY: say("Everybody needs one"),
        }),
    ]  # fmt: skip

    issuer: Annotated[
        str, Field(max_length=200),
        Ui(say("Address of the provider"), section=PROVIDER, placeholder="https://login.example.org",
           wide=True,
           help=say("As its ID tokens name it (OpenID Connect). Leave it empty to do without a provider.")),
    ] = ""  # fmt: skip
    client: Annotated[str, Field(max_length=200), Ui(say("Client ID"), section=PROVIDER)] = ""
    secret: Annotated[
        str | None, Field(max_length=500),
        Ui(say("Client secret"), kind="new-password", section=PROVIDER,
           help=say("It cannot be looked at again. Leave it empty to keep the one that is stored.")),
    ] = None  # fmt: skip
    claim: Annotated[
        str, Field(max_length=200),
        Ui(say("Claim with the account number"), section=PROVIDER,
           help=say("Operators are matched by it and never created.")),
    ] = "preferred_username"  # fmt: skip
    label: Annotated[str, Field(max_length=200), Ui(say("Words on the button"), section=PROVIDER)] = ""
    provider_enabled: Annotated[bool, Ui(say("Offer it on the sign-in page"), section=PROVIDER)] = False
    password_sign_in: Annotated[
        bool, Ui(say("Account number and password can be used as well"), section=PROVIDER)
    ] = True

    approvals: Annotated[
        list[Function],
        Ui(say("Functions that need approval"), kind="functions", section=APPROVALS,
           help=say("What is ticked is carried out only after another operator has approved it.")),
    ] = Field(default_factory=list)  # fmt: skip

    photo_days: Annotated[
        int, Field(ge=0, le=36500),
        Ui(say("Keep photos after leaving for"), suffix=_DAYS, section=DATA),
    ]  # fmt: skip
    id_number_days: Annotated[
        int, Field(ge=0, le=36500),
        Ui(say("Keep ID document numbers after leaving for"), suffix=_DAYS, section=DATA),
    ]  # fmt: skip

    holder_language: Annotated[
        str | None,
        Ui(say("Language of what holders read"), section=HOLDERS, words=_LANGUAGES,
           help=say("Empty: the language of the institution.")),
    ] = None  # fmt: skip
    receipt_footer: Annotated[
        str, Field(max_length=200),
        Ui(say("Foot of receipts"), kind="textarea", section=HOLDERS, help=say("At most four lines.")),
    ] = ""  # fmt: skip


@cache
def currencies(language: str) -> tuple[Option, ...]:
    """Money that is legal tender somewhere today, the three letters first because people look for them."""
    locale = Locale.parse(language.replace("-", "_"))
    codes = {code for place in locale.territories for code in get_territory_currencies(str(place))}
    return tuple(Option(code, f"{code} {get_currency_name(code, locale=locale)}") for code in sorted(codes))


@cache
def time_zones(language: str) -> tuple[Option, ...]:
    """Time zones by their difference to UTC, with the place in the reader's language."""
    locale, now = Locale.parse(language.replace("-", "_")), datetime.now(UTC)
    places = sorted(name for name in available_timezones() if name.split("/")[0] in _CONTINENTS)
    found = []
    for name in places:
        at = now.astimezone(ZoneInfo(name))
        place = get_timezone_location(name, locale=locale)
        found.append((at.utcoffset(), place, Option(name, f"UTC{at.isoformat()[-6:]} {place} – {name}")))
    return tuple(option for *_, option in sorted(found, key=lambda each: (each[0], each[1])))


_CONTINENTS = frozenset(
    ("Africa", "America", "Antarctica", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific")
)
