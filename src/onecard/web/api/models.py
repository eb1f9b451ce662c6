"""Models of the API out of the declarations of screens: what is sent, what is stored, rows, pages, filters.

Names, limits and words are those of the forms and columns. What JSON sends is taken strictly: a number is not
a word, a date is ISO 8601.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    WithJsonSchema,
    create_model,
)
from pydantic.fields import FieldInfo

from onecard.base.listing import Kind, Op, usual
from onecard.base.texts import Text, read, say
from onecard.web.api.problems import Refusal
from onecard.web.kit.bulk import TOKEN
from onecard.web.kit.columns import Column
from onecard.web.kit.fields import FILES, SEVERAL, Ui, field_errors, kind_of, typed, ui_of
from onecard.web.kit.screen import Screen
from onecard.web.kit.visit import Visit

_INT64 = 2**63
_LISTED = 50  # values of one filter


def _iso(value: Any) -> Any:
    """Dates and times come as text; numbers would be taken for seconds."""
    if isinstance(value, date | time):
        return value
    if not isinstance(value, str) or value.strip().lstrip("+-").replace(".", "").isdigit():
        raise ValueError(
            say("Write a date such as 2026-09-01, or a moment such as 2026-09-01T08:00:00+08:00.")
        )
    return value


def _yes(value: Any) -> Any:
    """In an address, `true` or `false`."""
    if isinstance(value, bool) or value in ("true", "false"):
        return value
    raise ValueError(say("Write true or false."))


_ISO = BeforeValidator(_iso)
# OpenAPI's own format `time` is of a time zone, which a time of the business day has not
_CLOCK = WithJsonSchema({"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"})
Id = Annotated[int, Field(ge=1, lt=_INT64)]
Whole = Annotated[int, Field(ge=-_INT64, lt=_INT64)]
_STRICT: dict[Any, Any] = {
    int: Annotated[int, Strict()],
    bool: Annotated[bool, Strict()],
    str: Annotated[str, Strict()],
    date: Annotated[date, _ISO],
    time: Annotated[time, _ISO, _CLOCK],
    datetime: Annotated[datetime, _ISO],
}
_TYPES: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.CODE: str,
    Kind.NUMBER: int,
    Kind.MONEY: int,
    Kind.DATE: date,
    Kind.INSTANT: datetime,
    Kind.CHOICE: str,
    Kind.YES: bool,
    Kind.ID: int,
}
_ASKED: dict[Kind, Any] = {
    Kind.TEXT: Annotated[str, Field(max_length=200)],
    Kind.CODE: Annotated[str, Field(max_length=200)],
    Kind.NUMBER: Whole,
    Kind.MONEY: Whole,
    Kind.DATE: Annotated[date, _ISO],
    Kind.INSTANT: Annotated[datetime, _ISO],
    Kind.CHOICE: Annotated[str, Field(max_length=200)],
    Kind.YES: Annotated[bool, BeforeValidator(_yes)],
    Kind.ID: Id,
}
_RANGES = frozenset({Kind.NUMBER, Kind.MONEY, Kind.DATE, Kind.INSTANT})


# --- what is sent -------------------------------------------------------------------------------------------


def sent_model(form: type[BaseModel], name: str, language: str, *, change: bool = False) -> type[BaseModel]:
    """What a program sends for a form.

    Args:
        form: the form's model.
        name: in the description, e.g. `RoleNew`.
        language: of the descriptions.
        change: everything is optional, and what cannot be changed once saved is left out.
    """
    fields: dict[str, Any] = {}
    for field, info in form.model_fields.items():
        ui, kind = ui_of(info), kind_of(info)
        if kind in FILES or (change and ui.fixed) or (kind == "hidden" and not change):
            continue
        annotation = _sent(info, ui)
        about = Field(description=_about(info, ui, language))
        if change:
            fields[field] = (Annotated[annotation, about], None)
        elif info.is_required():
            fields[field] = (Annotated[annotation, about], ...)
        else:
            fields[field] = (Annotated[annotation, about], info.get_default(call_default_factory=True))
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=form.__doc__, **fields)


def _sent(info: FieldInfo, ui: Ui) -> Any:
    """The field's type as JSON is read; words and limits are part of it."""
    limits = [each for each in info.metadata if not isinstance(each, Ui)]
    bare = _bare(info.annotation)
    whole = bare is int and not any(isinstance(each, Ge | Le) for each in limits)
    if whole and kind_of(info) in {"departments", "select"}:
        limits = [*limits, Ge(1), Le(_INT64 - 1)]
    elif whole:
        limits = [*limits, Ge(-_INT64), Le(_INT64 - 1)]
    inner: Any = _strict(bare, ui)
    inner = Annotated[(inner, *limits)] if limits else inner
    return inner | None if bare is not info.annotation else inner


def _bare(annotation: Any) -> Any:
    """The type without “or nothing”."""
    if get_origin(annotation) in {Union, UnionType}:
        return next(each for each in get_args(annotation) if each is not type(None))
    return annotation


def _strict(annotation: Any, ui: Ui) -> Any:
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return Annotated[(_strict(inner, ui), *more)]
    if get_origin(annotation) is list:
        inner = get_args(annotation)[0]
        return Annotated[list[Id] if inner is int else list[_strict(inner, ui)], Field(max_length=1000)]  # type: ignore[misc]
    if annotation is str and ui.words:
        return Literal[tuple(ui.words)]
    return _STRICT.get(annotation, annotation)


def _about(info: FieldInfo, ui: Ui, language: str) -> str:
    said = [ui.label.read(language)]
    said += [f"({ui.suffix.read(language)})"] if ui.suffix else []
    if kind_of(info) == "money":
        said.append(say("in minor units of the currency").read(language))
    text = " ".join(said)
    return f"{text}. {ui.help.read(language)}" if ui.help else text


