"""What a simulated terminal keeps through a power cut; a readable JSON file."""

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec

EPOCH_BITS = 31
RecordBody = dict[str, Any]


class Pending(msgspec.Struct):
    """A sale in progress. Its number is used up before anything is asked, so a power cut cannot lose it."""

    seq: int
    card: str
    amount_fen: int
    at_ms: int


class Tally(msgspec.Struct):
    """What was sold offline and is not yet acknowledged."""

    count: int = 0
    amount_fen: int = 0


class BlackList(msgspec.Struct, kw_only=True):
    """Cards to refuse: rows by UID, as the server's list is at a version."""

    version: int = 0
    rows: dict[str, dict[str, int]] = {}


class Store(msgspec.Struct, kw_only=True):
    """Non-volatile memory of one terminal.

    Attributes:
        epoch: number of this record store, drawn when it was made; a factory reset makes another.
        boot: how often the terminal was started.
        seq: number of the newest record, 1, 2, … without gaps; a pending sale has `seq` + 1.
        acked: up to here the server has said that it has everything.
        records: unacknowledged ones and as many older ones as there is room for, in order.
        clock_skew_ms: how far its clock is ahead of the world's.
        black: cards to refuse when nobody can be asked.
    """

    epoch: int
    boot: int = 0
    seq: int = 0
    acked: int = 0
    clock_skew_ms: int = 0
    pending: Pending | None = None
    records: list[RecordBody] = []
    black: BlackList = msgspec.field(default_factory=BlackList)

    def unacked(self) -> int:
        """How many records the server has not acknowledged."""
        return self.seq - self.acked

    def slice(self, first: int, last: int) -> list[RecordBody]:
        """The records numbered `first` to `last` that still exist."""
        if not self.records:
            return []
        oldest = self.records[0]["seq"]
        return self.records[max(0, first - oldest) : max(0, last - oldest + 1)]

    def append(self, record: RecordBody, *, room: int) -> None:
        """Keep a record; acknowledged ones make room, unacknowledged ones never do."""
        self.seq = record["seq"]
        self.records.append(record)
        surplus = min(len(self.records) - room, len(self.records) - self.unacked())
        if surplus > 0:
            del self.records[:surplus]


def new_store(*, boot: int = 0, clock_skew_ms: int = 0) -> Store:
    """An empty store.

    Its epoch comes from no seed: a simulation that is run again must not reuse the epochs of the run before.
    """
    epoch = 1 + secrets.randbelow((1 << EPOCH_BITS) - 1)
    return Store(epoch=epoch, boot=boot, clock_skew_ms=clock_skew_ms)


def load_store(path: Path) -> Store | None:
    """The store kept in a file, None when there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Store)
    except FileNotFoundError:
        return None


def save_store(path: Path, store: Store) -> None:
    """Write the store so that a power cut leaves the old or the new one, never half of one."""
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(store), indent=1))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
