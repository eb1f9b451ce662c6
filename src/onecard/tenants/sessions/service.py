"""Use cases of sessions that began: taken up with each request, confirmed, rotated, listed, ended."""

from datetime import datetime, timedelta
from typing import Any

from onecard.base.db import Actor, Database, Row, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.tenants import audit, factors
from onecard.tenants.factors.model import RelyingParty
from onecard.tenants.functions import Function
from onecard.tenants.model import Tenant
from onecard.tenants.operators import passwords
from onecard.tenants.operators import rules as operator_rules
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.authority import authority, granted
from onecard.tenants.operators.model import Authority
from onecard.tenants.sessions import rules, throttle
from onecard.tenants.sessions.limits import withheld
from onecard.tenants.sessions.model import Confirmed, Place, Refused, Session
from onecard.tenants.sessions.throttle import Charge
from onecard.tenants.settings.model import SecondFactor

_sql = load_queries("onecard.tenants.sessions")
_RESUMING = "session"
LINK_MINUTES_MOST = 7 * 24 * 60


async def resume(db: Database, cookie: str, where: str, *, now: datetime | None = None) -> Session | None:
    """Who a request's cookie stands for; None: nobody, or not any more.

    One transaction with two statements; that the session was seen is written once a minute. A session whose
    operator was disabled or got another password, or whose tenant was suspended, is over at once.
    """
    parsed = rules.parse_cookie(cookie)
    if parsed is None:
        return None
    tenant_id, token = parsed
    async with db.tenant_tx(tenant_id, Actor("system", _RESUMING, where)) as tx:
        row = await _sql.resume(
            tx.connection, tenant_id=tenant_id, token_hash=rules.digest(token), now=rules.instant(now)
        )
        if row is None:
            return None
        theirs = await authority(tx, row["operator_id"])
    return _session(row, tenant_id, theirs, where)


def _session(row: Row, tenant_id: int, theirs: Authority, where: str) -> Session:
    missing = frozenset() if row["second_factor"] else withheld(theirs.functions, row["demand"])
    return Session(
        session_id=row["session_id"],
        tenant=tenant_of(row, tenant_id),
        operator_id=row["operator_id"],
        account=row["account"],
        name=row["name"],
        functions=theirs.functions - missing,
        withheld=missing,
        department_ids=theirs.department_ids,
        language=row["own_language"] or row["language"],
        time_zone=row["own_time_zone"] or row["time_zone"],
        must_change_password=row["password_set_by_other"],
        must_add_factor=row["demand"] == SecondFactor.EVERYBODY and not row["second_factor"],
        has_password=row["has_password"],
        confirmed_at=row["confirmed_at"],
        second_factor=row["second_factor"],
        may_sign_in_on_devices=row["may_sign_in_on_devices"],
        may_top_up=row["may_top_up"],
        where=where,
        logo=row["logo"] or "",
    )


def tenant_of(row: Row, tenant_id: int) -> Tenant:
    """The tenant in a row of `resume`."""
    names = ("code", "currency", "minor_exponent", "time_zone", "day_cutoff", "language", "state")
    return Tenant(tenant_id=tenant_id, name=row["tenant_name"], **{name: row[name] for name in names})


# --- proving to be there ------------------------------------------------------------------------------------


async def confirm(
    db: Database, session: Session, *, password: str, now: datetime | None = None
) -> Confirmed | Refused:
    """The operator proves by password to be there; lasts five minutes. The session gets another token."""
    now = rules.instant(now)
    charges, wait = await _charge(db, session, now)
    if wait > throttle.NOW:
        return Refused(rules.too_many(wait))
    async with db.tenant_tx(session.tenant_id, session.actor) as tx:
        kept = await operators.password_hash(tx, session.operator_id)
    good = await passwords.matches(kept, password)
    async with db.tenant_tx(session.tenant_id, session.actor) as tx:
        if not good:
            return await _refuse(tx, session, Refused(rules.WRONG_PASSWORD))
        await throttle.give_back(tx, charges)
        return await _confirmed(tx, session, None, now)


async def confirm_with_code(
    db: Database, vault: Vault, session: Session, code: str, *, now: datetime | None = None
) -> Confirmed | Refused:
    """The operator proves by a code of the app or a recovery code to be there."""
    now = rules.instant(now)
    charges, wait = await _charge(db, session, now)
    if wait > throttle.NOW:
        return Refused(rules.too_many(wait))
    async with db.tenant_tx(session.tenant_id, session.actor) as tx:
        factor = await factors.check_code(tx, vault, session.operator_id, code, now=now)
        if factor is None:
            return await _refuse(tx, session, Refused(rules.WRONG_CODE))
        await throttle.give_back(tx, charges)
        return await _confirmed(tx, session, factor, now)


async def confirm_with_passkey(
    db: Database, session: Session, response: str, party: RelyingParty, *, now: datetime | None = None
) -> Confirmed | Refused:
    """The operator proves by a passkey to be there; `response` answers `factors.challenge_passkey`."""
    now = rules.instant(now)
    charges, wait = await _charge(db, session, now)
    if wait > throttle.NOW:
        return Refused(rules.too_many(wait))
    async with db.tenant_tx(session.tenant_id, session.actor) as tx:
        if not await factors.check_passkey(tx, session.operator_id, party, response, now=now):
            return await _refuse(tx, session, Refused(rules.WRONG_PASSKEY))
        await throttle.give_back(tx, charges)
        return await _confirmed(tx, session, "passkey", now)


async def strengthen(tx: Tx, session: Session, factor: str, *, now: datetime | None = None) -> Confirmed:
    """The operator has just set a second factor up in this session, which is proven by it from now on.

    Raises:
        ConflictError: the session is over.
    """
    confirmed = await _confirmed(tx, session, factor, rules.instant(now))
    if isinstance(confirmed, Refused):
        raise ConflictError(confirmed.text)
    return confirmed


