"""Forms: fields, sections, the tree of functions."""

from dataclasses import dataclass

from onecard.web.kit.views.parts import Button, Option


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a form.

    Attributes:
        kind: `text`, `number`, `money`, `date`, `time`, `email`, `tel`, `password`, `new-password`, `code`
            (one-time code), `select`, `radio`, `checks` (several), `functions` (the tree of functions),
            `departments` (tree-select), `textarea`, `switch`, `file`, `photo`, `logo`, `static` (only
            shown),
            `hidden`.
        name: as it is posted.
        value: as it is typed; of several: `options` are selected.
        error: what is wrong, in words.
        help: under the field.
        tree: of `functions`.
        wide: takes both columns.
        suffix: unit behind the field, e.g. 元 or %.
    """

    kind: str
    name: str
    label: str
    value: str = ""
    error: str = ""
    help: str = ""
    required: bool = False
    autofocus: bool = False
    readonly: bool = False
    wide: bool = False
    options: tuple[Option, ...] = ()
    tree: tuple["GrantArea", ...] = ()
    suffix: str = ""
    placeholder: str = ""
    accept: str = ""  # of files
    max_length: int = 0
    minimum: str = ""
    maximum: str = ""
    autocomplete: str = "off"
    picture: str = ""  # address of the present photo


@dataclass(frozen=True, slots=True)
class GrantLeaf:
    """A function in the tree of functions; `given_by` names roles that give it already."""

    name: str
    label: str
    checked: bool = False
    locked: bool = False
    given_by: str = ""


@dataclass(frozen=True, slots=True)
class GrantBranch:
    """A screen of the menu."""

    name: str
    label: str
    leaves: tuple[GrantLeaf, ...]


@dataclass(frozen=True, slots=True)
class GrantArea:
    """A part of the menu."""

    name: str
    label: str
    branches: tuple[GrantBranch, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together; without a title for plain forms."""

    fields: tuple[FieldView, ...]
    title: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FormView:
    """A form, in the dialog or as a page.

    Attributes:
        id: of the form.
        action: where it is posted.
        sections: its fields.
        submit: words on the button; `danger` colours it.
        error: a sentence about the whole form.
        hidden: (name, value), e.g. the version that is being changed and the idempotency key.
        upload: carries files.
        extra: further buttons, e.g. delete.
        confirm_password: asks for the operator's password, because the function is dangerous.
        after: sentence beside the buttons.
    """

    id: str
    title: str
    action: str
    sections: tuple[Section, ...]
    submit: str
    cancel_href: str = ""
    error: str = ""
    note: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    danger: bool = False
    upload: bool = False
    wide: bool = False
    extra: tuple[Button, ...] = ()
    confirm_password: FieldView | None = None
