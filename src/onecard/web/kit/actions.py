"""Something done to one thing: a form in the dialog, perhaps without fields, and a use case."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Tx
from onecard.base.errors import NotFoundError, OneCardError, UnavailableError
from onecard.base.texts import Text
from onecard.tenants.functions import DANGEROUS
from onecard.web.kit import forms
from onecard.web.kit.approval import effect
from onecard.web.kit.bulk import Nothing
from onecard.web.kit.confirm import CONFIRM, confirm_field, unconfirmed
from onecard.web.kit.forms import FormPlan
from onecard.web.kit.routes import Needs, Page
from onecard.web.kit.screen_forms import done, said
from onecard.web.kit.told import told
from onecard.web.kit.views import Button, GrantArea, Option, Tone
from onecard.web.kit.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an action's form shows for one thing.

    Attributes:
        thing: what it is done to, e.g. account and name; told to whoever approves it.
        values: of the fields before they are typed.
        choices, trees: options of fields that come from the database.
        note: instead of the action's own.
        locked: fields that cannot be changed now, with the reason.
        pictures: addresses of pictures that fields show.
        left_out: fields there is nothing to do with now.
    """

    thing: str | Text = ""
    values: Mapping[str, Any] | None = None
    choices: Mapping[str, Sequence[Option]] | None = None
    trees: Mapping[str, Sequence[GrantArea]] | None = None
    note: Text | None = None
    locked: Mapping[str, Text] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


async def nothing_asked(tx: Tx, visit: Visit) -> Asked:
    """A form that needs nothing from the database."""
    return Asked()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Action:
    """One action.

    Attributes:
        path: of its form and of what it posts to, e.g. `/access/operators/{id:int}/unlock`.
        label: on the button and over the form.
        needs: the function, or `Open`.
        carry_out: does it; the sentence for the operator, unless it sets the visit's outcome.
        ask: what the form shows; raises NotFoundError when there is no such thing for this visit.
        form: what else must be said.
        back: where a page of its own leads; `{name}` of the path are put in.
        submit: words on the form's button, when not the label.
        ready: makes ready what was filled in before the transaction begins, because it takes long.
        upload: the form carries files.
        call: programs have it too; otherwise they have a call of another shape.
        confirm: asks for the password although the function is not a dangerous one.
        early: works before the password somebody else set is changed.
        looks: who has no more than this sees the form and cannot change it; None: `needs` opens it.
    """

    path: str
    label: Text
    icon: str
    needs: Needs
    carry_out: Callable[[Tx, Visit, Any], Awaitable[Text]]
    back: str
    ask: Callable[[Tx, Visit], Awaitable[Asked]] = nothing_asked
    form: type[BaseModel] = Nothing
    note: Text | None = None
    submit: Text | None = None
    ready: Callable[[Visit, Any], Awaitable[BaseModel]] | None = None
    upload: bool = False
    call: bool = True
    danger: bool = False
    wide: bool = False
    confirm: bool = False
    early: bool = False
    looks: Needs | None = None

    @property
    def proves(self) -> bool:
        """Whether it asks who it is once more."""
        return self.confirm or self.needs in DANGEROUS

    def button(self, visit: Visit, *, menu: bool = False, tone: Tone = Tone.PLAIN, **where: Any) -> Button:
        """The button that opens its form."""
        return Button(
            visit.say(self.label), _filled(self.path, where), self.icon,
            Tone.BAD if self.danger else tone, dialog=True, menu=menu,
        )  # fmt: skip

    def pages(self) -> list[Page]:
        """Its form, and what takes it."""
        return [
            Page(self.path, self._show, needs=self.looks or self.needs, early=self.early),
            Page(
                self.path, self._take, needs=self.needs, methods=["POST"], early=self.early,
                confirm=self.proves,
            ),
        ]  # fmt: skip

    async def _show(self, visit: Visit) -> Response:
        async with visit.tx() as tx:
            asked = await self.ask(tx, visit)
        fields = self.form.model_fields.items()
        fresh = {
            name: info.get_default(call_default_factory=True)
            for name, info in fields
            if not info.is_required()
        }
        return forms.show(visit, self._plan(visit, asked), fresh | dict(asked.values or {}))

    async def _take(self, visit: Visit) -> Response:
        filled = await forms.fill(visit, self.form)
        errors = dict(filled.errors)
        if self.proves and not errors and (why := await unconfirmed(visit)) is not None:
            errors[CONFIRM] = why
        if (made := filled.model) is not None and not errors:
            try:
                sentence = await self._do(visit, made)
            except (NotFoundError, UnavailableError):
                raise
            except OneCardError as error:
                errors[""] = said(error)
            else:
                return done(visit, _filled(self.back, visit.request.path_params), sentence)
        async with visit.tx() as tx:
            asked = await self.ask(tx, visit)
        return forms.show(visit, self._plan(visit, asked), filled.values, errors)

    async def _do(self, visit: Visit, made: BaseModel) -> Text:
        if self.ready is not None:
            made = await self.ready(visit, made)

        async def summary(tx: Tx) -> Text:
            asked = await self.ask(tx, visit)
            return told(self.label, made, asked.choices or {}, asked.thing)

        async with effect(visit, self.needs, summary) as tx:
            return await self.carry_out(tx, visit, made)

    def _plan(self, visit: Visit, asked: Asked) -> FormPlan:
        return FormPlan(
            model=self.form,
            title=self.label,
            action=visit.request.url.path if visit.may(self.needs) else "",
            submit=self.submit or self.label,
            cancel=_filled(self.back, visit.request.path_params),
            choices=asked.choices or {},
            trees=asked.trees or {},
            existing=True,
            confirm=confirm_field(visit) if self.proves and visit.may(self.needs) else None,
            note=asked.note or self.note,
            locked=asked.locked,
            pictures=asked.pictures,
            left_out=asked.left_out,
            danger=self.danger,
            wide=self.wide,
            upload=self.upload,
        )


def _filled(path: str, where: Mapping[str, Any]) -> str:
    for name, value in where.items():
        path = path.replace(f"{{{name}:int}}", str(value)).replace(f"{{{name}}}", str(value))
    return path