async def rotate(tx: Tx, session: Session, *, now: datetime | None = None) -> Confirmed:
    """Another token for this session, e.g. after the operator changed its own password.

    Every other session of the operator is over when the password changed; this one goes on by its new cookie.

    Raises:
        ConflictError: the session is over.
    """
    token = await _rotate(tx, session, rules.instant(now))
    if token is None:
        raise ConflictError(rules.TOO_LATE)
    return Confirmed(rules.cookie(session.tenant_id, token))


async def _confirmed(tx: Tx, session: Session, factor: str | None, now: datetime) -> Confirmed | Refused:
    token = await _rotate(tx, session, now)
    if token is None:
        return Refused(rules.TOO_LATE)
    await _sql.note_confirmed(
        tx.connection, tenant_id=tx.tenant_id, id=session.session_id, now=now, second_factor=factor
    )
    return Confirmed(rules.cookie(session.tenant_id, token))


async def _rotate(tx: Tx, session: Session, now: datetime) -> str | None:
    token = rules.new_token()
    rotated = await _sql.rotate(
        tx.connection, tenant_id=tx.tenant_id, id=session.session_id, token_hash=rules.digest(token), now=now,
        former_until=now + rules.GRACE,
    )  # fmt: skip
    return token if rotated else None


async def _charge(db: Database, session: Session, now: datetime) -> tuple[list[Charge], timedelta]:
    charges = [Charge(rules.AT_SESSION, (str(session.tenant_id), str(session.session_id)))]
    return charges, await throttle.take(db, charges, now)


async def _refuse(tx: Tx, session: Session, refused: Refused) -> Refused:
    title = f"{session.account} {session.name}"
    await audit.write(tx, audit.Entry(rules.REFUSE, "operator", title, note=str(refused.text)))
    return refused


# --- the list of sessions, and their end --------------------------------------------------------------------


async def places(
    tx: Tx, operator_id: int, *, current: int | None = None, now: datetime | None = None
) -> list[Place]:
    """The sessions of an operator that still live, the one seen last first; `current` is marked."""
    rows = _sql.places(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, now=rules.instant(now))
    return [Place(**row, current=row["session_id"] == current) async for row in rows]


async def sign_out(tx: Tx, session: Session, *, now: datetime | None = None) -> None:
    """End the session itself."""
    await end(tx, session.operator_id, session.session_id or 0, now=now)


async def end(tx: Tx, operator_id: int, session_id: int, *, now: datetime | None = None) -> None:
    """End one session of an operator, one's own or (function `access:session:end`) another's.

    Raises:
        NotFoundError: the operator has no such session, or it ended before.
    """
    operator = await operators.get(tx, operator_id)
    done = await _sql.end(
        tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, id=session_id,
        now=rules.instant(now), by=str(tx.actor),
    )  # fmt: skip
    if done is None:
        raise NotFoundError(say("This session is over already."))
    function = rules.END if operators.is_self(tx, operator) else Function.ACCESS_SESSION_END
    await audit.write(tx, audit.Entry(function, "operator", operator.title, before={"sessions": 1}))


async def end_all(tx: Tx, operator_id: int, *, but: int | None = None, now: datetime | None = None) -> int:
    """End all sessions of an operator but perhaps one; returns how many there were."""
    operator = await operators.get(tx, operator_id)
    rows: list[Any] = [
        row
        async for row in _sql.end_all(
            tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, except_id=but,
            now=rules.instant(now), by=str(tx.actor),
        )
    ]  # fmt: skip
    if rows:
        function = rules.END if operators.is_self(tx, operator) else Function.ACCESS_SESSION_END
        before = {"sessions": len(rows)}
        await audit.write(tx, audit.Entry(function, "operator", operator.title, before=before))
    return len(rows)


async def unlock(tx: Tx, operator_id: int, *, by: Authority) -> None:
    """End an operator's lock and forget the failed attempts on its account.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: the operator may do more than whoever acts.
    """
    await operators.unlock(tx, operator_id, by=by)
    await throttle.forget(tx, (await operators.get(tx, operator_id)).account)


async def make_link(
    tx: Tx, operator_id: int, minutes: int, *, by: Authority, now: datetime | None = None
) -> str:
    """A secret that signs an operator in once, for `use_link`.

    Args:
        tx: the tenant's transaction.
        operator_id: who is signed in by it.
        minutes: how long it may be used, 1 to 10080 (a week).
        by: authority of whoever makes it; nobody makes a link to more than his own.
        now: for tests.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: the time is too short or too long, or the operator may do more than whoever acts.
    """
    if not 1 <= minutes <= LINK_MINUTES_MOST:
        raise ConflictError(say("A sign-in link lasts from 1 minute to 7 days."))
    operator, now, token = await operators.get(tx, operator_id), rules.instant(now), rules.new_token()
    operator_rules.refuse_beyond(await granted(tx, operator_id), by, title=operator.title)
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id}
    await _sql.forget_links(tx.connection, **where, before=now)
    await _sql.insert_link(
        tx.connection, **where, secret_hash=rules.digest(token), ends_at=now + timedelta(minutes=minutes)
    )
    entry = audit.Entry(
        Function.ACCESS_OPERATOR_PASSWORD, "operator", operator.title, after={"sign_in_link_minutes": minutes}
    )
    await audit.write(tx, entry)
    return rules.cookie(operator_tenant(tx), token)


def operator_tenant(tx: Tx) -> int:
    """The transaction's tenant.

    Raises:
        ValueError: it is the platform's.
    """
    if tx.tenant_id is None:
        message = "operators belong to a tenant"
        raise ValueError(message)
    return tx.tenant_id
