"""Calls that change something: proven, approved and done once, with the answer kept in the same transaction.

`Idempotency-Key` makes a call repeatable: its answer is stored, sealed, in the transaction that does the
work, so that after a crash there are both or neither. A function the tenant asks two people for answers 202
with the number of a request; after its approval the same call with `Onecard-Approval` carries it out. See
docs/adr/0054.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, Field
from starlette.datastructures import FormData
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import ConflictError
from onecard.base.texts import Text, say
from onecard.tenants import api_keys, approvals
from onecard.tenants.api_keys import Busy, Claim, Different
from onecard.tenants.api_keys import Kept as KeptAnswer
from onecard.tenants.functions import DANGEROUS
from onecard.web.api.problems import Refusal
from onecard.web.kit.approval import HeldError, Kept, effect
from onecard.web.kit.confirm import confirm_field
from onecard.web.kit.guard import set_cookie
from onecard.web.kit.needs import Needs
from onecard.web.kit.visit import Visit

KEY, APPROVAL, REPLAYED = "Idempotency-Key", "Onecard-Approval", "Idempotent-Replay"
_JSON = "application/json"

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias=KEY, min_length=1, max_length=255, pattern="^[ -~]+$"
    ),
]  # fmt: skip
ApprovalNumber = Annotated[
    int | None,
    Header(
        alias=APPROVAL, ge=1, lt=2**63
    ),
]  # fmt: skip


class Waits(BaseModel):
    """Nothing was changed yet: a second operator has to approve it first."""

    approval: int = Field(description="Number of the request; see `GET /api/v1/approvals/{id}`.")
    message: str


class Headers:
    """What a call that changes something may say besides its content; a dependency."""

    def __init__(self, key: IdempotencyKey = None, approval: ApprovalNumber = None) -> None:
        self.key, self.approval = key, approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a call does.

    Attributes:
        function: what it uses.
        work: does it; gives the answer's content, None for an empty one.
        summary: what exactly, for whoever approves it.
        path: where the console would post the same, and `fields` what; so it is kept for approval.
        status: of the answer.
        proves: asks for a fresh confirmation although the function is not a dangerous one.
    """

    function: Needs | None
    work: Callable[[Tx], Awaitable[BaseModel | None]]
    summary: Callable[[Tx], Awaitable[Text]]
    path: str
    fields: tuple[tuple[str, str], ...] = ()
    status: int = 200
    proves: bool = False


async def carry_out(visit: Visit, headers: Headers, change: Change) -> Response:
    """Do it, or answer as it was answered before.

    Raises:
        Refusal: not confirmed, not approved, or the idempotency key belongs to something else.
    """
    if (change.proves or change.function in DANGEROUS) and confirm_field(visit) is not None:
        detail = say("Confirm with your password first: POST /api/v1/me/confirmation.")
        raise Refusal(403, detail, "confirmation-needed")
    claim = await _begin(visit, headers)
    if isinstance(claim, Response):
        return claim
    try:
        return await _done(visit, headers, change, claim)
    except Exception:
        if claim is not None:
            async with visit.tx() as tx:
                await api_keys.give_up(tx, claim)
        raise


async def _begin(visit: Visit, headers: Headers) -> Claim | Response | None:
    if headers.key is None:
        return None
    url, content = visit.request.url, await visit.request.body()
    asked = f"{visit.request.method} {url.path}" + (f"?{url.query}" if url.query else "")
    content += f"\n{headers.approval}".encode() if headers.approval else b""
    begun = await api_keys.begin(visit.services.db, visit.who, headers.key, asked, content)
    match begun:
        case KeptAnswer(status, content_type, body):
            plain = visit.services.vault.unseal_bytes(visit.who.tenant_id, body)
            return _response(visit, plain, status, content_type, {REPLAYED: "true"})
        case Busy():
            raise Refusal(409, say("Ask again in a moment."), "in-progress")
        case Different():
            raise Refusal(409, say("Use another key for another request."), "key-reused")
        case _:
            return begun


async def _done(visit: Visit, headers: Headers, change: Change, claim: Claim | None) -> Response:
    kept = Kept(change.path, change.fields)
    visit.posted = FormData(list(change.fields))
    if headers.approval is not None:
        await _replay(visit, headers.approval, kept, change)
    waits: list[Waits] = []

    async def held(tx: Tx, approval_id: int) -> None:
        message = say("A second operator has to approve this. Nothing was changed yet.")
        waits.append(Waits(approval=approval_id, message=visit.say(message)))
        await _keep(tx, visit, claim, waits[0], 202)

    try:
        async with effect(visit, change.function, change.summary, kept=kept, held=held) as tx:
            answer = await change.work(tx)
            await _keep(tx, visit, claim, answer, change.status)
    except HeldError:
        return _response(visit, _body(waits[0]), 202, _JSON)
    return _response(visit, _body(answer), change.status, _JSON if answer else "")


async def _replay(visit: Visit, approval_id: int, kept: Kept, change: Change) -> None:
    """Go on as the approved request, if this is it; `effect` claims it with the work."""
    async with visit.tx() as tx:
        approval = await approvals.get(tx, approval_id)
    payload = {"path": kept.path, "fields": [list(each) for each in kept.fields]}
    if approval.asked_by != visit.who.operator_id or approval.function != change.function:
        raise ConflictError(say("The approval is for something else."))
    if approval.payload != payload:
        raise ConflictError(say("What was approved is not what is asked for now. Ask for approval again."))
    visit.replay = approval_id


async def _keep(tx: Tx, visit: Visit, claim: Claim | None, answer: BaseModel | None, status: int) -> None:
    if claim is not None:
        # secrets shown once are in answers, and nobody who reads the database may have them
        sealed = visit.services.vault.seal_bytes(visit.who.tenant_id, _body(answer))
        media_type = _JSON if answer is not None else ""
        await api_keys.finish(tx, claim, status=status, content_type=media_type, body=sealed)


def _body(answer: BaseModel | None) -> bytes:
    return answer.model_dump_json().encode() if answer is not None else b""


def _response(
    visit: Visit, body: bytes, status: int, media_type: str, more: dict[str, str] | None = None
) -> Response:
    response = Response(body or None, status, more, media_type or None)
    for cookie in visit.cookies:
        set_cookie(response, cookie)
    return response
