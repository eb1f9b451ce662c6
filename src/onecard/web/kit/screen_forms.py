"""The form of a screen: new, change, delete; in the dialog over the list or as pages of their own."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, say
from onecard.tenants.functions import DANGEROUS, Function
from onecard.web.kit import forms
from onecard.web.kit.approval import effect
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.outcome import done as done
from onecard.web.kit.outcome import said as said
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.told import told
from onecard.web.kit.views import Button, FieldView, Tone
from onecard.web.kit.visit import Visit

_VERSION = "version"


def form_routes(screen: Screen[Any]) -> list[Page]:
    """The pages of a screen's form."""
    path, needs, proven = screen.path, screen.change, screen.dangerous
    pages = []
    if screen.record is not None:
        pages.append(Page(f"{path}/{{id:int}}", screen.record, needs=screen.view))
    if needs is not None and screen.create is not None:
        pages += [
            Page(f"{path}/new", partial(_new, screen), needs=needs),
            Page(f"{path}/new", partial(_make, screen), needs=needs, methods=["POST"], confirm=proven),
        ]
    one = form_path(screen, "{id:int}")
    if screen.load is not None:
        looks = screen.view if screen.record is None or needs is None else needs
        pages.append(Page(one, partial(_one, screen), needs=looks))
    if needs is not None and screen.save is not None:
        pages.append(Page(one, partial(_change, screen), needs=needs, methods=["POST"], confirm=proven))
    if needs is not None and screen.remove is not None:
        delete = f"{path}/{{id:int}}/delete"
        pages.append(Page(delete, partial(_remove, screen), needs=needs, methods=["POST"], confirm=proven))
    return pages


async def _new(screen: Screen[Any], visit: Visit) -> Response:
    return await _show(screen, visit, None)


async def _make(screen: Screen[Any], visit: Visit) -> Response:
    return await _take(screen, visit, None)


async def _one(screen: Screen[Any], visit: Visit) -> Response:
    return await _show(screen, visit, visit.number())


async def _change(screen: Screen[Any], visit: Visit) -> Response:
    return await _take(screen, visit, visit.number())


def form_path(screen: Screen[Any], key: int | str) -> str:
    """Where the form of one thing is: at its address, or below its page."""
    return f"{screen.path}/{key}" + ("/change" if screen.record is not None else "")


async def _plan(screen: Screen[Any], tx: Tx, visit: Visit, key: int | None) -> FormPlan:
    editable = (
        screen.change is not None and visit.may(screen.change) and (key is None or screen.save is not None)
    )
    extra: tuple[Button, ...] = ()
    if key is not None and screen.remove is not None and editable:
        asks = visit.say(screen.remove_asks)
        href = f"{screen.path}/{key}/delete"
        extra = (Button(visit.say(say("Delete")), href, "trash", Tone.BAD, post=True, confirm=asks),)
    if screen.form is None:
        raise NotFoundError(say("There is no form here."))
    return FormPlan(
        model=screen.form,
        title=screen.new if key is None else screen.edit,
        action=(f"{screen.path}/new" if key is None else form_path(screen, key)) if editable else "",
        submit=say("Save"),
        cancel=_back(screen, key),
        choices=await screen.choices(tx, visit),
        trees=await screen.trees(tx, visit, key) if screen.trees else {},
        existing=key is not None,
        extra=extra,
        confirm=_proof(screen, visit) if editable else None,
        left_out=screen.left_out(visit),
    )


def _proof(screen: Screen[Any], visit: Visit) -> FieldView | None:
    if not screen.proves(visit) or (field := confirm_field(visit)) is None:
        return None
    # of a form that is dangerous only in parts, the password may stay empty
    return field if screen.change in DANGEROUS else replace(field, required=False)


def _back(screen: Screen[Any], key: int | None) -> str:
    return screen.path if key is None or screen.record is None else f"{screen.path}/{key}"


async def _show(screen: Screen[Any], visit: Visit, key: int | None) -> Response:
    async with visit.tx() as tx:
        screen = await screen.at(tx, visit)
        values = await _values(screen, tx, visit, key)
        plan = await _plan(screen, tx, visit, key)
    return forms.show(visit, plan, values)


async def _values(screen: Screen[Any], tx: Tx, visit: Visit, key: int | None) -> Mapping[str, Any]:
    if key is not None and screen.load is not None:
        return await screen.load(tx, visit, key)
    fields = screen.form.model_fields if screen.form else {}
    fresh = {
        name: info.get_default(call_default_factory=True)
        for name, info in fields.items()
        if not info.is_required()
    }
    found = await screen.fresh(tx, visit) if screen.fresh else {}
    return {**fresh, **found, **{name: value for name, value in visit.query.items() if name in fields}}


async def _take(screen: Screen[Any], visit: Visit, key: int | None) -> Response:
    if screen.tailored is not None:
        async with visit.tx() as tx:
            screen = await screen.at(tx, visit)
    assert screen.form is not None  # noqa: S101  routes exist only with a form
    filled = await forms.fill(visit, screen.form, left_out=screen.left_out(visit))
    errors: dict[str, Text] = dict(filled.errors)
    if filled.model is not None:
        used = await _used(screen, visit, key, filled.model)
        if used in DANGEROUS and (why := await unconfirmed(visit)) is not None:
            errors[CONFIRM] = why
        else:
            try:
                await _carry_out(screen, visit, key, filled.model, used)
            except (NotFoundError, UnavailableError):
                raise
            except OneCardError as error:
                errors[""] = said(error)
            else:
                return done(visit, _back(screen, key), screen.saved)
    async with visit.tx() as tx:
        plan = await _plan(screen, tx, visit, key)
    return forms.show(visit, plan, filled.values, errors)


async def _used(screen: Screen[Any], visit: Visit, key: int | None, made: BaseModel) -> Function | None:
    if not screen.guarded:
        return screen.change
    async with visit.tx() as tx:
        before = await screen.load(tx, visit, key) if key is not None and screen.load is not None else {}
    return screen.used(visit, before, made)


async def _carry_out(
    screen: Screen[Any], visit: Visit, key: int | None, made: BaseModel, used: Function | None
) -> None:
    async def summary(tx: Tx) -> Text:
        what = screen.new if key is None else screen.edit
        return told(what, made, await screen.choices(tx, visit), "" if key is None else f"#{key}")

    async with effect(visit, used, summary) as tx:
        if key is None and screen.create is not None:
            await screen.create(tx, visit, made)
        elif key is not None and screen.save is not None:
            await screen.save(tx, visit, key, made)


async def _remove(screen: Screen[Any], visit: Visit) -> Response:
    if screen.change in DANGEROUS and (why := await unconfirmed(visit)) is not None:
        raise OneCardError(why)

    async def summary(tx: Tx) -> Text:
        return say("{screen}: delete {thing}", screen=screen.title, thing=f"#{visit.number()}")

    async with effect(visit, screen.change, summary) as tx:
        assert screen.remove is not None  # noqa: S101  routes exist only with a use case
        await screen.remove(tx, visit, visit.number())
    return done(visit, screen.path, screen.removed)
