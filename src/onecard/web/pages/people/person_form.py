"""The form of a personnel file: its fields, and those a tenant has added."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, create_model

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import Text, say, say_in
from onecard.people import classes
from onecard.people.fields import checked_values
from onecard.people.model import CustomField, FieldKind, FileDraft, Gender, PersonFile
from onecard.people.rules import (
    ID_NUMBER_MAX,
    NAME_MAX,
    NUMBER_MAX,
    REMARK_MAX,
    has_control_characters,
    parse_email,
    parse_id_number,
    parse_phone,
    plain,
)
from onecard.web.kit.fields import Ui
from onecard.web.kit.views import Option
from onecard.web.kit.visit import Visit
from onecard.web.pages.choices import department_options

GENDERS: dict[str, Text] = {Gender.MALE: say("Male"), Gender.FEMALE: say("Female")}
CUSTOM = "custom_"  # and the field's id: its name in a page's form
_CONTACT, _DATES, _CUSTOM = say("Contact"), say("Dates and remark"), say("Custom fields")


def _number(text: str) -> str:
    if has_control_characters(text) or not plain(text):
        raise ValueError(say("A person's number has 1 to {most} printable characters.", most=NUMBER_MAX))
    return plain(text)


def _phone(text: str | None) -> str | None:
    if text and parse_phone(text) is None:
        raise ValueError(
            say("A phone is an 11-digit mobile number, or + and the country's code before the number.")
        )
    return text


def _email(text: str | None) -> str | None:
    if text and parse_email(text) is None:
        raise ValueError(say("The e-mail address is not one, such as name@example.com."))
    return text


def _id_number(text: str | None) -> str | None:
    if text and parse_id_number(text) is None:
        raise ValueError(
            say("The ID number is malformed: an 18-digit number has a real date and check character.")
        )
    return text


class PersonBasics(BaseModel):
    """What every tenant's personnel files have."""

    number: Annotated[
        str, Field(min_length=1, max_length=NUMBER_MAX), AfterValidator(_number),
        Ui(say("Person number"), fixed=True, help=say("Never changes once it is saved.")),
    ]  # fmt: skip
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX), Ui(say_in("person", "Name"))]
    department_id: Annotated[int, Field(ge=1, le=2**63 - 1), Ui(say("Department"), kind="departments")]
    class_id: Annotated[int, Field(ge=1, le=2**63 - 1), Ui(say("Account class"), kind="select")]
    gender: Annotated[Gender | None, Ui(say("Gender"), words=GENDERS)] = None
    id_number: Annotated[
        str | None, Field(max_length=ID_NUMBER_MAX), AfterValidator(_id_number),
        Ui(say("ID document number"), help=say("Kept encrypted. Empty: what is stored stays.")),
    ] = None  # fmt: skip
    phone: Annotated[
        str | None, Field(max_length=NUMBER_MAX), AfterValidator(_phone),
        Ui(say("Phone"), kind="tel", section=_CONTACT, help=say("Signs the holder in on the phone pages.")),
    ] = None  # fmt: skip
    email: Annotated[
        str | None, AfterValidator(_email), Ui(say("E-mail"), kind="email", section=_CONTACT)
    ] = None  # fmt: skip
    entered_on: Annotated[date | None, Ui(say("Entered on"), section=_DATES)] = None
    leaves_on: Annotated[
        date | None,
        Ui(say("Leaves on"), section=_DATES, help=say("As planned; leaving itself is an action.")),
    ] = None
    remark: Annotated[
        str, Field(max_length=REMARK_MAX), Ui(say("Remark"), kind="textarea", section=_DATES)
    ] = ""
    version: Annotated[
        int, Field(ge=0, le=2**31 - 1, description="What the change is based on; another since is refused."),
        Ui(say("Version"), kind="hidden", section=_DATES),
    ] = 0  # fmt: skip


class PersonForm(PersonBasics):
    """The same for programs, which send custom fields by id."""

    custom: Annotated[
        dict[int, Annotated[str, Field(max_length=500)] | bool],
        Field(max_length=100, description="Values of custom fields by field id."),
        Ui(_CUSTOM),
    ] = Field(default_factory=dict)


class StoredPerson(BaseModel):
    """A personnel file as programs read it; the ID number only as far as anybody may see it."""

    id: int
    number: str
    name: str
    department_id: int
    department: str
    class_id: int
    class_name: str
    gender: Gender | None
    id_number_masked: str
    phone: str | None
    email: str | None
    entered_on: date | None
    leaves_on: date | None
    left_on: date | None
    remark: str
    custom: dict[int, Any]
    state: str
    photos: list[int]
    face_consent: bool
    version: int


@lru_cache(maxsize=256)
def with_custom(definitions: tuple[CustomField, ...]) -> type[PersonBasics]:
    """The form with a tenant's own fields; making a model takes longer than reading a list."""
    added: dict[str, Any] = {f"{CUSTOM}{each.id}": _declared(each) for each in definitions}
    return create_model("PersonForm", __base__=PersonBasics, **added)


def _declared(field: CustomField) -> tuple[Any, Any]:
    words = {each: Text(each) for each in field.choices} if field.kind is FieldKind.CHOICE else None
    kinds = {FieldKind.CHOICE: "select", FieldKind.DATE: "date", FieldKind.YES: "switch"}
    ui = Ui(Text(field.name), kind=kinds.get(field.kind, "text"), section=_CUSTOM, words=words)
    if field.kind is FieldKind.YES:
        return Annotated[bool, ui], False

    def usable(value: str | None) -> str | None:
        try:
            checked_values([field], {field.id: value})
        except OneCardError as error:
            raise ValueError(*error.args) from None
        return value

    checked = AfterValidator(usable)
    if field.required:
        return Annotated[str, checked, ui], ...
    return Annotated[str | None, checked, ui], None


async def choices(tx: Tx, visit: Visit) -> Mapping[str, Sequence[Option]]:
    """Departments the operator sees, and all account classes."""
    offered = [Option(str(each.id), f"{each.number} {each.name}") for each in await classes.classes(tx)]
    return {"department_id": await department_options(tx, visit), "class_id": offered}


def values(file: PersonFile) -> dict[str, Any]:
    """A file as forms and programs have it; the ID number is not in it."""
    known = asdict(file)
    own = {f"{CUSTOM}{key}": value for key, value in file.custom.items()}
    return own | known | {"id_number": None, "photos": list(file.photos), "state": file.state.value}


def draft(form: PersonBasics) -> FileDraft:
    """What a form says, for the use case."""
    given = form.model_dump(exclude={"version"})
    custom = {
        int(name.removeprefix(CUSTOM)): given.pop(name) for name in list(given) if name.startswith(CUSTOM)
    }
    return FileDraft(**(given | {"custom": given.get("custom") or _filled(custom)}))


def _filled(custom: Mapping[int, Any]) -> dict[int, Any]:
    return {key: value for key, value in custom.items() if value not in {None, ""}}


def same(file: PersonFile, **changed: Any) -> FileDraft:
    """The file as it is, with something changed."""
    names = FileDraft.__dataclass_fields__.keys() - {"id_number"}
    return FileDraft(**({name: getattr(file, name) for name in names} | changed))


def custom_words(visit: Visit, field: CustomField, stored: Any) -> str:
    """A custom value as people read it."""
    if field.kind is FieldKind.YES:
        return visit.say(say("Yes")) if stored is True else ""
    return "" if stored is None else str(stored)


def custom_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The custom values of a row of the list, by field id as text."""
    found = json.loads(row["custom"])
    return found if isinstance(found, dict) else {}