def whole(visit: Visit, form: type[BaseModel], values: Mapping[str, Any]) -> Any:
    """The form's model of values.

    Raises:
        Refusal: 422 with what is wrong with each field.
    """
    try:
        return form.model_validate(values)
    except ValidationError as error:
        wrong = [
            {"pointer": f"/{name}" if name else "", "in": "body", "detail": visit.say(text)}
            for name, text in field_errors(error).items()
        ]
        raise Refusal(422, say("Look at “errors” for each field."), errors=wrong) from None


def posted(visit: Visit, made: BaseModel | None, token: str = "") -> tuple[tuple[str, str], ...]:
    """The fields as the console would post them, for a request that waits for approval."""
    found: list[tuple[str, str]] = []
    fields = type(made).model_fields if made is not None else {}
    for name, info in fields.items():
        kind, value = kind_of(info), getattr(made, name)
        if kind in SEVERAL:
            found += [(name, str(each)) for each in sorted(value, key=str)]
        elif kind == "switch":
            found += [(name, "1")] if value else []
        elif kind not in FILES:
            found.append((name, typed(visit, kind, value)))
    return (*found, *([(TOKEN, token)] if token else ()))


# --- what is answered ---------------------------------------------------------------------------------------


def stored_model(
    form: type[BaseModel], name: str, language: str, *, identified: bool = True
) -> type[BaseModel]:
    """What is stored: the form's fields without its demands on what is typed, and the id."""
    fields: dict[str, Any] = {"id": (int, ...)} if identified else {}
    for field, info in form.model_fields.items():
        if kind_of(info) in FILES or kind_of(info) == "new-password":
            continue
        description = ui_of(info).label.read(language)
        kind: Any = Annotated[time, _CLOCK] if _bare(info.annotation) is time else info.annotation
        fields[field] = (Annotated[kind | None, Field(description=description)], None)
    return create_model(name, __doc__=form.__doc__, **fields)


def page_model(screen: Screen[Any], name: str, language: str) -> type[BaseModel]:
    """Rows of a list and where the next ones are."""
    fields: dict[str, Any] = {screen.listing.key: (int, ...)}
    for column in columns(screen):
        kind = column.program.kind if column.program else _TYPES[column.kind]
        about = Field(description=_about_column(column, language))
        fields[column.name] = (Annotated[kind | None, about], None)
    row = create_model(f"{name}Row", **fields)
    cursor = Field(description=say("Cursor of the next page; null at the end.").read(language))
    rows: Any = list[row]
    return create_model(f"{name}Page", items=(rows, ...), next=(Annotated[str | None, cursor], None))


def columns(screen: Screen[Any]) -> list[Column]:
    """The columns a program gets: those of the listing, and those that say what they are for programs."""
    return [each for each in screen.columns if each.program or each.name in screen.listing.fields]


def _about_column(column: Column, language: str) -> str:
    title = column.title.read(language)
    if column.kind is not Kind.CHOICE or not column.words:
        return title
    words = [
        f"`{word}`: {read(text[0] if isinstance(text, tuple) else text, language)}"
        for word, text in column.words.items()
    ]
    return f"{title}. " + ", ".join(words)


# --- what is asked for --------------------------------------------------------------------------------------


def filter_model(screen: Screen[Any], name: str, language: str, *, paged: bool = True) -> type[BaseModel]:
    """Parameters of a list: page, order, search, and a filter for each column that has one."""
    fields = _paging(screen, language) if paged else {}
    search = screen.search_hint or say("Search, as on the page.")
    fields |= {name: (Annotated[str, Field(max_length=200)], "") for name in sorted(screen.kept)}
    fields["q"] = (Annotated[str, Field(max_length=100, description=search.read(language))], "")
    for column in screen.columns:
        declared = screen.listing.fields.get(column.name)
        if declared is None or not declared.filter or not column.filter:
            continue
        title, asked = column.title.read(language), _ASKED[column.kind]
        if column.kind in _RANGES:
            for end, way in (
                ("from", say("{field}, from", field=title)),
                ("to", say("{field}, to", field=title)),
            ):
                about = Field(description=way.read(language))
                fields[f"{column.name}_{end}"] = (Annotated[asked | None, about], None)
        elif column.is_choice:
            one: Any = Literal[tuple(column.words)] if column.kind is Kind.CHOICE and column.words else asked
            several: Any = list[one]
            about = Field(description=_about_column(column, language), max_length=_LISTED)
            fields[column.name] = (Annotated[several | None, about], None)
        else:
            about = Field(description=_about_match(column).read(language))
            fields[column.name] = (Annotated[asked | None, about], None)
    return create_model(f"{name}Filter", __config__=ConfigDict(extra="forbid"), **fields)


def _about_match(column: Column) -> Text:
    match usual(column.kind):
        case Op.HAS:
            return say("{field}, a part of it", field=column.title)
        case Op.STARTS:
            return say("{field}, how it begins", field=column.title)
        case _:
            return column.title


def _paging(screen: Screen[Any], language: str) -> dict[str, Any]:
    names = [each.name for each in screen.columns if each.name in screen.listing.fields]
    sortable = [name for name in names if screen.listing.fields[name].sort]
    orders: Any = Literal[tuple(sign + name for name in sortable for sign in ("", "-"))]
    rows, cursor = say("Rows of a page."), say("`next` of the page before.")
    order = say("Column to order by; with a minus sign downwards.")
    return {
        "limit": (Annotated[int, Field(ge=1, le=500, description=rows.read(language))], 100),
        "cursor": (Annotated[str | None, Field(max_length=2000, description=cursor.read(language))], None),
        "sort": (Annotated[orders | None, Field(description=order.read(language))], None),
    }
