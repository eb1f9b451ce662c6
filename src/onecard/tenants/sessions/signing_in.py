"""Signing in: a first proof, the second where the operator has one, and the session that begins.

What slows guessing down, and why nobody can be locked out by it for ever: docs/adr/0042.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from onecard.base.db import SYSTEM, Actor, Database, Tx, load_queries
from onecard.base.errors import NotFoundError
from onecard.base.texts import Text
from onecard.base.vault import Vault
from onecard.tenants import audit, factors
from onecard.tenants import service as tenants
from onecard.tenants.factors.model import RelyingParty
from onecard.tenants.operators import passwords
from onecard.tenants.operators import rules as operator_rules
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import Operator
from onecard.tenants.sessions import rules, throttle
from onecard.tenants.sessions.limits import limits
from onecard.tenants.sessions.model import NeedsFactor, Outcome, Refused, SignedIn
from onecard.tenants.sessions.rules import Known, Visitor
from onecard.tenants.sessions.throttle import Charge

_sql = load_queries("onecard.tenants.sessions")
FAILURE_SECONDS = 0.3
"""How long a refusal takes at least, so that its time does not tell whether the account exists."""
KEPT = timedelta(days=90)  # ended sessions, for the list of sessions


@dataclass(frozen=True, slots=True)
class _Proof:
    """Who proved what: the operator, how, and where from."""

    tenant_id: int
    operator_id: int
    account: str
    method: str
    visitor: Visitor
    known: Known
    now: datetime

    @property
    def actor(self) -> Actor:
        """The operator, from where it signs in."""
        return Actor("operator", self.account, self.visitor.where)


async def sign_in(
    db: Database, *, account: str, password: str, where: str, agent: str = "", device: str = "",
    now: datetime | None = None,
) -> Outcome:  # fmt: skip
    """Sign an operator in by account number and password.

    An unknown account and a wrong password get the same sentence after the same work. Why an account may not
    sign in is told to those only who know its password.

    Args:
        db: the application's door.
        account: as typed; its first four digits name the tenant.
        password: as typed.
        where: client address.
        agent: what the browser calls itself.
        device: the cookie of `SignedIn.device` of an earlier sign-in in this browser.
        now: for tests.
    """
    began, now = time.monotonic(), rules.instant(now)
    visitor = _visitor(where, agent, device)
    account = rules.usable_account(account)
    outcome = await _by_password(db, account, password, visitor, now)
    if isinstance(outcome, Refused):
        await asyncio.sleep(max(0, began + FAILURE_SECONDS - time.monotonic()))
    return outcome


async def _by_password(db: Database, account: str, password: str, visitor: Visitor, now: datetime) -> Outcome:
    proof, kept = await _candidate(db, account, visitor, now)
    charges = rules.charges("password", account, visitor, known=proof.known if proof else Known())
    wait = await throttle.take(db, charges, now)
    if wait > throttle.NOW:
        return Refused(rules.too_many(wait))
    good = await passwords.matches(kept, password)
    if proof is None or kept is None or not good:
        if proof is not None:
            await _note_failure(db, proof, charges)
        return Refused(rules.WRONG)
    fresh = await passwords.hashed(password) if passwords.is_outdated(kept) else None
    async with db.tenant_tx(proof.tenant_id, proof.actor) as tx:
        if fresh is not None:
            await operators.replace_hash(tx, proof.operator_id, outdated=kept, fresh=fresh)
        outcome = await _admit(tx, proof)
        if not isinstance(outcome, Refused):
            # what is refused stays counted: it is in the audit, which nobody may fill at will
            await throttle.give_back(tx, charges)
        return outcome


async def _candidate(
    db: Database, account: str, visitor: Visitor, now: datetime
) -> tuple[_Proof | None, str | None]:
    """The operator of an account, with its password hash; None when there is no such operator."""
    try:
        route = await tenants.route(db, account[: rules.TENANT_CODE], SYSTEM)
    except NotFoundError:
        return None, None
    async with db.tenant_tx(route.tenant_id, SYSTEM) as tx:
        row = await _sql.candidate(
            tx.connection, tenant_id=tx.tenant_id, account=account, **_place(visitor, now)
        )
    if row is None:
        return None, None
    known = Known(row["device_known"], row["address_known"], row["password_changed_at"])
    proof = _Proof(route.tenant_id, row["id"], account, "password", visitor, known, now)
    return proof, row["password_hash"]


async def _note_failure(db: Database, proof: _Proof, charges: Sequence[Charge]) -> None:
    """Into the audit; each attempt was counted, so there are never more entries than the buckets allow."""
    async with db.tenant_tx(proof.tenant_id, proof.actor) as tx:
        await _note_refusal(tx, proof, rules.WRONG)
        of_account = [each for each in charges if each.bucket is rules.AT_ACCOUNT]
        wait = await throttle.wait(tx, of_account, proof.now)
        if of_account and wait > throttle.NOW:
            await operators.lock(tx, proof.operator_id, until=proof.now + wait)


async def use_link(
    db: Database, secret: str, *, where: str, agent: str = "", device: str = "", now: datetime | None = None
) -> Outcome:
    """Sign an operator in by a link of `make_link`; it is used up, whatever comes of it."""
    now = rules.instant(now)
    visitor = _visitor(where, agent, device)
    parsed = rules.parse_cookie(secret)
    if parsed is None:
        return Refused(rules.LINK_SPENT)
    tenant_id, token = parsed
    async with db.tenant_tx(tenant_id, Actor("system", "link", where)) as tx:
        operator_id = await _sql.use_link(
            tx.connection, tenant_id=tenant_id, secret_hash=rules.digest(token), now=now
        )
    if operator_id is None:
        return Refused(rules.LINK_SPENT)
    return await admit(db, tenant_id, operator_id, method="link", visitor=visitor, now=now)


async def admit(
    db: Database, tenant_id: int, operator_id: int, *, method: str, visitor: Visitor, now: datetime
) -> Outcome:
    """Go on for an operator who was proven some other way than by password: `link`, `oidc`."""
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        account = (await operators.get(tx, operator_id)).account
    proof = _Proof(tenant_id, operator_id, account, method, visitor, Known(device=True), now)
    async with db.tenant_tx(tenant_id, proof.actor) as tx:
        return await _admit(tx, proof)


async def _admit(tx: Tx, proof: _Proof) -> Outcome:
    """The first proof was good: refuse, ask for the second, or begin the session."""
    operator = await operators.get(tx, proof.operator_id)
    refusal = await _refusal(tx, operator, proof)
    if refusal is not None:
        return await _refuse(tx, proof, refusal)
    bounds = await limits(tx)
    if proof.method == "password" and not bounds.by_password:
        return await _refuse(tx, proof, rules.BY_PROVIDER)
    offered = await factors.available(tx, operator.id)
    if offered:
        return await _ask_second(tx, proof, offered)
    token = rules.new_token()
    session_id = await _open(
        tx, proof, token, state="open", ends_at=proof.now + bounds.absolute, idle=bounds.idle
    )
    return await _begin(tx, operator, proof, token, session_id=session_id, factor=None)


async def _refusal(tx: Tx, operator: Operator, proof: _Proof) -> Text | None:
    if (await tenants.get(tx)).state != "active":
        return rules.SUSPENDED
    if proof.known.device or proof.known.address:
        operator = replace(operator, locked_until=None)  # strangers locked it, and this place is known
    if proof.method != "password":
        operator = replace(operator, password_set_by_other=False)  # no password was used that could lapse
    return operator_rules.sign_in_refusal(operator, proof.now)


async def _ask_second(tx: Tx, proof: _Proof, offered: frozenset[str]) -> NeedsFactor:
    token, ends_at = rules.new_token(), proof.now + rules.PENDING
    await _open(tx, proof, token, state="pending", ends_at=ends_at, idle=rules.PENDING)
    return NeedsFactor(rules.cookie(proof.tenant_id, token), offered, ends_at)


async def _open(tx: Tx, proof: _Proof, token: str, *, state: str, ends_at: datetime, idle: timedelta) -> int:
    session_id = await _sql.open(
        tx.connection, tenant_id=tx.tenant_id, operator_id=proof.operator_id, token_hash=rules.digest(token),
        state=state, method=proof.method, address=proof.visitor.where, agent=proof.visitor.agent,
        at=proof.now, idle_seconds=int(idle.total_seconds()), ends_at=ends_at,
    )  # fmt: skip
    return int(session_id)


async def _begin(
    tx: Tx, operator: Operator, proof: _Proof, token: str, *, session_id: int, factor: str | None
) -> SignedIn:
    """The session is open: remember the place, note it, clear away what is old."""
    visitor, where = proof.visitor, {"tenant_id": tx.tenant_id, "operator_id": operator.id}
    known = visitor.device and await _sql.device_in_use(
        tx.connection, tenant_id=tx.tenant_id, hash=visitor.device_hash
    )
    # a token that nobody signed in with may have been put into the browser by somebody else
    visitor = visitor if known else replace(visitor, device=rules.new_token())
    await _sql.remember_places(
        tx.connection,
        **where,
        device_hash=visitor.device_hash,
        address_hash=visitor.address_hash,
        at=proof.now,
    )
    await _sql.forget_places(tx.connection, **where, before=proof.now - rules.DEVICE_KNOWN)
    await _sql.forget_old(tx.connection, **where, before=proof.now - KEPT)
    await operators.signed_in(tx, operator.id)
    after = {"method": proof.method, "second_factor": factor}
    await audit.write(tx, audit.Entry(rules.BEGIN, "operator", operator.title, after=after))
    return SignedIn(
        rules.cookie(proof.tenant_id, token), visitor.device, proof.tenant_id, session_id, operator.id
    )


# --- the second proof ---------------------------------------------------------------------------------------


async def finish_with_code(
    db: Database, vault: Vault, cookie: str, code: str, *, where: str, agent: str = "", device: str = "",
    now: datetime | None = None,
) -> SignedIn | Refused:  # fmt: skip
    """The second proof by a code of the app or a recovery code."""
    now = rules.instant(now)

    async def check(tx: Tx, operator_id: int) -> str | None:
        return await factors.check_code(tx, vault, operator_id, code, now=now)

    visitor = _visitor(where, agent, device)
    return await _finish(db, cookie, visitor, _Second("code", check, rules.WRONG_CODE, now))


@dataclass(frozen=True, slots=True)
class _Second:
    """How a second proof is judged: `check` gives what it was, or None; `wrong` is said then."""

    kind: str
    check: Callable[[Tx, int], Awaitable[str | None]]
    wrong: Text
    now: datetime


async def _finish(db: Database, cookie: str, visitor: Visitor, second: _Second) -> SignedIn | Refused:
    pending = await _pending(db, cookie, visitor, second.now)
    if pending is None:
        return Refused(rules.TOO_LATE)
    session_id, proof = pending
    charges = rules.charges(second.kind, proof.account, visitor, known=proof.known)
    wait = await throttle.take(db, charges, second.now)
    if wait > throttle.NOW:
        return Refused(rules.too_many(wait))
    async with db.tenant_tx(proof.tenant_id, proof.actor) as tx:
        factor = await second.check(tx, proof.operator_id)
        if factor is None:
            return await _refuse(tx, proof, second.wrong)
        outcome = await _promote(tx, session_id, proof, factor)
        if isinstance(outcome, SignedIn):
            await throttle.give_back(tx, charges)
        return outcome


async def waiting_factors(db: Database, cookie: str, *, now: datetime | None = None) -> frozenset[str] | None:
    """What a pending sign-in can be finished with, as `NeedsFactor` has it; None: it took too long."""
    now = rules.instant(now)
    pending = await _pending(db, cookie, Visitor(""), now)
    if pending is None:
        return None
    async with db.tenant_tx(pending[1].tenant_id, SYSTEM) as tx:
        return await factors.available(tx, pending[1].operator_id)


async def passkey_options(
    db: Database, cookie: str, party: RelyingParty, *, now: datetime | None = None
) -> str | None:
    """What the browser's `navigator.credentials.get` is asked for a pending session, JSON; None: too late."""
    now = rules.instant(now)
    pending = await _pending(db, cookie, Visitor(""), now)
    if pending is None:
        return None
    proof = pending[1]
    async with db.tenant_tx(proof.tenant_id, SYSTEM) as tx:
        return await factors.challenge_passkey(tx, proof.operator_id, party, now=now)


