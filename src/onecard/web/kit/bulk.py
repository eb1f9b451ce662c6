"""Actions on many rows: chosen one by one or everything that is found, shown before they are done.

An action whose form has fields has three steps: fill it, see what would happen, do it. What was filled and
the preview's token travel with the form, so that what is done is what was shown or nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text, say, say_count
from onecard.tenants.functions import DANGEROUS, Function
from onecard.web.kit import bulk_job, forms, render
from onecard.web.kit.approval import effect
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.filters import Query
from onecard.web.kit.forms import Filled, FormPlan
from onecard.web.kit.outcome import done, said
from onecard.web.kit.routes import Page
from onecard.web.kit.told import told
from onecard.web.kit.views import Button, Option, PreviewView, TableView, Tone
from onecard.web.kit.visit import Visit

if TYPE_CHECKING:
    from onecard.web.kit.screen import Screen

_MOST = 200_000
_SHOWN = 20
AT_ONCE_MOST = 2_000
"""Rows that are changed while the operator waits; more are changed by a job."""
KEYS, FOUND, STEP, TOKEN, MANY = "key", "found", "step", "token", "many"


class Nothing(BaseModel):
    """A form without fields: the action needs no more than the rows."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do.

    Attributes:
        affected: how many rows change.
        refused: rows it would leave alone, with the reason.
        sample: the first rows that change.
        token: stands for all that is shown; `posted_token` gives it back to `carry_out`.
        told: instead of “… rows will change”.
    """

    affected: int
    refused: Sequence[tuple[str, Text]] = ()
    sample: TableView | None = None
    token: str = ""
    told: Text | None = None


async def no_options(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    """An action whose form needs nothing from the database."""
    return {}


async def no_values(tx: Tx, visit: Visit) -> Mapping[str, Any]:
    """A form that is empty at first."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One action.

    Attributes:
        name: in the address.
        label: on the button.
        needs: the function.
        form: what else must be said, e.g. the new department.
        preview: what would happen.
        carry_out: does it; returns the sentence for the operator.
        values: of the fields before they are typed.
        rows: it is about selected rows; otherwise about the list as a whole, and its button stands over it.
        long: a job may do it, telling `visit.progress`; so it shows nothing once, e.g. no secrets.
    """

    name: str
    label: Text
    icon: str
    needs: Function
    preview: Callable[[Tx, Visit, list[int], Any], Awaitable[Preview]]
    carry_out: Callable[[Tx, Visit, list[int], Any], Awaitable[Text]]
    form: type[BaseModel] = Nothing
    options: Callable[[Tx, Visit], Awaitable[Mapping[str, Sequence[Option]]]] = no_options
    note: Text | None = None
    danger: bool = False
    tone: Tone = Tone.PLAIN
    values: Callable[[Tx, Visit], Awaitable[Mapping[str, Any]]] = no_values
    rows: bool = True
    long: bool = False

    @property
    def asks(self) -> bool:
        """Whether there is something to fill in first."""
        return bool(self.form.model_fields)

    def button(self, visit: Visit, path: str) -> Button:
        """The button under a selection, which posts the chosen keys; or the one over the list."""
        tone = Tone.BAD if self.danger else self.tone
        return Button(
            visit.say(self.label), f"{path}/bulk/{self.name}", self.icon, tone, dialog=True, post=self.rows,
            menu=not self.rows,
        )  # fmt: skip


def bulk_routes(screen: "Screen[Any]") -> list[Page]:
    """The pages of each action: its form, what would happen, and doing it."""
    pages = []
    for each in screen.bulk:
        path, proven = f"{screen.path}/bulk/{each.name}", each.needs in DANGEROUS
        if each.long:
            bulk_job.know(screen, each)
        first = partial(_first, screen, action=each)
        pages += [
            Page(path, first, needs=each.needs, methods=["POST"] if each.rows else ["GET", "POST"]),
            Page(
                f"{path}/do", partial(_carry_out, screen, action=each), needs=each.needs, methods=["POST"],
                confirm=proven,
            ),
        ]  # fmt: skip
    return pages


async def posted_token(visit: Visit) -> str:
    """The token of the preview that is being carried out."""
    return str((await visit.form()).get(TOKEN) or "")


async def chosen_keys(screen: "Screen[Any]", tx: Tx, visit: Visit, action: Bulk) -> list[int]:
    """The rows that were posted, one by one or as what a list found; none for a list as a whole.

    Raises:
        OneCardError: there are none, or too many.
    """
    from onecard.web.kit.screen import wish  # noqa: PLC0415  screens have bulk actions

    if not action.rows:
        return []
    posted = await visit.form()
    chosen = [str(each) for each in posted.getlist(KEYS)]
    if found := posted.get(FOUND):
        query = Query(screen.path, tuple(parse_qsl(str(found).removeprefix("?"))))
        keys = await screen.listing.keys(tx, wish(screen, visit, query))
    elif all(each.isdigit() for each in chosen):
        keys = [int(each) for each in dict.fromkeys(chosen)]
    else:
        keys = []
    if not keys:
        raise OneCardError(say("No rows are selected. Select some first."))
    if len(keys) > _MOST:
        raise OneCardError(say("That are more than {most} rows at once.", most=_MOST))
    return keys


async def _first(screen: "Screen[Any]", visit: Visit, action: Bulk) -> Response:
    """The action's form if it has one and it is not filled; then what would happen."""
    stepped = visit.request.method == "POST" and (await visit.form()).get(STEP) == "preview"
    if not action.asks:
        return await _preview(screen, visit, action, Filled(None, {}, {}))
    if not stepped:
        async with visit.tx() as tx:
            values = dict(await action.values(tx, visit))
        return await _fill(screen, visit, action, Filled(None, values, {}))
    filled = await forms.fill(visit, action.form)
    if filled.model is None:
        return await _fill(screen, visit, action, filled)
    try:
        return await _preview(screen, visit, action, filled)
    except (NotFoundError, UnavailableError):
        raise
    except OneCardError as error:
        return await _fill(screen, visit, action, Filled(None, filled.values, {"": said(error)}))


