"""Buckets of attempts in the database, so that all web processes count together.

A bucket holds `most` attempts and gets one back each `every`. An attempt is taken from all its buckets or
from none; a refused attempt takes nothing, so that hammering never makes a wait longer. The buckets are
counted by one moment each, when they are full again (the generic cell rate algorithm).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from onecard.base.db import SYSTEM, Database, Tx, load_queries

_sql = load_queries("onecard.tenants.sessions", "throttle.sql")
NOW = timedelta(0)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A kind of bucket: `most` attempts at once, then one each `every`."""

    kind: str
    most: int
    every: timedelta

    @property
    def room(self) -> timedelta:
        """How long an empty bucket takes to fill."""
        return self.most * self.every


@dataclass(frozen=True, slots=True)
class Charge:
    """One attempt against one bucket.

    Attributes:
        bucket: which kind.
        of: whose bucket of the kind, e.g. account and address.
        account: whose attempts they are, for `forget`; empty when nobody's in particular.
    """

    bucket: Bucket
    of: tuple[str, ...]
    account: str = ""

    @property
    def key(self) -> bytes:
        """Names the bucket without saying whose it is."""
        return _hash(self.bucket.kind, *self.of)


class _EmptyError(Exception):
    """Rolls back what the attempt took from other buckets."""


async def take(db: Database, charges: Sequence[Charge], now: datetime) -> timedelta:
    """Count an attempt; returns how long to wait instead if a bucket is empty (`NOW`: it was counted)."""
    try:
        async with db.platform_tx(SYSTEM) as tx:
            await _take(tx, charges, now)
    except _EmptyError:
        async with db.platform_tx(SYSTEM) as tx:
            # at least a moment: the bucket may have got its attempt back in between
            return max(await wait(tx, charges, now), timedelta(seconds=1))
    return NOW


async def _take(tx: Tx, charges: Sequence[Charge], now: datetime) -> None:
    rows = _sql.take(
        tx.connection, buckets=[each.key for each in charges],
        abouts=[_hash("about", each.account) for each in charges],
        every=[each.bucket.every for each in charges], room=[each.bucket.room for each in charges], now=now,
    )  # fmt: skip
    taken = [row["bucket"] async for row in rows]
    if len(taken) < len(charges):
        raise _EmptyError
    await _sql.forget_full(tx.connection, now=now)


async def give_back(tx: Tx, charges: Sequence[Charge]) -> None:
    """The attempt was good and does not count."""
    await _sql.give_back(tx.connection, buckets=[each.key for each in charges])


async def wait(tx: Tx, charges: Sequence[Charge], now: datetime) -> timedelta:
    """How long until all these buckets have an attempt again."""
    found = await _sql.wait(tx.connection, buckets=[each.key for each in charges], now=now)
    return max(found or NOW, NOW)


async def forget(tx: Tx, account: str) -> None:
    """Forget the failed attempts on an account: an administrator unlocked it."""
    await _sql.forget(tx.connection, about=_hash("about", account))


def _hash(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()
