"""Use cases of workstations: make one, let an agent enrol with a one-time code, rename, revoke."""

import hashlib
import hmac
import re
import secrets

from onecard.base.db import Actor, Database, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.devices.workstations.model import Enrolling, Enrolment, Holder, OneTimeCode, Workstation
from onecard.tenants import service as tenants

CODE_LIFE_S = 15 * 60
CODE_TRIES = 5
_CODE_SYMBOLS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # none looks like another
_CODE_LENGTH = 8
_CODE = re.compile(rf"([0-9]{{4}})-([0-9]{{1,18}})-([{_CODE_SYMBOLS}]{{{_CODE_LENGTH}}})", re.ASCII)
_TOKEN = re.compile(r"[a-z0-9_-]{1,32}", re.ASCII)
_sql = load_queries("onecard.devices.workstations")


async def create(tx: Tx, *, token: str, name: str) -> OneTimeCode:
    """Make a workstation of the transaction's tenant, with its first one-time code.

    Raises:
        OneCardError: the token is malformed.
        ConflictError: the token is taken.
    """
    if not _TOKEN.fullmatch(token):
        message = f"A workstation is named with 1 to 32 of a-z, 0-9, - and _; {token!r} is not."
        raise OneCardError(message)
    shown = name.strip() or token
    if await _sql.insert_workstation(tx.connection, tenant_id=tx.tenant_id, token=token, name=shown) is None:
        message = f"There is a workstation {token} already; give it a new code if its agent is to enrol anew."
        raise ConflictError(message)
    return await new_code(tx, token)


async def new_code(tx: Tx, token: str) -> OneTimeCode:
    """A fresh one-time code in place of the one before; the agent that enrols with it replaces an older one.

    Raises:
        NotFoundError: no such workstation.
    """
    number = await _sql.id_of(tx.connection, tenant_id=tx.tenant_id, token=token)
    if number is None:
        raise _unknown(token)
    secret = "".join(secrets.choice(_CODE_SYMBOLS) for _ in range(_CODE_LENGTH))
    row = await _sql.set_code(
        tx.connection, tenant_id=tx.tenant_id, token=token, code_hash=_hash(secret), seconds=CODE_LIFE_S
    )
    tenant = await tenants.get(tx)
    return OneTimeCode(token, f"{tenant.code}-{number}-{secret}", row["code_ends"])


async def workstations(tx: Tx) -> list[Workstation]:
    """The tenant's workstations by token."""
    return [Workstation(**row) async for row in _sql.workstations(tx.connection, tenant_id=tx.tenant_id)]


async def rename(tx: Tx, token: str, name: str) -> None:
    """Change what people call a workstation.

    Raises:
        NotFoundError: no such workstation.
    """
    shown = name.strip() or token
    if await _sql.rename(tx.connection, tenant_id=tx.tenant_id, token=token, name=shown) is None:
        raise _unknown(token)


async def revoke(tx: Tx, token: str) -> None:
    """Refuse a workstation's agent, which gateways disconnect within a second, until it enrols anew.

    Raises:
        NotFoundError: no such workstation.
    """
    number = await _sql.revoke(tx.connection, tenant_id=tx.tenant_id, token=token)
    if number is None:
        raise _unknown(token)
    await _sql.revoke_route(tx.connection, tenant_id=tx.tenant_id, workstation_id=number)


async def enrol(db: Database, actor: Actor, *, code: str, public_key: str, version: str) -> Enrolment:
    """Bind a key to the workstation a code was made for. The same key and code get the same answer again.

    Five wrong codes end the right one. Whoever asks has proven to the bus that the key is his.
    """
    parts = _CODE.fullmatch(code.strip().upper())
    if parts is None:
        return Enrolment(Enrolling.WRONG)
    try:
        route = await tenants.route(db, parts[1], actor)
    except NotFoundError:
        return Enrolment(Enrolling.WRONG)
    async with db.tenant_tx(route.tenant_id, actor) as tx:
        number = int(parts[2])
        row = await _sql.lock_for_enrolment(tx.connection, tenant_id=tx.tenant_id, id=number)
        if row is None:
            return Enrolment(Enrolling.WRONG)
        result = _judge(row, parts[3], public_key)
        if result is Enrolling.WRONG:
            await _sql.count_try(tx.connection, tenant_id=tx.tenant_id, id=number)
        if result is not Enrolling.DONE:
            return Enrolment(result)
        if not row["used"] and not await _bind(tx, number, row["token"], public_key, version):
            return Enrolment(Enrolling.WRONG)
        return Enrolment(Enrolling.DONE, route.code, row["token"], row["name"])


def _judge(row: dict[str, object], secret: str, public_key: str) -> Enrolling:
    known = row["code_hash"]
    tries = row["code_tries"]
    if not isinstance(known, bytes) or not isinstance(tries, int) or tries >= CODE_TRIES:
        return Enrolling.WRONG
    if not hmac.compare_digest(known, _hash(secret)):
        return Enrolling.WRONG
    if row["used"]:
        again = row["public_key"] == public_key and not row["revoked"]
        return Enrolling.DONE if again else Enrolling.USED
    return Enrolling.EXPIRED if row["expired"] else Enrolling.DONE


async def _bind(tx: Tx, number: int, token: str, public_key: str, version: str) -> bool:
    """False when the key is another workstation's."""
    claimed = await _sql.claim_route(
        tx.connection, public_key=public_key, tenant_id=tx.tenant_id, workstation_id=number, token=token
    )
    if claimed is None:
        return False
    await _sql.forget_older_keys(
        tx.connection, tenant_id=tx.tenant_id, workstation_id=number, public_key=public_key
    )
    await _sql.enrol(tx.connection, tenant_id=tx.tenant_id, id=number, public_key=public_key, version=version)
    return True


async def holder(tx: Tx, public_key: str) -> Holder | None:
    """Whose key this is; None when nobody enrolled with it."""
    row = await _sql.holder(tx.connection, public_key=public_key)
    return Holder(**row) if row else None


async def unwelcome(tx: Tx, *, recent: bool) -> list[tuple[int, str]]:
    """Tenant and token of revoked workstations of all tenants; `recent`: of the last minute only."""
    return [(row["tenant_id"], row["token"]) async for row in _sql.unwelcome(tx.connection, recent=recent)]


async def set_presence(tx: Tx, token: str, *, online: bool, version: str) -> None:
    """Note what an agent says of itself."""
    await _sql.set_presence(
        tx.connection, tenant_id=tx.tenant_id, token=token, online=online, version=version
    )


async def set_rivalled(tx: Tx, workstation_id: int) -> None:
    """Note that another program signed in with the workstation's key while the first was there."""
    await _sql.set_rivalled(tx.connection, tenant_id=tx.tenant_id, id=workstation_id)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _unknown(token: str) -> NotFoundError:
    return NotFoundError(f"There is no workstation {token}.")
