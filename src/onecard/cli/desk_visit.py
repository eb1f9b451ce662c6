"""One command at a desk: servers, tenant, keys and reader around it, and the options all commands share."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, TypeVar

import typer

from onecard.base.db import Actor
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.settings import Settings, load_settings
from onecard.cards import setup as cards
from onecard.cards.reader import ReaderError
from onecard.cards.wrapping import open_wrapper
from onecard.cli import desk_show
from onecard.cli.desk_amounts import cash_to_take_fen
from onecard.cli.desk_readers import WORKSTATION, ReaderChoice, open_reader
from onecard.cli.desk_show import Rows, Shown
from onecard.cli.desk_virtual import Accident
from onecard.cli.desk_words import Lang
from onecard.cli.output import Json
from onecard.cli.runtime import Runtime, open_runtime, run_async
from onecard.cli.scope import TenantCode
from onecard.desk.money import person_numbered
from onecard.desk.operations import store
from onecard.desk.operations.model import Operation
from onecard.desk.operations.place import Desk
from onecard.desk.operations.purse_parts import row_of
from onecard.desk.operations.sighting import CardRow, Sighting
from onecard.desk.operations.speech import Refusal, RefusedError
from onecard.desk.operations.workplace import Workplace
from onecard.people.model import Person
from onecard.tenants import service as tenants
from onecard.tenants.model import Tenant

ACTOR = Actor("command", "desk")
F = TypeVar("F", bound=Callable[..., Awaitable[Shown | Rows]])

PersonOption = Annotated[
    str | None, typer.Option("--person", metavar="NUMBER", help="Whose card, when there is no reader.")
]
UidOption = Annotated[
    str | None, typer.Option("--uid", metavar="HEX", help="Which card, when there is no reader.")
]
Reason = Annotated[str, typer.Option("--reason", help="For the card operation list.")]
ReaderText = Annotated[
    str,
    typer.Option(
        "--reader", help="virtual:FILE (or a directory of files), pcsc, pcsc:NAME, workstation:NAME."
    ),
]
DeskName = Annotated[str, typer.Option("--desk", help="Name of the desk; each has its own drawer.")]
Language = Annotated[
    Lang | None, typer.Option("--lang", help="en or zh; the tenant's language when left out.")
]
Pull = Annotated[
    int | None,
    typer.Option("--pull", min=1, metavar="N", help="Training: take the card away before command N."),
]
TearText = Annotated[
    str | None,
    typer.Option(
        "--tear",
        metavar="N[:HOW]",
        help="Training: take it away in write N; HOW: none, full, zero, half, mixed.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The options of all desk commands, in the order of their help."""

    tenant: TenantCode
    reader: ReaderText = ""
    desk: DeskName = "shell"
    lang: Language = None
    pull: Pull = None
    tear: TearText = None
    as_json: Json = False


_OF_READERS = {"reader", "pull", "tear"}


@dataclass(frozen=True, slots=True)
class Settled:
    """An operation of earlier that a card has decided, and the cash to take for it; below zero: to pay."""

    operation: Operation
    cash_fen: int


@dataclass(slots=True)
class Visit:
    """Somebody at a desk.

    Attributes:
        place: the desk and its reader.
        runtime: servers.
        tenant: whose desk.
        lang: what is spoken.
        as_json: whether answers are JSON.
        has_reader: whether a reader was chosen.
        settled: operations that were decided because their card was seen.
    """

    place: Workplace
    runtime: Runtime
    tenant: Tenant
    lang: Lang
    as_json: bool
    has_reader: bool
    settled: list[Settled] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """Of this process."""
        return self.runtime.settings

    async def look(self) -> Sighting:
        """What lies on the reader; what it decided is remembered for the answer."""
        sighting = await self.place.look()
        for operation_id in sighting.settled:
            operation = await self.place.engine.load(operation_id)
            async with self.place.desk.tx() as tx:
                drawer = await store.drawer(tx, operation.desk)
            self.settled.append(Settled(operation, cash_to_take_fen(operation.steps, drawer)))
        return sighting

    def tell(self, shown: Shown) -> None:
        """Print something before the end."""
        desk_show.put(shown, self.lang, as_json=self.as_json)

    async def person(self, number: str) -> Person:
        """The person with a number."""
        async with self.place.desk.tx() as tx:
            return await person_numbered(tx, number)

    async def chosen(self, person: str | None, uid: str | None) -> tuple[CardRow, Sighting | None]:
        """The card that is meant: the one on the reader when there is a reader, else the one that is named.

        Raises:
            RefusedError: another card lies on the reader than the one that is named, or one of nobody.
            ReaderError: no card lies there.
        """
        if not self.has_reader:
            return await self.card(person, uid), None
        sighting = await self.look()
        row = row_of(sighting)
        if person not in {None, row.person_number} or (uid is not None and uid.upper() != row.uid):
            raise RefusedError(Refusal.OTHER_CARD)
        return row, sighting

    async def card(self, person: str | None, uid: str | None) -> CardRow:
        """The card that is named.

        Raises:
            NotFoundError: there is none.
            OneCardError: nothing was said, or the person has several.
        """
        if uid is not None:
            return await self._card_with(uid)
        if person is None:
            message = "Say which card: --person NUMBER or --uid HEX; or lay it on a reader (--reader)."
            raise OneCardError(message)
        found = await self.person(person)
        async with self.place.desk.tx() as tx:
            rows = await store.cards_of(tx, found.id)
        if not rows:
            message = f"{found.name} ({found.number}) has no card."
            raise NotFoundError(message)
        if len(rows) > 1:
            uids = ", ".join(each.uid for each in rows)
            message = f"{found.name} ({found.number}) has several cards; choose with --uid: {uids}."
            raise OneCardError(message)
        return rows[0]

    async def _card_with(self, uid: str) -> CardRow:
        try:
            raw = bytes.fromhex(uid)
        except ValueError:
            message = f"{uid!r} is no UID; write its bytes in hex."
            raise OneCardError(message) from None
        async with self.place.desk.tx() as tx:
            row = await store.card_row(tx, raw)
        if row is None:
            message = f"Nobody has or had a card with the UID {uid.upper()}."
            raise NotFoundError(message)
        return row


