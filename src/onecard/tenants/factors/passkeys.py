"""Use cases of passkeys (WebAuthn): the library verifies, here is what is asked for and remembered."""

import json
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from onecard.base.db import Tx, load_queries, savepoint
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say
from onecard.tenants import audit
from onecard.tenants.factors.model import RelyingParty
from onecard.tenants.factors.service import OWN, forget_recovery_without_factor, new_recovery_codes, summary

_sql = load_queries("onecard.tenants.factors")
CHALLENGE_LASTS = timedelta(minutes=5)
NAME_MAX = 64
_NOT_ACCEPTED = say("The passkey was not accepted. Try again.")


async def begin_passkey(tx: Tx, operator_id: int, party: RelyingParty, *, now: datetime) -> str:
    """Options for `navigator.credentials.create`, as JSON; the browser asks for PIN, face or finger.

    Raises:
        NotFoundError: there is no such operator.
    """
    title = await _sql.title(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    if title is None:
        raise NotFoundError(say("There is no such operator."))
    account, name = title.split(" ", 1)
    options = generate_registration_options(
        rp_id=party.id, rp_name=party.name, user_name=account, user_display_name=name,
        user_id=f"{tx.tenant_id}.{operator_id}".encode(),
        exclude_credentials=await _credentials(tx, operator_id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )  # fmt: skip
    await _expect(tx, operator_id, options.challenge, "register", now)
    return options_to_json(options)


async def finish_passkey(
    tx: Tx, operator_id: int, party: RelyingParty, response: str, *, name: str, now: datetime
) -> list[str]:
    """Keep the passkey a browser made; returns recovery codes when it is the first second factor, else none.

    Args:
        tx: of the operator's tenant.
        operator_id: whose.
        party: the same as in `begin_passkey`.
        response: the browser's answer, JSON.
        name: how the operator calls it, 1 to 64 characters.
        now: aware.

    Raises:
        ConflictError: the answer is not one to our question, or the passkey is registered already.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise ConflictError(say("A passkey needs a name of 1 to {most} characters.", most=NAME_MAX))
    challenge = await _asked(tx, operator_id, response, "register", now)
    try:
        verified = verify_registration_response(
            credential=response, expected_challenge=challenge, expected_rp_id=party.id,
            expected_origin=party.origin, require_user_verification=True,
        )  # fmt: skip
    except WebAuthnException:
        raise ConflictError(_NOT_ACCEPTED) from None
    had = await summary(tx, operator_id)
    try:
        async with savepoint(tx):
            await _sql.insert_passkey(
                tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id,
                credential=verified.credential_id, public_key=verified.credential_public_key,
                sign_count=verified.sign_count, name=name, now=now,
            )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise ConflictError(say("This passkey is registered already.")) from None
    await _note(tx, operator_id, after={"passkey": name})
    first = had.totp_since is None and not had.passkeys
    return await new_recovery_codes(tx, operator_id) if first else []


async def challenge_passkey(tx: Tx, operator_id: int, party: RelyingParty, *, now: datetime) -> str:
    """Options for `navigator.credentials.get`, as JSON."""
    options = generate_authentication_options(
        rp_id=party.id, allow_credentials=await _credentials(tx, operator_id),
        user_verification=UserVerificationRequirement.REQUIRED,
    )  # fmt: skip
    await _expect(tx, operator_id, options.challenge, "prove", now)
    return options_to_json(options)


async def check_passkey(
    tx: Tx, operator_id: int, party: RelyingParty, response: str, *, now: datetime
) -> bool:
    """Whether a browser's answer (JSON) proves the operator; the challenge is used up either way."""
    try:
        challenge = await _asked(tx, operator_id, response, "prove", now)
        credential = base64url_to_bytes(json.loads(response)["rawId"])
    except (ConflictError, ValueError, KeyError, TypeError, RecursionError):
        return False
    # locked, so that a copied key that answers at the same time meets the new count
    row = await _sql.lock_passkey(
        tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, credential=credential
    )
    if row is None:
        return False
    try:
        verified = verify_authentication_response(
            credential=response, expected_challenge=challenge, expected_rp_id=party.id,
            expected_origin=party.origin, credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"], require_user_verification=True,
        )  # fmt: skip
    except WebAuthnException:
        return False
    await _sql.note_use(
        tx.connection, tenant_id=tx.tenant_id, id=row["id"], sign_count=verified.new_sign_count, now=now
    )
    return True


async def rename_passkey(tx: Tx, operator_id: int, passkey_id: int, name: str) -> None:
    """Call a passkey something else.

    Raises:
        ConflictError: the name is empty or too long.
        NotFoundError: the operator has no such passkey.
    """
    name = name.strip()
    if not 0 < len(name) <= NAME_MAX:
        raise ConflictError(say("A passkey needs a name of 1 to {most} characters.", most=NAME_MAX))
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id, "id": passkey_id}
    if not await _sql.rename_passkey(tx.connection, **where, name=name):
        raise NotFoundError(say("There is no such passkey."))


async def remove_passkey(tx: Tx, operator_id: int, passkey_id: int) -> None:
    """Forget a passkey; the last second factor takes the recovery codes with it.

    Raises:
        NotFoundError: the operator has no such passkey.
    """
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id, "id": passkey_id}
    name = await _sql.remove_passkey(tx.connection, **where)
    if name is None:
        raise NotFoundError(say("There is no such passkey."))
    await forget_recovery_without_factor(tx, operator_id)
    await _note(tx, operator_id, before={"passkey": name})


async def _credentials(tx: Tx, operator_id: int) -> list[PublicKeyCredentialDescriptor]:
    rows = _sql.credentials(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    return [PublicKeyCredentialDescriptor(id=row["credential"]) async for row in rows]


async def _expect(tx: Tx, operator_id: int, challenge: bytes, purpose: str, now: datetime) -> None:
    where: dict[str, Any] = {"tenant_id": tx.tenant_id, "operator_id": operator_id}
    await _sql.forget_challenges(tx.connection, **where, now=now)
    await _sql.insert_challenge(
        tx.connection, **where, challenge=challenge, purpose=purpose, ends_at=now + CHALLENGE_LASTS
    )


async def _asked(tx: Tx, operator_id: int, response: str, purpose: str, now: datetime) -> bytes:
    """The challenge of ours that an answer is about; it is used up."""
    try:
        data = base64url_to_bytes(json.loads(response)["response"]["clientDataJSON"])
        challenge = base64url_to_bytes(json.loads(data)["challenge"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConflictError(_NOT_ACCEPTED) from None
    asked = await _sql.use_challenge(
        tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, challenge=challenge, purpose=purpose,
        now=now,
    )  # fmt: skip
    if asked is None:
        raise ConflictError(_NOT_ACCEPTED)
    return challenge


async def _note(
    tx: Tx, operator_id: int, *, before: dict[str, str] | None = None, after: dict[str, str] | None = None
) -> None:
    title = await _sql.title(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    await audit.write(tx, audit.Entry(OWN, "operator", title, before=before, after=after))
