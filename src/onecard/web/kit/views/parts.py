"""What several views share: colours, layouts of values, buttons, options."""

from dataclasses import dataclass, field
from enum import StrEnum


class Tone(StrEnum):
    """The colour of a badge, cell, button or message; the template maps it to classes."""

    PLAIN = "plain"
    PRIMARY = "primary"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    MUTED = "muted"


class Look(StrEnum):
    """How a cell or a value of a record is laid out."""

    TEXT = "text"
    STRONG = "strong"  # the first thing one looks for in a row
    TERM = "term"  # a word of machines, the same in every language
    CODE = "code"  # numbers of people, accounts, cards: tabular digits
    NUMBER = "number"  # right-aligned
    MONEY = "money"  # right-aligned, sign and colour together
    DATE = "date"
    INSTANT = "instant"
    BADGE = "badge"
    BADGES = "badges"  # several; `parts`
    YES = "yes"  # tick or nothing
    DIFF = "diff"  # before and after; `parts` are (field, before, after)
    PHOTO = "photo"  # `href` of a small picture


@dataclass(frozen=True, slots=True)
class Cell:
    """One value as it is shown; `href` makes it a link, `hint` is its title attribute, `depth` indents it."""

    text: str
    look: Look = Look.TEXT
    tone: Tone = Tone.PLAIN
    href: str = ""
    hint: str = ""
    parts: tuple[tuple[str, ...], ...] = ()
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press.

    Attributes:
        label: its words.
        href: where it leads, or what it posts to.
        icon: name in the sprite.
        tone: colour.
        key: printed in <kbd> and bound, e.g. `n`, `F2`, `Ctrl+Enter`.
        dialog: opens what `href` answers in the dialog.
        post: sends a POST (with `confirm` asked before, if there is one).
        download: the browser saves what comes; with `post`, of the list as it stands then.
    """

    label: str
    href: str
    icon: str = ""
    tone: Tone = Tone.PLAIN
    key: str = ""
    dialog: bool = False
    post: bool = False
    download: bool = False
    confirm: str = ""
    menu: bool = False  # stands in the “more” menu instead of the bar
    passkey: str = (
        ""  # asks for a passkey by the options (JSON) `href` answers to POST; `credential` goes here
    )


@dataclass(frozen=True, slots=True)
class Option:
    """A choice; `depth` indents it (departments), `group` heads it."""

    value: str
    label: str
    selected: bool = False
    depth: int = 0
    group: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the key sheet."""

    keys: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Extra:
    """Room for what a bespoke template needs beside its view."""

    values: dict[str, object] = field(default_factory=dict)
