"""Use cases of departments: a tree with exactly one root per tenant."""

import re
from collections.abc import Sequence
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError, OneCardError
from onecard.base.texts import Text, say, say_count
from onecard.people.model import Department, DepartmentLine
from onecard.people.rules import CODE_MAX, DepartmentTree, tidy, usable_name
from onecard.people.scope import Scope, covers, refuse_outside
from onecard.tenants import audit
from onecard.tenants.functions import F

_sql = load_queries("onecard.people", "departments.sql")
_POSITION_MOST = 1_000_000


async def tree(tx: Tx) -> DepartmentTree:
    """The tenant's departments."""
    rows = _sql.departments(tx.connection, tenant_id=tx.tenant_id)
    return DepartmentTree([Department(**row) async for row in rows])


async def subtree(tx: Tx, department_id: int) -> list[int]:
    """Ids of a department and of all below it; empty when there is no such department."""
    rows = _sql.subtree(tx.connection, tenant_id=tx.tenant_id, id=department_id)
    return [row["id"] async for row in rows]


async def outline(tx: Tx, *, departments: Scope = None) -> list[DepartmentLine]:
    """The tree with how many people each has, parents before children.

    Args:
        tx: the tenant's transaction.
        departments: what the caller may see; what is above is left out, and numbers count only what is seen.
    """
    found = await tree(tx)
    heads = {
        row["department_id"]: row["people"] async for row in _sql.heads(tx.connection, tenant_id=tx.tenant_id)
    }
    lines = [(depth, each) for depth, each in found.outline() if covers(departments, each.id)]
    seen = {each.id for _, each in lines}
    below = {each.id: heads.get(each.id, 0) for _, each in lines}
    for _, each in reversed(lines):
        if each.parent_id in seen:
            below[each.parent_id] += below[each.id]
    depths: dict[int | None, int] = {}
    result = []
    for _, each in lines:
        depths[each.id] = depths.get(each.parent_id, -1) + 1
        result.append(
            DepartmentLine(
                department=each, depth=depths[each.id], path=found.path(each.id),
                people=heads.get(each.id, 0), people_below=below[each.id],
            )
        )  # fmt: skip
    return result


async def get(tx: Tx, department_id: int, *, departments: Scope = None) -> Department:
    """One department.

    Raises:
        NotFoundError: it does not exist, or the caller does not see it.
    """
    refuse_outside(departments, department_id)
    return _found(await tree(tx), department_id)


async def create(
    tx: Tx,
    *,
    name: str,
    parent_id: int | None = None,
    code: str | None = None,
    position: int = 0,
    departments: Scope = None,
) -> int:
    """Create a department; returns its id.

    Args:
        tx: the tenant's transaction.
        name: unique among its siblings, without `/`.
        parent_id: None makes the root.
        code: None: the next free number.
        position: order among its siblings.
        departments: where the caller may do it.

    Raises:
        OneCardError: name, code or position is malformed.
        NotFoundError: the parent does not exist.
        ConflictError: there is a root already, or the parent has a child of this name, or the code is taken.
    """
    refuse_outside(departments, parent_id)
    known = await tree(tx)
    code = _usable_code(code) if code and code.strip() else _free_code(known.all)
    wanted = Department(0, code, _usable_name(name), parent_id, _usable_position(position))
    if parent_id is None and known.all:
        raise ConflictError(
            say("There is a root department already, so {name} needs a parent.", name=wanted.name)
        )
    if parent_id is not None:
        _found(known, parent_id)
    _refuse_double(known.all, wanted)
    made = await _saved(
        _sql.insert_department(
            tx.connection, tenant_id=tx.tenant_id, code=code, name=wanted.name, parent_id=parent_id,
            position=position,
        ),
        wanted,
    )  # fmt: skip
    parent = "" if parent_id is None else known.path(parent_id)
    after = {"code": code, "name": wanted.name, "parent": parent, "position": position}
    await audit.write(
        tx, audit.Entry(F.PEOPLE_DEPARTMENT_CHANGE, "department", _subject(wanted), after=after)
    )
    return made


async def change(
    tx: Tx, department_id: int, *, name: str, code: str, position: int = 0, departments: Scope = None
) -> None:
    """Give a department another name, code or position.

    Raises:
        OneCardError: name, code or position is malformed.
        NotFoundError: it does not exist.
        ConflictError: the name is taken among its siblings, or the code in the tenant.
    """
    refuse_outside(departments, department_id)
    known = await tree(tx)
    old = _found(known, department_id)
    new = Department(
        old.id, _usable_code(code), _usable_name(name), old.parent_id, _usable_position(position)
    )
    _refuse_double(known.all, new)
    before, after = audit.differing(_as_dict(old), _as_dict(new))
    if not after:
        return
    await _saved(
        _sql.change_department(
            tx.connection, tenant_id=tx.tenant_id, id=old.id, code=new.code, name=new.name,
            position=new.position,
        ),
        new,
    )  # fmt: skip
    entry = audit.Entry(F.PEOPLE_DEPARTMENT_CHANGE, "department", _subject(old), before, after)
    await audit.write(tx, entry)


