"""A gateway in a process of its own, to be killed.

Arguments: URL of the database, of the bus, of its system account, seed of the issuer.
"""

import asyncio
import sys

from onecard.base.bus import connect_bus
from onecard.base.db import connect
from onecard.gateway.worker import Gateway
from onecard.ledger.remote import RemoteLedger


async def main(database: str, url: str, system_url: str, seed: str) -> None:
    db = await connect(database, size=4)
    bus = await connect_bus(url)
    system = await connect_bus(system_url)
    gateway = Gateway(db=db, bus=bus, system=system, ledger=RemoteLedger(bus), issuer_seed=seed)
    await gateway.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
