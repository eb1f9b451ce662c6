"""A desk with a reader: what lies on it, and the way in for every use case."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from onecard.base.clock import now_us
from onecard.base.db import Tx
from onecard.cards.keys import Role
from onecard.cards.oc1.changes import Change
from onecard.cards.reader import Presence, Reader, ReaderError, Trouble
from onecard.desk.operations import store
from onecard.desk.operations.engine import Engine
from onecard.desk.operations.model import Operation, PursePart, State
from onecard.desk.operations.place import Desk
from onecard.desk.operations.reading import holds_records, read_card
from onecard.desk.operations.recognise import differences
from onecard.desk.operations.sighting import CardRow, Difference, Known, Reading, Sighting
from onecard.ledger.model import Balances
from onecard.ledger.service import balances
from onecard.tenants import service as tenants


@dataclass(frozen=True, slots=True)
class _Server:
    """The server's words about a UID."""

    today: date
    row: CardRow | None
    known: Mapping[Role, Known]
    balances: Balances | None
    loads_fen: Mapping[Role, tuple[int, int]]
    operation: Operation | None
    elsewhere: bool


class Workplace:
    """A desk and the reader on it.

    Args:
        desk: whose operations.
        reader: where cards are laid; None at a desk without one, which works on accounts only.
    """

    def __init__(self, desk: Desk, reader: Reader | None = None) -> None:
        self.desk = desk
        self.engine = Engine(desk)
        self._reader = reader

    @property
    def reader(self) -> Reader:
        """The reader.

        Raises:
            ReaderError: there is none.
        """
        if self._reader is None:
            raise ReaderError(Trouble.NO_READER)
        return self._reader

    async def look(self) -> Sighting:
        """What lies on the reader, read and compared; an interrupted operation of this card is decided.

        Raises:
            ReaderError: no card, no reader, or the card was taken away meanwhile.
        """
        presence = await self.reader.present()
        if presence is None:
            raise ReaderError(Trouble.NO_CARD)
        server = await self._server(presence)
        reading = await self._read(presence, server)
        operation, settled = server.operation, None
        if operation and reading and operation.state is State.IN_DOUBT:
            settled = await self.engine.settle(operation, reading, self.reader)
            if settled.state is not operation.state or settled.steps != operation.steps:
                server = await self._server(presence)
                reading = await self._read(presence, server)  # mended, perhaps
        return self._compare(presence, server, reading, settled)

    async def carry_out(self, operation: Operation, sighting: Sighting) -> Operation:
        """Carry an operation out on the card that was seen, and beep.

        When the exchange broke off and the card still lies there, it is asked at once.
        """
        found = await self.engine.carry_out(operation, self.reader, sighting.presence, sighting.reading)
        if found.state is State.IN_DOUBT:
            found = await self._ask_again(found)
        await self.reader.signal(good=found.state is State.CONFIRMED)
        return found

    async def _ask_again(self, operation: Operation) -> Operation:
        try:
            sighting = await self.look()
        except ReaderError:
            return operation
        goes_on = operation.carries_on and not sighting.has(Difference.DEAD_SECTOR)
        if goes_on and sighting.open_operation == operation.id:
            again = await self.engine.load(operation.id)
            return await self.engine.carry_out(again, self.reader, sighting.presence, sighting.reading)
        return await self.engine.load(operation.id)

    async def _server(self, presence: Presence) -> _Server:
        """What the server knows; what a desk left behind with this card is taken care of first."""
        uid = presence.uid.hex().upper()
        async with self.desk.tx() as tx:
            operation, left_behind = await store.open_operation(tx, uid)
            if not left_behind:
                return await self._known(tx, presence, operation)
        await self.engine.sweep()
        async with self.desk.tx() as tx:
            operation, _ = await store.open_operation(tx, uid)
            return await self._known(tx, presence, operation)

    async def _known(self, tx: Tx, presence: Presence, operation: Operation | None) -> _Server:
        today = (await tenants.get(tx)).business_day.of(now_us())
        row = await store.card_row(tx, presence.uid)
        if row is None:
            elsewhere = await store.is_elsewhere(tx, presence.uid.hex().upper())
            return _Server(today, None, {}, None, {}, operation, elsewhere)
        known = await store.known(tx, row.card_id)
        found = (await balances(tx, [row.person_id])).get(row.person_id)
        waiting = await store.loads(tx, row.person_id)
        loads_fen = {role: (cash, subsidy) for role, (_, cash, subsidy) in waiting.items()}
        return _Server(today, row, known, found, loads_fen, operation, elsewhere=False)

    async def _read(self, presence: Presence, server: _Server) -> Reading | None:
        desk = self.desk
        if desk.ring is None or not holds_records(presence, desk.chosen):
            return None
        return await read_card(self.reader, presence, desk.chosen, desk.ring, server.row)

    def _compare(
        self, presence: Presence, server: _Server, reading: Reading | None, settled: Operation | None
    ) -> Sighting:
        desk = self.desk
        operation = server.operation
        found = differences(
            reading, presence, server.row, server.known, server.balances, server.loads_fen, desk.chosen,
            today=server.today, elsewhere=server.elsewhere,
            newest_key_version=max(desk.ring.masters) if desk.ring else 0,
            planned=_planned(operation),
        )  # fmt: skip
        return Sighting(
            presence=presence,
            reading=reading,
            row=server.row,
            known=server.known,
            balances=server.balances,
            loads_fen=server.loads_fen,
            differences=found,
            open_operation=operation.id if operation and operation.state.is_open else None,
            settled=(settled.id,) if settled and not settled.state.is_open else (),
        )


def _planned(operation: Operation | None) -> dict[Role, Change]:
    if operation is None:
        return {}
    parts = [one.part for one in operation.open_steps]
    return {one.change.role: one.change for one in parts if isinstance(one, PursePart)}
