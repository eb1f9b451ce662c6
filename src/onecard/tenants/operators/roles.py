"""Use cases of roles and grants, and how a tenant gets its first administrator."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say, say_in
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import F, Function
from onecard.tenants.operators import rules, service
from onecard.tenants.operators.authority import granted, kept_in_hands
from onecard.tenants.operators.model import EVERYTHING, Authority, NewOperator, OperatorDraft, Role, RoleDraft

_sql = load_queries(__package__, "roles.sql")


async def open_operators(tx: Tx) -> int:
    """Make the built-in role of administrators when it is missing; returns its id."""
    tenant = await tenants.get(tx)
    name = say_in("role", "Administrator").read(tenant.language)
    await _sql.insert_administrator(tx.connection, tenant_id=tx.tenant_id, name=name)
    role_id = await _sql.administrator(tx.connection, tenant_id=tx.tenant_id)
    if role_id is None:
        raise ConflictError(say("A role is called {name} already. Rename it first.", name=name))
    return int(role_id)


async def create_first_administrator(tx: Tx, name: str, password: str) -> NewOperator:
    """Create the operator who may do everything in a tenant that has no operator yet.

    Raises:
        OneCardError: name or password cannot be taken.
        ConflictError: the tenant has operators.
    """
    role_id = await open_operators(tx)
    async with kept_in_hands(tx):
        if await service.any_operator(tx):
            raise ConflictError(say("There are operators already. Let one of them create others."))
        made = await service.create(tx, OperatorDraft(name=name, all_departments=True), by=EVERYTHING)
        await set_roles(tx, made.id, [role_id], by=EVERYTHING)
        await service.keep_password(tx, await service.get(tx, made.id), password, by_other=False)
    return made


async def roles(tx: Tx) -> list[Role]:
    """All roles of the tenant, the built-in first, by name."""
    return await _roles(tx)


async def role(tx: Tx, role_id: int) -> Role:
    """A role.

    Raises:
        NotFoundError: there is no such role.
    """
    found = await _roles(tx, role_id=role_id)
    if not found:
        raise NotFoundError(say("There is no such role."))
    return found[0]


async def roles_of(tx: Tx, operator_id: int) -> list[Role]:
    """The roles an operator has."""
    return await _roles(tx, operator_id=operator_id)


async def grants_of(tx: Tx, operator_id: int) -> frozenset[Function]:
    """The functions granted to an operator one by one, beside those of its roles."""
    return rules.known_functions(await _granted_names(tx, operator_id))


async def create_role(tx: Tx, draft: RoleDraft, *, by: Authority) -> int:
    """Create a role; returns its id.

    Raises:
        OneCardError: a field is malformed.
        ConflictError: the name is taken, or a function is not the creator's own.
    """
    draft = _usable(draft)
    rules.refuse_granting(draft.functions, by)
    try:
        role_id = await _sql.insert_role(
            tx.connection, tenant_id=tx.tenant_id, name=draft.name, remark=draft.remark, built_in=False,
            functions=sorted(draft.functions),
        )  # fmt: skip
    except asyncpg.UniqueViolationError:
        raise ConflictError(_taken(draft)) from None
    await audit.write(tx, audit.Entry(F.ACCESS_ROLE_CHANGE, "role", draft.name, after=_shown(draft)))
    return int(role_id)


async def change_role(tx: Tx, role_id: int, draft: RoleDraft, *, by: Authority) -> None:
    """Change a role, and with it what its operators may do.

    Raises:
        OneCardError: a field is malformed.
        NotFoundError: there is no such role.
        ConflictError: it is the built-in one, the name is taken, it has or would get functions that are not
            the changer's own, or nobody would be left who may grant everything.
    """
    draft = _usable(draft)
    async with kept_in_hands(tx):
        old = await _changeable(tx, role_id, by)
        rules.refuse_granting(draft.functions, by)
        before, after = audit.differing(_shown(old), _shown(draft))
        if not after:
            return
        names = sorted({*draft.functions, *await _unknown_of_role(tx, role_id)})
        try:
            await _sql.update_role(
                tx.connection, tenant_id=tx.tenant_id, id=role_id, name=draft.name, remark=draft.remark,
                functions=names,
            )  # fmt: skip
        except asyncpg.UniqueViolationError:
            raise ConflictError(_taken(draft)) from None
        await audit.write(tx, audit.Entry(F.ACCESS_ROLE_CHANGE, "role", old.name, before, after))


async def delete_role(tx: Tx, role_id: int, *, by: Authority) -> None:
    """Delete a role that nobody has.

    Raises:
        NotFoundError: there is no such role.
        ConflictError: it is the built-in one, has functions that are not the deleter's own, or somebody has
            it; the sentence says who.
    """
    async with kept_in_hands(tx):
        old = await _changeable(tx, role_id, by)
        holders = [
            f"{row['account']} {row['name']}"
            async for row in _sql.holders(tx.connection, tenant_id=tx.tenant_id, id=role_id)
        ]
        if holders:
            raise ConflictError(
                say(
                    "The role {role} cannot be deleted while somebody has it: {operators}.",
                    role=old.name,
                    operators=rules.listed(holders),
                )
            )
        await _sql.delete_role(tx.connection, tenant_id=tx.tenant_id, id=role_id)
        await audit.write(tx, audit.Entry(F.ACCESS_ROLE_CHANGE, "role", old.name, before=_shown(old)))


async def set_roles(tx: Tx, operator_id: int, role_ids: Collection[int], *, by: Authority) -> None:
    """Give an operator exactly these roles.

    Raises:
        NotFoundError: there is no such operator or role.
        ConflictError: the operator or one of the roles may do more than whoever acts, whoever acts would
            take from itself the right to grant, or nobody would be left who may grant everything.
    """
    async with kept_in_hands(tx):
        operator = await service.get(tx, operator_id)
        rules.refuse_beyond(await granted(tx, operator_id), by, title=operator.title)
        known = {each.id: each for each in await _roles(tx)}
        if not known.keys() >= set(role_ids):
            raise NotFoundError(say("There is no such role."))
        for role_id in role_ids:
            rules.refuse_granting(known[role_id].functions, by)
        before = [each.name for each in await roles_of(tx, operator_id)]
        await _sql.take_roles(
            tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, kept=list(role_ids)
        )
        await _sql.give_roles(
            tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, role_ids=list(role_ids)
        )
        after = [each.name for each in await roles_of(tx, operator_id)]
        await _write(tx, operator.title, {"roles": before}, {"roles": after})


async def set_grants(tx: Tx, operator_id: int, functions: Collection[Function], *, by: Authority) -> None:
    """Grant an operator exactly these functions one by one, beside those of its roles.

    Names that another version stored are left as they are.

    Raises:
        NotFoundError: there is no such operator.
        ConflictError: the operator may do more than whoever acts, a function is not the acting one's own, it
            would take from itself the right to grant, or nobody would be left who may grant everything.
    """
    async with kept_in_hands(tx):
        operator = await service.get(tx, operator_id)
        rules.refuse_beyond(await granted(tx, operator_id), by, title=operator.title)
        rules.refuse_granting(functions, by)
        before = await grants_of(tx, operator_id)
        gone, wanted = sorted(before - set(functions)), sorted(functions)
        await _sql.take_grants(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, functions=gone)
        await _sql.give_grants(
            tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id, functions=wanted
        )
        await _write(tx, operator.title, {"functions": sorted(before)}, {"functions": wanted})


async def _roles(tx: Tx, *, role_id: int | None = None, operator_id: int | None = None) -> list[Role]:
    rows = _sql.roles(tx.connection, tenant_id=tx.tenant_id, id=role_id, operator_id=operator_id)
    return [_role(row) async for row in rows]


def _role(row: Mapping[str, Any]) -> Role:
    known = frozenset(Function) if row["built_in"] else rules.known_functions(row["functions"])
    return Role(**(dict(row) | {"functions": known}))


async def _changeable(tx: Tx, role_id: int, by: Authority) -> Role:
    found = await role(tx, role_id)
    if found.built_in:
        raise ConflictError(
            say("The role {role} is built in and always has every function.", role=found.name)
        )
    if not found.functions <= by.functions:
        raise ConflictError(
            say(
                "The role {role} may do more than you, so only somebody with as much authority can"
                " change it.",
                role=found.name,
            )
        )
    return found


async def _unknown_of_role(tx: Tx, role_id: int) -> set[str]:
    """What another version of the product stored in a role; not ours to drop."""
    names = await _sql.role_functions(tx.connection, tenant_id=tx.tenant_id, id=role_id)
    return set(names) - {str(each) for each in Function}


async def _granted_names(tx: Tx, operator_id: int) -> list[str]:
    rows = _sql.grants(tx.connection, tenant_id=tx.tenant_id, operator_id=operator_id)
    return [row["function"] async for row in rows]


def _usable(draft: RoleDraft) -> RoleDraft:
    return replace(draft, name=rules.usable_name(draft.name), remark=rules.usable_remark(draft.remark))


def _taken(draft: RoleDraft) -> Any:
    return say("There is a role {name} already.", name=draft.name)


def _shown(draft: RoleDraft) -> dict[str, Any]:
    return {"name": draft.name, "remark": draft.remark, "functions": sorted(draft.functions)}


async def _write(tx: Tx, title: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    old, new = audit.differing(before, after)
    if new:
        await audit.write(tx, audit.Entry(F.ACCESS_OPERATOR_GRANT, "operator", title, old, new))
