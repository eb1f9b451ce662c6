"""Forms out of pydantic models: shown, read back, shown again with what is wrong at the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from starlette.responses import Response

from onecard.base.texts import Text
from onecard.web.kit import render
from onecard.web.kit.fields import (
    FILES,
    Content,
    field_errors,
    field_view,
    only_to_look_at,
    ui_of,
    untyped,
)
from onecard.web.kit.views import Button, FieldView, FormView, GrantArea, Option, Section
from onecard.web.kit.visit import Visit

Model = TypeVar("Model", bound=BaseModel)
UNPROCESSABLE = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPlan:
    """A form before it is filled.

    Attributes:
        model: its fields.
        title: of the dialog or page.
        action: where it is posted to.
        submit: words on the button.
        cancel: where the page's “cancel” leads.
        choices: of fields whose options come from the database.
        trees: of fields that are trees of functions.
        hidden: fields nobody sees.
        existing: something that is there already is changed.
        extra: further buttons.
        confirm: the operator's password is asked for too.
        left_out: fields this operator does not get.
        locked: fields that cannot be changed now, with the reason.
        pictures: addresses of what fields for pictures show before another is chosen.
    """

    model: type[BaseModel]
    title: Text
    action: str
    submit: Text
    cancel: str = ""
    choices: Mapping[str, Sequence[Option]] = field(default_factory=dict)
    trees: Mapping[str, Sequence[GrantArea]] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    existing: bool = False
    extra: tuple[Button, ...] = ()
    confirm: FieldView | None = None
    note: Text | None = None
    danger: bool = False
    upload: bool = False
    wide: bool = False
    left_out: frozenset[str] = frozenset()
    locked: Mapping[str, Text] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filled(Generic[Model]):
    """A form as it came back: the model, or what is wrong."""

    model: Model | None
    values: dict[str, Any]
    errors: dict[str, Text]


def view(
    visit: Visit, plan: FormPlan, values: Mapping[str, Any], errors: Mapping[str, Text] | None = None
) -> FormView:
    """The form as the template shows it."""
    errors = errors or {}
    content = Content(
        values=values, errors=errors, choices=plan.choices, trees=plan.trees, existing=plan.existing,
        locked=plan.locked, pictures=plan.pictures,
    )  # fmt: skip
    fields = [
        (ui_of(info), _shown(visit, plan, name, info, content))
        for name, info in plan.model.model_fields.items()
        if name not in plan.left_out
    ]
    sections = tuple(
        Section(tuple(each for _, each in group), visit.say(title) if title else "")
        for title, group in groupby(fields, key=lambda pair: pair[0].section)
    )
    return FormView(
        id="form",
        title=visit.say(plan.title),
        action=plan.action,
        sections=sections,
        submit=visit.say(plan.submit),
        cancel_href=plan.cancel,
        error=visit.say(errors[""]) if "" in errors else "",
        note=visit.say(plan.note) if plan.note else "",
        hidden=tuple(plan.hidden.items()),
        danger=plan.danger,
        upload=plan.upload or any(each.kind in FILES for _, each in fields),
        wide=plan.wide or len(fields) > 8,  # noqa: PLR2004  a long form reads better in two columns
        extra=plan.extra,
        confirm_password=_with_error(visit, plan.confirm, errors),
    )


def _shown(visit: Visit, plan: FormPlan, name: str, info: FieldInfo, content: Content) -> FieldView:
    """A field; of a form that can only be looked at, one that cannot be changed."""
    found = field_view(visit, name, info, content)
    return found if plan.action else only_to_look_at(found)


def _with_error(visit: Visit, field: FieldView | None, errors: Mapping[str, Text]) -> FieldView | None:
    wrong = errors.get(field.name) if field is not None else None
    return replace(field, error=visit.say(wrong)) if field is not None and wrong else field


def show(
    visit: Visit, plan: FormPlan, values: Mapping[str, Any], errors: Mapping[str, Text] | None = None
) -> Response:
    """The form in the dialog that asked for it, or as a page."""
    status = UNPROCESSABLE if errors else 200
    part = bool(visit.partial)
    template = "_form.html" if part else "form.html"
    form = view(visit, plan, values, errors)
    return render.html(visit, template, title=plan.title, status=status, part=part, form=form)


async def fill(
    visit: Visit,
    model: type[Model],
    known: Mapping[str, Any] | None = None,
    left_out: frozenset[str] = frozenset(),
) -> Filled[Model]:
    """Read a posted form into its model.

    Args:
        visit: whose request carries the form.
        model: what it must become.
        known: values of fields that were not in the form, for example those this operator does not get.
        left_out: fields this operator does not get; what is posted for them is not read.
    """
    posted = await visit.form()
    values, errors = untyped(model, posted, visit.who.minor_exponent if visit.signed_in else 2)
    values = {**(known or {}), **{name: value for name, value in values.items() if name not in left_out}}
    errors = {name: text for name, text in errors.items() if name not in left_out}
    usable = {name: value for name, value in values.items() if name not in errors}
    try:
        made = model.model_validate(usable)
    except ValidationError as error:
        return Filled(None, values, {**field_errors(error), **errors})
    return Filled(None if errors else made, values, errors)
