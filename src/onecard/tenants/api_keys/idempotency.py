"""The same request sent twice is done once and gets the same answer, for a day.

`begin` claims a key in a transaction of its own, so that a repetition that comes meanwhile is told to wait.
`finish` keeps the answer in the transaction that does the work: both are there or neither. A process that
died with a claim loses it after two minutes; if it was only slow, its `finish` fails and undoes its work.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from onecard.base.db import Database, Tx, load_queries
from onecard.base.errors import ConflictError, OneCardError
from onecard.base.ids import uuid7
from onecard.base.texts import say
from onecard.tenants.sessions import rules
from onecard.tenants.sessions.model import Session

_sql = load_queries("onecard.tenants.api_keys")
KEPT_FOR = timedelta(hours=24)
CLAIM_LASTS = timedelta(minutes=2)
KEY_MAX = 255


@dataclass(frozen=True, slots=True)
class Claim:
    """The request is new: do it, then `finish` or `give_up`."""

    asker: str
    key: str
    claim: UUID


@dataclass(frozen=True, slots=True)
class Kept:
    """The request was done before: this is its answer."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Busy:
    """The same request is being done at this moment."""


@dataclass(frozen=True, slots=True)
class Different:
    """The key was used for another request."""


Begun: TypeAlias = Claim | Kept | Busy | Different


async def begin(
    db: Database, session: Session, key: str, request: str, content: bytes, *, now: datetime | None = None
) -> Begun:
    """Claim an idempotency key, or find out what became of it.

    Args:
        db: the application's door.
        session: who asks; keys of different askers have nothing to do with each other.
        key: as the client sent it, 1 to 255 printable ASCII characters.
        request: method and path with query, e.g. `POST /api/v1/people`.
        content: the request's body.
        now: for tests.

    Raises:
        OneCardError: the key cannot be taken.
    """
    if not 0 < len(key) <= KEY_MAX or not key.isascii() or not key.isprintable():
        raise OneCardError(say("An idempotency key has 1 to {most} printable characters.", most=KEY_MAX))
    now, content_hash = rules.instant(now), hashlib.sha256(content).digest()
    claim = Claim(asker_of(session), key, uuid7())
    async with db.tenant_tx(session.tenant_id, session.actor) as tx:
        where = {"tenant_id": tx.tenant_id, "asker": claim.asker, "key": key}
        await _sql.forget_expired(tx.connection, tenant_id=tx.tenant_id, now=now)
        claimed = await _sql.claim(
            tx.connection, **where, request=request, content_hash=content_hash, claim=claim.claim,
            claim_until=now + CLAIM_LASTS, expires_at=now + KEPT_FOR, now=now,
        )  # fmt: skip
        if claimed is not None:
            return claim
        row = await _sql.kept(tx.connection, **where)
    if row is None:
        return Busy()  # given up at this very moment; the client asks again
    if (row["request"], row["content_hash"]) != (request, content_hash):
        return Different()
    return Busy() if row["status"] is None else Kept(row["status"], row["content_type"], row["body"])


async def finish(tx: Tx, claim: Claim, *, status: int, content_type: str, body: bytes) -> None:
    """Keep the answer, in the transaction that did the work.

    Raises:
        ConflictError: the claim was lost to a repetition; the transaction has to be given up.
    """
    kept = await _sql.finish(
        tx.connection, tenant_id=tx.tenant_id, asker=claim.asker, key=claim.key, claim=claim.claim,
        status=status, content_type=content_type, body=body,
    )  # fmt: skip
    if kept is None:
        raise ConflictError(say("This request took too long and was sent again. Ask for its answer again."))


async def give_up(tx: Tx, claim: Claim) -> None:
    """Nothing was done: the key may be used again."""
    await _sql.give_up(
        tx.connection, tenant_id=tx.tenant_id, asker=claim.asker, key=claim.key, claim=claim.claim
    )


def asker_of(session: Session) -> str:
    """Whose keys they are: `key:7`, `operator:12`."""
    return f"operator:{session.operator_id}" if session.key_id is None else f"key:{session.key_id}"
