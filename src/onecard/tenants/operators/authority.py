"""Who may do what: the authority of an operator, and the limits on changing it."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from onecard.base.db import Row, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.texts import say
from onecard.tenants.functions import F, Function
from onecard.tenants.operators.model import NOTHING, Authority
from onecard.tenants.operators.rules import known_functions

_sql = load_queries(__package__)


async def authority(tx: Tx, operator_id: int) -> Authority:
    """What an operator may do right now, and whose people it sees; nothing while it may not work.

    One statement, meant to be asked with every request.

    Raises:
        NotFoundError: there is no such operator.
    """
    row = await _row(tx, operator_id)
    return _authority(row) if row["works"] else NOTHING


async def granted(tx: Tx, operator_id: int) -> Authority:
    """What an operator may do while it is enabled: what is at stake when somebody else changes it.

    Raises:
        NotFoundError: there is no such operator.
    """
    return _authority(await _row(tx, operator_id))


@asynccontextmanager
async def kept_in_hands(tx: Tx) -> AsyncIterator[None]:
    """Around a change of authority: afterwards somebody can still grant everything, and so can its author.

    Changes of one tenant's authority wait for each other here, so that two administrators who disable each
    other at the same moment cannot both succeed.

    Raises:
        ConflictError: nobody could grant everything any more, or the acting operator would take from itself
            the right to grant.
    """
    await _sql.lock_authority(tx.connection, tenant_id=tx.tenant_id)
    somebody, myself = await _somebody_administers(tx), await _i_may_grant(tx)
    yield
    if somebody and not await _somebody_administers(tx):
        raise ConflictError(
            say(
                "Nobody would be left who may grant everything. Give the administrator's role, all"
                " departments and no end date to another enabled operator first."
            )
        )
    if myself and not await _i_may_grant(tx):
        raise ConflictError(
            say("You would take from yourself the right to grant. Let another administrator do it.")
        )


async def _row(tx: Tx, operator_id: int) -> Row:
    row: Row | None = await _sql.authority(tx.connection, tenant_id=tx.tenant_id, id=operator_id)
    if row is None:
        raise NotFoundError(say("There is no such operator."))
    return row


def _authority(row: Row) -> Authority:
    departments = None if row["all_departments"] else frozenset(row["departments"])
    return Authority(_functions(row["functions"], everything=row["everything"]), departments)


def _functions(names: Iterable[str], *, everything: bool) -> frozenset[Function]:
    return frozenset(Function) if everything else known_functions(names)


async def _somebody_administers(tx: Tx) -> bool:
    async for row in _sql.may_administer(tx.connection, tenant_id=tx.tenant_id):
        if len(_functions(row["functions"] or (), everything=row["everything"])) == len(Function):
            return True
    return False


async def _i_may_grant(tx: Tx) -> bool:
    if tx.actor.kind != "operator":
        return False
    row = await _sql.operator(tx.connection, tenant_id=tx.tenant_id, id=None, account=tx.actor.name)
    return row is not None and (await authority(tx, row["id"])).may(F.ACCESS_OPERATOR_GRANT)
