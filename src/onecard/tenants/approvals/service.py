"""Use cases of approvals.

Whoever decides is another person than whoever asks, and could do the thing itself; the database holds the
first, this module both. What was approved is claimed by one conditional update in the transaction that
carries it out: it is done once, or, if that fails, not yet.
"""

import json
from datetime import datetime
from typing import Any

from onecard.base.db import Row, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import Text, say
from onecard.tenants import audit
from onecard.tenants.approvals.model import LASTS, Approval, Claimed, dump_text, load_text
from onecard.tenants.functions import LABELS, Function
from onecard.tenants.sessions import rules
from onecard.tenants.sessions.model import Session

_sql = load_queries("onecard.tenants.approvals")
REMARK_MAX = 500
_GONE = say("There is no such request, or it was decided, withdrawn or expired meanwhile.")


async def ask(
    tx: Tx, session: Session, function: Function, summary: Text, payload: dict[str, Any], *,
    now: datetime | None = None,
) -> int:  # fmt: skip
    """Ask for another operator's approval; returns the request's id. It is good for 24 hours.

    Args:
        tx: the tenant's transaction.
        session: who asks.
        function: what is asked for; the asker needs it too.
        summary: what exactly, for whoever decides, e.g. say("Move {count} people to {department}.", …).
        payload: what `claim` gives back to carry it out; JSON-able.
        now: for tests.

    Raises:
        ConflictError: the asker may not do it, approved or not.
    """
    if not session.allows(function):
        raise ConflictError(
            say("You lack the function “{function}”, so nobody can approve it.", function=LABELS[function])
        )
    now = rules.instant(now)
    approval_id = await _sql.ask(
        tx.connection, tenant_id=tx.tenant_id, function=function.value, summary=dump_text(summary),
        payload=json.dumps(payload), asked_by=session.operator_id, now=now, ends_at=now + LASTS,
    )  # fmt: skip
    await _note(tx, function, approval_id, None, "asked", note=str(summary))
    return int(approval_id)


async def get(tx: Tx, approval_id: int, *, now: datetime | None = None) -> Approval:
    """A request.

    Raises:
        NotFoundError: there is no such request.
    """
    row = await _sql.approval(tx.connection, tenant_id=tx.tenant_id, id=approval_id, now=rules.instant(now))
    if row is None:
        raise NotFoundError(say("There is no such request."))
    return _approval(row)


async def decide(
    tx: Tx,
    session: Session,
    approval_id: int,
    *,
    approve: bool,
    remark: str = "",
    now: datetime | None = None,
) -> None:
    """Approve or refuse what somebody else asked for.

    Raises:
        NotFoundError: there is no such request.
        ConflictError: it is one's own, one may not decide or do it oneself, or it is not open any more.
    """
    now = rules.instant(now)
    approval = await get(tx, approval_id, now=now)
    if approval.asked_by == session.operator_id:
        raise ConflictError(say("Your own request has to be decided by somebody else."))
    if session.key_id is not None or not session.allows(Function.ACCESS_APPROVAL_DECIDE):
        raise ConflictError(say("You may not decide on requests for approval."))
    function = Function(approval.function)
    if not session.allows(function):
        raise ConflictError(
            say("Only who has the function “{function}” can decide on it.", function=LABELS[function])
        )
    state = "approved" if approve else "refused"
    decided = await _sql.decide(
        tx.connection, tenant_id=tx.tenant_id, id=approval_id, state=state, decided_by=session.operator_id,
        remark=remark.strip()[:REMARK_MAX], now=now,
    )  # fmt: skip
    if decided is None:
        raise ConflictError(_GONE)
    await _note(
        tx, Function.ACCESS_APPROVAL_DECIDE, approval_id, "asked", state, note=remark.strip()[:REMARK_MAX]
    )


async def withdraw(tx: Tx, session: Session, approval_id: int, *, now: datetime | None = None) -> None:
    """Take one's own request back, as long as nobody decided.

    Raises:
        ConflictError: it is not one's own, or not open any more.
    """
    function = await _sql.withdraw(
        tx.connection, tenant_id=tx.tenant_id, id=approval_id, asked_by=session.operator_id,
        now=rules.instant(now),
    )  # fmt: skip
    if function is None:
        raise ConflictError(_GONE)
    await _note(tx, function, approval_id, "asked", "withdrawn")


async def claim(tx: Tx, approval_id: int, *, now: datetime | None = None) -> Claimed | None:
    """Take an approved request to carry it out in this transaction; None: not approved, expired, or done.

    Whoever claims, the asker or a job after the approval, acts in the asker's name and checks again what the
    function itself asks for.
    """
    now = rules.instant(now)
    row = await _sql.claim(tx.connection, tenant_id=tx.tenant_id, id=approval_id, now=now)
    if row is None:
        return None
    await _note(tx, row["function"], approval_id, "approved", "done")
    return Claimed(Function(row["function"]), json.loads(row["payload"]), row["asked_by"])


async def waiting(tx: Tx, session: Session, *, now: datetime | None = None) -> int:
    """How many requests the operator could decide now, for the mark at the menu."""
    if not session.allows(Function.ACCESS_APPROVAL_DECIDE):
        return 0
    return int(
        await _sql.waiting(
            tx.connection, tenant_id=tx.tenant_id, operator_id=session.operator_id,
            functions=sorted(session.functions), now=rules.instant(now),
        )
    )  # fmt: skip


def _approval(row: Row) -> Approval:
    known = dict(row)
    known |= {"summary": load_text(known["summary"]), "payload": json.loads(known["payload"])}
    return Approval(**known)


async def _note(
    tx: Tx, function: str, approval_id: int, before: str | None, after: str, *, note: str = ""
) -> None:
    was = None if before is None else {"state": before}
    entry = audit.Entry(function, "approval", str(approval_id), before=was, after={"state": after}, note=note)
    await audit.write(tx, entry)
