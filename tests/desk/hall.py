"""A school with stored cards: people, their cards as chips and as rows that agree, and desks to work at."""

from dataclasses import dataclass, field
from datetime import date
from itertools import count

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM, Actor, Database
from onecard.base.ids import uuid7
from onecard.base.vault import Vault
from onecard.cards import setup
from onecard.cards.keyring import KeyRing
from onecard.cards.keys import CardIdentity, Role
from onecard.cards.oc1 import value_profile
from onecard.cards.oc1.layout import Layout, block_of, trailer
from onecard.cards.oc1.records import CardStatus, Identity, Purse
from onecard.cards.oc1.scripts import CardKeys
from onecard.cards.oc1.slots import Current, current
from onecard.cards.reader import Reader
from onecard.cards.technology import CardFormat, Mode, day_number
from onecard.cards.virtual.chip import Chip, new_chip
from onecard.cards.virtual.reader import VirtualReader
from onecard.cards.virtual.slot import LocalReader, VirtualSlot
from onecard.cards.wrapping import FileWrapper
from onecard.consumption import service as consumption
from onecard.desk.new_tenant import open_tenant
from onecard.desk.operations import store
from onecard.desk.operations.place import Desk
from onecard.desk.operations.sighting import CardRow
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.model import Balances, BookKind, Journal, Leg, Place, PostingKind, Source
from onecard.ledger.service import balances, open_accounts, system_books
from onecard.ledger.writer import Writer
from onecard.people import service as people
from onecard.people.model import ClassDraft, PersonDraft

CLERK = Actor("operator", "wang")
UNTIL = date(2030, 12, 31)
_uids = count(0x10000001)


