"""Use cases of account classes (账户类型): the rules that people's accounts live under."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import asyncpg

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say, say_count
from onecard.people.class_rules import check
from onecard.people.model import AccountClass, ClassDraft, Exclusion, Fate, Rate
from onecard.people.rules import usable_name
from onecard.tenants import audit
from onecard.tenants import service as tenants
from onecard.tenants.functions import F

_sql = load_queries("onecard.people", "classes.sql")
_COUNTER = "class_parameters"


async def classes(tx: Tx) -> list[AccountClass]:
    """The tenant's account classes by number; how many people each has is not counted."""
    return [_class(row) async for row in _sql.classes(tx.connection, tenant_id=tx.tenant_id)]


async def classes_with_people(tx: Tx) -> list[AccountClass]:
    """The tenant's account classes with how many people who have not left each has."""
    rows = _sql.class_heads(tx.connection, tenant_id=tx.tenant_id)
    heads = {row["class_id"]: row["people"] async for row in rows}
    return [replace(each, people=heads.get(each.id, 0)) for each in await classes(tx)]


async def get(tx: Tx, class_id: int) -> AccountClass:
    """One class.

    Raises:
        NotFoundError: it does not exist.
    """
    found = next((each for each in await classes(tx) if each.id == class_id), None)
    if found is None:
        raise NotFoundError(say("There is no such account class."))
    return found


async def create(tx: Tx, draft: ClassDraft) -> int:
    """Create an account class; returns its id.

    Raises:
        OneCardError: something in it is malformed.
        NotFoundError: a merchant or meal that it names does not exist.
        ConflictError: number or name is taken.
    """
    draft = _checked(draft)
    try:
        class_id = int(
            await _sql.insert_class(
                tx.connection, tenant_id=tx.tenant_id, version=await _next_version(tx), draft=_columns(draft)
            )
        )
    except asyncpg.UniqueViolationError:
        raise _taken(draft) from None
    await _save_places(tx, class_id, draft)
    await audit.write(tx, audit.Entry(F.PEOPLE_CLASS_CHANGE, "class", _subject(draft), after=_as_dict(draft)))
    return class_id


async def change(tx: Tx, class_id: int, draft: ClassDraft, *, version: int) -> int:
    """Change the rules of a class; returns its new version, larger than that of any class before.

    Args:
        tx: the tenant's transaction.
        class_id: which.
        draft: all rules; the number as it is.
        version: what the form was opened on.

    Raises:
        OneCardError: something in it is malformed.
        NotFoundError: the class, or a merchant or meal that it names, does not exist.
        ConflictError: somebody else saved meanwhile, the name is taken, or the number would change.
    """
    draft = _checked(draft)
    current = await _sql.lock_class(tx.connection, tenant_id=tx.tenant_id, id=class_id)
    old = await get(tx, class_id)
    if draft.number != old.number:
        raise ConflictError(say("The number of an account class never changes; cards carry it."))
    if current != version:
        raise ConflictError(
            say("Somebody else has changed {name} meanwhile. Look at it again and repeat.", name=old.name)
        )
    before, after = audit.differing(_as_dict(old), _as_dict(draft))
    if not after:
        return version
    new = await _next_version(tx)
    try:
        await _sql.change_class(
            tx.connection, tenant_id=tx.tenant_id, id=class_id, version=new, draft=_columns(draft)
        )
    except asyncpg.UniqueViolationError:
        raise _taken(draft) from None
    await _save_places(tx, class_id, draft)
    await audit.write(tx, audit.Entry(F.PEOPLE_CLASS_CHANGE, "class", _subject(old), before, after))
    return new


