"""What templates get: plain values, every text already in the reader's language.

The kit fills these, the templates only lay them out. A template that needs more gets a new field here, never
a query or a rule of its own.
"""

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


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu; `key` is what `g` + letter jumps to, if any."""

    label: str
    href: str
    icon: str
    active: bool = False


@dataclass(frozen=True, slots=True)
class NavArea:
    """A collapsible part of the menu."""

    name: str
    label: str
    icon: str
    items: tuple[NavItem, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Shell:
    """Everything around a page: menu, who is signed in, language, theme.

    Attributes:
        title: of the page.
        language: `zh-CN` or `en`; `languages` are (code, own name) to choose from.
        theme: `auto`, `light` or `dark`.
        tenant: name of the institution, empty before sign-in.
        operator: name of who is signed in; None: nobody.
        account: the operator's account number.
        nav: the menu, only what is allowed.
        recent: recently used pages, newest first.
        crumbs: (label, href) from the area down to the page before this one.
        idle_s: seconds without a request after which the session ends; 0 without a session.
        version: of the program; `schema` of the database.
        help_href: page of the guide.
    """

    title: str
    language: str
    theme: str
    languages: tuple[tuple[str, str], ...]
    tenant: str = ""
    tenant_logo: str = ""
    operator: str | None = None
    account: str = ""
    nav: tuple[NavArea, ...] = ()
    recent: tuple[NavItem, ...] = ()
    crumbs: tuple[tuple[str, str], ...] = ()
    path: str = "/"
    idle_s: int = 0
    version: str = ""
    schema: str = ""
    events: bool = False
    # where the layout's own links lead; forms post `language` or `theme` and `next` to preferences
    home_href: str = "/"
    account_href: str = "/account"
    search_href: str = "/search"
    preferences_href: str = "/preferences"
    sign_out_href: str = "/sign-out"
    events_href: str = "/events"


class Look(StrEnum):
    """How a cell or a value of a record is laid out."""

    TEXT = "text"
    STRONG = "strong"  # the first thing one looks for in a row
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
class Head:
    """A column's heading.

    Attributes:
        key: of the column.
        title: heading.
        look: decides the alignment.
        sort_href: where a click on it leads; empty: it cannot be sorted by.
        sorted: `ascending`, `descending` or empty, as aria-sort says it.
        phone: `title`, `sub`, `line` or `hide`: its place when rows become cards.
    """

    key: str
    title: str
    look: Look = Look.TEXT
    sort_href: str = ""
    sorted: str = ""
    phone: str = "line"


@dataclass(frozen=True, slots=True)
class RowView:
    """A row: its key (for selection), where Enter leads, its cells; `dialog`: opens in the dialog."""

    key: str
    cells: tuple[Cell, ...]
    href: str = ""
    dialog: bool = False
    label: str = ""  # what the row's check box is called for a screen reader


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
class FilterView:
    """One filter of a list as its panel shows it.

    Attributes:
        kind: `text`, `number`, `money`, `date`, `instant`, `choice`, `yes`.
        name: query parameter; ranges use `name_from` and `name_to`.
        label: heading of the column.
        value: of a text, or of the lower end; `value_to` of the upper.
        options: of a choice.
    """

    kind: str
    name: str
    label: str
    name_to: str = ""
    value: str = ""
    value_to: str = ""
    options: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in force, and the address without it."""

    label: str
    value: str
    remove_href: str


@dataclass(frozen=True, slots=True)
class Pager:
    """Where in the list we are; `pages` are (number, href) with number 0 for a gap."""

    total: int
    first: int
    last: int
    page: int
    page_count: int
    pages: tuple[tuple[int, str], ...]
    previous_href: str = ""
    next_href: str = ""
    sizes: tuple[Option, ...] = ()
    jump_href: str = ""  # `page` is appended as a parameter
    total_text: str = ""  # “100,000 people”


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A node of a tree, with its count (and that of its sub-tree)."""

    key: str
    label: str
    href: str
    children: tuple["TreeNode", ...] = ()
    count: int | None = None
    active: bool = False
    open: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TreeView:
    """A tree beside a list, or a page of its own."""

    id: str
    label: str
    nodes: tuple[TreeNode, ...]
    search: bool = True


@dataclass(frozen=True, slots=True)
class TableView:
    """A list: what the swapped part of the page shows.

    Attributes:
        id: of the element that is swapped.
        href: of the list with its present filters (what a reload of the part asks for).
        columns: headings.
        rows: of this page.
        pager: where we are.
        chips: filters in force.
        empty: empty string, `none` (there is nothing yet) or `unfound` (nothing matches).
        empty_text: says so and what to do; `empty_actions` are offered.
        bulk: what can be done with selected rows; empty: rows cannot be selected.
        select_all: (label, parameters) for “all N that are found”.
        live: DOM event topics after which the part is fetched again.
    """

    id: str
    href: str
    columns: tuple[Head, ...]
    rows: tuple[RowView, ...]
    pager: Pager
    chips: tuple[Chip, ...] = ()
    clear_href: str = ""
    empty: str = ""
    empty_text: str = ""
    empty_actions: tuple[Button, ...] = ()
    bulk: tuple[Button, ...] = ()
    found_query: str = ""
    live: tuple[str, ...] = ()
    caption: str = ""


@dataclass(frozen=True, slots=True)
class ListView:
    """A list page.

    Attributes:
        search: what is in the search box; `search_hint` its placeholder; `search_name` empty: no box.
        hidden: parameters the search form keeps, e.g. the chosen department.
        filters: the panel.
        actions: buttons of the page's head (new, import, export …).
        tree: beside the list.
        note: a sentence under the title.
        message: something to know before all else, with its tone.
    """

    title: str
    table: TableView
    search: str = ""
    search_hint: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    filters: tuple[FilterView, ...] = ()
    filters_open: bool = False
    actions: tuple[Button, ...] = ()
    tree: TreeView | None = None
    note: str = ""
    message: str = ""
    message_tone: Tone = Tone.PLAIN


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


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A page or panel that says what happened, whether anything changed, and what to do next."""

    status: int
    title: str
    sentence: str
    next: str = ""
    actions: tuple[Button, ...] = ()
    reference: str = ""  # to find it in the log


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of the global search."""

    label: str
    href: str
    icon: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class SearchView:
    """What the global search shows: groups of hits."""

    query: str
    groups: tuple[tuple[str, tuple[Found, ...]], ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the key sheet."""

    keys: tuple[str, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Extra:
    """Room for what a bespoke template needs beside its view."""

    values: dict[str, object] = field(default_factory=dict)
