"""Use cases of operators: create, change, disable, delete; their passwords.

`by` is the authority of whoever acts: nobody gives what he does not have, or touches an operator who has
more. Commands on the server's shell act by EVERYTHING.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import say
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import F
from onecard.tenants.operators import passwords, rules
from onecard.tenants.operators.authority import granted, kept_in_hands
from onecard.tenants.operators.model import Authority, NewOperator, Operator, OperatorDraft, State

_sql = load_queries(__package__)
_COUNTER = "operator"


async def get(tx: Tx, operator_id: int) -> Operator:
    """An operator.

    Raises:
        NotFoundError: there is no such operator.
    """
    row = await _sql.operator(tx.connection, tenant_id=tx.tenant_id, id=operator_id, account=None)
    if row is None:
        raise NotFoundError(say("There is no such operator."))
    return _operator(row)


async def find(tx: Tx, account: str) -> Operator | None:
    """The operator of an account number, if there is one."""
    row = await _sql.operator(tx.connection, tenant_id=tx.tenant_id, id=None, account=account)
    return None if row is None else _operator(row)


async def any_operator(tx: Tx) -> bool:
    """Whether the tenant has an operator at all; before that, its console waits for the first."""
    return bool(await _sql.any_operator(tx.connection, tenant_id=tx.tenant_id))


async def create(tx: Tx, draft: OperatorDraft, *, by: Authority, password: str | None = None) -> NewOperator:
    """Create an operator with the tenant's next account number; it may do nothing until it is granted.

    Args:
        tx: the tenant's transaction.
        draft: what is to be saved.
        by: authority of whoever acts.
        password: for the first sign-in, e.g. of `passwords.one_time`, which has to change it; None: none yet.

    Raises:
        OneCardError: a field is malformed, or the password cannot be taken.
        NotFoundError: the department does not exist.
        ConflictError: the operator would see people whom the creator does not see.
    """
    draft = _usable(draft)
    _refuse_seeing_more(draft, by)
    tenant = await tenants.get(tx)
    account = rules.account_number(tenant.code, await tenants.next_number(tx, _COUNTER))
    try:
        operator_id = await _sql.insert_operator(
            tx.connection, tenant_id=tx.tenant_id, account=account, **_columns(draft)
        )
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
        raise NotFoundError(say("There is no such department.")) from None
    made = NewOperator(int(operator_id), account)
    after = await _shown(tx, draft)
    await audit.write(
        tx, audit.Entry(F.ACCESS_OPERATOR_CHANGE, "operator", f"{account} {draft.name}", after=after)
    )
    if password is not None:
        await keep_password(tx, await get(tx, made.id), password, by_other=True)
    return made


async def change(tx: Tx, operator_id: int, draft: OperatorDraft, *, by: Authority) -> None:
    """Change everything about an operator but its account number, password and state.

    Raises:
        OneCardError: a field is malformed.
        NotFoundError: there is no such operator or department.
        ConflictError: the operator may do more than whoever acts, would see more, or is the last one who may
            grant everything.
    """
    draft = _usable(draft)
    async with kept_in_hands(tx):
        old = await _changeable(tx, operator_id, by)
        if (draft.department_id, draft.all_departments) != (old.department_id, old.all_departments):
            _refuse_seeing_more(draft, by)
        before, after = audit.differing(await _shown(tx, old), await _shown(tx, draft))
        if not after:
            return
        try:
            await _sql.update_operator(
                tx.connection, tenant_id=tx.tenant_id, id=operator_id, **_columns(draft)
            )
        except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
            raise NotFoundError(say("There is no such department.")) from None
        await _write(tx, old, before, after)


async def set_enabled(tx: Tx, operator_id: int, *, enabled: bool, by: Authority) -> None:
    """Enable or disable an operator; whoever is disabled may do nothing from the next request on.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: the operator may do more than whoever acts, acts itself, is the last one who may grant
            everything, or is enabled but its last day is over.
    """
    async with kept_in_hands(tx):
        operator = await _changeable(tx, operator_id, by)
        if not enabled and is_self(tx, operator):
            raise ConflictError(say("You cannot disable your own account. Let another administrator do it."))
        if enabled and operator.state is State.ENDED:
            day = operator.ends_on
            raise ConflictError(say("This account ended on {day}. Give it a later last day.", day=day))
        was = operator.state is not State.DISABLED
        if was == enabled:
            return
        state = State.ENABLED if enabled else State.DISABLED
        await _sql.set_state(tx.connection, tenant_id=tx.tenant_id, id=operator_id, state=state)
        other = State.DISABLED if enabled else State.ENABLED
        await _write(tx, operator, {"state": other}, {"state": state})


async def delete(tx: Tx, operator_id: int, *, by: Authority) -> None:
    """Delete an operator who never signed in; its account number is not given again.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: it signed in before, may do more than whoever acts, or is the last one who may grant
            everything.
    """
    async with kept_in_hands(tx):
        operator = await _changeable(tx, operator_id, by)
        worked = say("{operator} has worked here, so the account stays. Disable it.", operator=operator.title)
        if operator.signed_in_at is not None or is_self(tx, operator):
            raise ConflictError(worked)
        try:
            await _sql.delete_authority(tx.connection, tenant_id=tx.tenant_id, id=operator_id)
            await _sql.delete_operator(tx.connection, tenant_id=tx.tenant_id, id=operator_id)
        except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
            raise ConflictError(worked) from None
        await _write(tx, operator, await _shown(tx, operator), None)


async def set_preferences(tx: Tx, operator_id: int, *, language: str | None, time_zone: str | None) -> None:
    """Save an operator's own language and time zone; None takes the tenant's.

    Raises:
        OneCardError: one of them is not known.
    """
    rules.refuse_preferences(language, time_zone)
    await _sql.set_preferences(
        tx.connection, tenant_id=tx.tenant_id, id=operator_id, language=language, time_zone=time_zone
    )


async def set_password(tx: Tx, operator_id: int, password: str, *, by: Authority) -> None:
    """Set another operator's password; its next sign-in has to change it, within a week. Ends a lock.

    Raises:
        OneCardError: the password cannot be taken.
        NotFoundError: there is no such operator.
        ConflictError: the operator may do more than whoever acts, or acts itself.
    """
    operator = await _changeable(tx, operator_id, by)
    if is_self(tx, operator):
        raise ConflictError(say("Change your own password with the old one, in your profile."))
    await keep_password(tx, operator, password, by_other=True)


async def change_own_password(tx: Tx, operator_id: int, *, old: str, new: str) -> None:
    """Change a password by the old one; callers slow down who tries often.

    Raises:
        OneCardError: the old password is wrong, or the new one is the same or cannot be taken.
        NotFoundError: there is no such operator.
    """
    operator = await get(tx, operator_id)
    if not await passwords.matches(await password_hash(tx, operator_id), old):
        raise OneCardError(say("The old password is not right."))
    if old == new:
        raise OneCardError(say("The new password is the old one. Choose another."))
    await keep_password(tx, operator, new, by_other=False)


async def keep_password(tx: Tx, operator: Operator, password: str, *, by_other: bool) -> None:
    """Check and keep a password; for use cases that made sure that whoever acts may set it.

    Raises:
        OneCardError: the password cannot be taken.
    """
    tenant = await tenants.get(tx)
    personal = (operator.account, operator.name, tenant.code, tenant.name)
    passwords.refuse_weak(password, personal=personal)
    await _sql.set_password(
        tx.connection, tenant_id=tx.tenant_id, id=operator.id, by_other=by_other,
        password_hash=await passwords.hashed(password),
    )  # fmt: skip
    await _write(tx, operator, None, {"password_set_by_other": by_other}, F.ACCESS_OPERATOR_PASSWORD)


async def password_hash(tx: Tx, operator_id: int) -> str | None:
    """The kept hash, to compare with outside the transaction (`passwords.matches`); None: no password."""
    kept = await _sql.password_hash(tx.connection, tenant_id=tx.tenant_id, id=operator_id)
    return None if kept is None else str(kept)


async def replace_hash(tx: Tx, operator_id: int, *, outdated: str, fresh: str) -> None:
    """Keep the same password under newer parameters, unless it was changed meanwhile."""
    await _sql.replace_hash(
        tx.connection, tenant_id=tx.tenant_id, id=operator_id, password_hash=fresh, outdated=outdated
    )


async def signed_in(tx: Tx, operator_id: int) -> None:
    """Note that an operator has just signed in."""
    await _sql.set_signed_in(tx.connection, tenant_id=tx.tenant_id, id=operator_id)


async def lock(tx: Tx, operator_id: int, *, until: datetime) -> None:
    """Refuse an operator for a while, after repeated failures to sign in.

    Raises:
        NotFoundError: there is no such operator.
    """
    operator = await get(tx, operator_id)
    await _sql.set_locked(tx.connection, tenant_id=tx.tenant_id, id=operator_id, until=until)
    await _write(tx, operator, None, {"locked_until": until}, F.ACCESS_OPERATOR_PASSWORD)


async def unlock(tx: Tx, operator_id: int, *, by: Authority) -> None:
    """End a lock.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: the operator may do more than whoever acts.
    """
    operator = await _changeable(tx, operator_id, by)
    if operator.locked_until is not None:
        await _sql.set_locked(tx.connection, tenant_id=tx.tenant_id, id=operator_id, until=None)
        before, after = {"locked_until": operator.locked_until}, {"locked_until": None}
        await _write(tx, operator, before, after, F.ACCESS_OPERATOR_PASSWORD)


def is_self(tx: Tx, operator: Operator) -> bool:
    """Whether the operator is the one who acts."""
    return tx.actor.kind == "operator" and tx.actor.name == operator.account


async def _changeable(tx: Tx, operator_id: int, by: Authority) -> Operator:
    operator = await get(tx, operator_id)
    rules.refuse_beyond(await granted(tx, operator_id), by, title=operator.title)
    return operator


def _usable(draft: OperatorDraft) -> OperatorDraft:
    return replace(draft, name=rules.usable_name(draft.name), remark=rules.usable_remark(draft.remark))


def _refuse_seeing_more(draft: OperatorDraft, by: Authority) -> None:
    if by.department_ids is None:
        return
    if draft.all_departments or not by.sees(draft.department_id):
        raise ConflictError(say("Choose a department whose people you see yourself."))


def _operator(row: Mapping[str, Any]) -> Operator:
    return Operator(**(dict(row) | {"state": State(row["state"])}))


def _columns(draft: OperatorDraft) -> dict[str, Any]:
    values = asdict(draft)
    values["every"] = values.pop("all_departments")
    values["devices"] = values.pop("may_sign_in_on_devices")
    values["top_up"] = values.pop("may_top_up")
    return values


async def _shown(tx: Tx, draft: OperatorDraft) -> dict[str, Any]:
    """The fields of a draft as the audit shows them, with the department's name."""
    values = {each.name: getattr(draft, each.name) for each in fields(OperatorDraft)}
    department_id = values.pop("department_id")
    name = department_id and await _sql.department_name(
        tx.connection, tenant_id=tx.tenant_id, id=department_id
    )
    return values | {"department": name}


async def _write(
    tx: Tx,
    operator: Operator,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    function: F = F.ACCESS_OPERATOR_CHANGE,
) -> None:
    await audit.write(tx, audit.Entry(function, "operator", operator.title, before, after))
