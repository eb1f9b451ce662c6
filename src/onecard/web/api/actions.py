"""Calls of the API out of what can be done with rows (`Bulk`) and with one thing (`Action`)."""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Body, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, create_model
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.listing import Kind
from onecard.base.texts import Text, say, say_count
from onecard.web.api import models
from onecard.web.api.caller import calling
from onecard.web.api.carrying import Change, Headers, carry_out
from onecard.web.api.resources import Id, Maker, names, wish_of
from onecard.web.api.secrets import Secret, secrets_of
from onecard.web.kit.actions import Action
from onecard.web.kit.bulk import FOUND, KEYS, TOKEN, Bulk
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.told import told
from onecard.web.kit.visit import Visit

_MOST = 10_000  # rows of one call; more are several calls
_SHOWN = 100


class Done(BaseModel):
    """What was done."""

    message: str
    secrets: list[Secret] = Field([], description="Shown this once, e.g. a one-time password.")


class Left(BaseModel):
    """A row an action leaves alone."""

    thing: str
    reason: str


class Foreseen(BaseModel):
    """What an action would do (`dry_run`), or did."""

    affected: int
    refused: list[Left] = Field([], description="Rows it leaves alone; the first hundred.")
    token: str = Field(
        "", description="Of a dry run; sent with the action it is done as shown, or not at all."
    )
    message: str


def add_bulk(maker: Maker, action: Bulk) -> None:
    """Add the call of an action on several rows, or on the list as a whole."""
    screen, name = maker.screen, f"{maker.name}{action.name.title().replace('-', '')}"
    sent = _bulk_model(maker, action, name)

    async def act(
        visit: Annotated[Visit, Depends(calling(action.needs))],
        body: Annotated[sent, Body()],  # type: ignore[valid-type]
        headers: Annotated[Headers, Depends()],
        *,
        dry_run: Annotated[bool, Query(description=_DRY.read(maker.language))] = False,
    ) -> Any:
        asked = body.model_dump(exclude_unset=True)  # type: ignore[attr-defined]
        form = {name: value for name, value in asked.items() if name in action.form.model_fields}
        made = models.whole(visit, action.form, form)
        if dry_run:
            return await _foresee(screen, visit, action, asked, made)
        change = _bulk_change(screen, visit, action, asked, made)
        return await carry_out(visit, headers, change)

    maker.route(
        "POST", f"/actions/{action.name}", act, verb=f"do_{action.name}", what=action.label,
        needs=action.needs, model=Foreseen, waits=True,
    )  # fmt: skip


_DRY = say("Only say what would happen.")


def _bulk_model(maker: Maker, action: Bulk, name: str) -> type[BaseModel]:
    form = models.sent_model(action.form, f"{name}Form", maker.language)
    fields: dict[str, Any] = {
        field: (
            Annotated[info.annotation, *info.metadata, Field(description=info.description)],
            _default(info),
        )
        for field, info in form.model_fields.items()
    }
    if action.rows:
        filters = models.filter_model(maker.screen, name, maker.language, paged=False)
        keys, found = say("Ids of the rows."), say("Instead of ids: every row a list with these filters has.")
        fields["keys"] = (
            Annotated[list[models.Id] | None, Field(max_length=_MOST, description=keys.read(maker.language))],
            None,
        )
        fields["filter"] = (Annotated[filters | None, Field(description=found.read(maker.language))], None)
    token = say("Of the dry run whose result is to happen exactly so.")
    fields["token"] = (Annotated[str, Field(max_length=200, description=token.read(maker.language))], "")
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _default(info: Any) -> Any:
    return ... if info.is_required() else info.default


def _bulk_change(
    screen: Screen[Any], visit: Visit, action: Bulk, asked: Mapping[str, Any], made: BaseModel
) -> Change:
    async def work(tx: Tx) -> Foreseen:
        keys = await _keys(screen, tx, visit, action, asked)
        seen = await action.preview(tx, visit, keys, made)
        message = await action.carry_out(tx, visit, keys, made)
        return Foreseen(
            affected=seen.affected, refused=_left(visit, seen.refused), message=visit.say(message)
        )

    async def summary(tx: Tx) -> Text:
        rows = len(await _keys(screen, tx, visit, action, asked))
        thing = say_count(rows, "({n} row)", "({n} rows)", n=rows) if action.rows else ""
        return told(action.label, made, await action.options(tx, visit), thing)

    fields = [(KEYS, str(key)) for key in asked.get("keys") or ()]
    if asked.get("filter") is not None:
        fields.append((FOUND, "?" + urlencode(address(screen, visit, asked["filter"]))))
    fields += models.posted(visit, made, str(asked.get(TOKEN, "")))
    return Change(
        function=action.needs, work=work, summary=summary, path=f"{screen.path}/bulk/{action.name}/do",
        fields=tuple(fields),
    )  # fmt: skip


