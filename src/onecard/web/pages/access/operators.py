"""Operators: who works in the console, whose people they see, what they may do (功能授权)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError
from onecard.base.listing import Wish
from onecard.base.texts import say, say_in
from onecard.tenants.functions import F, Function
from onecard.tenants.operators import passwords, roles, service
from onecard.tenants.operators.lists import OPERATORS
from onecard.tenants.operators.model import Operator, OperatorDraft, Role
from onecard.web.kit import search
from onecard.web.kit.bulk import Bulk, Nothing, Preview
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import Ui
from onecard.web.kit.grants import grant_tree
from onecard.web.kit.outcome import Outcome
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Button, Found, GrantArea, Look, Option, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.access import operator_page
from onecard.web.pages.choices import department_options

PATH = operator_page.PATH
_SEES, _MAY, _AUTHORITY = say("Whose people are seen"), say("May also"), say("Roles and functions")


class OperatorForm(BaseModel):
    """An operator."""

    name: Annotated[str, Field(min_length=1, max_length=64), Ui(say_in("person", "Name"))]
    ends_on: Annotated[
        date | None, Ui(say("Last day"), help=say("Afterwards nobody can sign in with this account."))
    ] = None
    remark: Annotated[str, Field(max_length=500), Ui(say("Remark"), wide=True)] = ""
    department_id: Annotated[
        int | None,
        Ui(say("Department"), kind="departments", section=_SEES, help=say("With everything below it.")),
    ] = None
    all_departments: Annotated[bool, Ui(say("All departments"), section=_SEES)] = False
    may_sign_in_on_devices: Annotated[bool, Ui(say("Sign in on devices"), section=_MAY)] = False
    may_top_up: Annotated[bool, Ui(say("Top up accounts"), section=_MAY)] = False
    roles: Annotated[list[int], Ui(say("Roles"), kind="checks", section=_AUTHORITY)] = Field(
        default_factory=list
    )
    functions: Annotated[
        list[Function],
        Ui(
            say("Single functions"), kind="functions", section=_AUTHORITY,
            help=say("Beside those of the roles, which are marked with the role's name."),
        ),
    ] = Field(default_factory=list)  # fmt: skip


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """Values of the form."""
    operator = await operator_page.visible(tx, visit, key)
    values = {name: getattr(operator, name) for name in OperatorForm.model_fields if hasattr(operator, name)}
    return values | {
        "roles": [each.id for each in await roles.roles_of(tx, key)],
        "functions": sorted(await roles.grants_of(tx, key)),
    }


async def choices(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    """Departments that are seen, and all roles; those that may do more than the operator say so."""
    offered = [_role_option(visit, role) for role in await roles.roles(tx)]
    return {"department_id": await department_options(tx, visit), "roles": offered}


def _role_option(visit: Visit, role: Role) -> Option:
    beyond = not role.functions <= visit.who.functions
    hint = visit.say(say("may do more than you")) if beyond else role.remark
    return Option(str(role.id), role.name, hint=hint)


async def trees(tx: Tx, visit: Visit, key: int | None) -> Mapping[str, Sequence[GrantArea]]:
    """The tree of functions, those of the roles marked."""
    given = operator_page.given(await roles.roles_of(tx, key)) if key is not None else {}
    return {"functions": grant_tree(visit, (), given)}


def _draft(form: OperatorForm) -> OperatorDraft:
    return OperatorDraft(**form.model_dump(exclude={"roles", "functions"}))


async def _grant(tx: Tx, visit: Visit, key: int, form: OperatorForm) -> None:
    if visit.may(F.ACCESS_OPERATOR_GRANT):
        await roles.set_roles(tx, key, form.roles, by=visit.authority)
        await roles.set_grants(tx, key, form.functions, by=visit.authority)


async def create(tx: Tx, visit: Visit, form: OperatorForm) -> int:
    """Make an operator with a one-time password, which is shown this once."""
    password = passwords.one_time()
    made = await service.create(tx, _draft(form), by=visit.authority, password=password)
    await _grant(tx, visit, made.id, form)
    visit.outcome = Outcome(
        title=say("{name} can sign in", name=form.name),
        sentence=say("Hand over account number and one-time password. They are not shown again."),
        secrets=(
            (say("Account number"), made.account),
            (say("One-time password"), password),
        ),
        note=say("The first sign-in asks for a password of their own. It has to happen within 7 days."),
        back=PATH,
        actions=(Button(visit.say(say("Open the operator")), f"{PATH}/{made.id}", "user"),),
    )
    return made.id


async def save(tx: Tx, visit: Visit, key: int, form: OperatorForm) -> None:
    """Change an operator, and what it may do if whoever acts may grant."""
    await operator_page.visible(tx, visit, key)
    await service.change(tx, key, _draft(form), by=visit.authority)
    await _grant(tx, visit, key, form)


async def _chosen(tx: Tx, visit: Visit, keys: list[int]) -> list[Operator]:
    found = []
    for key in keys:
        try:
            found.append(await operator_page.visible(tx, visit, key))
        except NotFoundError:
            continue
    return found


async def _preview(tx: Tx, visit: Visit, keys: list[int], _form: Any) -> Preview:
    return Preview(affected=len(await _chosen(tx, visit, keys)))


def _switch(*, enabled: bool) -> Bulk:
    async def carry_out(tx: Tx, visit: Visit, keys: list[int], _form: Any) -> Any:
        for operator in await _chosen(tx, visit, keys):
            await service.set_enabled(tx, operator.id, enabled=enabled, by=visit.authority)
        return say("Enabled.") if enabled else say("Disabled.")

    label = say_in("button", "Enable") if enabled else say_in("button", "Disable")
    return Bulk(
        name="enable" if enabled else "disable", label=label, icon="user-check" if enabled else "user-off",
        needs=F.ACCESS_OPERATOR_CHANGE, preview=_preview, carry_out=carry_out, form=Nothing,
        danger=not enabled,
    )  # fmt: skip


_STATES = {
    "enabled": (say_in("operator", "Enabled"), Tone.GOOD),
    "disabled": (say_in("operator", "Disabled"), Tone.MUTED),
    "ended": (say_in("operator", "Ended"), Tone.WARN),
}


async def _find(tx: Tx, visit: Visit, query: str) -> Sequence[Found]:
    wanted = Wish(arguments={"search": query, "departments": visit.scope}, most=5)
    rows = (await OPERATORS.page(tx, wanted)).rows
    return [Found(row["name"], f"{PATH}/{row['id']}", "user-cog", row["account"]) for row in rows]


search.add(search.Finder(say("Operators"), F.ACCESS_OPERATOR_VIEW, _find))

SCREEN = Screen(
    path=PATH, area="access", title=say("Operators"), icon="user-cog", api="operators",
    view=F.ACCESS_OPERATOR_VIEW, change=F.ACCESS_OPERATOR_CHANGE, listing=OPERATORS, form=OperatorForm,
    load=load, create=create, save=save, choices=choices, trees=trees, record=operator_page.show,
    guarded={"roles": F.ACCESS_OPERATOR_GRANT, "functions": F.ACCESS_OPERATOR_GRANT},
    new=say("New operator"), edit=say("Change operator"), search_hint=say("Account number or name"),
    label="name", bulk=(_switch(enabled=True), _switch(enabled=False)), more=tuple(operator_page.PAGES),
    columns=(
        Column(name="account", title=say("Account number"), look=Look.CODE, phone="sub"),
        Column(name="name", title=say_in("person", "Name"), look=Look.STRONG, phone="title"),
        Column(name="state", title=say("State"), words=_STATES),
        Column(name="department", title=say("Department")),
        Column(name="all_departments", title=say("All departments"), phone="hide"),
        Column(name="roles", title=say("Roles")),
        Column(name="grants", title=say("Single functions"), phone="hide"),
        Column(name="may_sign_in_on_devices", title=say("Signs in on devices"), shown=False),
        Column(name="may_top_up", title=say("Tops up"), shown=False),
        Column(name="locked", title=say("Locked"), shown=False),
        Column(name="ends_on", title=say("Last day"), phone="hide"),
        Column(name="signed_in_at", title=say("Last sign-in")),
        Column(name="remark", title=say("Remark"), shown=False),
    ),
)  # fmt: skip
