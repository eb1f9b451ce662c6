"""Use cases of the registry: certify, list, disable, retire; and what devices say of themselves."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

import asyncpg
from nacl.exceptions import CryptoError
from nacl.public import PublicKey, SealedBox

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.devices.model import Candidate, Credential, Credentials, Device, Presence, Reply, Store

CANDIDATES_MOST = 10_000
_SECRET_BYTES = 32
_sql = load_queries("onecard.devices")


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret; a plain hash suffices for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()


async def certify(
    tx: Tx, *, tenant_code: str, sn: str, merchant_id: int | None, name: str = "", place: str = ""
) -> Credentials:
    """Make a device one of the transaction's tenant; its secret is in the result and nowhere else.

    A candidate that sent its public key gets the secret sealed for it with its next hello.

    Raises:
        OneCardError: the serial number is malformed.
        ConflictError: the serial number is certified already, here or elsewhere.
        NotFoundError: the merchant does not exist.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,32}", sn):
        message = f"A serial number has 1 to 32 letters, digits, hyphens or underscores; {sn!r} is not one."
        raise OneCardError(message)
    token, secret = sn.lower(), secrets.token_urlsafe(_SECRET_BYTES)
    taken = f"The device {sn} is certified already; retire it first to certify it anew."
    try:
        device_id = await _sql.insert_device(
            tx.connection, tenant_id=tx.tenant_id, token=token, sn=sn, merchant_id=merchant_id, name=name,
            place=place, secret_hash=hash_secret(secret),
        )  # fmt: skip
        if device_id is None or not await _sql.claim_route(
            tx.connection, sn=sn, token=token, tenant_id=tx.tenant_id, device_id=device_id
        ):
            raise ConflictError(taken)
    except asyncpg.UniqueViolationError:
        raise ConflictError(taken) from None
    except asyncpg.ForeignKeyViolationError:
        message = f"There is no merchant with id {merchant_id}."
        raise NotFoundError(message) from None
    await _grant(tx, sn=sn, tenant_code=tenant_code, token=token, secret=secret)
    user = f"{tenant_code}/{token}"
    return Credentials(int(device_id), user, secret, token, f"ot1/{user}")


async def _grant(tx: Tx, *, sn: str, tenant_code: str, token: str, secret: str) -> None:
    key = await _sql.candidate_key(tx.connection, sn=sn)
    sealed = None
    if key is not None:
        try:
            sealed = SealedBox(PublicKey(key)).encrypt(secret.encode())
        except CryptoError:
            # a key on which nothing can be sealed: the operator types the secret in
            sealed = None
    await _sql.grant_candidate(
        tx.connection, sn=sn, tenant_code=tenant_code, token=token, sealed_secret=sealed
    )


async def devices(tx: Tx) -> list[Device]:
    """The tenant's devices by serial number."""
    return [Device(**row) async for row in _sql.devices(tx.connection, tenant_id=tx.tenant_id)]


async def set_disabled(tx: Tx, sn: str, *, disabled: bool) -> None:
    """Refuse a device from now on (gateways disconnect it within a second), or welcome it again.

    Raises:
        NotFoundError: no such device.
    """
    await _set_state(tx, sn, "disabled" if disabled else "certified")


async def retire(tx: Tx, sn: str) -> None:
    """End a device's membership: its history stays, its serial number may be certified anew.

    Raises:
        NotFoundError: no such device.
    """
    await _set_state(tx, sn, "retired")
    await _sql.forget_candidate(tx.connection, sn=sn)


async def _set_state(tx: Tx, sn: str, state: str) -> None:
    if await _sql.set_state(tx.connection, tenant_id=tx.tenant_id, sn=sn, state=state) is None:
        message = f"There is no device {sn}."
        raise NotFoundError(message)
    await _sql.set_route_state(tx.connection, tenant_id=tx.tenant_id, sn=sn, state=state)


async def credentials(tx: Tx, *, recent: bool = False) -> list[Credential]:
    """What gateways need to know of the tenant's devices; `recent`: only what changed in the last minute."""
    rows = _sql.credentials(tx.connection, tenant_id=tx.tenant_id, recent=recent)
    return [Credential(**row) async for row in rows]


async def unwelcome(tx: Tx, *, recent: bool) -> list[tuple[int, str]]:
    """Tenant and token of devices that may not be connected, of all tenants; `recent` as in `credentials`."""
    return [(row["tenant_id"], row["token"]) async for row in _sql.unwelcome(tx.connection, recent=recent)]


async def hello(tx: Tx, *, sn: str, model: str, firmware: str, public_key: bytes | None, claim: str) -> Reply:
    """A device without credentials asks to join; what it is told.

    The answer is `no` when the waiting room is full, or the serial number is certified and no grant waits.
    """
    row = None
    if not await is_taken(tx, sn) or await has_grant(tx, sn):
        row = await _sql.hello(
            tx.connection, sn=sn, model=model, firmware=firmware, public_key=public_key, claim=claim,
            most=CANDIDATES_MOST,
        )  # fmt: skip
    return Reply(**row) if row else Reply("no")


async def reply_to(tx: Tx, sn: str) -> Reply | None:
    """What a candidate is told; None when nobody with this serial number asked."""
    row = await _sql.reply_to(tx.connection, sn=sn)
    return Reply(**row) if row else None


async def is_taken(tx: Tx, sn: str) -> bool:
    """Whether the serial number is certified or disabled somewhere."""
    return bool(await _sql.is_taken(tx.connection, token=sn.lower()))


async def has_grant(tx: Tx, sn: str) -> bool:
    """Whether a certified device has yet to fetch its secret."""
    return bool(await _sql.has_grant(tx.connection, sn=sn))


async def candidates(tx: Tx) -> list[Candidate]:
    """Devices that asked to join, oldest first."""
    return [Candidate(**row) async for row in _sql.candidates(tx.connection)]


async def refuse_candidate(tx: Tx, sn: str) -> None:
    """Tell a candidate no; it is told so again whenever it asks.

    Raises:
        NotFoundError: nobody with this serial number waits.
    """
    if await _sql.refuse_candidate(tx.connection, sn=sn) is None:
        message = f"No device {sn} waits to be certified."
        raise NotFoundError(message)


async def came_online(tx: Tx, device_id: int, token: str, presence: Presence, *, at: datetime) -> bool:
    """Note what a device said of itself at a moment and open its record store; True when that one is new."""
    await _sql.set_presence(
        tx.connection, tenant_id=tx.tenant_id, device_id=device_id, boot=presence.boot, epoch=presence.epoch,
        firmware=presence.firmware, model=presence.model, protocol=presence.protocol, clock=presence.clock,
        at=at,
    )  # fmt: skip
    await _sql.forget_granted(tx.connection, token=token)
    if presence.epoch is None:
        return False
    store = {"tenant_id": tx.tenant_id, "device_id": device_id, "epoch": presence.epoch}
    is_new = bool(await _sql.open_store(tx.connection, **store))
    if presence.last is not None:
        await _sql.note_last(tx.connection, **store, said=presence.last)
    return is_new


async def went_offline(tx: Tx, device_id: int, *, at: datetime) -> None:
    """Note that a device is gone since a moment, unless it came back after that."""
    await _sql.set_offline(tx.connection, tenant_id=tx.tenant_id, device_id=device_id, at=at)


async def stores(tx: Tx, device_id: int) -> Sequence[Store]:
    """The record stores a device has announced."""
    rows = _sql.stores(tx.connection, tenant_id=tx.tenant_id, device_id=device_id)
    return [Store(row["epoch"], row["watermark"], bool(row["current"])) async for row in rows]
