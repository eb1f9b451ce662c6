"""API keys: programs that work in an operator's name, with some of its functions."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field

from onecard.base.db import Row, Tx
from onecard.base.texts import Text, say, say_count, say_in
from onecard.people import departments
from onecard.tenants import api_keys
from onecard.tenants.api_keys import KEYS, KeyDraft
from onecard.tenants.functions import LABELS, F, Function
from onecard.web.kit.bulk import Bulk, Preview
from onecard.web.kit.columns import Column, Program
from onecard.web.kit.fields import Ui
from onecard.web.kit.filters import Query
from onecard.web.kit.grants import grant_tree
from onecard.web.kit.outcome import Outcome
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Cell, GrantArea, Look, Option, Tone
from onecard.web.kit.visit import Visit
from onecard.web.pages.choices import department_options

PATH = "/access/api-keys"
_SHOWN = 2  # they say what kind of key it is


class KeyForm(BaseModel):
    """A key."""

    name: Annotated[
        str,
        Field(min_length=1, max_length=64),
        Ui(say_in("key", "Name"), help=say("Of the program that uses it.")),
    ]
    ends_on: Annotated[date | None, Ui(say("Last day"), help=say("Empty: until it is revoked."))] = None
    department_id: Annotated[
        int | None,
        Ui(
            say("Department"),
            kind="departments",
            help=say("The program sees the people of it and of everything below. Empty: whomever you see."),
        ),
    ] = None
    functions: Annotated[list[Function], Ui(say("Functions"), kind="functions")] = Field(default_factory=list)


async def choices(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    """Departments that are seen."""
    return {"department_id": await department_options(tx, visit)}


async def trees(tx: Tx, visit: Visit, key: int | None) -> Mapping[str, Sequence[GrantArea]]:
    """The tree of functions."""
    return {"functions": grant_tree(visit, ())}


async def create(tx: Tx, visit: Visit, form: KeyForm) -> int:
    """Make a key, shown this once."""
    ends_at = None
    if form.ends_on is not None:
        # the last day is good until its midnight, where the operator is
        ends_at = datetime.combine(form.ends_on + timedelta(days=1), time(), visit.zone)
    below = frozenset(await departments.subtree(tx, form.department_id)) if form.department_id else None
    draft = KeyDraft(
        name=form.name, functions=frozenset(form.functions), department_ids=below, ends_at=ends_at
    )
    made = await api_keys.create(tx, visit.who, draft)
    visit.outcome = Outcome(
        title=say("Key for {name}", name=form.name),
        sentence=say("Copy it now. It is not shown again; whoever has it works in your name."),
        secrets=((say("API key"), made.secret),),
        note=say("Programs send it in the header “Authorization: Bearer …”."),
        back=PATH,
    )
    return made.id


async def _preview(tx: Tx, visit: Visit, keys: list[int], _form: Any) -> Preview:
    return Preview(affected=len(keys))


async def _revoke(tx: Tx, visit: Visit, keys: list[int], _form: Any) -> Text:
    for key in keys:
        await api_keys.revoke(tx, key)
    return say_count(len(keys), "{count} key revoked.", "{count} keys revoked.")


REVOKE = Bulk(
    name="revoke", label=say("Revoke"), icon="key-off", needs=F.ACCESS_API_KEY_CHANGE, preview=_preview,
    carry_out=_revoke, danger=True, note=say("Programs that use these keys are refused from now on."),
)  # fmt: skip


def _now(_visit: Visit, _query: Query) -> Mapping[str, Any]:
    return {"now": datetime.now(UTC)}


def _functions(visit: Visit, row: Row) -> Cell:
    known = {str(each): label for each, label in LABELS.items()}
    names = [visit.say(known.get(name, name)) for name in row["functions"]]
    shown = ", ".join(names[:_SHOWN]) + (f" … ({len(names)})" if len(names) > _SHOWN else "")
    return Cell(shown, hint=", ".join(names))


STATES = {
    "valid": (say_in("key", "Valid"), Tone.GOOD),
    "expired": (say_in("key", "Expired"), Tone.WARN),
    "revoked": (say_in("key", "Revoked"), Tone.MUTED),
}

SCREEN = Screen(
    path=PATH, area="access", title=say("API keys"), api="api-keys", icon="key", view=F.ACCESS_API_KEY_VIEW,
    change=F.ACCESS_API_KEY_CHANGE, listing=KEYS, form=KeyForm, create=create, choices=choices, trees=trees,
    arguments=_now, new=say("New API key"), bulk=(REVOKE,), label="name",
    none=say("No program has a key. Make one for each program, with no more functions than it needs."),
    columns=(
        Column(name="name", title=say_in("key", "Name"), look=Look.STRONG, phone="title"),
        Column(name="state", title=say("State"), words=STATES),
        Column(name="account", title=say("In the name of"), look=Look.CODE),
        Column(name="operator_name", title=say("Operator"), phone="sub"),
        Column(
            name="functions", title=say("Functions"), show=_functions, filter=False, export=False,
            program=Program(list[str], lambda _visit, row: row["functions"]),
        ),
        Column(name="function_count", title=say("Number of functions"), shown=False),
        Column(name="created_at", title=say("Created"), phone="hide"),
        Column(name="ends_at", title=say("Ends")),
        Column(name="used_at", title=say("Last used")),
        Column(name="used_from", title=say("Last used from"), look=Look.CODE, phone="hide"),
    ),
)  # fmt: skip
