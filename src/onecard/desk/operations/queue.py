"""Cards one after the other, with no key pressed in between: a queue of persons, or whoever comes.

Who is next is asked of the database each time, so that a queue that was stopped goes on where it stands, at
this desk or another. A card that fails takes nobody's turn away.
"""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

from onecard.base.db import Tx
from onecard.base.status import Status
from onecard.base.vault import Vault
from onecard.cards.reader import Presence, ReaderError, Trouble
from onecard.desk.operations import lives
from onecard.desk.operations.issue import carry_on, issue
from onecard.desk.operations.issue_words import IssueRefusal
from onecard.desk.operations.model import UNSAID, Kind, Operation, State, Unsaid
from onecard.desk.operations.place import Desk
from onecard.desk.operations.sighting import Sighting
from onecard.desk.operations.speech import RefusedError
from onecard.desk.operations.store import BusyError
from onecard.desk.operations.workplace import Workplace
from onecard.ledger.service import open_accounts
from onecard.people import service as people
from onecard.people.model import PersonDraft

POLL_MS = 150
# what is the matter with the person and not with the card: the next one gets the card instead
_ABOUT_PERSON = {
    IssueRefusal.PERSON_UNKNOWN.value,
    IssueRefusal.PERSON_NOT_ACTIVE.value,
    IssueRefusal.TOO_MANY_CARDS.value,
    IssueRefusal.CLASS_NUMBER_TOO_LARGE.value,
    IssueRefusal.CLASS_DAY_IS_OVER.value,
    Status.ACCOUNT_FROZEN.code,
    Status.ACCOUNT_CLOSED.code,
    Status.CEILING_EXCEEDED.code,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What all cards of a queue begin with; see `onecard.desk.operations.issue.issue`.

    What is left unsaid is for each card as the class of its person says.
    """

    valid_until: date | Unsaid | None = UNSAID
    opening_fen: int = 0
    water_fen: int = 0
    fee_fen: int | Unsaid = UNSAID
    deposit_fen: int | Unsaid = UNSAID
    reason: str = ""
    any_stock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who gets the next card. `card_number` None: the next one."""

    person_id: int
    number: str
    name: str
    card_number: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a queue is: cards issued and failed in this run, persons who have yet to get one."""

    done: int
    left: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What became of one card.

    Attributes:
        uid: of the card, upper-case hex; empty when the reader had a complaint instead.
        recipient: whose card it was to be; None when an interrupted one was carried on.
        operation: what was done; None when nothing was.
        code: why it failed, for `words_of`; empty when it did not.
        progress: afterwards.
    """

    uid: str
    recipient: Recipient | None
    operation: Operation | None
    code: str
    progress: Progress


class Recipients(Protocol):
    """Who gets cards.

    Attributes:
        endless: more come when nobody waits.
    """

    endless: bool

    async def next(self, aside: Collection[int]) -> Recipient | None:
        """The next one who is not put aside; None when nobody waits."""

    async def left(self, aside: Collection[int]) -> int:
        """How many wait."""


class Waiting:
    """Active persons without a card, by number.

    Args:
        desk: where.
        departments: all of these and the ones below them.
        persons: and these.
    """

    endless = False

    def __init__(
        self, desk: Desk, *, departments: Collection[int] = (), persons: Collection[int] = ()
    ) -> None:
        self._desk = desk
        self._departments = departments
        self._persons = list(persons)

    async def next(self, aside: Collection[int]) -> Recipient | None:
        """See `Recipients`."""
        async with self._desk.tx() as tx:
            row = await lives.sql.first_waiting(
                tx.connection, tenant_id=tx.tenant_id, departments=await _with_below(tx, self._departments),
                persons=self._persons, aside=list(aside),
            )  # fmt: skip
        return Recipient(**row) if row else None

    async def left(self, aside: Collection[int]) -> int:
        """See `Recipients`."""
        async with self._desk.tx() as tx:
            return int(
                await lives.sql.count_waiting(
                    tx.connection, tenant_id=tx.tenant_id, persons=self._persons, aside=list(aside),
                    departments=await _with_below(tx, self._departments),
                )
            )  # fmt: skip


class WaitingOrNew:
    """Automatic issue: the next one who waits in a department, or a person named by the number of the card.

    Args:
        desk: where.
        vault: seals personal data.
        department_id: where new persons belong.
        class_id: their class of account.
    """

    endless = True

    def __init__(self, desk: Desk, vault: Vault, *, department_id: int, class_id: int) -> None:
        self._desk = desk
        self._vault = vault
        self._department_id = department_id
        self._class_id = class_id
        self._waiting = Waiting(desk, departments=[department_id])

    async def next(self, aside: Collection[int]) -> Recipient | None:
        """See `Recipients`."""
        found = await self._waiting.next(aside)
        async with self._desk.tx() as tx:
            return await self._numbered(tx, found) if found else await self._new(tx)

    async def left(self, aside: Collection[int]) -> int:
        """See `Recipients`."""
        return await self._waiting.left(aside)

    async def _new(self, tx: Tx) -> Recipient:
        number = await lives.choose_number(tx, self._desk.chosen, None)
        name = str(number)
        taken = await people.persons_named(tx, numbers=[name], phones=[])
        draft = PersonDraft(
            number=f"C{name}" if taken else name,
            name=name,
            department_id=self._department_id,
            class_id=self._class_id,
        )
        (person_id,) = (await people.add_persons(tx, self._vault, [draft])).values()
        await open_accounts(tx, [person_id])
        return Recipient(person_id=person_id, number=draft.number, name=name, card_number=number)

    async def _numbered(self, tx: Tx, found: Recipient) -> Recipient:
        """Who was named by a card that failed gets the same number with the next one."""
        if not (
            found.name.isascii() and found.name.isdecimal() and found.number in {found.name, f"C{found.name}"}
        ):
            return found
        number = int(found.name)
        taken = await lives.sql.is_number_taken(tx.connection, tenant_id=tx.tenant_id, number=number)
        if taken or not 1 <= number <= self._desk.chosen.number_most:
            return found
        return Recipient(person_id=found.person_id, number=found.number, name=found.name, card_number=number)


class Queue:
    """Issues a card to one recipient after the other, on one reader.

    Args:
        place: the desk with its reader.
        recipients: who gets cards.
        terms: what all cards begin with.
        poll_ms: pause between two questions to the reader whether a card lies there.

    Attributes:
        done: cards issued in this run.
        failed: cards that were refused or interrupted.
    """

    def __init__(
        self, place: Workplace, recipients: Recipients, terms: Terms, *, poll_ms: int = POLL_MS
    ) -> None:
        self.done = 0
        self.failed = 0
        self._place = place
        self._recipients = recipients
        self._terms = terms
        self._poll_ms = poll_ms
        self._aside: set[int] = set()
        self._served: Presence | None = None
        self._interrupted = False
        self._complaint = ""
        self._stopped = False

    def stop(self) -> None:
        """End after the card that is being written."""
        self._stopped = True

    async def progress(self) -> Progress:
        """How far it is."""
        return Progress(self.done, await self._recipients.left(self._aside), self.failed)

    async def turns(self) -> AsyncIterator[Turn]:
        """Wait for a card, issue it, wait until it is taken away, and so on until everybody has one.

        Ends when nobody is left or `stop` was called. A complaint of the reader is a turn without a card.
        """
        left = (await self.progress()).left
        while not self._stopped and (left or self._recipients.endless):
            turn = await self._poll()
            if turn is None:
                await asyncio.sleep(self._poll_ms / 1000)
            else:
                left = turn.progress.left
                yield turn

    async def _poll(self) -> Turn | None:
        try:
            presence = await self._place.reader.present()
        except ReaderError as error:
            self._served = None
            if error.trouble.value == self._complaint:
                return None
            self._complaint = error.trouble.value
            return await self._turn("", None, None, self._complaint)
        self._complaint = ""
        if presence is None or not self._is_new(presence):
            self._served = presence and self._served
            return None
        self._served = presence
        return await self._serve(presence)

    def _is_new(self, presence: Presence) -> bool:
        """Whether it is another card, or one that was interrupted and laid on again."""
        last = self._served
        if last is None or presence.uid != last.uid:
            return True
        return self._interrupted and presence.session != last.session

    async def _serve(self, presence: Presence) -> Turn:
        """One card; a recipient with whom something is the matter is put aside, and the next one gets it."""
        uid, recipient, operation, code = presence.uid.hex().upper(), None, None, ""
        try:
            sighting = await self._place.look()
            operation = await self._unfinished(sighting)
            if operation is None:
                recipient = await self._recipients.next(self._aside)
                operation = await self._issue(sighting, recipient)
            code = _failure(operation)
        except RefusedError as error:
            code = error.code
        except BusyError:
            code = IssueRefusal.BUSY.value
        except ReaderError as error:
            code = error.trouble.value
        self._interrupted = operation is not None and operation.state is not State.CONFIRMED
        if recipient is not None and code in _ABOUT_PERSON:
            self._aside.add(recipient.person_id)
            self._served = None  # the card is good, and still there
        self.done += operation is not None and operation.kind is Kind.ISSUE and not code
        self.failed += bool(code)
        return await self._turn(uid, recipient, operation, code)

    async def _unfinished(self, sighting: Sighting) -> Operation | None:
        """What was interrupted with this card, brought to its end."""
        if sighting.settled:
            return await self._place.engine.load(sighting.settled[-1])
        if sighting.open_operation is not None:
            return await carry_on(self._place, sighting)
        return None

    async def _issue(self, sighting: Sighting, recipient: Recipient | None) -> Operation:
        if recipient is None:
            raise RefusedError(IssueRefusal.NOBODY_WAITS)
        number = recipient.card_number
        return await issue(self._place, sighting, recipient.person_id, number=number, **asdict(self._terms))

    async def _turn(
        self, uid: str, recipient: Recipient | None, operation: Operation | None, code: str
    ) -> Turn:
        progress = await self.progress()
        return Turn(uid=uid, recipient=recipient, operation=operation, code=code, progress=progress)


def _failure(operation: Operation) -> str:
    """Why an operation is no finished card; empty when it is one."""
    return "" if operation.state is State.CONFIRMED else operation.trouble or Trouble.PULLED.value


async def _with_below(tx: Tx, departments: Collection[int]) -> list[int]:
    """Departments and all that are below them."""
    found = set(departments)
    if found:
        for _, each in (await people.departments(tx)).outline():  # parents come before children
            if each.parent_id in found:
                found.add(each.id)
    return sorted(found)
