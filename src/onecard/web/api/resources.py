"""Calls of the API out of screens: list, one, create, change, delete, and actions on several.

Pages and API are made of the same declaration, so that a new screen is in the API with the same rights, the
same validation and the same use cases.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from onecard.base.errors import NotFoundError
from onecard.base.listing import Condition, Kind, Op, Wish
from onecard.base.texts import say
from onecard.web.api.caller import calling
from onecard.web.api.problems import Refusal
from onecard.web.kit.fields import field_errors
from onecard.web.kit.needs import Needs
from onecard.web.kit.screen import Screen
from onecard.web.kit.visit import Visit

FUNCTION = "x-onecard-function"
Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="Id of the resource.")]
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.NUMBER: int,
    Kind.MONEY: int,
    Kind.DATE: date,
    Kind.INSTANT: datetime,
    Kind.CHOICE: str,
    Kind.YES: bool,
    Kind.ID: int,
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    for status, text in {
        400: "Refused, with the reason.",
        401: "No valid key.",
        403: "The key lacks the function.",
        404: "Not found.",
        409: "Contradicts what is stored.",
        422: "A field is not usable.",
    }.items()
}


class Made(BaseModel):
    """What was created."""

    id: int


class Done(BaseModel):
    """What an action did."""

    affected: int
    refused: list[str]
    message: str


def add_resource(router: APIRouter, screen: Screen[Any]) -> None:
    """Add the calls of one screen."""
    _add_list(router, screen)
    if screen.form is not None and screen.load is not None:
        _add_one(router, screen)
    if screen.form is not None and screen.create is not None:
        _add_create(router, screen)
    if screen.form is not None and screen.save is not None:
        _add_change(router, screen)
    if screen.remove is not None:
        _add_remove(router, screen)


def described(needs: Needs) -> dict[str, Any]:
    """What the API's description says about the right a call needs."""
    return {FUNCTION: needs.value}


def _label(screen: Screen[Any]) -> str:
    return str(screen.title)


def _operation(screen: Screen[Any], verb: str) -> str:
    return f"{verb}_{screen.api.replace('-', '_')}"


def _add_list(router: APIRouter, screen: Screen[Any]) -> None:
    row_fields: dict[str, Any] = {screen.listing.key: (int, Field())}
    for column in screen.columns:
        if column.name in screen.listing.fields:
            row_fields[column.name] = (_TYPES[column.kind] | None, Field(None, description=str(column.title)))
    row_model = create_model(
        f"{screen.form.__name__ if screen.form else screen.api.title()}Row", **row_fields
    )
    page_model = create_model(
        f"{row_model.__name__}Page",
        items=(list[row_model], Field()),
        next=(str | None, Field(None, description="Cursor of the next page; null at the end.")),
    )
    filters = _filter_model(screen)
    needs = screen.view

    async def show(
        visit: Annotated[Visit, Depends(calling(needs))],
        wanted: Annotated[filters, Query()],  # type: ignore[valid-type]
    ) -> Any:
        return await _page(screen, visit, wanted)

    router.add_api_route(
        f"/{screen.api}", show, methods=["GET"], response_model=page_model, responses=_PROBLEMS,
        summary=f"{_label(screen)}: list", tags=[_label(screen)],
        operation_id=_operation(screen, "list"), openapi_extra=described(needs),
    )  # fmt: skip


def _filter_model(screen: Screen[Any]) -> type[BaseModel]:
    fields: dict[str, Any] = {
        "limit": (Annotated[int, Field(ge=1, le=500, description="Rows of a page.")], 100),
        "cursor": (
            Annotated[str | None, Field(max_length=500, description="`next` of the page before.")],
            None,
        ),
        "q": (Annotated[str, Field(max_length=100, description="Search, as on the page.")], ""),
    }
    for column in screen.columns:
        declared = screen.listing.fields.get(column.name)
        if declared is None or not declared.filter or not column.filter:
            continue
        kind, title = _TYPES[column.kind], str(column.title)
        if column.kind is Kind.CHOICE:
            fields[column.name] = (Annotated[list[str] | None, Field(description=title, max_length=50)], None)
        elif column.kind in {Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.INSTANT}:
            fields[f"{column.name}_from"] = (
                Annotated[kind | None, Field(description=f"{title}, from")],
                None,
            )
            fields[f"{column.name}_to"] = (Annotated[kind | None, Field(description=f"{title}, to")], None)
        else:
            fields[column.name] = (Annotated[kind | None, Field(description=title)], None)
    name = f"{screen.api.title().replace('-', '')}Filter"
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


async def _page(screen: Screen[Any], visit: Visit, wanted: BaseModel) -> dict[str, Any]:
    given = wanted.model_dump(exclude_none=True)
    wish = Wish(
        arguments=screen.arguments(visit, _AsQuery(given)),  # type: ignore[arg-type]
        conditions=_conditions(screen, visit, given),
        most=int(given["limit"]),
    )
    async with visit.tx(snapshot=True) as tx:
        rows, after = await screen.listing.after(tx, wish, given.get("cursor"))
    hidden = {column.name for column in screen.columns} - {column.name for column in screen.seen(visit)}
    return {
        "items": [{name: value for name, value in row.items() if name not in hidden} for row in rows],
        "next": after,
    }