@asynccontextmanager
async def at_desk(shared: Shared) -> AsyncIterator[Visit]:
    """A visit for the length of the block.

    Raises:
        NotFoundError: no such tenant, or nobody has chosen its cards.
        ReaderError: there is no such reader.
    """
    settings = load_settings()
    choice = ReaderChoice.parse(shared.reader)
    accident = Accident.parse(shared.pull, shared.tear)
    async with open_runtime(settings) as runtime:
        route = await tenants.route(runtime.db, shared.tenant, ACTOR)
        async with runtime.db.tenant_tx(route.tenant_id, ACTOR) as tx:
            tenant = await tenants.get(tx)
            chosen = await cards.card_format(tx)
            ring = await cards.key_ring(tx, open_wrapper(settings)) if await cards.has_keys(tx) else None
        if chosen is None:
            message = "Nobody has chosen this tenant's cards yet; `onecard card setup` does."
            raise NotFoundError(message)
        bus = runtime.bus if choice.kind == WORKSTATION else None
        desk = Desk(runtime.db, runtime.ledger, route.tenant_id, ACTOR, shared.desk, chosen, ring)
        async with open_reader(choice, shared.tenant, bus, accident) as reader:
            lang = shared.lang or _language(tenant)
            has_reader = reader is not None
            yield Visit(Workplace(desk, reader), runtime, tenant, lang, shared.as_json, has_reader)


def _language(tenant: Tenant) -> Lang:
    return Lang.ZH if tenant.language.startswith("zh") else Lang.EN


def desk_command(app: typer.Typer, name: str, *, reader: bool = True) -> Callable[[F], F]:
    """Make an async function a command of desks.

    Its first argument is the `Visit`; its others are the command's own, before those of `Shared`. What it
    returns is printed; a refusal is a sentence with the next step and exit code 1.

    Args:
        app: gets the command.
        name: of the command.
        reader: whether it has options about readers.
    """
    shared_names = [each.name for each in fields(Shared) if reader or each.name not in _OF_READERS]

    def register(work: F) -> F:
        def command(**given: Any) -> None:
            shared = Shared(**{each: given.pop(each) for each in shared_names})
            _conclude(shared, lambda visit: work(visit, **given))

        own = list(inspect.signature(work, eval_str=True).parameters.values())[1:]
        common = inspect.signature(Shared, eval_str=True).parameters
        signature = inspect.Signature([*own, *(common[each] for each in shared_names)])
        command.__doc__ = work.__doc__
        command.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
        vars(command)["__signature__"] = signature  # typer reads it
        app.command(name)(command)
        return work

    return register


def _conclude(shared: Shared, work: Callable[[Visit], Awaitable[Shown | Rows]]) -> None:
    shown, lang = run_async(_carried(shared, work))
    desk_show.put(shown, lang, as_json=shared.as_json)
    if isinstance(shown, Shown) and not shown.ok:
        raise typer.Exit(1)


async def _carried(
    shared: Shared, work: Callable[[Visit], Awaitable[Shown | Rows]]
) -> tuple[Shown | Rows, Lang]:
    lang = shared.lang or Lang.EN
    try:
        async with at_desk(shared) as visit:
            lang = visit.lang
            return await work(visit), lang
    except (OneCardError, ReaderError) as error:
        return desk_show.refusal(error), lang
