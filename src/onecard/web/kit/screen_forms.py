"""The form of a screen: new, change, delete; in the dialog over the list or as pages of their own."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, say
from onecard.web.kit import forms, outcome, render
from onecard.web.kit.approval import effect
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.told import told
from onecard.web.kit.views import Button, Tone
from onecard.web.kit.visit import Visit

_VERSION = "version"


def form_routes(screen: Screen[Any]) -> list[Page]:
    """The pages of a screen's form."""
    path, pages = screen.path, []
    one_path = form_path(screen, "{id:int}")
    if screen.record is not None:
        pages.append(Page(f"{path}/{{id:int}}", screen.record, needs=screen.view))
    if screen.create is not None and screen.change is not None:

        async def new(visit: Visit) -> Response:
            return await _show(screen, visit, None)

        async def make(visit: Visit) -> Response:
            return await _take(screen, visit, None)

        pages += [
            Page(f"{path}/new", new, needs=screen.change),
            Page(f"{path}/new", make, needs=screen.change, methods=["POST"], confirm=screen.dangerous),
        ]
    if screen.load is not None:

        async def one(visit: Visit) -> Response:
            return await _show(screen, visit, visit.number())

        needs = screen.view if screen.record is None or screen.change is None else screen.change
        pages.append(Page(one_path, one, needs=needs))
    if screen.save is not None and screen.change is not None:

        async def change(visit: Visit) -> Response:
            return await _take(screen, visit, visit.number())

        pages.append(Page(one_path, change, needs=screen.change, methods=["POST"], confirm=screen.dangerous))
    if screen.remove is not None and screen.change is not None:

        async def remove(visit: Visit) -> Response:
            return await _remove(screen, visit)

        pages.append(
            Page(
                f"{path}/{{id:int}}/delete",
                remove,
                needs=screen.change,
                methods=["POST"],
                confirm=screen.dangerous,
            )
        )
    return pages


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
        confirm=confirm_field(visit) if screen.proves(visit) and editable else None,
        left_out=screen.left_out(visit),
    )


def _back(screen: Screen[Any], key: int | None) -> str:
    return screen.path if key is None or screen.record is None else f"{screen.path}/{key}"


async def _show(screen: Screen[Any], visit: Visit, key: int | None) -> Response:
    async with visit.tx() as tx:
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
    return fresh | {name: value for name, value in visit.query.items() if name in fields}


async def _take(screen: Screen[Any], visit: Visit, key: int | None) -> Response:
    assert screen.form is not None  # noqa: S101  routes exist only with a form
    filled = await forms.fill(visit, screen.form, left_out=screen.left_out(visit))
    errors: dict[str, Text] = dict(filled.errors)
    if screen.proves(visit) and not errors and (why := await unconfirmed(visit)) is not None:
        errors[CONFIRM] = why
    if filled.model is not None and not errors:
        made = filled.model

        async def summary(tx: Tx) -> Text:
            what = screen.new if key is None else screen.edit
            return told(what, made, await screen.choices(tx, visit), "" if key is None else f"#{key}")

        try:
            async with effect(visit, screen.used(visit), summary) as tx:
                if key is None and screen.create is not None:
                    await screen.create(tx, visit, made)
                elif key is not None and screen.save is not None:
                    await screen.save(tx, visit, key, made)
        except (NotFoundError, UnavailableError):
            raise
        except OneCardError as error:
            errors[""] = said(error)
        else:
            return done(visit, _back(screen, key), screen.saved)
    async with visit.tx() as tx:
        plan = await _plan(screen, tx, visit, key)
    return forms.show(visit, plan, filled.values, errors)


async def _remove(screen: Screen[Any], visit: Visit) -> Response:
    if screen.dangerous and (why := await unconfirmed(visit)) is not None:
        raise OneCardError(why)

    async def summary(tx: Tx) -> Text:
        return say("{screen}: delete {thing}", screen=screen.title, thing=f"#{visit.number()}")

    async with effect(visit, screen.change, summary) as tx:
        assert screen.remove is not None  # noqa: S101  routes exist only with a use case
        await screen.remove(tx, visit, visit.number())
    return done(visit, screen.path, screen.removed)


def said(error: OneCardError) -> Text:
    """The sentence of an error."""
    sentence = error.args[0] if error.args else ""
    return sentence if isinstance(sentence, Text) else Text(str(sentence))


def done(visit: Visit, href: str, sentence: Text) -> Response:
    """After success: the dialog closes and the list is fetched again; without a dialog, to the list."""
    if visit.outcome is not None:
        return outcome.show(visit, visit.outcome)
    visit.toast(sentence)
    if visit.partial:
        return render.with_toasts(visit, Response(status_code=204), saved={"href": href})
    return render.go(visit, href)