class _AsQuery:
    """The filters of a call where a screen expects those of an address."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def one(self, name: str) -> str:
        return str(self._given.get(name, ""))

    def every(self, name: str) -> list[str]:
        value = self._given.get(name, [])
        return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _conditions(screen: Screen[Any], visit: Visit, given: Mapping[str, Any]) -> list[Condition]:
    found: list[Condition] = []
    for column in screen.filters(visit):
        for end, op in (("_from", Op.FROM), ("_to", Op.TO)):
            if column.name + end in given:
                found.append(Condition(column.name, op, (given[column.name + end],)))
        if column.name in given:
            value = given[column.name]
            if isinstance(value, list):
                found.append(Condition(column.name, Op.IN, tuple(value)))
            else:
                op = Op.HAS if column.kind is Kind.TEXT else Op.IS
                found.append(Condition(column.name, op, (value,)))
    return found


def _stored_model(form: type[BaseModel]) -> type[BaseModel]:
    """What is stored: the form's fields without its demands on what is typed, and the id."""
    fields: dict[str, Any] = {"id": (int, Field())}
    for name, info in form.model_fields.items():
        if info.exclude is not True:
            fields[name] = (info.annotation | None if info.annotation else Any, Field(None))
    return create_model(form.__name__.removesuffix("Form"), **fields)


def _change_model(form: type[BaseModel]) -> type[BaseModel]:
    """Every field optional: what is not sent stays as it is."""
    fields: dict[str, Any] = {}
    for name, info in form.model_fields.items():
        fields[name] = (Annotated[info.annotation | None, *info.metadata], None)  # type: ignore[operator]
    return create_model(f"{form.__name__}Change", __config__=ConfigDict(extra="forbid"), **fields)


def _add_one(router: APIRouter, screen: Screen[Any]) -> None:
    assert screen.form is not None  # noqa: S101  checked by the caller
    assert screen.load is not None  # noqa: S101
    stored, load = screen.stored or _stored_model(screen.form), screen.load

    async def one(id: Id, visit: Annotated[Visit, Depends(calling(screen.view))]) -> Any:  # noqa: A002  its name in the path
        async with visit.tx(snapshot=True) as tx:
            return {**await load(tx, visit, id), "id": id}

    router.add_api_route(
        f"/{screen.api}/{{id}}", one, methods=["GET"], response_model=stored, responses=_PROBLEMS,
        summary=f"{_label(screen)}: one", tags=[_label(screen)],
        operation_id=_operation(screen, "get"), openapi_extra=described(screen.view),
    )  # fmt: skip


def _add_create(router: APIRouter, screen: Screen[Any]) -> None:
    form, create, needs = screen.form, screen.create, screen.change
    assert form is not None and create is not None and needs is not None  # noqa: S101, PT018  checked by the caller

    async def make(
        visit: Annotated[Visit, Depends(calling(needs))],
        body: Annotated[form, Body()],  # type: ignore[valid-type]
        response: Response,
    ) -> Made:
        async with visit.tx() as tx:
            key = await create(tx, visit, body)
        response.headers["location"] = f"/api/v1/{screen.api}/{key}"
        return Made(id=key)

    router.add_api_route(
        f"/{screen.api}", make, methods=["POST"], status_code=201, response_model=Made, responses=_PROBLEMS,
        summary=f"{_label(screen)}: create", tags=[_label(screen)],
        operation_id=_operation(screen, "create"), openapi_extra=described(needs),
    )  # fmt: skip


def _add_change(router: APIRouter, screen: Screen[Any]) -> None:
    form, save, load, needs = screen.form, screen.save, screen.load, screen.change
    assert form is not None and save is not None and load is not None  # noqa: S101, PT018  checked by the caller
    assert needs is not None  # noqa: S101
    changes = _change_model(form)

    async def change(
        id: Id,  # noqa: A002  its name in the path
        visit: Annotated[Visit, Depends(calling(needs))],
        body: Annotated[changes, Body()],  # type: ignore[valid-type]
    ) -> Response:
        async with visit.tx() as tx:
            known = dict(await load(tx, visit, id))
            usable = {name: value for name, value in known.items() if name in form.model_fields}
            sent = body.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
            try:
                whole = form.model_validate(usable | sent)
            except ValidationError as error:
                wrong = [
                    {"pointer": f"/{name}", "in": "body", "detail": visit.say(text)}
                    for name, text in field_errors(error).items()
                ]
                raise Refusal(422, say("Look at “errors” for each field."), errors=wrong) from None
            await save(tx, visit, id, whole)
        return Response(status_code=204)

    router.add_api_route(
        f"/{screen.api}/{{id}}", change, methods=["PATCH"], status_code=204, responses=_PROBLEMS,
        response_model=None, summary=f"{_label(screen)}: change", tags=[_label(screen)],
        operation_id=_operation(screen, "change"), openapi_extra=described(needs),
    )  # fmt: skip


def _add_remove(router: APIRouter, screen: Screen[Any]) -> None:
    remove, needs = screen.remove, screen.change
    if remove is None or needs is None:
        raise NotFoundError(say("There is no form here."))

    async def delete(id: Id, visit: Annotated[Visit, Depends(calling(needs))]) -> Response:  # noqa: A002  its name in the path
        async with visit.tx() as tx:
            await remove(tx, visit, id)
        return Response(status_code=204)

    router.add_api_route(
        f"/{screen.api}/{{id}}", delete, methods=["DELETE"], status_code=204, response_model=None,
        responses=_PROBLEMS, summary=f"{_label(screen)}: delete", tags=[_label(screen)],
        operation_id=_operation(screen, "delete"), openapi_extra=described(needs),
    )  # fmt: skip
