"""One operator: what it may do and through what, where it is signed in, what can be done about it."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError
from onecard.base.texts import Text, say, say_count, say_in
from onecard.tenants import factors, sessions
from onecard.tenants.functions import TREE, F, Function
from onecard.tenants.operators import passwords, roles, rules, service
from onecard.tenants.operators.authority import granted
from onecard.tenants.operators.model import Operator, Role, State
from onecard.web.kit import render
from onecard.web.kit.actions import Action, Asked
from onecard.web.kit.fields import Ui
from onecard.web.kit.outcome import Outcome
from onecard.web.kit.tables import plain_table
from onecard.web.kit.views import Button, Cell, Fact, Facts, Look, RecordView, TableView, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.access.session_words import COLUMNS as SESSION_COLUMNS

PATH = "/access/operators"
_ONE = f"{PATH}/{{id:int}}"
_LINK_MINUTES = 60
_LINK_MOST = sessions.service.LINK_MINUTES_MOST


async def visible(tx: Tx, visit: Visit, key: int) -> Operator:
    """An operator this visit may see: of its departments, unless it sees all.

    Raises:
        NotFoundError: there is none, or it is not seen.
    """
    operator = await service.get(tx, key)
    hidden = operator.all_departments or not visit.authority.sees(operator.department_id)
    if visit.scope is not None and hidden:
        raise NotFoundError(say("There is no such operator."))
    return operator


def given(through: Iterable[Role]) -> dict[Function, str]:
    """Functions that roles give, with the roles' names."""
    found: dict[Function, str] = {}
    for role in through:
        for function in role.functions:
            found[function] = f"{found[function]}, {role.name}" if function in found else role.name
    return found


# --- the page -----------------------------------------------------------------------------------------------


async def show(visit: Visit) -> Response:
    """The page."""
    key = visit.number()
    async with visit.tx() as tx:
        operator = await visible(tx, visit, key)
        through, single = await roles.roles_of(tx, key), await roles.grants_of(tx, key)
        second = await factors.summary(tx, key)
        places = await sessions.places(tx, key) if visit.may(F.ACCESS_SESSION_VIEW) else []
    tables: tuple[tuple[str, TableView], ...] = ()
    if visit.may(F.ACCESS_SESSION_VIEW):
        rows: list[Any] = [asdict(each) for each in places]
        shown = plain_table(visit, "sessions", SESSION_COLUMNS, rows, say("Not signed in anywhere."))
        tables = ((visit.say(say("Sessions")), shown),)
    record = RecordView(
        title=operator.name,
        subtitle=operator.account,
        badges=_badges(visit, operator),
        actions=_buttons(visit, operator),
        parts=(_profile(visit, operator), _authority(visit, through, single)),
        side=(_sign_in(visit, operator, second),),
        tables=tables,
    )
    return render.html(visit, "record.html", title=operator.name, record=record)


def _badges(visit: Visit, operator: Operator) -> tuple[tuple[str, Tone], ...]:
    words = {
        State.ENABLED: (say_in("operator", "Enabled"), Tone.GOOD),
        State.DISABLED: (say_in("operator", "Disabled"), Tone.MUTED),
        State.ENDED: (say_in("operator", "Ended"), Tone.WARN),
    }
    text, tone = words[operator.state]
    badges = [(visit.say(text), tone)]
    if _is_locked(operator):
        badges.append((visit.say(say("Locked")), Tone.BAD))
    return tuple(badges)


def _is_locked(operator: Operator) -> bool:
    return operator.locked_until is not None and operator.locked_until > datetime.now(UTC)


def _profile(visit: Visit, operator: Operator) -> Facts:
    sees = say("Everybody") if operator.all_departments else operator.department or say("Nobody")
    facts = (
        _fact(visit, say("Sees the people of"), sees),
        _fact(visit, say("Last day"), operator.ends_on.isoformat() if operator.ends_on else None),
        _yes(visit, say("Signs in on devices"), yes=operator.may_sign_in_on_devices),
        _yes(visit, say("Tops up"), yes=operator.may_top_up),
        _fact(visit, say("Remark"), operator.remark, wide=True),
    )
    return Facts(visit.say(say("Operator")), facts)