async def finish_with_passkey(
    db: Database, cookie: str, response: str, party: RelyingParty, *, where: str, agent: str = "",
    device: str = "", now: datetime | None = None,
) -> SignedIn | Refused:  # fmt: skip
    """The second proof by a passkey; `response` is the browser's answer to `passkey_options`, JSON."""
    now = rules.instant(now)

    async def check(tx: Tx, operator_id: int) -> str | None:
        good = await factors.check_passkey(tx, operator_id, party, response, now=now)
        return "passkey" if good else None

    visitor = _visitor(where, agent, device)
    return await _finish(db, cookie, visitor, _Second("passkey", check, rules.WRONG_PASSKEY, now))


async def _pending(db: Database, cookie: str, visitor: Visitor, now: datetime) -> tuple[int, _Proof] | None:
    """The session that waits for its second proof, and the first."""
    parsed = rules.parse_cookie(cookie)
    if parsed is None:
        return None
    tenant_id, token = parsed
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        row = await _sql.pending(
            tx.connection,
            tenant_id=tenant_id,
            token_hash=rules.digest(token),
            now=now,
            **_place(visitor, now),
        )
    if row is None:
        return None
    known = Known(row["device_known"], row["address_known"], row["password_changed_at"])
    proof = _Proof(tenant_id, row["operator_id"], row["account"], row["method"], visitor, known, now)
    return row["id"], proof