async def delete(tx: Tx, class_id: int) -> None:
    """Delete a class that nobody lives under.

    Raises:
        NotFoundError: it does not exist.
        ConflictError: somebody lives under it, also somebody who has left.
    """
    old = await get(tx, class_id)
    people = await _sql.count_all_of_class(tx.connection, tenant_id=tx.tenant_id, class_id=class_id)
    if people:
        raise ConflictError(
            say(
                "The account class {name} cannot be deleted: it is that of {people}.",
                name=old.name,
                people=say_count(people, "{count} person", "{count} people"),
            )
        )
    try:
        await _sql.delete_class(tx.connection, tenant_id=tx.tenant_id, id=class_id)
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
        message = say("The account class {name} cannot be deleted: it is in use.", name=old.name)
        raise ConflictError(message) from None
    entry = audit.Entry(F.PEOPLE_CLASS_CHANGE, "class", _subject(old), before=_as_dict(old))
    await audit.write(tx, entry)


async def _next_version(tx: Tx) -> int:
    # the counter's row is locked until the end: versions become visible in their order
    return await tenants.next_number(tx, _COUNTER)


async def _save_places(tx: Tx, class_id: int, draft: ClassDraft) -> None:
    """Discounts and exclusions, which name merchants and meals."""
    key = {"tenant_id": tx.tenant_id, "class_id": class_id}
    meals = {rate.meal for rate in draft.rates if rate.meal is not None}
    if not await _sql.has_meals(tx.connection, tenant_id=tx.tenant_id, names=sorted(meals)):
        raise NotFoundError(say("A discount or surcharge names a meal that does not exist."))
    await _sql.delete_rates(tx.connection, **key)
    await _sql.delete_exclusions(tx.connection, **key)
    try:
        await _sql.insert_rates(
            tx.connection, **key, merchants=[rate.merchant_id for rate in draft.rates],
            meals=[rate.meal for rate in draft.rates], rates=[rate.basis_points for rate in draft.rates],
        )  # fmt: skip
        await _sql.insert_exclusions(
            tx.connection, **key, merchants=[each.merchant_id for each in draft.exclusions],
            purses=[each.purse for each in draft.exclusions],
        )  # fmt: skip
    except (asyncpg.ForeignKeyViolationError, asyncpg.RestrictViolationError):
        raise NotFoundError(say("The account class names a merchant that does not exist.")) from None


def _checked(draft: ClassDraft) -> ClassDraft:
    name = usable_name(draft.name, say("an account class"))
    exclusions = tuple(sorted(set(draft.exclusions)))
    rates = tuple(sorted(draft.rates, key=_place))
    draft = replace(draft, name=name, exclusions=exclusions, rates=rates)
    check(draft)
    return draft


def _place(rate: Rate) -> tuple[int, str]:
    return rate.merchant_id or 0, rate.meal or ""


def _columns(draft: ClassDraft) -> str:
    """What the statements take: one JSON object."""
    values = asdict(draft) | {"rates": None, "exclusions": None}
    return json.dumps(values, default=str)


def _as_dict(draft: ClassDraft) -> dict[str, Any]:
    """The rules as the audit keeps them."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(draft), default=str))
    values["rates"] = [list(rate.values()) for rate in values["rates"]]
    values["exclusions"] = [list(each.values()) for each in values["exclusions"]]
    return {name: values[name] for name in ClassDraft.__dataclass_fields__}


def _class(row: Mapping[str, Any]) -> AccountClass:
    values = dict(row)
    for name, value in values.items():
        if name.startswith(("refund_", "leaving_")):
            values[name] = Fate(value)
    values["drawing"], values["purses"] = tuple(row["drawing"]), tuple(row["purses"])
    values["rates"] = tuple(Rate(*each) for each in json.loads(row["rates"] or "[]"))
    values["exclusions"] = tuple(Exclusion(*each) for each in json.loads(row["exclusions"] or "[]"))
    # merchants that are null come first in the database and in what is saved
    values["rates"] = tuple(sorted(values["rates"], key=_place))
    return AccountClass(**values)


def _taken(draft: ClassDraft) -> ConflictError:
    return ConflictError(
        say(
            "There is an account class with the number {number} or the name {name} already.",
            number=draft.number,
            name=draft.name,
        )
    )


def _subject(draft: ClassDraft) -> str:
    return f"{draft.number} {draft.name}"
