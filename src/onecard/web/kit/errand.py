"""A visit without a request: somebody asked for something long and left, a job goes on in their name."""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request

from onecard.base.db import Tx
from onecard.base.jobs.work import Work
from onecard.base.texts import say
from onecard.tenants import service as tenants
from onecard.tenants.functions import Function
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.authority import authority
from onecard.tenants.operators.rules import known_functions
from onecard.tenants.sessions.model import Session
from onecard.web.kit.assets import Assets
from onecard.web.kit.hub import Hub
from onecard.web.kit.visit import LANGUAGE_COOKIE, Visit
from onecard.web.services import Services


def errand(visit: Visit, query: str) -> dict[str, Any]:
    """What a job has to know to go on for a visit; JSON-able.

    Args:
        visit: who asks.
        query: the list's address from its question mark on.
    """
    return {
        "operator": visit.who.operator_id,
        "functions": sorted(visit.who.functions),
        "departments": visit.scope,
        "language": visit.language,
        "query": query,
    }


class Errand(Visit):
    """The visit of whoever asked for a job: never more rights than they had then, nor than they have now."""

    def __init__(self, work: Work, who: Session, path: str) -> None:
        language = f"{LANGUAGE_COOKIE}={work.params['language']}"
        scope = {
            "type": "http", "method": "GET", "path": path, "query_string": work.params["query"].encode(),
            "headers": [(b"cookie", language.encode())],
        }  # fmt: skip
        tools = work.tools
        services = Services(
            db=tools.db, vault=tools.vault, hub=Hub(), assets=Assets(Path(), {}), version="", schema=""
        )
        super().__init__(Request(scope), services, who)
        self._work = work
        self.posted = FormData([(name, value) for name, value in work.params.get("posted", ())])

    def progress(self, done: int, total: int) -> None:
        """Say how far the job is.

        Raises:
            CancelWanted: somebody changed their mind: what the transaction did is undone.
        """
        self._work.progress(done, total, say("Changing rows"))

    def tx(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[Tx]:
        """A transaction in which no other attempt at the job can begin."""
        return self._work.tx(snapshot=snapshot)


async def stand_in(tx: Tx, params: Mapping[str, Any], where: str) -> Session:
    """Whoever asked for a job, with the rights that are left of those they had.

    Raises:
        NotFoundError: there is no such operator any more.
    """
    operator, tenant = await operators.get(tx, params["operator"]), await tenants.get(tx)
    now = await authority(tx, operator.id)
    asked: Collection[Function] = known_functions(params["functions"])
    return Session(
        session_id=None,
        tenant=tenant,
        operator_id=operator.id,
        account=operator.account,
        name=operator.name,
        functions=now.functions & frozenset(asked),
        department_ids=_narrowed(now.department_ids, params["departments"]),
        language=operator.language or tenant.language,
        time_zone=operator.time_zone or tenant.time_zone,
        where=where,
    )


def _narrowed(now: frozenset[int] | None, asked: list[int] | None) -> frozenset[int] | None:
    """Departments of both; None is everybody's."""
    if asked is None:
        return now
    return frozenset(asked) if now is None else now & frozenset(asked)