async def _fill(screen: "Screen[Any]", visit: Visit, action: Bulk, filled: Filled[Any]) -> Response:
    async with visit.tx(snapshot=True) as tx:
        rows = len(await chosen_keys(screen, tx, visit, action))
        options = await action.options(tx, visit)
    plan = FormPlan(
        model=action.form,
        title=action.label,
        action=f"{screen.path}/bulk/{action.name}",
        submit=say("Show what will happen"),
        cancel=screen.path,
        choices=options,
        note=action.note,
    )
    form = forms.view(visit, plan, filled.values, filled.errors)
    form = replace(form, hidden=(*await _hidden(visit), (STEP, "preview")))
    chosen = say_count(rows, "{n} row is selected.", "{n} rows are selected.", n=f"{rows:,}")
    view = PreviewView(visit.say(action.label), visit.say(chosen) if action.rows else "", form)
    return _page(visit, action, view, failed=bool(filled.errors))


async def _preview(screen: "Screen[Any]", visit: Visit, action: Bulk, filled: Filled[Any]) -> Response:
    """What would happen; with what went wrong when it was to be done."""
    errors, made = filled.errors, filled.model
    async with visit.tx(snapshot=True) as tx:
        keys = await chosen_keys(screen, tx, visit, action)
        seen = await action.preview(tx, visit, keys, made)
        options = await action.options(tx, visit)
    plan = FormPlan(
        model=Nothing,
        title=action.label,
        action=f"{screen.path}/bulk/{action.name}/do" if seen.affected else "",
        submit=action.label,
        cancel=screen.path,
        note=told(action.label, made, options, brief=True)
        if made is not None and action.asks
        else action.note,
        danger=action.danger,
        confirm=confirm_field(visit) if action.needs in DANGEROUS else None,
    )
    typed = await _typed(visit, action)
    many = action.long and seen.affected > AT_ONCE_MOST
    hidden = (*await _hidden(visit), *typed, (TOKEN, seen.token), (MANY, "1" if many else ""))
    form = replace(forms.view(visit, plan, {}, errors), hidden=hidden)
    rows = say_count(seen.affected, "{n} row will change.", "{n} rows will change.", n=f"{seen.affected:,}")
    view = PreviewView(
        title=visit.say(action.label),
        affected=visit.say(seen.told or rows),
        form=form,
        refused=tuple((label, visit.say(reason)) for label, reason in seen.refused[:_SHOWN]),
        refused_more=max(0, len(seen.refused) - _SHOWN),
        sample=seen.sample,
    )
    return _page(visit, action, view, failed=bool(errors))


def _page(visit: Visit, action: Bulk, view: PreviewView, *, failed: bool) -> Response:
    part = bool(visit.partial)
    template = "_preview.html" if part else "preview.html"
    status = forms.UNPROCESSABLE if failed else 200
    return render.html(visit, template, title=action.label, status=status, part=part, preview=view)


async def _hidden(visit: Visit) -> tuple[tuple[str, str], ...]:
    """The chosen rows, as they were posted."""
    posted = await visit.form()
    if found := posted.get(FOUND):
        return ((FOUND, str(found)),)
    return tuple((KEYS, str(each)) for each in posted.getlist(KEYS))


async def _typed(visit: Visit, action: Bulk) -> tuple[tuple[str, str], ...]:
    """What was filled in, as it was posted."""
    posted = await visit.form()
    names = action.form.model_fields
    return tuple(
        (name, value) for name, value in posted.multi_items() if name in names and isinstance(value, str)
    )


async def _carry_out(screen: "Screen[Any]", visit: Visit, action: Bulk) -> Response:
    filled = await forms.fill(visit, action.form)
    if (made := filled.model) is None:
        return await _fill(screen, visit, action, filled)
    errors = {}
    if action.needs in DANGEROUS and (why := await unconfirmed(visit)) is not None:
        errors[CONFIRM] = why
    else:

        async def summary(tx: Tx) -> Text:
            rows = len(await chosen_keys(screen, tx, visit, action))
            thing = say_count(rows, "({n} row)", "({n} rows)", n=rows) if action.rows else ""
            return told(action.label, made, await action.options(tx, visit), thing)

        try:
            async with effect(visit, action.needs, summary) as tx:
                if action.long and (await visit.form()).get(MANY):
                    href = await bulk_job.start(tx, visit, screen, action)
                    visit.toast(say("These are many rows, so they are being changed as a job."))
                    return render.go(visit, href)
                keys = await chosen_keys(screen, tx, visit, action)
                sentence = await action.carry_out(tx, visit, keys, made)
            return done(visit, screen.path, sentence)
        except (NotFoundError, UnavailableError):
            raise
        except OneCardError as error:
            errors[""] = said(error)
    return await _preview(screen, visit, action, Filled(made, filled.values, errors))
