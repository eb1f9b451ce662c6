"""Fields of forms: how an attribute of a model looks, what is typed into it, what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin

from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from onecard.base.amounts import format_amount, parse_amount
from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say
from onecard.web.kit.views import FieldView, GrantArea, Option
from onecard.web.kit.visit import Visit

SEVERAL = frozenset({"checks", "functions"})
FILES = frozenset({"file", "photo", "logo"})
_ALWAYS = SEVERAL | FILES | {"switch"}
_LONG_TEXT = 200


@dataclass(frozen=True, slots=True)
class Ui:
    """How a field of a form looks; stands in the `Annotated` of the model's attribute.

    Attributes:
        label: its name, also in errors, the import template and the API's description.
        kind: of `FieldView`; empty: after the attribute's type.
        help: a sentence under the field.
        section: heading it stands under; fields of one section follow each other.
        wide: takes both columns.
        suffix: unit behind it.
        words: of an enumeration or a list of choices.
        fixed: cannot be changed once saved.
        autocomplete: token of the HTML standard, for names, phones and passwords.
    """

    label: Text
    kind: str = ""
    help: Text | None = None
    section: Text | None = None
    wide: bool = False
    suffix: Text | None = None
    words: Mapping[str, Text] | None = None
    fixed: bool = False
    autocomplete: str = "off"
    placeholder: str = ""
    accept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What is in a form: typed values and errors by field, choices that come from the database."""

    values: Mapping[str, Any]
    errors: Mapping[str, Text]
    choices: Mapping[str, Sequence[Option]]
    trees: Mapping[str, Sequence[GrantArea]]
    existing: bool = False
    locked: Mapping[str, Text] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)


def ui_of(info: FieldInfo) -> Ui:
    """The declaration of a field; a form without one is a fault."""
    return next(each for each in info.metadata if isinstance(each, Ui))


def kind_of(info: FieldInfo) -> str:
    """The kind of widget."""
    ui = ui_of(info)
    if ui.kind:
        return ui.kind
    plain = _plain_type(info.annotation)
    if ui.words is not None or (isinstance(plain, type) and issubclass(plain, Enum)):
        return "select"
    return {bool: "switch", int: "number", date: "date", time: "time"}.get(plain, "text")


def _plain_type(annotation: Any) -> Any:
    if get_origin(annotation) in {Union, UnionType}:
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def field_view(visit: Visit, name: str, info: FieldInfo, content: Content) -> FieldView:
    """A field as the template shows it."""
    ui, kind = ui_of(info), kind_of(info)
    value = content.values.get(name)
    least = next((str(each.ge) for each in info.metadata if isinstance(each, Ge)), "")
    most = next((str(each.le) for each in info.metadata if isinstance(each, Le)), "")
    longest = next((each.max_length for each in info.metadata if isinstance(each, MaxLen)), 0)
    error, locked = content.errors.get(name), content.locked.get(name)
    view = FieldView(
        kind=kind,
        name=name,
        label=visit.say(ui.label),
        value="" if kind in SEVERAL | FILES else typed(visit, kind, value),
        error=visit.say(error) if error else "",
        help=visit.say(locked or ui.help or ""),
        required=info.is_required() and kind not in {"switch", *SEVERAL},
        readonly=(ui.fixed and content.existing) or locked is not None,
        wide=ui.wide or kind in {"textarea", "functions", "checks"} or longest > _LONG_TEXT,
        options=_options(visit, name, info, content),
        tree=_ticked(content.trees[name], value) if name in content.trees else (),
        suffix=visit.say(ui.suffix) if ui.suffix else "",
        placeholder=ui.placeholder,
        accept=ui.accept,
        max_length=longest,
        minimum=least,
        maximum=most,
        autocomplete=ui.autocomplete,
        picture=content.pictures.get(name, ""),
    )
    return replace(view, suffix=visit.who.currency) if kind == "money" and not view.suffix else view


def _options(visit: Visit, name: str, info: FieldInfo, content: Content) -> tuple[Option, ...]:
    value = content.values.get(name)
    chosen = (
        {str(each) for each in value} if isinstance(value, list | tuple | set | frozenset) else {str(value)}
    )
    offered = content.choices.get(name)
    if offered is None:
        words = ui_of(info).words or {}
        offered = [Option(word, visit.say(text)) for word, text in words.items()]
    return tuple(replace(each, selected=each.value in chosen) for each in offered)


def only_to_look_at(field: FieldView) -> FieldView:
    """The field without a way to change it."""
    tree = tuple(
        replace(
            area,
            branches=tuple(
                replace(branch, leaves=tuple(replace(leaf, locked=True) for leaf in branch.leaves))
                for branch in area.branches
            ),
        )
        for area in field.tree
    )
    return replace(field, readonly=True, required=False, tree=tree)


