"""Where a desk command finds its card: in a file, on a reader of this computer, at a workstation."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from onecard.agent.protocol import Command
from onecard.agent.sources import PcscSource
from onecard.agent.station import Station, clock_ms
from onecard.base.bus import Bus
from onecard.base.errors import OneCardError, UnavailableError
from onecard.cards.reader import Presence, Ran, Reader, ReaderError, Trouble
from onecard.cards.steps import Exchange
from onecard.cards.virtual.slot import LocalReader
from onecard.cli.desk_virtual import Accident, FileSlot, card_files
from onecard.gateway.agents import AgentReader

VIRTUAL, PCSC, WORKSTATION = "virtual", "pcsc", "workstation"
_BEGIN_MS = 5000


@dataclass(frozen=True, slots=True)
class ReaderChoice:
    """What `--reader` says.

    Attributes:
        kind: virtual, pcsc or workstation; empty for a desk without a reader.
        name: path of the card's file, part of the reader's name, or `WORKSTATION[/READER]`.
    """

    kind: str = ""
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> "ReaderChoice":
        """A choice as it is written: `virtual:PATH`, `pcsc`, `pcsc:NAME`, `workstation:NAME`.

        Raises:
            OneCardError: it is none of these.
        """
        kind, _, name = text.partition(":")
        if kind in {"", PCSC} or (kind in {VIRTUAL, WORKSTATION} and name):
            return cls(kind, name)
        message = f"{text!r} is no reader; write virtual:FILE, pcsc, pcsc:NAME or workstation:NAME."
        raise OneCardError(message)


class StationReader:
    """A reader of this computer as desks use one; the agent's own station drives it.

    Args:
        station: with its thread.
    """

    def __init__(self, station: Station) -> None:
        self._station = station

    @property
    def name(self) -> str:
        """As the system lists it."""
        return self._station.name

    async def present(self) -> Presence | None:
        """See `Reader.present`."""
        event = await self._station.present()
        if event.trouble is not None:
            raise ReaderError(event.trouble)
        card = event.card
        return Presence(card.session, card.uid, card.atr, card.dialect) if card else None

    async def run(self, session: str, script: Sequence[Exchange]) -> Ran:
        """See `Reader.run`."""
        commands = [Command(each.apdu, each.expect, each.secret) for each in script]
        outcome = await self._station.run(session, clock_ms() + _BEGIN_MS, commands)
        return Ran(tuple(outcome.answers), outcome.trouble)

    async def signal(self, *, good: bool) -> None:
        """See `Reader.signal`."""
        await self._station.signal(good=good)


@asynccontextmanager
async def open_reader(
    choice: ReaderChoice, tenant: str, bus: Bus | None, accident: Accident
) -> AsyncIterator[Reader | None]:
    """The chosen reader for the length of the block; None when none was chosen.

    Args:
        choice: which.
        tenant: code of the tenant, for workstations.
        bus: for workstations.
        accident: what is to happen to a virtual card.

    Raises:
        OneCardError: no such file, or an accident with a card that is not virtual.
        UnavailableError: this computer has no PC/SC, or there is no bus.
        ReaderError: no reader of that name.
    """
    if accident.is_planned and choice.kind != VIRTUAL:
        message = "Only a virtual card can be pulled or torn on purpose; use --reader virtual:FILE."
        raise OneCardError(message)
    if choice.kind == VIRTUAL:
        yield LocalReader(FileSlot(card_files(choice.name), accident))
    elif choice.kind == WORKSTATION:
        yield _at_workstation(choice.name, tenant, bus)
    elif choice.kind == PCSC:
        async with _pcsc(choice.name) as reader:
            yield reader
    else:
        yield None


def _at_workstation(name: str, tenant: str, bus: Bus | None) -> AgentReader:
    if bus is None:
        message = "Readers of workstations are reached through `onecard serve`, which does not run."
        raise UnavailableError(message)
    workstation, _, reader = name.partition("/")
    return AgentReader(bus, tenant, workstation, reader)


@asynccontextmanager
async def _pcsc(name: str) -> AsyncIterator[StationReader]:
    """The first reader of this computer whose name contains this."""
    with contextlib.closing(PcscSource()) as source:
        found = [each for each in source.readers() if name.casefold() in each.casefold()]
        if source.fault:
            raise UnavailableError(source.fault)
        if not found:
            raise ReaderError(Trouble.NO_READER)
        station = Station(source.slot(found[0]), lambda _: None)
        try:
            yield StationReader(station)
        finally:
            await station.close()