def _authority(visit: Visit, through: list[Role], single: frozenset[Function]) -> Facts:
    by_role = given(through)
    names = tuple((role.name, str(Tone.PRIMARY)) for role in through)
    facts = [Fact(visit.say(say("Roles")), Cell("", Look.BADGES, parts=names), wide=True)]
    for area in TREE:
        parts = tuple(
            (visit.say(leaf.label), str(Tone.PLAIN if leaf.function in by_role else Tone.GOOD))
            for branch in area.branches
            for leaf in branch.leaves
            if leaf.function in by_role or leaf.function in single
        )
        if parts:
            facts.append(Fact(visit.say(area.label), Cell("", Look.BADGES, parts=parts), wide=True))
    title = say_count(len(single | by_role.keys()), "May use {count} function", "May use {count} functions")
    return Facts(visit.say(title), tuple(facts))


def _sign_in(visit: Visit, operator: Operator, second: factors.Summary) -> Facts:
    if operator.password_set_by_other:
        password = say("one-time password, not used yet")
    else:
        password = say("own password") if operator.has_password else say("none")
    kinds = [
        *([visit.say(say("Authenticator app"))] if second.totp_since else []),
        *(f"{visit.say(say('Passkey'))} {each.name}" for each in second.passkeys),
    ]
    until = visit.instant(operator.locked_until) if operator.locked_until and _is_locked(operator) else None
    facts = (
        _fact(
            visit,
            say("Last sign-in"),
            visit.instant(operator.signed_in_at) if operator.signed_in_at else None,
        ),
        _fact(visit, say("Password"), password),
        _fact(visit, say("Second factor"), ", ".join(kinds) or say("none")),
        _fact(visit, say("Locked until"), until),
        _fact(visit, say("Created"), visit.instant(operator.created_at)),
    )
    return Facts(visit.say(say_in("noun", "Sign-in")), facts)


def _fact(visit: Visit, label: Text, value: str | Text | None, *, wide: bool = False) -> Fact:
    return Fact(visit.say(label), Cell(visit.say(value or "")), wide=wide)


def _yes(visit: Visit, label: Text, *, yes: bool) -> Fact:
    return Fact(visit.say(label), Cell(visit.say(say("Yes") if yes else say("No")), Look.TEXT))


def _buttons(visit: Visit, operator: Operator) -> tuple[Button, ...]:
    fits = {
        PASSWORD: operator.id != visit.who.operator_id,
        ENABLE: operator.state is State.DISABLED,
        DISABLE: operator.state is not State.DISABLED,
    }
    found = [
        action.button(visit, menu=True, id=operator.id)
        for action in ACTIONS
        if isinstance(action.needs, Function) and visit.may(action.needs) and fits.get(action, True)
    ]
    if visit.may(F.ACCESS_OPERATOR_CHANGE):
        href = f"{PATH}/{operator.id}/change"
        found.append(Button(visit.say(say("Change")), href, "pencil", Tone.PRIMARY, "e", dialog=True))
    return tuple(found)


# --- what can be done ---------------------------------------------------------------------------------------


async def _asked(tx: Tx, visit: Visit) -> Asked:
    return Asked(thing=(await visible(tx, visit, visit.number())).title)


async def _within(tx: Tx, visit: Visit) -> Operator:
    """The operator, if whoever acts has as much authority.

    Raises:
        NotFoundError: it is not seen.
        ConflictError: it may do more.
    """
    operator = await visible(tx, visit, visit.number())
    rules.refuse_beyond(await granted(tx, operator.id), visit.authority, title=operator.title)
    return operator


async def _new_password(tx: Tx, visit: Visit, _form: Any) -> Text:
    operator, password = await _within(tx, visit), passwords.one_time()
    await service.set_password(tx, operator.id, password, by=visit.authority)
    visit.outcome = Outcome(
        title=say("New one-time password"),
        sentence=say("Hand it over to {name}. It is not shown again; sessions are over.", name=operator.name),
        secrets=((say("Account number"), operator.account), (say("One-time password"), password)),
        note=say("The first sign-in asks for a password of their own. It has to happen within 7 days."),
        back=f"{PATH}/{operator.id}",
    )
    return say("Saved.")


class LinkForm(BaseModel):
    """How long a link may be used."""

    minutes: Annotated[int, Field(ge=1, le=_LINK_MOST), Ui(say("Good for"), suffix=say("minutes"))] = (
        _LINK_MINUTES
    )


