"""A process of its own that sells from one account, to be raced, paused and killed.

Arguments: engine URL, bus URL (or `-`), tenant, account, merchant's book, source number, how many sales,
lease in ms. Prints `ready`, waits for a line on standard input, then prints the key of each sale before it is
asked (`ask KEY`), and what the ledger says (`ok KEY`, `duplicate KEY`, `balance_too_low KEY`, `lost KEY`).
"""

import asyncio
import sys
from datetime import date

from onecard.base.bus import connect_bus
from onecard.base.clock import now_us
from onecard.base.ids import uuid7
from onecard.ledger.model import Sale, Source, Terms
from onecard.ledger.remote import RemoteLedger, SharedLedger, serve_ledger
from onecard.ledger.service import Ledger
from onecard.ledger.term import LeaseLostError
from onecard.ledger.writer import Writer

AT_ONCE = 8


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def sell(ledger: Ledger, template: Sale, left: list[None]) -> None:
    while left:
        left.pop()
        request = Sale(
            **{name: getattr(template, name) for name in template.__struct_fields__} | {"key": uuid7()}
        )
        tell("ask", request.key)
        try:
            answer = await ledger.post(request)
        except LeaseLostError:
            tell("lost", request.key)
            return
        tell("duplicate" if answer.duplicate and answer.ok else answer.status.code, request.key)


async def main(engine_url: str, bus_url: str, *numbers: str) -> None:
    tenant_id, account_id, book, source_id, sales, lease_ms = map(int, numbers)
    writer = Writer(engine_url, lease_ms=lease_ms, holder=f"teller {source_id}")
    await writer.start()
    ledger: Ledger = writer
    if bus_url != "-":
        bus = await connect_bus(bus_url)
        await serve_ledger(bus, writer)
        ledger = SharedLedger(writer, RemoteLedger(bus))
    template = Sale(
        tenant_id=tenant_id, key=uuid7(), business_day=date(2026, 11, 23), occurred_at_us=now_us(),
        source=Source.TERMINAL, source_id=source_id, account_id=account_id, merchant_book=book, amount_fen=1,
        terms=Terms(),
    )  # fmt: skip
    tell("ready")
    await asyncio.to_thread(sys.stdin.readline)
    left = [None] * sales
    await asyncio.gather(*(sell(ledger, template, left) for _ in range(AT_ONCE)))
    tell("done")
    await asyncio.to_thread(sys.stdin.readline)  # keeps writing for others until the parent closes
    await writer.stop()


asyncio.run(main(*sys.argv[1:]))
