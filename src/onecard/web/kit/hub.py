"""Events to browsers: one subscription to the bus for each process, fanned out to its open streams.

An event is a hint that something changed, never the thing itself: whoever gets it asks for the part of the
page again, with its own rights. A lost event costs freshness, nothing else.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from onecard.base.bus import Bus

SUBJECT = "console"
_QUEUE_MOST = 200
_BREATH_S = 15.0


class Hub:
    """Streams of this process by tenant."""

    def __init__(self) -> None:
        self._streams: dict[int, set[asyncio.Queue[bytes | None]]] = defaultdict(set)
        self._closing = False

    async def listen(self, bus: Bus) -> None:
        """Subscribe to the events of all processes: `console.<tenant id>.<topic>`."""
        await bus.subscribe(f"{SUBJECT}.*.>", self._heard)

    def tell(self, tenant_id: int, topic: str) -> None:
        """Tell the tenant's open pages that something about a topic changed, e.g. `job.12`.

        A list listens to the topic's first word, `job`, and so to every one of its kind.
        """
        for each in dict.fromkeys((topic, topic.split(".", 1)[0])):
            line = f"data: {json.dumps(each)}\n\n".encode()
            for queue in self._streams.get(tenant_id, ()):
                # a browser that does not read gets the newest; it fetches anew anyway
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(line)

    async def _heard(self, subject: str, payload: bytes) -> None:
        _, tenant_id, topic = subject.split(".", 2)
        if tenant_id.isdigit():
            self.tell(int(tenant_id), topic)

    async def stream(self, tenant_id: int) -> AsyncIterator[bytes]:
        """The lines of one open page, with a sign of life every 15 s; ends with the process."""
        async with self._queue(tenant_id) as queue:
            yield b"retry: 2000\n\n"
            while not self._closing:
                try:
                    async with asyncio.timeout(_BREATH_S):
                        line = await queue.get()
                except TimeoutError:
                    line = b": still here\n\n"
                if line is None:
                    return
                yield line

    @asynccontextmanager
    async def _queue(self, tenant_id: int) -> AsyncIterator[asyncio.Queue[bytes | None]]:
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE_MOST)
        self._streams[tenant_id].add(queue)
        try:
            yield queue
        finally:
            self._streams[tenant_id].discard(queue)

    def close(self) -> None:
        """End all streams, so that the server can end."""
        self._closing = True
        for queues in self._streams.values():
            for queue in queues:
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(None)
