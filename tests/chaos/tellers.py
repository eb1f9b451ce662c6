"""Drives tellers (teller.py) and compares what they were told with what the ledger holds."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from town import Town

from onecard.base.db import SYSTEM
from onecard.base.embedded import Logins
from onecard.ledger import proofs

PROGRAM = Path(__file__).parent / "teller.py"


@dataclass
class Teller:
    """One selling process and what it has said so far."""

    process: Process
    said: list[tuple[str, UUID]] = field(default_factory=list)

    @classmethod
    async def start(
        cls,
        urls: Logins,
        town: Town,
        number: int,
        *,
        at_end: AsyncExitStack,
        sales: int,
        bus: str = "-",
        lease_ms: int = 1500,
    ) -> "Teller":
        place = (town.tenant_id, town.people["ann"], town.books["canteen"])
        arguments = [urls.engine, bus, *map(str, (*place, number, sales, lease_ms))]
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(PROGRAM), *arguments, stdin=PIPE, stdout=PIPE
        )
        teller = cls(process)
        at_end.push_async_callback(teller.kill)
        assert await teller.line() == ["ready"]
        return teller

    async def line(self) -> list[str]:
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            return (await self.process.stdout.readline()).decode().split()

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"go\n")

    async def listen(self, until: str = "", *, most: int = 10**9) -> None:
        """Collect what it says: to its end, to the first line beginning with `until`, or `most` lines."""
        while most and (words := await self.line()) and words != ["done"]:
            self.said.append((words[0], UUID(words[1])))
            most -= 1
            if words[0] == until:
                return

    def keys(self, *words: str) -> list[UUID]:
        return [key for word, key in self.said if word in words]

    async def kill(self) -> None:
        """End it now, whatever it is doing; harmless when it has ended."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def end(self) -> None:
        if self.process.returncode is None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            await self.process.wait()


async def posted(town: Town) -> Counter[UUID]:
    """How often the sales of each key are in the ledger."""
    statement = "select key from ledger.line where tenant_id = $1 and kind = 1 and leg = 1"
    async with town.db.tenant_tx(town.tenant_id, SYSTEM) as tx:
        return Counter(row["key"] for row in await tx.connection.fetch(statement, town.tenant_id))


async def assert_kept(town: Town, urls: Logins, acknowledged: list[UUID], asked: list[UUID]) -> None:
    """All that was acknowledged is there, nothing twice, nothing unasked for, and the proofs hold."""
    found = await posted(town)
    assert set(acknowledged) - set(found) == set(), "acknowledged and lost"
    assert [key for key, times in found.items() if times > 1] == []
    assert set(found) - set(asked) == set(), "posted and never asked for"
    outcome = await proofs.check(town.db, urls.engine, [town.tenant_id])
    assert [proof for proof in outcome if not proof.ok] == []
