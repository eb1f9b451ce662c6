"""A screen in one declaration: a list, a form, what can be done with rows, and the same over HTTP.

A plain screen is a `Screen(…)` with its columns, its form's model and four use cases; routes, table, filters,
paging, export, dialogs, errors and the API follow from it. See docs/internals/screens.md.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Protocol, TypeAlias
from urllib.parse import urlencode

from pydantic import BaseModel
from starlette.responses import Response

from onecard.base.db import Row, Tx
from onecard.base.listing import Condition, Listing, Op, Wish
from onecard.base.texts import Text, say
from onecard.tenants.functions import DANGEROUS, Function
from onecard.web.kit import nav, render
from onecard.web.kit.bulk import Bulk, bulk_routes
from onecard.web.kit.column_choice import choose_button, column_routes, shown_columns
from onecard.web.kit.columns import Column
from onecard.web.kit.filters import Query, conditions, panel
from onecard.web.kit.forms import Model
from onecard.web.kit.needs import Needs
from onecard.web.kit.routes import Page
from onecard.web.kit.tables import NOTHING_YET, TableParts, page_first, page_size, table
from onecard.web.kit.views import Button, GrantArea, ListView, Option, TableView, Tone, TreeView
from onecard.web.kit.visit import Visit

TABLE = "table"

Choices: TypeAlias = Mapping[str, Sequence[Option]]


class Load(Protocol):
    """Values of the form of something that exists."""

    async def __call__(self, tx: Tx, visit: Visit, key: int) -> Mapping[str, Any]:
        """Raises NotFoundError when it does not exist for this visit."""


async def no_choices(tx: Tx, visit: Visit) -> Choices:
    """A form whose fields need nothing from the database."""
    return {}


def search_only(visit: Visit, query: Query) -> Mapping[str, Any]:
    """Arguments of a listing that searches and keeps to the operator's departments."""
    return {"search": query.one("q"), "departments": visit.scope if visit.signed_in else []}


