"""Lists: headings, rows, filters, pages, trees."""

from dataclasses import dataclass

from onecard.web.kit.views.parts import Button, Cell, Look, Option, Tone


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

    @property
    def links(self) -> tuple[str, ...]:
        """Where each cell leads: where it says itself; if none does, the strong or first leads as the row."""
        own = tuple("" if cell.look is Look.PHOTO else cell.href for cell in self.cells)
        if not self.href or any(own):
            return own
        strong = tuple(self.href if cell.look is Look.STRONG else "" for cell in self.cells)
        return strong if any(strong) else (self.href, *own[1:])


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
