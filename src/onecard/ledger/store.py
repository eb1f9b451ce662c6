"""The writer's side of the database: its own login, its prepared statements, what a crash looks like."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from onecard.base.db import refuse_undurable
from onecard.base.status import Status
from onecard.ledger.corrections import HoldState, Original, OriginalLeg
from onecard.ledger.model import Answer, BookKind, Part, PostingKind
from onecard.ledger.rules import DAY_ZERO, release_print
from onecard.ledger.wire import register

LEASE_LOST, STALE, KNOWN_KEY = "55000", "40001", "23505"
DISCONNECTED = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # an answer in the middle of which the connection broke
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
)
_COMMIT_ARGUMENTS = 38

# Every statement here finds rows by key, so it is planned once, as index look-ups: planning it anew each time
# costs more than it gains (ledger.md §2.7), and a young database would choose to read whole tables
_SESSION = {
    "application_name": "onecard ledger",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}

Key = tuple[int, UUID]
Recalled = tuple[int, Answer]
Row = Mapping[str, Any]


class Session:
    """One connection of the writer with its statements prepared."""

    def __init__(self, connection: Any, commit: Any) -> None:
        self.connection = connection
        self._commit = commit

    @classmethod
    async def open(cls, url: str) -> "Session":
        """Connect and prepare.

        Raises:
            UnavailableError: the server is not durable.
        """
        connection = await asyncpg.connect(url, timeout=10, server_settings=_SESSION)
        try:
            await refuse_undurable(connection)
            await register(connection)
            places = ", ".join(f"${number}" for number in range(1, _COMMIT_ARGUMENTS + 1))
            commit = await connection.prepare(f"select ledger.commit_batch({places})")
        except BaseException:
            await connection.close()
            raise
        return cls(connection, commit)

    async def commit(self, arguments: list[Any]) -> int:
        """Make a batch durable (`Draft.arguments`); returns its number."""
        return int(await self._commit.fetchval(*arguments))

    async def take_lease(self, shard: int, holder: str, life_ms: int) -> int | None:
        """The new epoch, or None while another holder's lease lives."""
        statement = "select epoch from ledger.take_lease($1, $2, $3)"
        epoch = await self.connection.fetchval(statement, shard, holder, life_ms)
        return None if epoch is None else int(epoch)

    async def renew_lease(self, shard: int, epoch: int, life_ms: int) -> bool:
        """Prolong; False when the lease has been lost."""
        statement = "select ledger.renew_lease($1, $2, $3)"
        return bool(await self.connection.fetchval(statement, shard, epoch, life_ms))

    async def release_lease(self, shard: int, epoch: int) -> None:
        """Let another writer take over at once."""
        await self.connection.execute("select ledger.release_lease($1, $2)", shard, epoch)

    async def load_accounts(self, keys: Iterable[tuple[int, int]]) -> list[Row]:
        """Rows of accounts and their books."""
        return await self._rows("load_accounts", keys)

    async def load_books(self, keys: Iterable[tuple[int, int]]) -> list[Row]:
        """Rows of the tenants' own books."""
        return await self._rows("load_books", keys)

    async def suspense_books(self, tenants: Iterable[int]) -> dict[int, int]:
        """The suspense book of each tenant."""
        statement = "select * from ledger.suspense_books($1, $2)"
        rows = await self.connection.fetch(statement, list(tenants), int(BookKind.SUSPENSE))
        return {row["tenant_id"]: row["id"] for row in rows}

    async def expired_holds(self, shard: int, most: int) -> list[Key]:
        """Open holds whose time has passed."""
        rows = await self.connection.fetch("select * from ledger.expired_holds($1, $2)", shard, most)
        return [(row["tenant_id"], row["key"]) for row in rows]

    async def recall(self, keys: list[Key]) -> dict[Key, Recalled]:
        """First answers of keys that were decided before, with the fingerprint of what they asked."""
        found: dict[Key, Recalled] = {}
        keys = [(row["tenant_id"], row["key"]) for row in await self._rows("known_keys", keys)]
        for row in await self._rows("recall_refusals", keys):
            found[row["tenant_id"], row["key"]] = row["fingerprint"], _refusal(row)
        for key, rows in _grouped(await self._rows("recall_holds", keys)).items():
            parts = tuple(Part(row["kind"], -row["amount_fen"], 0) for row in rows)
            found[key] = rows[0]["fingerprint"], Answer(key=key[1], status=Status.OK, parts=parts)
        for key, rows in _grouped(await self._rows("recall_lines", keys)).items():
            parts = tuple(part for row in rows for part in _parts(row))
            found[key] = rows[0]["fingerprint"], Answer(key=key[1], status=Status.OK, parts=parts)
        for row in await self._rows("recall_closings", keys):
            # a capture has lines and is found already; a release leaves nothing but the closed hold
            key = row["tenant_id"], row["key"]
            print_ = row["fingerprint"] if row["hold_key"] is None else release_print(row["hold_key"])
            found.setdefault(key, (print_, Answer(key=key[1], status=Status.OK)))
        return found

    async def originals(self, keys: list[Key]) -> dict[Key, Original]:
        """Postings to be corrected, with what was given back of them."""
        rows = await self._rows("recall_reversed", keys)
        reversed_ = {(row["tenant_id"], row["original_key"]): row for row in rows}
        originals = {}
        for key, rows in _grouped(await self._rows("recall_lines", keys)).items():
            day = date.fromordinal(rows[0]["business_day"] + DAY_ZERO)
            original = Original(key[1], [_original_leg(row) for row in rows], day, rows[0]["meal"])
            if key in reversed_:
                original.reversed_fen = reversed_[key]["sum_after_fen"]
                original.reversals = reversed_[key]["number"]
            originals[key] = original
        return originals

    async def holds(self, keys: list[Key]) -> dict[Key, HoldState]:
        """Holds with their parts."""
        holds = {}
        for key, rows in _grouped(await self._rows("recall_holds", keys)).items():
            parts = [(row["kind"], row["amount_fen"]) for row in rows]
            holds[key] = HoldState(key[1], rows[0]["account_id"], parts, rows[0]["state"])
        return holds

    async def close(self) -> None:
        """Close the connection, at once when the server does not answer."""
        try:
            await self.connection.close(timeout=1)
        except (TimeoutError, *DISCONNECTED):
            self.connection.terminate()

    async def _rows(self, function: str, keys: Iterable[tuple[int, Any]]) -> list[Row]:
        pairs = list(dict.fromkeys(keys))  # a key that was asked for twice at once would bring its rows twice
        if not pairs:
            return []
        tenants, values = zip(*pairs, strict=True)
        statement = f"select * from ledger.{function}($1, $2)"  # noqa: S608  function names are ours
        rows: list[Row] = await self.connection.fetch(statement, tenants, values)
        return rows


def _grouped(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault((row["tenant_id"], row["key"]), []).append(row)
    return groups


def _parts(row: Row) -> list[Part]:
    parts = []
    if row["debit_account"] is not None:
        parts.append(Part(row["debit_kind"], -row["amount_fen"], row["debit_balance_fen"]))
    elif row["debit_kind"] == BookKind.SUSPENSE and row["kind"] == PostingKind.SALE:
        parts.append(Part(row["debit_kind"], -row["amount_fen"], 0))
    if row["credit_account"] is not None:
        parts.append(Part(row["credit_kind"], row["amount_fen"], row["credit_balance_fen"]))
    return parts


def _refusal(row: Row) -> Answer:
    return Answer(
        key=row["key"],
        status=Status(row["status"]),
        needed_fen=row["needed_fen"],
        available_fen=row["available_fen"],
        limit_value=row["limit_value"],
        used_value=row["used_value"],
    )


def _original_leg(row: Row) -> OriginalLeg:
    names = ("kind", "debit_book", "credit_book", "amount_fen", "debit_account", "debit_kind")
    return OriginalLeg(*(row[name] for name in names))
