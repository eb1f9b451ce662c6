"""Photos of people and the import for programs: contents of files are the bodies of calls as they are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.jobs.model import Upload
from onecard.base.scratch import scratch
from onecard.base.texts import Text, say
from onecard.desk import import_job
from onecard.people.photos import service as photos
from onecard.people.photos.model import FINDINGS, Finding, Photo
from onecard.tenants.functions import F
from onecard.web.api.caller import calling, described
from onecard.web.api.carrying import Change, Headers, carry_out
from onecard.web.api.jobs import Started
from onecard.web.api.resources import DONE, Id, Maker, problems
from onecard.web.kit.visit import Visit
from onecard.web.pages.people import imports, person_actions
from onecard.web.pages.people import photos as pictures

Slot = Annotated[int, Path(ge=1, le=2, description="Photo 1 or 2.")]
FileName = Annotated[str, Query(min_length=1, max_length=255, description="What the file is called.")]
_BINARY = {"type": "string", "format": "binary"}


class FoundInPhoto(BaseModel):
    """Something that makes a photo unfit for a face terminal."""

    name: Finding
    message: str


class PhotoRead(BaseModel):
    """A stored photo; without findings it is fit for face terminals."""

    slot: int
    sha256: str
    width: int
    height: int
    findings: list[FoundInPhoto]
    face_use: bool = Field(description="A face terminal may have it.")
    created_at: datetime


class PhotoPut(BaseModel):
    """What became of a photo that was sent."""

    stored: bool = Field(description="False: it is the same as before.")
    findings: list[FoundInPhoto]


class CheckedFile(BaseModel):
    """How a checked file is imported."""

    model_config = ConfigDict(extra="forbid")
    all_or_nothing: bool = Field(
        True,
        description="Import nothing when a row is wrong; otherwise the good rows without the wrong ones.",
    )


def add_people(maker: Maker) -> None:
    """Add the calls of photos and imports."""
    _add_photos(maker)
    _add_imports(maker)


# --- photos -------------------------------------------------------------------------------------------------


def _add_photos(maker: Maker) -> None:
    see, change, one = F.PEOPLE_PHOTO_VIEW, F.PEOPLE_PHOTO_CHANGE, "/{id}/photos/{slot}"

    async def every(id: Id, visit: Annotated[Visit, Depends(calling(see))]) -> list[PhotoRead]:  # noqa: A002  its name in the path
        async with visit.tx() as tx:
            return [_read(visit, each) for each in await photos.photos(tx, id, departments=visit.scope)]

    async def show(id: Id, slot: Slot, visit: Annotated[Visit, Depends(calling(see))]) -> Response:  # noqa: A002  as above
        return await pictures.picture(visit, id, slot)

    async def put(
        id: Id,  # noqa: A002  as above
        slot: Slot,
        visit: Annotated[Visit, Depends(calling(change))],
        headers: Annotated[Headers, Depends()],
    ) -> Response:
        prepared = await person_actions.prepared(await visit.request.body())

        async def work(tx: Tx) -> PhotoPut:
            stored = await photos.put(tx, id, prepared, slot=slot, departments=visit.scope)
            return PhotoPut(stored=stored, findings=_findings(visit, prepared.findings))

        return await carry_out(visit, headers, _change(change, work, one))

    async def take_away(
        id: Id,  # noqa: A002  as above
        slot: Slot,
        visit: Annotated[Visit, Depends(calling(change))],
        headers: Annotated[Headers, Depends()],
    ) -> Response:
        async def work(tx: Tx) -> None:
            await photos.take_away(tx, id, slot=slot, departments=visit.scope)

        return await carry_out(visit, headers, _change(change, work, one, status=204))

    maker.route(
        "GET", "/{id}/photos", every, verb="list_photos", what=say("Photos"), needs=see,
        model=list[PhotoRead],
    )  # fmt: skip
    _file(maker, one, show, "image/jpeg")
    maker.route(
        "PUT", one, put, verb="put_photo", what=say("Upload a photo"), needs=change, model=PhotoPut,
        takes=_content("image/jpeg", "image/png"),
    )  # fmt: skip
    maker.route(
        "DELETE", one, take_away, verb="delete_photo", what=say("Delete the photo"), needs=change, status=204
    )


def _file(maker: Maker, path: str, show: Callable[..., Awaitable[Response]], media_type: str) -> None:
    found: dict[int | str, dict[str, Any]] = {
        200: {"description": "The photo.", "content": {media_type: {"schema": _BINARY}}}
    }
    maker.router.add_api_route(
        f"/{maker.screen.api}{path}", show, methods=["GET"], response_model=None, response_class=Response,
        response_description=DONE.read(maker.language),
        responses=problems(maker.language) | found, tags=[maker.title], operation_id="get_photo_people",
        summary=f"{maker.title}: {say('Photo').read(maker.language)}",
        openapi_extra=described(F.PEOPLE_PHOTO_VIEW),
    )  # fmt: skip


def _read(visit: Visit, photo: Photo) -> PhotoRead:
    return PhotoRead(
        slot=photo.slot, sha256=photo.sha256.hex(), width=photo.width, height=photo.height,
        findings=_findings(visit, photo.findings), face_use=photo.face_use, created_at=photo.created_at,
    )  # fmt: skip


def _findings(visit: Visit, found: tuple[Finding, ...]) -> list[FoundInPhoto]:
    return [FoundInPhoto(name=each, message=visit.say(FINDINGS[each])) for each in found]


# --- import -------------------------------------------------------------------------------------------------


def _add_imports(maker: Maker) -> None:
    needs = F.PEOPLE_PERSON_IMPORT
    for kind, path, verb in (
        (imports.WORKBOOK, "/imports", "check_import"),
        (imports.PICTURES, "/photo-imports", "import_photos"),
    ):
        maker.route(
            "POST", path, _starting(kind.start), verb=verb, what=kind.title, needs=needs, model=Started,
            status=202, takes=_content("application/octet-stream"),
        )  # fmt: skip

    async def go_on(
        id: Id,  # noqa: A002  its name in the path
        visit: Annotated[Visit, Depends(calling(needs))],
        headers: Annotated[Headers, Depends()],
        body: Annotated[CheckedFile, Body()],
    ) -> Response:
        async def work(tx: Tx) -> Started:
            job = await import_job.start_import(
                tx, visit.services.vault, id, all_or_nothing=body.all_or_nothing, departments=visit.scope
            )
            return Started(job=job)

        return await carry_out(visit, headers, _change(needs, work, "/imports", status=202))

    maker.route(
        "POST", "/imports/{id}/carry-out", go_on, verb="carry_out_import",
        what=say("Import what was checked"), needs=needs, model=Started, status=202,
    )  # fmt: skip


def _starting(start: imports.Start) -> Callable[..., Awaitable[Response]]:
    async def begin(
        visit: Annotated[Visit, Depends(calling(F.PEOPLE_PERSON_IMPORT))],
        headers: Annotated[Headers, Depends()],
        name: FileName,
    ) -> Response:
        async with _received(visit, name) as file:

            async def work(tx: Tx) -> Started:
                return Started(job=await start(tx, visit, file))

            change = _change(F.PEOPLE_PERSON_IMPORT, work, "/imports", status=202)
            return await carry_out(visit, headers, change)

    return begin


@asynccontextmanager
async def _received(visit: Visit, name: str) -> AsyncIterator[Upload]:
    """The call's body as a file, until the block ends."""
    content = await visit.request.body()
    if not content:
        raise OneCardError(say("The file is empty."))
    with scratch("upload") as directory:
        path = directory / "file"
        await asyncio.to_thread(path.write_bytes, content)
        yield Upload(name, "application/octet-stream", path)


def _content(*media_types: str) -> dict[str, Any]:
    """The description of a body that is a file."""
    return {"requestBody": {"required": True, "content": {each: {"schema": _BINARY} for each in media_types}}}


def _change(
    function: F, work: Callable[[Tx], Awaitable[BaseModel | None]], path: str, *, status: int = 200
) -> Change:
    async def summary(_tx: Tx) -> Text:
        return say("Import what was checked")

    return Change(function=function, work=work, summary=summary, path=path, status=status)
