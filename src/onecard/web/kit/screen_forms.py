"""The form of a screen: new, change, delete; in the dialog over the list or as pages of their own."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, say
from onecard.web.kit import forms, render
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.routes import Page
from onecard.web.kit.screen import Screen
from onecard.web.kit.views import Button, Tone
from onecard.web.kit.visit import Visit

_VERSION = "version"


def form_routes(screen: Screen[Any]) -> list[Page]:
    """The pages of a screen's form."""
    path, pages = screen.path, []
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

        pages.append(Page(f"{path}/{{id:int}}", one, needs=screen.view))
    if screen.save is not None and screen.change is not None:

        async def change(visit: Visit) -> Response:
            return await _take(screen, visit, visit.number())

        pages.append(
            Page(
                f"{path}/{{id:int}}", change, needs=screen.change, methods=["POST"], confirm=screen.dangerous
            )
        )
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
        action=f"{screen.path}/{'new' if key is None else key}" if editable else "",
        submit=say("Save"),
        cancel=screen.path,
        choices=await screen.choices(tx, visit),
        trees=await screen.trees(tx, visit, key) if screen.trees else {},
        existing=key is not None,
        extra=extra,
        confirm=confirm_field(visit) if screen.dangerous and editable else None,
    )


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
    filled = await forms.fill(visit, screen.form)
    errors: dict[str, Text] = dict(filled.errors)
    if screen.dangerous and not errors and (why := await unconfirmed(visit)) is not None:
        errors[CONFIRM] = why
    if filled.model is not None and not errors:
        try:
            async with visit.tx() as tx:
                if key is None and screen.create is not None:
                    await screen.create(tx, visit, filled.model)
                elif key is not None and screen.save is not None:
                    await screen.save(tx, visit, key, filled.model)
        except (NotFoundError, UnavailableError):
            raise
        except OneCardError as error:
            errors[""] = said(error)
        else:
            return done(visit, screen.path, screen.saved)
    async with visit.tx() as tx:
        plan = await _plan(screen, tx, visit, key)
    return forms.show(visit, plan, filled.values, errors)


async def _remove(screen: Screen[Any], visit: Visit) -> Response:
    if screen.dangerous and (why := await unconfirmed(visit)) is not None:
        raise OneCardError(why)
    async with visit.tx() as tx:
        assert screen.remove is not None  # noqa: S101  routes exist only with a use case
        await screen.remove(tx, visit, visit.number())
    return done(visit, screen.path, screen.removed)


def said(error: OneCardError) -> Text:
    """The sentence of an error."""
    sentence = error.args[0] if error.args else ""
    return sentence if isinstance(sentence, Text) else Text(str(sentence))


def done(visit: Visit, href: str, sentence: Text) -> Response:
    """After success: the dialog closes and the list is fetched again; without a dialog, to the list."""
    visit.toast(sentence)
    if visit.partial:
        return render.with_toasts(visit, Response(status_code=204), saved={"href": href})
    return render.go(visit, href)