@dataclass(frozen=True, kw_only=True)
class Screen(Generic[Model]):
    """A list with a form.

    Attributes:
        path: of the list; everything else is below it.
        area: of the menu.
        title: in the menu and over the list.
        icon: name in the sprite.
        view: what opens the list, usually a function; `change` for the form; None: nothing can be changed.
        listing: where rows come from; `arguments` makes its arguments of the address.
        columns: one declaration for table, filters, sorting, export and API.
        form: model of the form.
        load, create, save, remove: use cases; each inside the transaction it is given.
        choices: options of the form's fields that come from the database.
        fresh: values a new one begins with that come from there.
        new: words on the button that makes a new one; `edit` is the title of its form.
        saved: sentence after success.
        search_hint: what the search box finds; None: there is no box.
        row_href: where a row leads when not to its form.
        record: the page of one thing; its form is then at `<path>/<id>/change`.
        guarded: fields that need a function of their own; who lacks it neither sees nor sets them.
        bulk: what can be done with several rows.
        actions: more buttons over the list.
        tree: a tree beside the list.
        api: name below /api/v1; empty: the screen's own pages only.
        live: topics of events after which the list is fetched again.
        new_from: parameters of the list that fill fields of a new one, e.g. the department it shows.
        usual: words of choices a list shows unless it is searched or another choice is asked for.
        one: what the API asks of who looks at one thing, when it is not `view`.
        stored: what the API answers of one thing, when that is more than its form's fields.
        tailored: the screen with what only this tenant has, e.g. columns and fields of its own; the API keeps
            to the screen as it is declared.
    """

    path: str
    area: str
    title: Text
    icon: str
    view: Needs
    listing: Listing
    columns: tuple[Column, ...]
    change: Function | None = None
    form: type[Model] | None = None
    load: Load | None = None
    create: Callable[[Tx, Visit, Model], Awaitable[int]] | None = None
    save: Callable[[Tx, Visit, int, Model], Awaitable[None]] | None = None
    remove: Callable[[Tx, Visit, int], Awaitable[None]] | None = None
    choices: Callable[[Tx, Visit], Awaitable[Choices]] = no_choices
    fresh: Callable[[Tx, Visit], Awaitable[Mapping[str, Any]]] | None = None
    trees: Callable[[Tx, Visit, int | None], Awaitable[Mapping[str, Sequence[GrantArea]]]] | None = None
    arguments: Callable[[Visit, Query], Mapping[str, Any]] = search_only
    new: Text = say("New")
    edit: Text = say("Change")
    saved: Text = say("Saved.")
    removed: Text = say("Deleted.")
    remove_asks: Text = say("Delete this? It cannot be undone.")
    note: Text | None = None
    none: Text = NOTHING_YET
    search_hint: Text | None = None
    label: str = ""
    row_href: Callable[[Row], str] | None = None
    record: Callable[[Visit], Awaitable[Response]] | None = None
    guarded: Mapping[str, Function] = field(default_factory=dict)
    bulk: tuple[Bulk, ...] = ()
    actions: Callable[[Visit, Query], tuple[Button, ...]] | None = None
    tree: Callable[[Tx, Visit, Query], Awaitable[TreeView]] | None = None
    kept: frozenset[str] = frozenset()
    export: Function | None = None
    api: str = ""
    live: tuple[str, ...] = ()
    in_menu: bool = True
    more: tuple[Page, ...] = field(default=())
    new_from: Mapping[str, str] = field(default_factory=dict)
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    one: Needs | None = None
    stored: type[BaseModel] | None = None
    tailored: Callable[["Screen[Any]", Tx, Visit], Awaitable["Screen[Any]"]] | None = None

    def __post_init__(self) -> None:
        kinds = {name: each.kind for name, each in self.listing.fields.items()}
        columns = tuple(replace(each, kind=kinds.get(each.name, each.kind)) for each in self.columns)
        object.__setattr__(self, "columns", columns)
        if self.in_menu:
            nav.add(self.area, nav.Entry(self.title, self.path, self.icon, self.view))

    async def at(self, tx: Tx, visit: Visit) -> "Screen[Any]":
        """The screen as this visit's tenant has it."""
        return self if self.tailored is None else await self.tailored(self, tx, visit)

    @property
    def dangerous(self) -> bool:
        """Whether a change may ask for the operator's password again."""
        return self.change in DANGEROUS or any(each in DANGEROUS for each in self.guarded.values())

    def proves(self, visit: Visit) -> bool:
        """Whether a change may ask for this operator's password again."""
        return self.change in DANGEROUS or any(
            each in DANGEROUS and visit.may(each) for each in self.guarded.values()
        )

    def used(self, visit: Visit, before: Mapping[str, Any], made: BaseModel) -> Function | None:
        """The function a change uses: that of a guarded field it is about, or the screen's own."""
        for name, function in self.guarded.items():
            if visit.may(function) and _as_set(before.get(name)) != _as_set(getattr(made, name)):
                return function
        return self.change

    def left_out(self, visit: Visit) -> frozenset[str]:
        """Fields of the form this operator does not get."""
        return frozenset(name for name, function in self.guarded.items() if not visit.may(function))

    def seen(self, visit: Visit) -> list[Column]:
        """The columns this visit may see."""
        return [each for each in self.columns if each.needs is None or visit.may(each.needs)]

    def filters(self, visit: Visit) -> list[Column]:
        """The columns it may filter by."""
        fields = self.listing.fields
        return [
            each
            for each in self.seen(visit)
            if each.filter and each.name in fields and fields[each.name].filter
        ]

    def routes(self) -> list[Page]:
        """Its pages; those with fixed names stand before those with a number in them."""
        from onecard.web.kit.export import export_routes  # noqa: PLC0415  exports need screens
        from onecard.web.kit.screen_forms import form_routes  # noqa: PLC0415  as above

        async def show(visit: Visit) -> Response:
            return await list_page(self, visit)

        return [
            Page(self.path, show, needs=self.view),
            *export_routes(self),
            *column_routes(self),
            *bulk_routes(self),
            *self.more,
            *(form_routes(self) if self.form is not None else ()),
        ]


def _as_set(value: Any) -> set[str]:
    several = value if isinstance(value, list | tuple | set | frozenset) else [value]
    return {str(each) for each in several if each is not None}


def wish(screen: Screen[Any], visit: Visit, query: Query) -> Wish:
    """What the address asks of the listing."""
    fields = screen.listing.fields
    sort = query.one("sort").lstrip("-")
    usual = [
        Condition(name, Op.IN, words)
        for name, words in screen.usual.items()
        if not query.one("q") and not query.one(name)
    ]
    sortable = sort in fields and fields[sort].sort and any(each.name == sort for each in screen.seen(visit))
    return Wish(
        arguments=screen.arguments(visit, query),
        conditions=[*conditions(visit, query, screen.filters(visit)), *usual],
        sort=sort if sortable else None,
        descending=query.one("sort").startswith("-"),
        first=page_first(query),
        most=page_size(query),
    )


