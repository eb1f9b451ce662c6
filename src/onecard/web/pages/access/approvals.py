"""Requests for approval: what operators ask for, what a second one decides, and carrying it out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.listing import Kind
from onecard.base.texts import Text, say, say_in
from onecard.tenants import approvals
from onecard.tenants.approvals import APPROVALS, Approval, summary_of
from onecard.tenants.functions import LABELS, F, Function
from onecard.web.kit import forms, render
from onecard.web.kit.actions import Action, Asked
from onecard.web.kit.approval import APPROVALS as PATH
from onecard.web.kit.bulk import Nothing
from onecard.web.kit.columns import Column, Program
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.fields import Ui
from onecard.web.kit.filters import Query
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.replay import replay
from onecard.web.kit.routes import Open, Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Button, Cell, Fact, Facts, Look, RecordView, Tone
from onecard.web.kit.visit import Visit

_ONE = f"{PATH}/{{id:int}}"

STATES: dict[str, tuple[Text, Tone]] = {
    "asked": (say_in("approval", "Waits for a decision"), Tone.WARN),
    "approved": (say_in("approval", "Approved, not carried out"), Tone.PRIMARY),
    "refused": (say_in("approval", "Refused"), Tone.BAD),
    "withdrawn": (say_in("approval", "Withdrawn"), Tone.MUTED),
    "done": (say_in("approval", "Carried out"), Tone.GOOD),
    "expired": (say_in("approval", "Expired"), Tone.MUTED),
}


async def _seen(tx: Tx, visit: Visit) -> Approval:
    """The request, for whoever asked for it or may see all.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    approval = await approvals.get(tx, visit.number())
    may_see = visit.may(F.ACCESS_APPROVAL_VIEW) or visit.may(F.ACCESS_APPROVAL_DECIDE)
    if approval.asked_by != visit.who.operator_id and not may_see:
        raise NotFoundError(say("There is no such request."))
    return approval


async def show(visit: Visit) -> Response:
    """One request."""
    async with visit.tx() as tx:
        approval = await _seen(tx, visit)
    text, tone = STATES[approval.state]
    record = RecordView(
        title=visit.say(say("Request {number}", number=approval.id)),
        subtitle=visit.say(_label(approval.function)),
        badges=((visit.say(text), tone),),
        actions=_buttons(visit, approval),
        parts=(_facts(visit, approval),),
    )
    return render.html(visit, "record.html", title=record.title, record=record)


def _label(function: str) -> Text:
    known = {str(each): label for each, label in LABELS.items()}
    return known.get(function, Text(function))


def _facts(visit: Visit, approval: Approval) -> Facts:
    def moment(at: datetime | None) -> str:
        return visit.instant(at) if at else ""

    facts = [
        (say("What is asked for"), visit.say(approval.summary)),
        (say("Asked by"), approval.asker),
        (say("Asked at"), moment(approval.asked_at)),
        (say("Good until"), moment(approval.ends_at)),
        (say("Decided by"), approval.decider),
        (say("Decided at"), moment(approval.decided_at)),
        (say("Remark"), approval.remark),
        (say("Carried out at"), moment(approval.done_at)),
    ]
    shown = tuple(
        Fact(visit.say(label), Cell(value), wide=place == 0)
        for place, (label, value) in enumerate(facts)
        if value
    )
    return Facts(visit.say(say_in("noun", "Request")), shown)


def _buttons(visit: Visit, approval: Approval) -> tuple[Button, ...]:
    mine, known = approval.asked_by == visit.who.operator_id, approval.function in set(Function)
    found: list[Button] = []
    if mine and approval.state == "asked":
        found.append(WITHDRAW.button(visit, id=approval.id))
    decides = visit.may(F.ACCESS_APPROVAL_DECIDE) and known and visit.may(Function(approval.function))
    if not mine and approval.state == "asked" and decides:
        found += [REFUSE.button(visit, id=approval.id)]
        found += [APPROVE.button(visit, id=approval.id, tone=Tone.PRIMARY)]
    if mine and approval.state == "approved":
        label, href = visit.say(say("Carry out")), f"{PATH}/{approval.id}/do"
        found.append(Button(label, href, "player-play", Tone.PRIMARY, dialog=True))
    return tuple(found)


# --- deciding and taking back -------------------------------------------------------------------------------


class Remark(BaseModel):
    """Why."""

    remark: Annotated[str, Field(max_length=500), Ui(say("Remark"), kind="textarea")] = ""


async def _asked(tx: Tx, visit: Visit) -> Asked:
    approval = await _seen(tx, visit)
    return Asked(thing=f"{approval.id}", note=approval.summary)


async def _approve(tx: Tx, visit: Visit, form: Remark) -> Text:
    await approvals.decide(tx, visit.who, visit.number(), approve=True, remark=form.remark)
    return say("Approved. Whoever asked can carry it out now.")


