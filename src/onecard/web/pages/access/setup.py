"""The first run: an institution and its administrator, by whoever reads what `onecard serve` printed."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, Field
from starlette.responses import Response

from onecard.base.db import Actor
from onecard.base.errors import ConflictError, OneCardError
from onecard.base.texts import LANGUAGES, NAMES, Language, Text, say
from onecard.desk.first_run import Administrator, first_run
from onecard.tenants import service as tenants
from onecard.tenants import sessions
from onecard.tenants.model import Profile
from onecard.tenants.operators import roles
from onecard.tenants.operators.model import NewOperator
from onecard.tenants.sessions import SignedIn, throttle
from onecard.tenants.sessions.rules import network, too_many
from onecard.tenants.sessions.throttle import Bucket, Charge
from onecard.web.kit import forms, outcome, render
from onecard.web.kit.fields import Ui
from onecard.web.kit.first_run import SETUP
from onecard.web.kit.forms import Filled, FormPlan
from onecard.web.kit.outcome import Outcome, said
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import FieldView, FormView, NavItem, Option, Section
from onecard.web.kit.visit import SESSION_COOKIE, Cookie, Visit
from onecard.web.pages.access.account_profile import LENGTH, time_zones
from onecard.web.pages.access.sign_in import DEVICE_COOKIE, YEAR_S, bare_form, origin

INSTITUTION, READY = f"{SETUP}/institution", f"{SETUP}/ready"
CODE_COOKIE = "__Host-onecard-setup"
_AT_SETUP = Bucket("setup", most=10, every=timedelta(minutes=1))
_CURRENCIES = ("CNY", "HKD", "MOP", "TWD", "USD", "EUR", "GBP", "JPY", "KRW", "SGD", "MYR", "THB", "VND")
_PLACE, _FIRST, _TRY = say("Institution"), say("First administrator"), say("To begin with")
_OFF = say("This server offers no first run. Start it with “onecard serve”, and open the link it prints.")
_WRONG = say("This is not the setup code. It is in the link that “onecard serve” printed when it started.")

Name: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=64), Ui(say("Your name"), section=_FIRST, autocomplete="name")
]
Password: TypeAlias = Annotated[
    str,
    Field(max_length=200),
    Ui(say("Your password"), kind="new-password", section=_FIRST, help=LENGTH),
]


class InstitutionForm(BaseModel):
    """The institution, its administrator, and whether to begin with an example."""

    institution: Annotated[
        str,
        Field(min_length=1, max_length=64),
        Ui(say("Name of the institution"), section=_PLACE, autocomplete="organization"),
    ]
    code: Annotated[
        str,
        Field(pattern=r"^[0-9]{4}$"),
        Ui(
            say("Code"),
            section=_PLACE,
            help=say("Four digits; account numbers begin with them."),
        ),
    ]
    language: Annotated[Language, Ui(say("Language"), kind="select", section=_PLACE)] = LANGUAGES[0]
    currency: Annotated[str, Ui(say("Currency"), kind="select", section=_PLACE)] = "CNY"
    time_zone: Annotated[str, Ui(say("Time zone"), kind="select", section=_PLACE)] = "Asia/Shanghai"
    day_cutoff: Annotated[
        time,
        Ui(say("Business day ends at"), section=_PLACE, help=say("Earlier sales belong to the day before.")),
    ] = time(3)
    name: Name
    password: Password
    example: Annotated[
        bool,
        Ui(
            say("Fill it with an example"), section=_TRY,
            help=say("A school with 500 people, departments, classes and canteens, to try everything with."),
        ),
    ] = False  # fmt: skip


class VacantForm(BaseModel):
    """The first administrator of an institution that was created in a shell."""

    code: Annotated[str, Ui(say("Institution"), kind="select", section=_FIRST)]
    name: Name
    password: Password


async def show(visit: Visit, error: Text | None = None) -> Response:
    """Asks for the setup code; the printed link brings it behind its #."""
    if not await visit.services.first_run.waits(visit.services.db):
        return render.go(visit, "/")
    error = error or (None if visit.services.setup_code else _OFF)
    field = FieldView("text", "code", visit.say(say("Setup code")), required=True, autofocus=True)
    view = FormView(
        id="from-fragment",
        title=visit.say(say("Welcome to OneCard")),
        action=SETUP,
        sections=(Section((field,)),),
        submit=visit.say(say("Continue")),
        error=visit.say(error) if error else "",
        note=visit.say(say("“onecard serve” printed a link with the setup code when it started. Open it.")),
    )
    return bare_form(visit, view, say("Set up"), steps=_steps(visit, 0))


def _steps(visit: Visit, here: int) -> tuple[NavItem, ...]:
    labels = (say("Setup code"), say("Institution and administrator"), say("Ready"))
    return tuple(
        NavItem(visit.say(label), "", "", active=place == here) for place, label in enumerate(labels)
    )


async def take_code(visit: Visit) -> Response:
    """Check the setup code."""
    wait = await throttle.take(
        visit.services.db, [Charge(_AT_SETUP, (network(visit.address),))], datetime.now(UTC)
    )
    if wait > throttle.NOW:
        return await show(visit, too_many(wait))
    code = str((await visit.form()).get("code", "")).strip().rsplit("#", 1)[-1]
    if not _is_right(visit, code):
        return await show(visit, _WRONG)
    visit.cookies.append(Cookie(CODE_COOKIE, code))
    return render.go(visit, INSTITUTION)