async def move(
    tx: Tx, department_id: int, *, parent_id: int, position: int | None = None, departments: Scope = None
) -> None:
    """Move a department with everything below it under another one.

    Args:
        tx: the tenant's transaction.
        department_id: what is moved.
        parent_id: where to.
        position: order among its new siblings; None: as it was.
        departments: where the caller may do it.

    Raises:
        NotFoundError: one of the two does not exist.
        ConflictError: it is the root, or would come under itself or beside a department of its name.
    """
    refuse_outside(departments, department_id)
    refuse_outside(departments, parent_id)
    # whoever moves waits here for the one before, and then sees what that one did
    await _sql.lock_tree(tx.connection, tenant_id=tx.tenant_id)
    known = await tree(tx)
    old, parent = _found(known, department_id), _found(known, parent_id)
    if old.parent_id is None:
        raise ConflictError(say("The root department {name} cannot be moved.", name=old.name))
    if parent_id in await subtree(tx, department_id):
        message = say(
            "{name} cannot be moved under {parent}, which is part of it.", name=old.name, parent=parent.name
        )
        raise ConflictError(message)
    new = Department(old.id, old.code, old.name, parent_id, old.position if position is None else position)
    _refuse_double(known.all, new)
    await _saved(
        _sql.move_department(
            tx.connection, tenant_id=tx.tenant_id, id=old.id, parent_id=parent_id, position=position
        ),
        new,
    )
    before, after = {"parent": known.path(old.parent_id)}, {"parent": known.path(parent_id)}
    await audit.write(tx, audit.Entry(F.PEOPLE_DEPARTMENT_MOVE, "department", _subject(old), before, after))


async def ensure(tx: Tx, path: str) -> int:
    """The department at a path (`初中部/七年级1班`), made when missing, and so its parents.

    The root may lead the path or be left out; without a root yet, the first name becomes it.
    """
    known = {(each.parent_id, each.name): each.id for each in (await tree(tx)).all}
    names = [tidy(part) for part in path.strip("/").split("/")]
    root = next((key for key in known if key[0] is None), None)
    if root is not None and names[0] != root[1]:
        names.insert(0, root[1])
    here: int | None = None
    for name in names:
        here = known.get((here, name)) or await create(tx, name=name, parent_id=here)
    return int(here or 0)


async def delete(tx: Tx, department_id: int, *, departments: Scope = None) -> None:
    """Delete an empty department.

    Raises:
        NotFoundError: it does not exist.
        ConflictError: something is in it; the sentence says what.
    """
    refuse_outside(departments, department_id)
    old = _found(await tree(tx), department_id)
    row = await _sql.department_contents(tx.connection, tenant_id=tx.tenant_id, id=department_id)
    inside = _inside(row)
    if inside is not None:
        raise ConflictError(
            say("The department {name} cannot be deleted: it holds {inside}.", name=old.name, inside=inside)
        )
    try:
        await _sql.delete_department(tx.connection, tenant_id=tx.tenant_id, id=department_id)
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
        raise ConflictError(
            say("The department {name} cannot be deleted: people or operators belong to it.", name=old.name)
        ) from None
    entry = audit.Entry(F.PEOPLE_DEPARTMENT_CHANGE, "department", _subject(old), before=_as_dict(old))
    await audit.write(tx, entry)


def _inside(row: Any) -> Text | None:
    people, gone, departments = row["people"], row["gone"], row["departments"]
    parts = []
    if people:
        parts.append(say_count(people, "{count} person", "{count} people"))
    if gone:
        parts.append(say_count(gone, "{count} person who has left", "{count} people who have left"))
    if departments:
        parts.append(say_count(departments, "{count} department", "{count} departments"))
    whole = parts[0] if parts else None
    for part in parts[1:]:
        whole = say("{first} and {second}", first=whole, second=part)
    return whole


def _found(known: DepartmentTree, department_id: int) -> Department:
    department = known.get(department_id)
    if department is None:
        raise NotFoundError(say("There is no such department."))
    return department


async def _saved(work: Any, wanted: Department) -> int:
    try:
        made = await work
    except asyncpg.UniqueViolationError:
        message = say("Another department {name} was just saved there by somebody else.", name=wanted.name)
        raise ConflictError(message) from None
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
        message = say("The department that {name} was to come under was just deleted.", name=wanted.name)
        raise NotFoundError(message) from None
    if made is None:
        raise NotFoundError(say("There is no such department."))
    return int(made)


def _refuse_double(known: Sequence[Department], wanted: Department) -> None:
    others = [each for each in known if each.id != wanted.id]
    if any(each.parent_id == wanted.parent_id and each.name == wanted.name for each in others):
        raise ConflictError(say("There is a department {name} in the same place already.", name=wanted.name))
    if any(each.code == wanted.code for each in others):
        raise ConflictError(say("The department code {code} is taken.", code=wanted.code))


def _free_code(known: Sequence[Department]) -> str:
    taken = [int(each.code) for each in known if re.fullmatch(r"\d{1,9}", each.code, re.ASCII)]
    return str(max(taken, default=0) + 1)


def _usable_name(name: str) -> str:
    name = usable_name(name, say("a department"))
    if "/" in name:
        message = say(
            "A department's name may not contain “/”, which separates the names of a path; {name} does.",
            name=name,
        )
        raise OneCardError(message)
    return name


def _usable_code(code: str) -> str:
    code = tidy(code)
    if not re.fullmatch(rf"[\w.-]{{1,{CODE_MAX}}}", code):
        message = say(
            "A department's code has 1 to {most} letters, digits, dots, hyphens or underscores;"
            " {code} is not one.",
            most=CODE_MAX,
            code=code,
        )
        raise OneCardError(message)
    return code


def _usable_position(position: int) -> int:
    if not 0 <= position <= _POSITION_MOST:
        raise OneCardError(say("The position is a number from 0 to {most}.", most=_POSITION_MOST))
    return position


def _as_dict(department: Department) -> dict[str, Any]:
    return {"code": department.code, "name": department.name, "position": department.position}


def _subject(department: Department) -> str:
    return f"{department.code} {department.name}"
