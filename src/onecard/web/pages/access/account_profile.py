"""One's own language, time zone and password."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import BaseModel, Field
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import NAMES, Text, say
from onecard.tenants import sessions
from onecard.tenants.operators import passwords, service
from onecard.web.kit import forms, render
from onecard.web.kit.actions import Action, Asked
from onecard.web.kit.fields import Ui
from onecard.web.kit.forms import Filled, FormPlan
from onecard.web.kit.guard import OWN_PASSWORD
from onecard.web.kit.outcome import done, said
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.views import Button, Option
from onecard.web.kit.visit import LANGUAGE_COOKIE, SESSION_COOKIE, Cookie, Visit

PATH = "/account"


class PreferencesForm(BaseModel):
    """How the pages are read."""

    language: Annotated[str | None, Ui(say("Language"), kind="select")] = None
    time_zone: Annotated[str | None, Ui(say("Time zone"), kind="select")] = None


def time_zones(first: str) -> list[Option]:
    """All time zones, one of them first."""
    return [Option(each, each) for each in (first, *sorted(available_timezones() - {first}))]


async def _ask(tx: Tx, visit: Visit) -> Asked:
    operator = await service.get(tx, visit.who.operator_id)
    tenant = visit.who.tenant
    as_tenant = Option("", visit.say(say("as the institution")))
    return Asked(
        values={"language": operator.language or "", "time_zone": operator.time_zone or ""},
        choices={
            "language": [as_tenant, *(Option(code, name) for code, name in NAMES.items())],
            "time_zone": [as_tenant, *time_zones(tenant.time_zone)],
        },
    )


async def _keep(tx: Tx, visit: Visit, form: PreferencesForm) -> Text:
    await service.set_preferences(tx, visit.who.operator_id, language=form.language, time_zone=form.time_zone)
    # what was chosen for this browser alone would hide it
    visit.cookies.append(Cookie(LANGUAGE_COOKIE, ""))
    return say("Saved.")


PREFERENCES = Action(
    path=f"{PATH}/preferences", label=say("Language and time zone"), icon="language", needs=Open.SIGNED_IN,
    carry_out=_keep, ask=_ask, form=PreferencesForm, back=PATH, submit=say("Save"),
)  # fmt: skip


# --- the password -------------------------------------------------------------------------------------------

LENGTH = say(
    "At least {least} characters, better {advised} or more: several unrelated words are best.",
    least=passwords.LENGTH_LEAST, advised=passwords.LENGTH_ADVISED,
)  # fmt: skip


class PasswordForm(BaseModel):
    """The old password and the new one."""

    old: Annotated[str, Field(max_length=200), Ui(say("Present password"), kind="password")]
    new: Annotated[str, Field(max_length=200), Ui(say("New password"), kind="new-password", help=LENGTH)]


class FirstPasswordForm(BaseModel):
    """The password of somebody who signed in without one so far."""

    new: Annotated[str, Field(max_length=200), Ui(say("New password"), kind="new-password", help=LENGTH)]


def button(visit: Visit) -> Button:
    """Opens the form."""
    words = say("Change password") if visit.who.has_password else say("Set a password")
    return Button(visit.say(words), OWN_PASSWORD, "key", dialog=True)


async def ask_password(visit: Visit) -> Response:
    """The form; the whole page for somebody who has to do it first."""
    return _show(visit, Filled(None, {}, {}))


def _show(visit: Visit, filled: Filled[Any]) -> Response:
    forced = visit.who.must_change_password
    plan = FormPlan(
        model=PasswordForm if visit.who.has_password else FirstPasswordForm,
        title=say("Choose a password of your own") if forced else say("Change password"),
        action=OWN_PASSWORD,
        submit=say("Save and continue") if forced else say("Save"),
        cancel="" if forced else PATH,
        note=say("Somebody else knows the present one. Nothing else can be done before.") if forced else None,
    )
    if not forced:
        return forms.show(visit, plan, {}, filled.errors)
    view = replace(forms.view(visit, plan, {}, filled.errors), id="own-password")
    part, status = bool(visit.partial), forms.UNPROCESSABLE if filled.errors else 200
    leave = Button(visit.say(say("Sign out")), "/sign-out", "logout", post=True)
    return render.html(
        visit, "_form.html" if part else "bare_form.html", title=plan.title, status=status, part=part,
        form=view, others=(leave,),
    )  # fmt: skip


async def take_password(visit: Visit) -> Response:
    """Change it; every other session is over, this one goes on under another token."""
    who = visit.who
    filled: Filled[Any] = await forms.fill(visit, PasswordForm if who.has_password else FirstPasswordForm)
    errors = dict(filled.errors)
    if filled.model is not None:
        if (why := await _unproven(visit, filled.model)) is not None:
            errors["old" if who.has_password else ""] = why
        else:
            try:
                await _change(visit, filled.model)
            except OneCardError as error:
                errors["new"] = said(error)
    if errors:
        return _show(visit, Filled(None, {}, errors))
    if who.must_change_password:
        visit.toast(say("Your password is changed."))
        return render.go(visit, "/")
    return done(visit, PATH, say("Your password is changed. Other sessions are over."))


async def _unproven(visit: Visit, form: Any) -> Text | None:
    who = visit.who
    if not who.has_password:
        if who.is_confirmed(datetime.now(UTC)):
            return None
        return say("Sign in anew first; within five minutes of it a password can be set.")
    proof = await sessions.confirm(visit.services.db, who, password=form.old)
    return proof.text if isinstance(proof, sessions.Refused) else None


async def _change(visit: Visit, form: Any) -> None:
    who = visit.who
    async with visit.tx() as tx:
        if who.has_password:
            await service.change_own_password(tx, who.operator_id, old=form.old, new=form.new)
        else:
            operator = await service.get(tx, who.operator_id)
            await service.keep_password(tx, operator, form.new, by_other=False)
        visit.cookies.append(Cookie(SESSION_COOKIE, (await sessions.rotate(tx, who)).cookie))


PAGES = [
    *PREFERENCES.pages(),
    Page(OWN_PASSWORD, ask_password, needs=Open.SIGNED_IN, early=True),
    Page(OWN_PASSWORD, take_password, needs=Open.SIGNED_IN, early=True, methods=["POST"]),
]