def _is_right(visit: Visit, code: str) -> bool:
    kept = visit.services.setup_code
    return bool(kept) and hmac.compare_digest(code.encode(), kept.encode())


async def ask(visit: Visit) -> Response:
    """The form for the institution."""
    if (elsewhere := await _elsewhere(visit)) is not None:
        return elsewhere
    fresh: dict[str, Any] = {"language": visit.language}
    for name, info in InstitutionForm.model_fields.items():
        if not info.is_required():
            fresh.setdefault(name, info.get_default())
    return await _show(visit, Filled(None, fresh, {}))


async def _elsewhere(visit: Visit) -> Response | None:
    """Where a visit without the right code goes, or when the first run is over."""
    if not await visit.services.first_run.waits(visit.services.db):
        return render.go(visit, "/")
    if not _is_right(visit, visit.request.cookies.get(CODE_COOKIE, "")):
        return render.go(visit, SETUP)
    return None


async def _show(visit: Visit, filled: Filled[Any]) -> Response:
    vacant = await _vacant(visit)
    plan = FormPlan(
        model=VacantForm if vacant else InstitutionForm,
        title=say("Set up your institution"),
        action=INSTITUTION,
        submit=say("Create"),
        choices=_choices(visit, vacant),
        wide=True,
    )
    view = forms.view(visit, plan, filled.values, filled.errors)
    part, status = bool(visit.partial), forms.UNPROCESSABLE if filled.errors else 200
    return render.html(
        visit, "_form.html" if part else "bare_form.html", title=plan.title, status=status, part=part,
        form=replace(view, id="setup"), steps=_steps(visit, 1),
    )  # fmt: skip


async def _vacant(visit: Visit) -> list[Option]:
    """Institutions without operators, if any: the first run gives one of them an administrator."""
    db, found = visit.services.db, []
    for route in await tenants.routes(db, _actor(visit)):
        async with db.tenant_tx(route.tenant_id, _actor(visit)) as tx:
            tenant = await tenants.get(tx)
        found.append(Option(tenant.code, f"{tenant.code} {tenant.name}"))
    return found


def _choices(visit: Visit, vacant: list[Option]) -> Mapping[str, Sequence[Option]]:
    if vacant:
        return {"code": vacant}
    return {
        "language": [Option(code, name) for code, name in NAMES.items()],
        "currency": [Option(each, each) for each in _CURRENCIES],
        "time_zone": time_zones("Asia/Shanghai"),
    }


def _actor(visit: Visit) -> Actor:
    return Actor("system", "setup", visit.address)


async def take(visit: Visit) -> Response:
    """Create it all, and sign its administrator in."""
    if (elsewhere := await _elsewhere(visit)) is not None:
        return elsewhere
    vacant = await _vacant(visit)
    filled: Filled[Any] = await forms.fill(visit, VacantForm if vacant else InstitutionForm)
    if filled.model is None:
        return await _show(visit, filled)
    try:
        make = _administrator if vacant else _everything
        made = await make(visit, filled.model)
    except ConflictError as error:
        return await _show(visit, Filled(None, filled.values, {"code": said(error)}))
    except OneCardError as error:
        return await _show(visit, Filled(None, filled.values, {"": said(error)}))
    visit.cookies.append(Cookie(CODE_COOKIE, ""))
    return await _ready(visit, made, filled.model.password)


async def _everything(visit: Visit, form: InstitutionForm) -> NewOperator:
    names = ("currency", "time_zone", "day_cutoff", "language")
    profile = Profile(name=form.institution, **{name: getattr(form, name) for name in names})
    return await first_run(
        visit.services.db, visit.services.vault, _actor(visit), code=form.code, profile=profile,
        administrator=Administrator(name=form.name, password=form.password), example=form.example,
    )  # fmt: skip


async def _administrator(visit: Visit, form: VacantForm) -> NewOperator:
    db = visit.services.db
    route = await tenants.route(db, form.code, _actor(visit))
    async with db.tenant_tx(route.tenant_id, _actor(visit)) as tx:
        return await roles.create_first_administrator(tx, form.name, form.password)


async def _ready(visit: Visit, made: NewOperator, password: str) -> Response:
    """Signed in at once."""
    signed = await sessions.sign_in(
        visit.services.db, account=made.account, password=password, **origin(visit)
    )
    if isinstance(signed, SignedIn):
        visit.cookies += [
            Cookie(SESSION_COOKIE, signed.cookie),
            Cookie(DEVICE_COOKIE, signed.device, YEAR_S),
        ]
    return render.go(visit, READY)


async def ready(visit: Visit) -> Response:
    """What to remember of it."""
    return outcome.show(
        visit,
        Outcome(
            title=say("Ready"),
            sentence=say("You are signed in. Next time you sign in with this number and your password."),
            secrets=((say("Account number"), visit.who.account),),
            note=say("Make other operators under “Operators”, set up a second factor in “My account”."),
            back="/",
        ),
    )


PAGES = [
    Page(SETUP, show, needs=Open.ANYBODY),
    Page(SETUP, take_code, needs=Open.ANYBODY, methods=["POST"]),
    Page(INSTITUTION, ask, needs=Open.ANYBODY),
    Page(INSTITUTION, take, needs=Open.ANYBODY, methods=["POST"]),
    Page(READY, ready, needs=Open.SIGNED_IN),
]