async def _promote(tx: Tx, session_id: int, proof: _Proof, factor: str) -> SignedIn | Refused:
    operator = await operators.get(tx, proof.operator_id)
    refusal = await _refusal(tx, operator, proof)
    if refusal is not None:
        return await _refuse(tx, proof, refusal)
    bounds = await limits(tx)
    token = rules.new_token()
    promoted = await _sql.promote(
        tx.connection, tenant_id=tx.tenant_id, id=session_id, token_hash=rules.digest(token),
        second_factor=factor, now=proof.now, idle_seconds=int(bounds.idle.total_seconds()),
        ends_at=proof.now + bounds.absolute,
    )  # fmt: skip
    if promoted is None:
        return Refused(rules.TOO_LATE)
    return await _begin(tx, operator, proof, token, session_id=session_id, factor=factor)


async def _refuse(tx: Tx, proof: _Proof, text: Text) -> Refused:
    await _note_refusal(tx, proof, text)
    return Refused(text)


async def _note_refusal(tx: Tx, proof: _Proof, text: Text) -> None:
    title = (await operators.get(tx, proof.operator_id)).title
    await audit.write(tx, audit.Entry(rules.REFUSE, "operator", title, note=str(text)))


def _visitor(where: str, agent: str, device: str) -> Visitor:
    return Visitor(where, agent[: rules.AGENT_MAX], device if rules.is_token(device) else "")


def _place(visitor: Visitor, now: datetime) -> dict[str, object]:
    return {
        "device_hash": visitor.device_hash,
        "address_hash": visitor.address_hash,
        "device_since": now - rules.DEVICE_KNOWN,
        "address_since": now - rules.ADDRESS_KNOWN,
    }
