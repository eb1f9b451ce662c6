"""A worker as a process of its own, to be killed or stopped: `python job_process.py DATABASE_URL`.

A first attempt waits in its middle for a line on standard input, and says when it has gone on.
"""

import asyncio
import sys

from onecard.base.db import connect
from onecard.base.jobs.kinds import job
from onecard.base.jobs.model import Ended
from onecard.base.jobs.work import Work
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.texts import say
from onecard.base.vault import Vault
from onecard.desk import import_job
from onecard.tenants import service as tenants

# a living worker is silent for less, also on a busy machine
PACE = Pace(heartbeat=0.1, poll=0.1, dead=2.0)
WENT_ON = "went on"


async def _two_steps(work: Work) -> Ended:
    async with work.tx() as tx:
        await tenants.next_number(tx, "begun")
    work.progress(1, 2)
    if work.job.attempt == 1:
        await asyncio.to_thread(sys.stdin.readline)
    try:
        async with work.tx() as tx:
            await tenants.next_number(tx, "ended")
    finally:
        sys.stdout.write(f"{WENT_ON}\n")
        sys.stdout.flush()
    return Ended(say("The job has ended already."))


again = job("test.again", again=True)(_two_steps)
once = job("test.once", again=False)(_two_steps)


async def main(url: str) -> None:
    db = await connect(url, size=4)
    worker = Worker(
        db=db, vault=Vault(bytes(range(32))), url=url, kinds=[again, once, *import_job.KINDS], pace=PACE
    )
    await worker.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