async def list_page(screen: Screen[Any], visit: Visit) -> Response:
    """The list, or its table only when htmx asks for that."""
    query = Query.of(visit)
    async with visit.tx() as tx:
        screen = await screen.at(tx, visit)
        page = await screen.listing.page(tx, wish(screen, visit, query))
        whole = visit.partial != TABLE
        tree = await screen.tree(tx, visit, query) if screen.tree and whole else None
    columns = shown_columns(visit, screen.seen(visit))
    shown = table(visit, query, columns, page, _parts(screen, visit))
    if not whole:
        return render.html(visit, "_table.html", title=screen.title, part=True, table=shown)
    view = list_view(screen, visit, query, shown, tree)
    return render.html(visit, "list.html", title=screen.title, view=view)


def list_view(
    screen: Screen[Any], visit: Visit, query: Query, shown: TableView, tree: TreeView | None
) -> ListView:
    """The whole page around a table."""
    filters = panel(visit, query, screen.filters(visit))
    in_use = any(chip for chip in shown.chips) and len(shown.chips) > bool(query.one("q"))
    return ListView(
        title=visit.say(screen.title),
        table=shown,
        search=query.one("q"),
        search_hint=visit.say(screen.search_hint) if screen.search_hint else "",
        hidden=tuple((key, value) for key, value in query.pairs if key in screen.kept | {"sort", "size"}),
        filters=filters,
        filters_open=in_use,
        actions=_actions(screen, visit, query),
        tree=tree,
        note=visit.say(screen.note) if screen.note else "",
    )


def _parts(screen: Screen[Any], visit: Visit) -> TableParts:
    href, dialog = screen.row_href, False
    if href is None and screen.record is not None:
        href = lambda row: f"{screen.path}/{row[screen.listing.key]}"  # noqa: E731  one of two such lines
    elif href is None and screen.form is not None and screen.load is not None:
        href, dialog = (lambda row: f"{screen.path}/{row[screen.listing.key]}"), True
    fields = screen.listing.fields
    return TableParts(
        id=TABLE,
        key=screen.listing.key,
        href=href,
        dialog=dialog,
        label=screen.label,
        none=screen.none,
        none_actions=_new(screen, visit),
        bulk=_bulk(screen, visit, rows=True),
        sortable=frozenset(name for name, each in fields.items() if each.sort),
        order=(screen.listing.order, screen.listing.descending),
        filters=screen.filters(visit),
        live=screen.live,
        kept=screen.kept,
    )


def _new(screen: Screen[Any], visit: Visit) -> tuple[Button, ...]:
    if screen.create is None or screen.change is None or not visit.may(screen.change):
        return ()
    label = visit.say(screen.new)
    given = [(name, visit.query[each]) for each, name in screen.new_from.items() if visit.query.get(each)]
    href = f"{screen.path}/new" + (f"?{urlencode(given)}" if given else "")
    return (Button(label, href, "plus", Tone.PRIMARY, "n", dialog=True),)


def _actions(screen: Screen[Any], visit: Visit, query: Query) -> tuple[Button, ...]:
    export: tuple[Button, ...] = ()
    if visit.may(screen.export or screen.view):
        export = tuple(
            Button(
                visit.say(label), query.href(["page", "size"], path=f"{screen.path}/export", format=kind),
                "download", key=key, post=True, download=True, menu=True,
            )
            for label, kind, key in _FORMATS
        )  # fmt: skip
    more = screen.actions(visit, query) if screen.actions else ()
    columns = choose_button(visit, screen.path)
    return (*_new(screen, visit), *more, *_bulk(screen, visit, rows=False), *export, columns)


def _bulk(screen: Screen[Any], visit: Visit, *, rows: bool) -> tuple[Button, ...]:
    """Buttons of the actions on selected rows, or on the list as a whole."""
    offered = [each for each in screen.bulk if each.rows is rows and visit.may(each.needs)]
    return tuple(each.button(visit, screen.path) for each in offered)


_FORMATS = ((say("Export as Excel"), "xlsx", "e"), (say("Export as CSV"), "csv", ""))