async def _new_link(tx: Tx, visit: Visit, form: LinkForm) -> Text:
    operator = await _within(tx, visit)
    secret = await sessions.make_link(tx, operator.id, form.minutes, by=visit.authority)
    visit.outcome = Outcome(
        title=say("One-time link"),
        sentence=say("Whoever opens this link first is signed in as {name}.", name=operator.name),
        secrets=((say("Link"), f"{visit.base_url}/sign-in/once#{secret}"),),
        note=say("It works once, within {minutes} minutes, and is not shown again.", minutes=form.minutes),
        back=f"{PATH}/{operator.id}",
    )
    return say("Saved.")


async def _unlock(tx: Tx, visit: Visit, _form: Any) -> Text:
    await sessions.unlock(tx, (await visible(tx, visit, visit.number())).id, by=visit.authority)
    return say("Unlocked.")


async def _end_sessions(tx: Tx, visit: Visit, _form: Any) -> Text:
    ended = await sessions.end_all(tx, (await _within(tx, visit)).id, but=visit.who.session_id)
    return say_count(ended, "{count} session ended.", "{count} sessions ended.")


async def _reset_factors(tx: Tx, visit: Visit, _form: Any) -> Text:
    await factors.reset(tx, (await _within(tx, visit)).id, by=visit.authority)
    return say("Second factors are taken away.")


async def _enable(tx: Tx, visit: Visit, _form: Any) -> Text:
    await service.set_enabled(tx, (await _within(tx, visit)).id, enabled=True, by=visit.authority)
    return say("Enabled.")


async def _disable(tx: Tx, visit: Visit, _form: Any) -> Text:
    await service.set_enabled(tx, (await _within(tx, visit)).id, enabled=False, by=visit.authority)
    return say("Disabled.")


async def _delete(tx: Tx, visit: Visit, _form: Any) -> Text:
    await service.delete(tx, (await _within(tx, visit)).id, by=visit.authority)
    return say("Deleted.")


def _action(name: str, label: Text, needs: Function, carry_out: Any, **more: Any) -> Action:
    more = {"back": _ONE} | more
    return Action(path=f"{_ONE}/{name}", label=label, needs=needs, carry_out=carry_out, ask=_asked, **more)


PASSWORD = _action(
    "password", say("Reset password"), F.ACCESS_OPERATOR_PASSWORD, _new_password, icon="key",
    note=say("The present password stops working, and all sessions are over. A one-time password is shown."),
)  # fmt: skip
LINK = _action(
    "link", say("One-time link"), F.ACCESS_OPERATOR_PASSWORD, _new_link, icon="link", form=LinkForm,
    note=say("A link that signs this operator in once, without password. Second factors are still asked."),
)  # fmt: skip
UNLOCK = _action(
    "unlock", say("Unlock"), F.ACCESS_OPERATOR_PASSWORD, _unlock, icon="lock-open",
    note=say("The lock after repeated failures ends now."),
)  # fmt: skip
END_SESSIONS = _action(
    "end-sessions", say("End all sessions"), F.ACCESS_SESSION_END, _end_sessions, icon="logout",
    note=say("Wherever this operator is signed in, it has to sign in again."), danger=True,
)  # fmt: skip
RESET_FACTORS = _action(
    "reset-factors", say("Take second factors away"), F.ACCESS_OPERATOR_PASSWORD,
    _reset_factors, icon="shield-off",
    note=say("For operators who lost their phone: app, passkeys and recovery codes are removed."),
    danger=True,
)  # fmt: skip
ENABLE = _action("enable", say_in("button", "Enable"), F.ACCESS_OPERATOR_CHANGE, _enable, icon="user-check")
DISABLE = _action(
    "disable", say_in("button", "Disable"), F.ACCESS_OPERATOR_CHANGE, _disable, icon="user-off",
    note=say("From now on nobody can sign in with this account; sessions are over. It can be enabled again."),
    danger=True,
)  # fmt: skip
DELETE = _action(
    "delete", say("Delete"), F.ACCESS_OPERATOR_CHANGE, _delete, icon="trash", back=PATH,
    note=say("Only an operator who never signed in can be deleted; others are disabled."), danger=True,
)  # fmt: skip

ACTIONS = (PASSWORD, LINK, UNLOCK, END_SESSIONS, RESET_FACTORS, ENABLE, DISABLE, DELETE)
PAGES = [page for action in ACTIONS for page in action.pages()]
