"""Jobs for programs: end one, fetch the file it made, ask for a list as a file."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Body, Depends
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.texts import Text, say
from onecard.desk.sheet_writer import Format
from onecard.tenants.functions import Function
from onecard.web.api import models
from onecard.web.api.actions import Done, address
from onecard.web.api.caller import calling, described, refuse_without
from onecard.web.api.carrying import Change, Headers, carry_out
from onecard.web.api.resources import Id, Maker, problems
from onecard.web.kit import jobs as cards
from onecard.web.kit.export import start_export
from onecard.web.kit.filters import Query
from onecard.web.kit.needs import Open
from onecard.web.kit.visit import Visit
from onecard.web.pages.system import jobs


class Started(BaseModel):
    """A job that was asked for."""

    job: int = Field(description="Number of the job; see `GET /api/v1/jobs/{id}`.")


def add_jobs(maker: Maker) -> None:
    """Add what can be done with one job."""
    needs = Open.SIGNED_IN

    async def cancel(
        id: Id,  # noqa: A002  its name in the path, where the page looks for it
        visit: Annotated[Visit, Depends(calling(needs))],
        headers: Annotated[Headers, Depends()],
    ) -> Response:
        async def work(tx: Tx) -> Done:
            _, told = await jobs.end(tx, visit)
            return Done(message=visit.say(told))

        async def summary(_tx: Tx) -> Text:
            return say("Cancel the job")

        change = Change(function=needs, work=work, summary=summary, path=f"{jobs.PATH}/{id}/cancel")
        answer = await carry_out(visit, headers, change)
        await cards.tell(visit, f"job.{id}")
        return answer

    async def result(id: Id, visit: Annotated[Visit, Depends(calling(needs))]) -> Response:  # noqa: A002  as above
        return await jobs.result(visit)

    maker.route(
        "POST", "/{id}/cancel", cancel, verb="cancel", what=say("Cancel the job"), needs=needs, model=Done
    )
    files: dict[int | str, dict[str, Any]] = {
        200: {
            "description": say("The file.").read(maker.language),
            "content": {"*/*": {"schema": _FILE}},
        }
    }
    maker.router.add_api_route(
        f"/{maker.screen.api}/{{id}}/result", result, methods=["GET"], response_model=None,
        response_class=Response, responses=problems(maker.language) | files, tags=[maker.title],
        operation_id="result_jobs",
        summary=f"{maker.title}: {say('Download the result').read(maker.language)}",
        openapi_extra=described(needs),
    )  # fmt: skip


_FILE = {"type": "string", "format": "binary"}


def add_export(maker: Maker) -> None:
    """Add the call that writes a list into a file, as a job."""
    screen = maker.screen
    needs = screen.export or screen.view
    filters: Any = models.filter_model(screen, f"{maker.name}Export", maker.language, paged=False)
    which, kind = say("Only rows with these filters."), say("Excel or CSV.")
    sent: Any = create_model(
        f"{maker.name}Export",
        __config__=ConfigDict(extra="forbid"),
        filter=(Annotated[filters | None, Field(description=which.read(maker.language))], None),
        format=(Annotated[Format, Field(description=kind.read(maker.language))], Format.XLSX),
    )

    async def export(
        visit: Annotated[Visit, Depends(calling(needs))],
        body: Annotated[sent, Body()],
        headers: Annotated[Headers, Depends()],
    ) -> Response:
        if isinstance(screen.view, Function):
            refuse_without(visit, screen.view)
        asked: Mapping[str, Any] = body.model_dump(exclude_none=True)
        query = Query(screen.path, address(screen, visit, asked.get("filter", {})))

        async def work(tx: Tx) -> Started:
            return Started(job=await start_export(tx, visit, screen, query, asked["format"]))

        async def summary(_tx: Tx) -> Text:
            return say("Export: {list}", list=screen.title)

        change = Change(
            function=needs, work=work, summary=summary, path=f"{screen.path}/export?{urlencode(query.pairs)}",
            status=202,
        )  # fmt: skip
        return await carry_out(visit, headers, change)

    maker.route(
        "POST", "/export", export, verb="export", what=say("Export, as a job"), needs=needs, model=Started,
        status=202,
    )  # fmt: skip