@dataclass
class Hall:
    """One tenant, its keys, and the ledger that serves it."""

    db: Database
    ledger: Writer
    tenant_id: int
    chosen: CardFormat
    ring: KeyRing
    merchant_id: int
    merchant_book: int
    today: date
    class_id: int
    department_id: int
    generation: int = 1  # of the cards that `purse` reads
    key_version: int = 1
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def desk(self, name: str = "front", **more: int) -> Desk:
        return Desk(self.db, self.ledger, self.tenant_id, CLERK, name, self.chosen, self.ring, **more)

    def workplace(self, chip: Chip | None = None, name: str = "front", **more: int) -> Workplace:
        return Workplace(self.desk(name, **more), reader_with(chip))

    async def person(self, **purses: int) -> int:
        """Somebody with an account that holds this."""
        number = str(next(self.numbers))
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            draft = PersonDraft(
                number=number, name=f"P{number}", department_id=self.department_id, class_id=self.class_id
            )
            person_id = (await people.add_persons(tx, Vault(b"v" * 32), [draft]))[number]
            await open_accounts(tx, [person_id])
            books = await system_books(tx)
        legs = tuple(
            Leg(Place(books[BookKind.BANK]), Place(BookKind[purse.upper()], person_id), amount)
            for purse, amount in purses.items()
            if amount
        )
        if legs:
            answer = await self.ledger.post(
                Journal(
                    tenant_id=self.tenant_id, key=uuid7(), business_day=self.today, occurred_at_us=now_us(),
                    source=Source.COMMAND, source_id=1, kind=PostingKind.ADJUSTMENT, legs=legs,
                )
            )  # fmt: skip
            assert answer.ok, answer
        return person_id

    async def card(self, **purses: int) -> tuple[Chip, CardRow]:
        """A person's card in use, chip and row in agreement with the account."""
        person_id = await self.person(**purses)
        uid = next(_uids).to_bytes(4)
        number = int(next(self.numbers))
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            card_id = await tx.connection.fetchval(
                "insert into cards.card (tenant_id, uid, technology, person_id, generation, key_version, pin,"
                " number, valid_until) values ($1, $2, 'classic', $3, 1, 1, $4, $5, $6) returning id",
                self.tenant_id, uid.hex().upper(), person_id, self.ring.site.pin, number, UNTIL,
            )  # fmt: skip
            cash, water = purses.get("cash", 0) + purses.get("bonus", 0), purses.get("water", 0)
            held = {
                Role.CONSUMPTION: Purse(counter=1, cash_fen=cash, subsidy_fen=purses.get("subsidy", 0)),
                Role.WATER: Purse(counter=1, cash_fen=water),
            }
            await store.know(tx, card_id, held)
            row = await store.card_row(tx, uid)
        assert row
        return self._chip(uid, number, held), row

    def _chip(self, uid: bytes, number: int, held: dict[Role, Purse]) -> Chip:
        memory = bytearray(new_chip(uid).dump())
        keys, layout = self.keys(uid), self.chosen.layout

        def put(block: int, content: bytes) -> None:
            memory[block * 16 : block * 16 + 16] = content

        for place in layout.places:
            put(*trailer(keys.masters, keys.card, keys.site, place, layout.access(place.role)))
        identity = Identity(
            seq=1, status=CardStatus.ACTIVE, generation=1, card_number=number, account_class=1,
            valid_until=day_number(UNTIL),
        )  # fmt: skip
        put(block_of(layout.sector(Role.IDENTITY), 1), keys.record(Role.IDENTITY, 1, identity))
        for role, purse in held.items():
            if layout.value_blocks:
                record = value_profile.encode_desk_record(purse, role=role, mac_key=keys.mac(role))
                put(block_of(layout.sector(role), 2), record)
                for slot in (0, 1):
                    put(block_of(layout.sector(role), slot), value_profile.write(purse))
            else:
                put(block_of(layout.sector(role), 0), keys.record(role, 0, purse))
        return Chip(bytes(memory))

    def keys(self, uid: bytes, generation: int = 1, key_version: int = 1) -> CardKeys:
        card = CardIdentity(uid=uid, generation=generation, key_version=key_version)
        return CardKeys(self.ring.masters[key_version], self.ring.site, card)

    async def balances(self, person_id: int) -> Balances:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            return (await balances(tx, [person_id]))[person_id]

    async def book_fen(self, kind: BookKind) -> int:
        """What stands in all books of a kind: above zero where money lies."""
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            found = await tx.connection.fetchval(
                "select coalesce(sum(balance_fen), 0) from ledger.book where tenant_id = $1 and kind = $2",
                self.tenant_id, int(kind),
            )  # fmt: skip
        return int(found)

    async def fetch(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        async with self.db.tenant_tx(self.tenant_id, SYSTEM) as tx:
            return [tuple(row) for row in await tx.connection.fetch(statement, *values)]


def reader_with(chip: Chip | None) -> LocalReader | None:
    if chip is None:
        return None
    reader = VirtualReader()
    reader.insert(chip)
    return LocalReader(VirtualSlot(reader))


def purse(hall: Hall, chip: Chip, role: Role = Role.CONSUMPTION) -> Purse:
    """What the chip holds, read by its memory."""
    sector = hall.chosen.layout.sector(role)
    memory = chip.dump()
    slots = [memory[block_of(sector, slot) * 16 : block_of(sector, slot) * 16 + 16] for slot in (0, 1)]
    mac_key = hall.keys(chip.uid, hall.generation, hall.key_version).mac(role)
    if hall.chosen.layout.value_blocks:
        value = value_profile.read(slots[0], slots[1])
        raw = memory[block_of(sector, 2) * 16 : block_of(sector, 2) * 16 + 16]
        record = value_profile.decode_desk_record(raw, role=role, mac_key=mac_key)
        assert value, "no valid value"
        assert record, "no valid record"
        assert (value.stamp, value.copy_is_current) == (record.desk_seq % 256, True)
        return value_profile.left_of(record, value.amount_fen)
    found: Current[Purse] | None = current(Purse, (slots[0], slots[1]), role=role, mac_key=mac_key)
    assert found, "no valid record"
    return found.record


async def furnish(
    db: Database, ledger: Writer, *, code: str = "8672", mode: Mode = Mode.STORED, value_blocks: bool = False
) -> Hall:
    """A tenant ready to issue cards."""
    tenant_id = await open_tenant(db, SYSTEM, code=code, name="School")
    layout = Layout(lift_groups=1, value_blocks=value_blocks)
    chosen = CardFormat(technology="classic", mode=mode, layout=layout)
    async with db.tenant_tx(tenant_id, SYSTEM) as tx:
        wrapper = FileWrapper(b"k" * 32)
        await setup.set_card_format(tx, chosen)
        await setup.create_keys(tx, wrapper, pin="4821")
        ring = await setup.key_ring(tx, wrapper)
        class_id = await people.create_class(tx, ClassDraft(number=1, name="Pupils"))
        root = await people.ensure_department(tx, "Class 1")
        merchant = await consumption.create_merchant(tx, code="1", name="Canteen")
        today = (await consumption.load_rules(tx)).business_day.of(now_us())
    return Hall(db, ledger, tenant_id, chosen, ring, merchant.id, merchant.book_id, today, class_id, root)


def the(reader: Reader) -> VirtualReader:
    """The virtual reader inside."""
    assert isinstance(reader, LocalReader)
    return reader.slot.reader