def _ticked(tree: Sequence[GrantArea], chosen: Any) -> tuple[GrantArea, ...]:
    """The tree with what is chosen now, which after an error is what was posted."""
    names = {str(each) for each in chosen or ()}
    return tuple(
        replace(
            area,
            branches=tuple(
                replace(
                    branch,
                    leaves=tuple(replace(leaf, checked=leaf.name in names) for leaf in branch.leaves),
                )
                for branch in area.branches
            ),
        )
        for area in tree
    )


def typed(visit: Visit, kind: str, value: Any) -> str:
    """A value as it would be typed into a field of this kind."""
    if value is None:
        return ""
    if kind == "money" and isinstance(value, int):
        return format_amount(value, visit.who.minor_exponent).replace(",", "")
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, Enum):
        return str(value.value)
    return str(value)


def untyped(model: type[BaseModel], form: Any, exponent: int) -> tuple[dict[str, Any], dict[str, Text]]:
    """What was typed, as the model takes it: amounts in minor units, empty fields as nothing.

    Args:
        model: the form's model.
        form: multi-dictionary of the posted fields.
        exponent: decimals of the tenant's currency.

    Returns:
        Values for the model, and what is wrong with those that could not even be read.
    """
    values: dict[str, Any] = {}
    errors: dict[str, Text] = {}
    for name, info in model.model_fields.items():
        kind = kind_of(info)
        if kind in _ALWAYS:
            values[name] = _posted(kind, form, name)
        elif name in form:
            text = form[name]
            text = text.strip() if isinstance(text, str) and "password" not in kind else text
            if text == "":
                # an empty field is the absence of a value, for which the model has its default
                if not info.is_required() and info.default is None:
                    values[name] = None
                elif info.is_required():
                    errors[name] = say("Fill this in.")
            elif kind == "money":
                try:
                    values[name] = parse_amount(text, exponent)
                except OneCardError:
                    values[name] = text
                    errors[name] = say("Write an amount such as 12.50.")
            else:
                values[name] = text
    return values, errors


def _posted(kind: str, form: Any, name: str) -> Any:
    """The value of a field of which browsers post nothing, or an empty part, when it is not used."""
    if kind in SEVERAL:
        return form.getlist(name)
    posted = form.get(name)
    if kind in FILES:
        return posted if getattr(posted, "filename", "") else None
    return bool(posted)


_ERRORS: dict[str, Text] = {
    "missing": say("Fill this in."),
    "string_too_short": say("This is too short: at least {min_length} characters."),
    "string_too_long": say("This is too long: at most {max_length} characters."),
    "string_pattern_mismatch": say("This is not written as it must be."),
    "int_parsing": say("Write a whole number."),
    "int_from_float": say("Write a whole number."),
    "greater_than_equal": say("At least {ge}."),
    "greater_than": say("More than {gt}."),
    "less_than_equal": say("At most {le}."),
    "less_than": say("Less than {lt}."),
    "date_parsing": say("Write a date such as 2026-09-01."),
    "date_from_datetime_parsing": say("Write a date such as 2026-09-01."),
    "time_parsing": say("Write a time such as 03:00."),
    "bool_parsing": say("Choose yes or no."),
    "enum": say("Choose one of those offered."),
    "literal_error": say("Choose one of those offered."),
    "too_short": say("Choose at least {min_length}."),
    "too_long": say("Choose at most {max_length}."),
    "extra_forbidden": say("There is no such field."),
    "string_type": say("Write a text."),
    "int_type": say("Write a whole number."),
    "bool_type": say("Choose yes or no."),
    "list_type": say("Send a list."),
    "json_invalid": say("This is not JSON."),
    "model_attributes_type": say("Send a JSON object."),
}


def field_errors(error: ValidationError) -> dict[str, Text]:
    """What is wrong, by field; the empty name is the form as a whole."""
    found: dict[str, Text] = {}
    for each in error.errors():
        name = str(each["loc"][0]) if each["loc"] else ""
        found.setdefault(name, what_is_wrong(each))
    return found


def what_is_wrong(error: Mapping[str, Any]) -> Text:
    """One of pydantic's errors in words."""
    context = error.get("ctx", {})
    cause = context.get("error")
    said = cause.args[0] if isinstance(cause, Exception) and cause.args else None
    if isinstance(said, Text):
        return said
    if error["type"] in _ERRORS:
        return replace(_ERRORS[error["type"]], values={key: str(value) for key, value in context.items()})
    return say("This is not usable.")
