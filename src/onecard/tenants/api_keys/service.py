"""Use cases of API keys.

A key acts in the name of the operator who made it and never may more than that operator may at the moment of
the request: when the operator is disabled, or loses a function, so does the key.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime

import asyncpg

from onecard.base.db import SYSTEM, Actor, Database, Tx, load_queries, savepoint
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import say
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.api_keys.model import KeyDraft, NewKey
from onecard.tenants.functions import Function
from onecard.tenants.operators.authority import authority
from onecard.tenants.operators.model import Authority
from onecard.tenants.operators.rules import known_functions
from onecard.tenants.sessions import rules
from onecard.tenants.sessions.model import Session
from onecard.tenants.sessions.service import tenant_of

_sql = load_queries("onecard.tenants.api_keys")
PREFIX = "oc"
NAME_MAX = 64
FORBIDDEN = frozenset({Function.ACCESS_APPROVAL_DECIDE})
"""What a program may never do, whoever made its key: two people decide, not a person and a script."""


async def create(tx: Tx, session: Session, draft: KeyDraft, *, now: datetime | None = None) -> NewKey:
    """Make a key for a program in the name of whoever is signed in.

    Raises:
        OneCardError: the name, the functions or the end cannot be taken.
        ConflictError: a key has this name, or the key would be allowed more than its maker.
    """
    now = rules.instant(now)
    name = _usable(draft, now)
    _refuse_more(draft, Authority(session.functions, session.department_ids))
    token = rules.new_token()
    departments = None if draft.department_ids is None else sorted(draft.department_ids)
    try:
        async with savepoint(tx):
            key_id = await _sql.insert_key(
                tx.connection, tenant_id=tx.tenant_id, name=name, secret_hash=rules.digest(token),
                operator_id=session.operator_id, functions=sorted(draft.functions),
                department_ids=departments, ends_at=draft.ends_at, now=now,
            )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise ConflictError(say("There is a key called {name} already.", name=name)) from None
    after = {"functions": sorted(draft.functions), "departments": departments, "ends_at": draft.ends_at}
    await _note(tx, f"{key_id} {name}", None, after)
    return NewKey(int(key_id), f"{PREFIX}_{session.tenant.code}_{key_id}_{token}")


async def revoke(tx: Tx, key_id: int, *, now: datetime | None = None) -> None:
    """Refuse a key from now on.

    Raises:
        NotFoundError: there is no such key, or it was revoked before.
    """
    name = await _sql.revoke(tx.connection, tenant_id=tx.tenant_id, id=key_id, now=rules.instant(now))
    if name is None:
        raise NotFoundError(say("There is no such key, or it was revoked already."))
    await _note(tx, f"{key_id} {name}", {"revoked": False}, {"revoked": True})


async def resume_key(db: Database, key: str, where: str, *, now: datetime | None = None) -> Session | None:
    """Who a request's key stands for; None: nobody, or not any more. Its use is noted once a minute."""
    parsed = parse_key(key)
    if parsed is None:
        return None
    code, key_id, token = parsed
    try:
        tenant_id = (await tenants.route(db, code, SYSTEM)).tenant_id
    except NotFoundError:
        return None
    async with db.tenant_tx(tenant_id, Actor("system", "key", where)) as tx:
        row = await _sql.resume(
            tx.connection, tenant_id=tenant_id, id=key_id, secret_hash=rules.digest(token), where=where,
            now=rules.instant(now),
        )  # fmt: skip
        if row is None or not hmac.compare_digest(row["secret_hash"], rules.digest(token)):
            return None
        theirs = await authority(tx, row["operator_id"])
    functions = theirs.functions & known_functions(row["functions"]) - FORBIDDEN
    return Session(
        session_id=None,
        key_id=key_id,
        key_name=row["key_name"],
        tenant=tenant_of(row, tenant_id),
        operator_id=row["operator_id"],
        account=row["account"],
        name=row["key_name"],
        functions=functions,
        department_ids=_narrowed(theirs.department_ids, row["department_ids"]),
        language=row["own_language"] or row["language"],
        time_zone=row["own_time_zone"] or row["time_zone"],
        where=where,
    )


def parse_key(key: str) -> tuple[str, int, str] | None:
    """Tenant code, number and secret of a key; None if it is not one of ours."""
    parts = key.strip().split("_", 3)
    if len(parts) != 4 or parts[0] != PREFIX:  # noqa: PLR2004  prefix, code, number, secret
        return None
    _, code, number, token = parts
    if not (number.isascii() and number.isdigit() and len(number) < 19 and rules.is_token(token)):  # noqa: PLR2004  bigint
        return None
    return code, int(number), token


def _narrowed(theirs: frozenset[int] | None, own: list[int] | None) -> frozenset[int] | None:
    if own is None:
        return theirs
    return frozenset(own) if theirs is None else theirs & frozenset(own)


def _usable(draft: KeyDraft, now: datetime) -> str:
    name = draft.name.strip()
    if not 0 < len(name) <= NAME_MAX or not name.isprintable():
        raise OneCardError(say("A key needs a name of 1 to {most} characters.", most=NAME_MAX))
    if not draft.functions:
        raise OneCardError(say("A key needs at least one function."))
    if draft.ends_at is not None and draft.ends_at <= now:
        raise OneCardError(say("A key has to end in the future."))
    if draft.functions & FORBIDDEN:
        raise OneCardError(say("Programs cannot decide on requests for approval."))
    return name


def _refuse_more(draft: KeyDraft, by: Authority) -> None:
    if not draft.functions <= by.functions:
        raise ConflictError(say("A key cannot be allowed more than you are yourself."))
    if draft.department_ids is not None and not all(by.sees(each) for each in draft.department_ids):
        raise ConflictError(say("Choose a department whose people you see yourself."))


async def _note(
    tx: Tx, title: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> None:
    entry = audit.Entry(Function.ACCESS_API_KEY_CHANGE, "api_key", title, before=before, after=after)
    await audit.write(tx, entry)
