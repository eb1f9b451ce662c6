"""Proof that nobody changed the audit, computed here and not where it was written.

Every entry must follow from the one before it, and the head must be the last. Whoever can do anything in the
database could still write the whole chain anew; an anchor, the head noted outside of the database at some
time, tells that too.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from onecard.base.db import Row, Tx, load_queries
from onecard.base.texts import Text, say

_sql = load_queries("onecard.tenants.audit", "proofs.sql")
_FIELDS = ("actor", "origin", "function", "thing", "subject", "before", "after", "note")
_FAULTS_MOST = 20
_PORTION = 5000


@dataclass(frozen=True, slots=True)
class Anchor:
    """A head as it was at some time: the hash covers the entries 1 to `number`."""

    number: int
    hash: str
    at: datetime

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self) | {"at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, and the number of the entry where it shows."""

    number: int
    text: Text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a proof of one tenant's audit found.

    Attributes:
        entries: how many were read.
        head: the newest entry's number, hash and time; None when nothing was ever written.
        faults: the first of what is wrong, at most 20.
    """

    entries: int
    head: Anchor | None
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        """Nothing is wrong."""
        return not self.faults


async def head(tx: Tx) -> Anchor | None:
    """The newest entry's number, hash and time; None when nothing was ever written."""
    row = await _sql.head(tx.connection, tenant_id=tx.tenant_id)
    return Anchor(row["number"], row["hash"].hex(), row["at"]) if row else None


async def verify(
    tx: Tx, anchors: Sequence[Anchor] = (), *, progress: Callable[[int, int], None] | None = None
) -> Verdict:
    """Read the tenant's whole audit and compute its chain.

    Args:
        tx: a transaction with `snapshot=True`.
        anchors: heads that were noted earlier.
        progress: told the number of entries read and of all.
    """
    newest, chain = await head(tx), _Chain()
    wanted = {anchor.number for anchor in anchors}
    hashes = {0: ""}
    async for rows in _portions(tx):
        for row in rows:
            chain.follow(row)
            if row["number"] in wanted:
                hashes[row["number"]] = row["hash"].hex()
        if progress:
            progress(chain.read, newest.number if newest else 0)
    chain.end(newest)
    for anchor in anchors:
        if hashes.get(anchor.number) != anchor.hash:
            chain.blame(anchor.number, _other_than_anchored(anchor))
    return Verdict(chain.read, newest, tuple(chain.faults[:_FAULTS_MOST]))


async def _portions(tx: Tx) -> AsyncIterator[list[Row]]:
    cursor = await tx.connection.cursor(_sql.chain.sql, tx.tenant_id)
    while rows := await cursor.fetch(_PORTION):
        yield rows


class _Chain:
    """Follows the entries in the order of their numbers and notes what does not fit."""

    def __init__(self) -> None:
        self.read, self.faults = 0, list[Fault]()
        self._number, self._hash = 0, b""

    def follow(self, row: Row) -> None:
        """The next entry; compared with the hash that the entry before it carries."""
        number, first = row["number"], self._number + 1
        self.read += 1
        if number != first:
            # nothing can be said of how it follows from an entry that is not there
            self.blame(first, _missing(first, number - 1))
        elif sha256(self._hash + canonical(row)).digest() != row["hash"]:
            self.blame(number, say("Entry {number} is not what was written.", number=number))
        self._number, self._hash = number, row["hash"]

    def end(self, newest: Anchor | None) -> None:
        """After the last entry: the head must be it."""
        last = newest.number if newest else 0
        if self._number < last:
            self.blame(self._number + 1, _missing(self._number + 1, last))
        elif self._number > last:
            text = say("The entries go on to {last}, the head says {head}.", last=self._number, head=last)
            self.blame(last + 1, text)
        elif newest and newest.hash != self._hash.hex():
            self.blame(last, say("The head's hash is not that of entry {number}.", number=last))

    def blame(self, number: int, text: Text) -> None:
        """Note a fault."""
        self.faults.append(Fault(number, text))


def canonical(row: Any) -> bytes:
    """An entry's text as it is hashed (functions.sql says how): each field with its length in bytes."""
    micros = (row["at"] - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    fields = [str(row["tenant_id"]), str(row["number"]), str(micros), *(row[name] for name in _FIELDS)]
    parts = (None if field is None else field.encode() for field in fields)
    return b"".join(b"-" if part is None else b"%d:%b" % (len(part), part) for part in parts)


def _missing(first: int, last: int) -> Text:
    if first == last:
        return say("Entry {number} is missing.", number=first)
    return say("Entries {first} to {last} are missing.", first=first, last=last)


def _other_than_anchored(anchor: Anchor) -> Text:
    return say(
        "The audit up to entry {number} is not the one that was anchored on {at}.",
        number=anchor.number,
        at=anchor.at.isoformat(timespec="seconds"),
    )