def address(screen: Screen[Any], visit: Visit, filters: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The filters as the page's address has them: amounts and moments as people there write them."""
    kinds = {each: column.kind for column in screen.columns for each in names(column.name)}
    return tuple(
        (name, _as_typed(visit, kinds.get(name), each))
        for name, value in sorted(filters.items())
        for each in (value if isinstance(value, list) else [value])
        if each is not None
    )


def _as_typed(visit: Visit, kind: Kind | None, value: Any) -> str:
    if kind is Kind.MONEY:
        return visit.money(value).replace(",", "")
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(visit.zone).replace(tzinfo=None).isoformat()
    return str(value)


async def _foresee(
    screen: Screen[Any], visit: Visit, action: Bulk, asked: Mapping[str, Any], made: BaseModel
) -> Foreseen:
    async with visit.tx(snapshot=True) as tx:
        keys = await _keys(screen, tx, visit, action, asked)
        seen = await action.preview(tx, visit, keys, made)
    rows = say_count(seen.affected, "{n} row will change.", "{n} rows will change.", n=f"{seen.affected:,}")
    return Foreseen(
        affected=seen.affected, refused=_left(visit, seen.refused), token=seen.token,
        message=visit.say(seen.told or rows),
    )  # fmt: skip


def _left(visit: Visit, refused: Any) -> list[Left]:
    return [Left(thing=visit.say(thing), reason=visit.say(reason)) for thing, reason in refused[:_SHOWN]]


async def _keys(
    screen: Screen[Any], tx: Tx, visit: Visit, action: Bulk, asked: Mapping[str, Any]
) -> list[int]:
    """The rows: those that are named, or all that the filters find."""
    if not action.rows:
        return []
    keys, filters = asked.get("keys"), asked.get("filter")
    if (keys is None) == (filters is None):
        raise OneCardError(say("Send either “keys” or “filter”."))
    if filters is not None:
        given = {name: value for name, value in filters.items() if value is not None}
        keys = await screen.listing.keys(tx, wish_of(screen, visit, given))
    if not keys:
        raise OneCardError(say("No rows are selected. Select some first."))
    if len(keys) > _MOST:
        raise OneCardError(say("That are more than {most} rows at once.", most=_MOST))
    return list(dict.fromkeys(keys))


# --- what is done to one thing ------------------------------------------------------------------------------


def action_of(page: Page) -> Action | None:
    """The action a page carries out."""
    owner = getattr(page.open, "__self__", None)
    if not isinstance(owner, Action) or "POST" not in (page.methods or ()):
        return None
    return owner if owner.call and not owner.upload else None


def add_action(maker: Maker, action: Action) -> None:
    """Add the call of an action on one thing of a screen."""
    screen = maker.screen
    path = action.path.removeprefix(screen.path).replace(":int}", "}")
    words = [each for each in re.split(r"[/-]", path) if each and "{" not in each]
    sent: Any = models.sent_model(action.form, maker.name + "".join(words).title(), maker.language)

    async def act(
        visit: Annotated[Visit, Depends(calling(action.needs))],
        headers: Annotated[Headers, Depends()],
        body: Annotated[sent | None, Body()] = None,
    ) -> Response:
        values = {} if body is None else body.model_dump(exclude_unset=True)
        made = models.whole(visit, action.form, values)
        return await carry_out(visit, headers, await change_of(visit, action, made))

    endpoint = _addressed(act, re.findall(r"{(\w+)}", path))
    maker.route(
        "POST", path, endpoint, verb="_".join(words), what=action.label, needs=action.needs, model=Done,
        waits=action.proves,
    )  # fmt: skip


def _addressed(endpoint: Callable[..., Awaitable[Any]], names: list[str]) -> Callable[..., Awaitable[Any]]:
    """The endpoint with the numbers of its address declared, which its action reads there itself."""

    async def act(**given: Any) -> Any:
        return await endpoint(**{name: value for name, value in given.items() if name not in names})

    own = inspect.signature(endpoint).parameters.values()
    numbers = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Id) for name in names]
    keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    act.__signature__ = inspect.Signature([*numbers, *keywords])  # type: ignore[attr-defined]
    return act


async def change_of(visit: Visit, action: Action, made: BaseModel, *, status: int = 200) -> Change:
    """What carrying out an action is."""
    ready = await action.ready(visit, made) if action.ready is not None else made

    async def work(tx: Tx) -> Done | None:
        message = await action.carry_out(tx, visit, ready)
        if status == 204:  # noqa: PLR2004  an answer without content
            return None
        return Done(message=visit.say(message), secrets=secrets_of(visit))

    async def summary(tx: Tx) -> Text:
        asked = await action.ask(tx, visit)
        return told(action.label, made, asked.choices or {}, asked.thing)

    path = action.path
    for name, value in visit.request.path_params.items():
        path = path.replace(f"{{{name}:int}}", str(value))
    return Change(
        function=action.needs, work=work, summary=summary, path=path, fields=models.posted(visit, made),
        status=status, proves=action.proves,
    )  # fmt: skip
