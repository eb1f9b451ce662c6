"""Use cases of codes: set up, checked, used up, taken away."""

from collections.abc import Mapping
from datetime import datetime

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.tenants import audit
from onecard.tenants.factors import rules
from onecard.tenants.factors.model import Offered, Passkey, Summary
from onecard.tenants.functions import Function
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.authority import granted
from onecard.tenants.operators.model import Authority
from onecard.tenants.operators.rules import refuse_beyond

_sql = load_queries("onecard.tenants.factors")
OWN = "account:factor:change"  # in the audit; what everybody may do with their own account is no function


async def available(tx: Tx, operator_id: int) -> frozenset[str]:
    """What the operator can prove itself with: `totp`, `passkey`, `recovery`; empty: no second factor."""
    row = await _sql.available(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    found = {name for name in ("totp", "passkey") if row[name]}
    return frozenset(found | {"recovery"} if found and row["recovery"] else found)


async def summary(tx: Tx, operator_id: int) -> Summary:
    """What the operator has, for its own page and for administrators."""
    row = await _sql.summary(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    keys = [
        Passkey(**key)
        async for key in _sql.passkeys(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    ]
    return Summary(row["totp_since"], row["recovery_left"], tuple(keys))


async def begin_totp(tx: Tx, vault: Vault, operator_id: int, *, issuer: str, now: datetime) -> Offered:
    """Make a secret and show it; a code that is already set up goes on until `finish_totp`.

    Args:
        tx: of the operator's tenant.
        vault: seals the secret.
        operator_id: whose.
        issuer: shown by the app beside the account, e.g. the institution.
        now: aware.

    Raises:
        ConflictError: codes are set up already; they have to be removed first.
    """
    account = await _account(tx, operator_id)
    secret = rules.new_secret()
    box = vault.seal(_tenant(tx), secret)
    if not await _sql.offer_totp(
        tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, secret_box=box, now=now
    ):
        raise ConflictError(say("An authenticator app is set up already. Remove it first."))
    uri = rules.uri(secret, account=account, issuer=issuer)
    return Offered(secret, uri, rules.qr(uri))


async def finish_totp(tx: Tx, vault: Vault, operator_id: int, code: str, *, now: datetime) -> list[str]:
    """The app's first code came: from now on it is asked for. Returns new recovery codes, shown this once.

    Raises:
        ConflictError: the code is wrong, or nothing was begun.
    """
    row = await _sql.totp(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    if row is None or row["confirmed_at"] is not None:
        raise ConflictError(say("No authenticator app is being set up. Begin again."))
    secret = vault.unseal(_tenant(tx), row["secret_box"])
    step = rules.step_of(secret, rules.normal_code(code), now)
    if step is None or not await _sql.confirm_totp(
        tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, step=step, now=now
    ):
        raise ConflictError(
            say("The code does not match. Check that the phone's clock is right and enter the newest code.")
        )
    await _note(tx, operator_id, OWN, after={"authenticator_app": True})
    return await new_recovery_codes(tx, operator_id)


async def check_code(tx: Tx, vault: Vault, operator_id: int, code: str, *, now: datetime) -> str | None:
    """Use up a code; returns what it was, `totp` or `recovery`, or None when it is wrong or was used."""
    code = rules.normal_code(code)
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id}
    if len(code) == rules.CODE_DIGITS:
        row = await _sql.totp(tx.connection, **where)
        if row is None or row["confirmed_at"] is None:
            return None
        step = rules.step_of(vault.unseal(_tenant(tx), row["secret_box"]), code, now)
        used = step is not None and await _sql.use_step(tx.connection, **where, step=step)
        return "totp" if used else None
    if not await _sql.use_recovery(tx.connection, **where, code_hash=rules.digest(code), now=now):
        return None
    await _note(tx, operator_id, OWN, after={"recovery_code_used": True})
    return "recovery"


async def new_recovery_codes(tx: Tx, operator_id: int) -> list[str]:
    """Ten new codes, each good once; those before are worth nothing any more. Shown this once.

    Raises:
        ConflictError: the operator has no second factor that could get lost.
    """
    if not await available(tx, operator_id):
        raise ConflictError(say("Recovery codes are for those who have set up a second factor."))
    codes = [rules.new_recovery_code() for _ in range(rules.RECOVERY_CODES)]
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id}
    await _sql.forget_recovery(tx.connection, **where)
    await _sql.insert_recovery(tx.connection, **where, hashes=[rules.digest(code) for code in codes])
    await _note(tx, operator_id, OWN, after={"recovery_codes": len(codes)})
    return codes


async def remove_totp(tx: Tx, operator_id: int) -> None:
    """Remove the operator's app; the last second factor takes the recovery codes with it.

    Raises:
        NotFoundError: there is none.
    """
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id}
    if not await _sql.remove_totp(tx.connection, **where):
        raise NotFoundError(say("No authenticator app is set up."))
    await forget_recovery_without_factor(tx, operator_id)
    await _note(tx, operator_id, OWN, before={"authenticator_app": True})


async def reset(tx: Tx, operator_id: int, *, by: Authority) -> None:
    """An administrator takes all second factors away from an operator who lost them.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: the operator may do more than whoever acts.
    """
    title = (await operators.get(tx, operator_id)).title
    refuse_beyond(await granted(tx, operator_id), by, title=title)
    where = {"tenant_id": tx.tenant_id, "operator_id": operator_id}
    before = await summary(tx, operator_id)
    await _sql.remove_totp(tx.connection, **where)
    await _sql.remove_passkeys(tx.connection, **where)
    await _sql.forget_recovery(tx.connection, **where)
    what = {"authenticator_app": before.totp_since is not None, "passkeys": len(before.passkeys)}
    await _note(tx, operator_id, Function.ACCESS_OPERATOR_PASSWORD, before=what)


async def forget_recovery_without_factor(tx: Tx, operator_id: int) -> None:
    """Recovery codes alone are no second factor."""
    if not await available(tx, operator_id):
        await _sql.forget_recovery(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)


async def _note(
    tx: Tx,
    operator_id: int,
    function: str,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    title = await _sql.title(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    await audit.write(tx, audit.Entry(function, "operator", title, before=before, after=after))


async def _account(tx: Tx, operator_id: int) -> str:
    title = await _sql.title(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    if title is None:
        raise NotFoundError(say("There is no such operator."))
    return str(title).split(" ", 1)[0]


def _tenant(tx: Tx) -> int:
    if tx.tenant_id is None:
        message = "second factors belong to operators of a tenant"
        raise ValueError(message)
    return tx.tenant_id
