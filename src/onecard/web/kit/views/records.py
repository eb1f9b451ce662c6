"""Pages about one thing, previews of actions, jobs."""

from dataclasses import dataclass

from onecard.web.kit.views.forms import FormView
from onecard.web.kit.views.lists import TableView
from onecard.web.kit.views.parts import Button, Cell, Tone


@dataclass(frozen=True, slots=True)
class Fact:
    """A value of a record; several `cells` stand side by side."""

    label: str
    cell: Cell
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """A part of a record page."""

    title: str
    facts: tuple[Fact, ...]
    actions: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordView:
    """A page about one thing: its facts, what can be done, lists that belong to it.

    Attributes:
        subtitle: number, department …
        badges: (text, tone).
        picture: address of a photo.
        parts: facts in the main column; `side` beside it.
        tables: lists below.
    """

    title: str
    subtitle: str = ""
    badges: tuple[tuple[str, Tone], ...] = ()
    picture: str = ""
    actions: tuple[Button, ...] = ()
    parts: tuple[Facts, ...] = ()
    side: tuple[Facts, ...] = ()
    tables: tuple[tuple[str, TableView], ...] = ()
    message: str = ""
    message_tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What a bulk action would do, before it is done.

    Attributes:
        affected: sentence with the number of rows.
        refused: (label of the row, reason).
        sample: first rows that would change.
        form: fields still to fill, and the button that does it.
    """

    title: str
    affected: str
    form: FormView
    refused: tuple[tuple[str, str], ...] = ()
    refused_more: int = 0
    sample: TableView | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """A job's card.

    Attributes:
        state: `queued`, `running`, `done`, `failed`, `cancelled`; `state_text` in words.
        done: of `total`; `percent` from 0 to 100, None while unknown.
        step: what is being done.
        sentence: how it ended.
        counts: (label, number, tone).
    """

    id: str
    title: str
    state: str
    state_text: str
    tone: Tone
    href: str
    fragment_href: str
    asked: str = ""
    done: int = 0
    total: int = 0
    percent: int | None = None
    step: str = ""
    sentence: str = ""
    counts: tuple[tuple[str, str, Tone], ...] = ()
    actions: tuple[Button, ...] = ()
    results: tuple[Button, ...] = ()
    table: TableView | None = None
