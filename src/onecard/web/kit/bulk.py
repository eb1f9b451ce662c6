"""Actions on many rows: chosen one by one or everything that is found, shown before they are done."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say, say_count
from onecard.tenants.functions import DANGEROUS, Function
from onecard.web.kit import forms, render
from onecard.web.kit.approval import effect
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.filters import Query
from onecard.web.kit.forms import Filled, FormPlan
from onecard.web.kit.routes import Page
from onecard.web.kit.told import told
from onecard.web.kit.views import Button, Option, PreviewView, TableView, Tone
from onecard.web.kit.visit import Visit

if TYPE_CHECKING:
    from onecard.web.kit.screen import Screen

_MOST = 200_000
_SHOWN = 20
KEYS, FOUND = "key", "found"


class Nothing(BaseModel):
    """A form without fields: the action needs no more than the rows."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What an action would do.

    Attributes:
        affected: how many rows change.
        refused: rows it would leave alone, with the reason.
        sample: the first rows that change.
    """

    affected: int
    refused: Sequence[tuple[str, Text]] = ()
    sample: TableView | None = None


async def no_options(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    """An action whose form needs nothing from the database."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """One action.

    Attributes:
        name: in the address.
        label: on the button.
        needs: the function.
        form: what else must be said, e.g. the new department.
        preview: what would happen; the form is None until it is filled.
        carry_out: does it; returns the sentence for the operator.
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

    def button(self, visit: Visit, path: str) -> Button:
        """The button under a selection; it posts the chosen keys."""
        tone = Tone.BAD if self.danger else self.tone
        return Button(
            visit.say(self.label), f"{path}/bulk/{self.name}", self.icon, tone, dialog=True, post=True
        )


def bulk_routes(screen: "Screen[Any]") -> list[Page]:
    """Two pages for each action: what would happen, and doing it."""
    pages = []
    for each in screen.bulk:

        async def preview(visit: Visit, action: Bulk = each) -> Response:
            return await _preview(screen, visit, action)

        async def carry_out(visit: Visit, action: Bulk = each) -> Response:
            return await _carry_out(screen, visit, action)

        path = f"{screen.path}/bulk/{each.name}"
        pages += [
            Page(path, preview, needs=each.needs, methods=["POST"]),
            Page(
                f"{path}/do", carry_out, needs=each.needs, methods=["POST"], confirm=each.needs in DANGEROUS
            ),
        ]
    return pages


async def _keys(screen: "Screen[Any]", tx: Tx, visit: Visit) -> list[int]:
    from onecard.web.kit.screen import wish  # noqa: PLC0415  screens have bulk actions

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


async def _preview(screen: "Screen[Any]", visit: Visit, action: Bulk) -> Response:
    async with visit.tx(snapshot=True) as tx:
        keys = await _keys(screen, tx, visit)
        seen = await action.preview(tx, visit, keys, None)
        options = await action.options(tx, visit)
    return _show(
        screen, visit, action, seen, options=options, filled=Filled(None, {}, {}), hidden=await _hidden(visit)
    )


async def _hidden(visit: Visit) -> tuple[tuple[str, str], ...]:
    posted = await visit.form()
    if found := posted.get(FOUND):
        return ((FOUND, str(found)),)
    return tuple((KEYS, str(each)) for each in posted.getlist(KEYS))


def _show(
    screen: "Screen[Any]",
    visit: Visit,
    action: Bulk,
    seen: Preview,
    *,
    options: Mapping[str, Sequence[Option]],
    filled: Filled[Any],
    hidden: tuple[tuple[str, str], ...],
) -> Response:
    errors = filled.errors
    plan = FormPlan(
        model=action.form,
        title=action.label,
        action=f"{screen.path}/bulk/{action.name}/do",
        submit=action.label,
        cancel=screen.path,
        choices=options,
        note=action.note,
        danger=action.danger,
        confirm=confirm_field(visit) if action.needs in DANGEROUS else None,
    )
    form = replace(forms.view(visit, plan, filled.values, errors), hidden=hidden)
    view = PreviewView(
        title=visit.say(action.label),
        affected=visit.say(
            say_count(seen.affected, "{n} row will change.", "{n} rows will change.", n=f"{seen.affected:,}")
        ),
        form=form,
        refused=tuple((label, visit.say(reason)) for label, reason in seen.refused[:_SHOWN]),
        refused_more=max(0, len(seen.refused) - _SHOWN),
        sample=seen.sample,
    )
    part = bool(visit.partial)
    template = "_preview.html" if part else "preview.html"
    status = forms.UNPROCESSABLE if errors else 200
    return render.html(visit, template, title=action.label, status=status, part=part, preview=view)


async def _carry_out(screen: "Screen[Any]", visit: Visit, action: Bulk) -> Response:
    from onecard.web.kit.screen_forms import done, said  # noqa: PLC0415  screens have bulk actions

    filled = await forms.fill(visit, action.form)
    errors = dict(filled.errors)
    if action.needs in DANGEROUS and not errors and (why := await unconfirmed(visit)) is not None:
        errors[CONFIRM] = why
    if (made := filled.model) is not None and not errors:

        async def summary(tx: Tx) -> Text:
            rows = len(await _keys(screen, tx, visit))
            thing = say_count(rows, "({n} row)", "({n} rows)", n=rows)
            return told(action.label, made, await action.options(tx, visit), thing)

        try:
            async with effect(visit, action.needs, summary) as tx:
                keys = await _keys(screen, tx, visit)
                sentence = await action.carry_out(tx, visit, keys, made)
            return done(visit, screen.path, sentence)
        except OneCardError as error:
            errors[""] = said(error)
    async with visit.tx(snapshot=True) as tx:
        keys = await _keys(screen, tx, visit)
        seen = await action.preview(tx, visit, keys, filled.model)
        options = await action.options(tx, visit)
    again: Filled[Any] = Filled(None, filled.values, errors)
    return _show(screen, visit, action, seen, options=options, filled=again, hidden=await _hidden(visit))
