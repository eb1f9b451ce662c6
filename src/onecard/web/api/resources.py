"""Calls of the API out of screens: list, one, create, change, delete.

Pages and API are made of the same declaration, so that a new screen is in the API with the same rights, the
same validation and the same use cases.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.listing import Condition, Op, Wish, usual
from onecard.base.texts import Text, say, say_in
from onecard.tenants.functions import Function
from onecard.web.api import models
from onecard.web.api.caller import calling, described, refuse_without
from onecard.web.api.carrying import Change, Headers, Waits, carry_out
from onecard.web.api.problems import Refusal
from onecard.web.api.secrets import Secret, secrets_of
from onecard.web.kit.problems import PROBLEM
from onecard.web.kit.screen import Screen
from onecard.web.kit.screen_forms import form_path
from onecard.web.kit.told import told
from onecard.web.kit.visit import Visit

_INT64 = 2**63
Id = Annotated[int, Path(ge=1, lt=_INT64)]


class Made(BaseModel):
    """What was created."""

    id: int
    secrets: list[Secret] = Field([], description="Shown this once, e.g. a key.")


@dataclass(frozen=True)
class Maker:
    """Adds the calls of one screen; their words are in one language.

    Attributes:
        router: that gets them.
        screen: they are of.
        language: of summaries and descriptions.
    """

    router: APIRouter
    screen: Screen[Any]
    language: str

    @cached_property
    def name(self) -> str:
        """Of the models, e.g. `AccountClass`."""
        form = self.screen.form
        return form.__name__.removesuffix("Form") if form else self.screen.api.title().replace("-", "")

    @property
    def title(self) -> str:
        """Of the screen, which is also the heading of its calls."""
        return self.screen.title.read(self.language)

    def add(self) -> None:
        """Add what the screen has."""
        screen = self.screen
        self._list()
        if screen.load is not None and (screen.form or screen.stored):
            self._one()
        if screen.change is not None:
            if screen.create is not None:
                self._create(screen.change)
            if screen.save is not None and screen.load is not None:
                self._change(screen.change)
            if screen.remove is not None:
                self._delete(screen.change)

    def route(
        self, method: str, path: str, endpoint: Callable[..., Awaitable[Any]], *, verb: str, what: Text,
        needs: Any, model: Any = None, status: int = 200, waits: bool = False,
        takes: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """Add one call.

        `waits`: it may answer that somebody has to approve it first; `takes`: describes a file it is sent.
        """
        self.router.add_api_route(
            f"/{self.screen.api}{path}", endpoint, methods=[method], status_code=status, response_model=model,
            response_description=DONE.read(self.language),
            responses=problems(self.language, waits=waits), tags=[self.title],
            openapi_extra=described(needs) | dict(takes or {}),
            summary=f"{self.title}: {what.read(self.language)}",
            operation_id=f"{verb}_{self.screen.api}".replace("-", "_"),
        )  # fmt: skip

    def _list(self) -> None:
        screen, needs = self.screen, self.screen.view
        filters = models.filter_model(screen, self.name, self.language)

        async def show(
            visit: Annotated[Visit, Depends(calling(needs))],
            wanted: Annotated[filters, Query()],  # type: ignore[valid-type]
        ) -> Any:
            return await listed(screen, visit, wanted)

        model = models.page_model(screen, self.name, self.language)
        self.route("GET", "", show, verb="list", what=say_in("api", "List"), needs=needs, model=model)

    def _one(self) -> None:
        screen, load, form = self.screen, self.screen.load, self.screen.form
        assert load is not None  # noqa: S101  checked by the caller
        stored = screen.stored or models.stored_model(form or BaseModel, self.name, self.language)

        needs = screen.one or screen.view

        async def one(id: Id, visit: Annotated[Visit, Depends(calling(needs))]) -> Any:  # noqa: A002  its name in the path
            async with visit.tx(snapshot=True) as tx:
                return {**await load(tx, visit, id), "id": id}

        self.route(
            "GET", "/{id}", one, verb="get", what=say_in("api", "Look at one"), needs=needs, model=stored
        )

    def _create(self, needs: Function) -> None:
        screen, create, form = self.screen, self.screen.create, self.screen.form
        assert create is not None and form is not None  # noqa: S101, PT018  checked by the caller
        sent = models.sent_model(form, f"{self.name}New", self.language)

        async def make(
            visit: Annotated[Visit, Depends(calling(needs))],
            body: Annotated[sent, Body()],  # type: ignore[valid-type]
            headers: Annotated[Headers, Depends()],
        ) -> Response:
            values = body.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
            whole = models.whole(visit, form, values)
            _refuse_guarded(screen, visit, values)

            async def work(tx: Tx) -> Made:
                key = await create(tx, visit, whole)
                return Made(id=key, secrets=secrets_of(visit))

            async def summary(tx: Tx) -> Text:
                return told(screen.new, whole, await screen.choices(tx, visit))

            change = Change(
                function=screen.used(visit, {}, whole), work=work, summary=summary, status=201,
                path=f"{screen.path}/new", fields=models.posted(visit, whole),
            )  # fmt: skip
            return await carry_out(visit, headers, change)

        self.route(
            "POST", "", make, verb="create", what=say_in("api", "Create"), needs=needs, model=Made,
            status=201, waits=True,
        )  # fmt: skip

    def _change(self, needs: Function) -> None:
        screen, load, form = self.screen, self.screen.load, self.screen.form
        save = screen.save
        assert save is not None and load is not None and form is not None  # noqa: S101, PT018  as above
        sent = models.sent_model(form, f"{self.name}Change", self.language, change=True)

        async def change(
            id: Id,  # noqa: A002  its name in the path
            visit: Annotated[Visit, Depends(calling(needs))],
            body: Annotated[sent, Body()],  # type: ignore[valid-type]
            headers: Annotated[Headers, Depends()],
        ) -> Response:
            values = body.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
            _refuse_guarded(screen, visit, values)
            async with visit.tx() as tx:
                before = dict(await load(tx, visit, id))
            known = {name: value for name, value in before.items() if name in form.model_fields}
            whole = models.whole(visit, form, known | values)

            async def work(tx: Tx) -> None:
                await save(tx, visit, id, whole)

            async def summary(tx: Tx) -> Text:
                return told(screen.edit, whole, await screen.choices(tx, visit), f"#{id}")

            done = Change(
                function=screen.used(visit, before, whole), work=work, summary=summary, status=204,
                path=form_path(screen, id), fields=models.posted(visit, whole),
            )  # fmt: skip
            return await carry_out(visit, headers, done)

        self.route(
            "PATCH",
            "/{id}",
            change,
            verb="change",
            what=say_in("api", "Change"),
            needs=needs,
            status=204,
            waits=True,
        )

    def _delete(self, needs: Function) -> None:
        screen, remove = self.screen, self.screen.remove
        assert remove is not None  # noqa: S101  checked by the caller

        async def delete(
            id: Id,  # noqa: A002  its name in the path
            visit: Annotated[Visit, Depends(calling(needs))],
            headers: Annotated[Headers, Depends()],
        ) -> Response:
            async def work(tx: Tx) -> None:
                await remove(tx, visit, id)

            async def summary(_tx: Tx) -> Text:
                return say("{screen}: delete {thing}", screen=screen.title, thing=f"#{id}")

            path = f"{screen.path}/{id}/delete"
            change = Change(function=needs, work=work, summary=summary, path=path, status=204)
            return await carry_out(visit, headers, change)

        self.route(
            "DELETE",
            "/{id}",
            delete,
            verb="delete",
            what=say_in("api", "Delete"),
            needs=needs,
            status=204,
            waits=True,
        )


_ANSWERS = {
    400: say("Refused, with the reason."),
    401: say("Nobody is known by what was sent."),
    403: say("The function is missing, or a confirmation."),
    404: say("Not found."),
    405: say("Not with this method."),
    409: say("Contradicts what is stored, or what was asked before with this key."),
    413: say("Too large."),
    415: say("Not a kind of content that is taken here."),
    422: say("A field is not usable."),
    429: say("Too many requests; the header Retry-After says how many seconds to wait."),
    500: say("Something went wrong on the server; nothing was changed."),
    503: say("Not available right now."),
}
DONE = say("Done.")
WAITS = say("Waits for a second operator's approval; nothing was changed yet.")


def problems(language: str = "en", *, waits: bool = False) -> dict[int | str, dict[str, Any]]:
    """The errors every call may answer with, for the description; `waits`: it may need an approval."""
    schema = {"$ref": "#/components/schemas/Problem"}
    found: dict[int | str, dict[str, Any]] = {
        status: {"description": words.read(language), "content": {PROBLEM: {"schema": schema}}}
        for status, words in _ANSWERS.items()
    }
    return found | ({202: {"model": Waits, "description": WAITS.read(language)}} if waits else {})


def _refuse_guarded(screen: Screen[Any], visit: Visit, values: Mapping[str, Any]) -> None:
    """Fields with a function of their own are not quietly left out when it is missing."""
    for name, function in screen.guarded.items():
        if name in values:
            refuse_without(visit, function)


# --- lists --------------------------------------------------------------------------------------------------


async def listed(screen: Screen[Any], visit: Visit, wanted: BaseModel) -> dict[str, Any]:
    """A page of a list.

    Raises:
        Refusal: ordered or filtered by a column that is not seen.
    """
    given = wanted.model_dump(exclude_none=True)
    wish = wish_of(screen, visit, given)
    async with visit.tx(snapshot=True) as tx:
        rows, after = await screen.listing.after(tx, wish, given.get("cursor"))
    seen = {column.name for column in screen.seen(visit)}
    shown = [column for column in models.columns(screen) if column.name in seen]
    return {"items": [_row(screen, visit, row, shown) for row in rows], "next": after}


def _row(screen: Screen[Any], visit: Visit, row: Row, shown: Any) -> dict[str, Any]:
    values = {each.name: each.program.value(visit, row) if each.program else row[each.name] for each in shown}
    return {screen.listing.key: row[screen.listing.key]} | values


def wish_of(screen: Screen[Any], visit: Visit, given: Mapping[str, Any]) -> Wish:
    """What the parameters ask of the listing.

    Raises:
        Refusal: ordered or filtered by a column that is not seen.
    """
    order = str(given.get("sort", ""))
    seen = {column.name for column in screen.seen(visit)}
    asked = {order.lstrip("-")} if order else set()
    asked |= {column.name for column in screen.columns for each in names(column.name) if each in given}
    if hidden := asked - seen:
        raise Refusal(403, say("You do not see the column {column}.", column=min(hidden)))
    return Wish(
        arguments=screen.arguments(visit, _AsQuery(given)),  # type: ignore[arg-type]
        conditions=_conditions(screen, visit, given),
        sort=order.lstrip("-") or None,
        descending=order.startswith("-"),
        most=int(given.get("limit", 100)),
    )


class _AsQuery:
    """The filters of a call where a screen expects those of an address."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def one(self, name: str) -> str:
        return str(self._given.get(name, ""))

    def every(self, name: str) -> list[str]:
        value = self._given.get(name, [])
        return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def names(column: str) -> tuple[str, ...]:
    """The parameters a column may be filtered by."""
    return (column, f"{column}_from", f"{column}_to")


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
                op = usual(column.kind)
                found.append(Condition(column.name, op, (value,)))
    return found