async def _refuse(tx: Tx, visit: Visit, form: Remark) -> Text:
    await approvals.decide(tx, visit.who, visit.number(), approve=False, remark=form.remark)
    return say("Refused. Nothing was changed.")


async def _withdraw(tx: Tx, visit: Visit, _form: Any) -> Text:
    await approvals.withdraw(tx, visit.who, visit.number())
    return say("Withdrawn. Nothing was changed.")


APPROVE = Action(
    path=f"{_ONE}/approve", label=say("Approve"), icon="circle-check", needs=F.ACCESS_APPROVAL_DECIDE,
    carry_out=_approve, ask=_asked, form=Remark, back=_ONE, confirm=True,
)  # fmt: skip
REFUSE = Action(
    path=f"{_ONE}/refuse", label=say("Refuse"), icon="x", needs=F.ACCESS_APPROVAL_DECIDE,
    carry_out=_refuse, ask=_asked, form=Remark, back=_ONE, danger=True,
)  # fmt: skip
WITHDRAW = Action(
    path=f"{_ONE}/withdraw", label=say("Withdraw"), icon="arrow-back-up", needs=Open.SIGNED_IN,
    carry_out=_withdraw, ask=_asked, back=_ONE,
)  # fmt: skip


# --- carrying out -------------------------------------------------------------------------------------------


async def _plan(visit: Visit, errors: Mapping[str, Text]) -> Response:
    async with visit.tx() as tx:
        approval = await _seen(tx, visit)
    plan = FormPlan(
        model=Nothing,
        title=say("Carry out"),
        action=f"{PATH}/{approval.id}/do",
        submit=say("Carry out"),
        cancel=f"{PATH}/{approval.id}",
        confirm=confirm_field(visit),
        note=approval.summary,
    )
    return forms.show(visit, plan, {}, errors)


async def ask_to_do(visit: Visit) -> Response:
    """What would be carried out."""
    return await _plan(visit, {})


async def do(visit: Visit) -> Response:
    """Carry out what was approved: its request goes through its page, in the name of whoever asked."""
    if (why := await unconfirmed(visit)) is not None:
        return await _plan(visit, {CONFIRM: why})
    async with visit.tx() as tx:
        approval = await _seen(tx, visit)
    if approval.state != "approved":
        raise OneCardError(say("This request is not approved, or was carried out already."))
    return await replay(visit, approval)


# --- the list -----------------------------------------------------------------------------------------------


def arguments(_visit: Visit, _query: Query | None) -> Mapping[str, Any]:
    """Of the listing: what is expired depends on the time."""
    return {"now": datetime.now(UTC)}


def _summary(visit: Visit, row: Row) -> Cell:
    return Cell(visit.say(summary_of(row)))


class ApprovalStored(BaseModel):
    """A request for approval."""

    id: int
    function: str
    summary: str
    state: str
    asker: str
    asked_at: datetime
    ends_at: datetime
    decider: str | None
    decided_at: datetime | None
    remark: str
    done_at: datetime | None


async def load(tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
    """One request, for programs."""
    approval = await _seen(tx, visit)
    values = {name: getattr(approval, name) for name in ApprovalStored.model_fields}
    return values | {"summary": visit.say(approval.summary)}


STATE = Column(name="state", title=say("State"), kind=Kind.CHOICE, words=STATES)
SUMMARY = Column(
    name="summary", title=say("What is asked for"), show=_summary, phone="title", filter=False,
    program=Program(str, lambda visit, row: visit.say(summary_of(row))),
)  # fmt: skip
SHORT = (STATE, SUMMARY)

SCREEN: Screen[Any] = Screen(
    path=PATH, area="access", title=say("Approvals"), icon="checklist",
    api="approvals", view=F.ACCESS_APPROVAL_VIEW,
    listing=APPROVALS, arguments=arguments, row_href=lambda row: f"{PATH}/{row['id']}", label="id",
    one=Open.SIGNED_IN, load=load, stored=ApprovalStored,
    none=say("Nothing was asked for. Which functions need two people is set in the enterprise's settings."),
    columns=(
        STATE,
        Column(
            name="function", title=say("Function"), phone="sub", look=Look.TEXT,
            words={str(each): label for each, label in LABELS.items()},
        ),
        SUMMARY,
        Column(name="asker", title=say("Asked by")),
        Column(name="asked_at", title=say("Asked at")),
        Column(name="ends_at", title=say("Good until"), phone="hide"),
        Column(name="decider", title=say("Decided by")),
        Column(name="decided_at", title=say("Decided at"), shown=False),
        Column(name="done_at", title=say("Carried out at"), shown=False),
    ),
    more=(
        Page(_ONE, show, needs=Open.SIGNED_IN),
        Page(f"{_ONE}/do", ask_to_do, needs=Open.SIGNED_IN),
        Page(f"{_ONE}/do", do, needs=Open.SIGNED_IN, methods=["POST"], confirm=True),
        *(page for action in (APPROVE, REFUSE, WITHDRAW) for page in action.pages()),
    ),
)  # fmt: skip
