"""The way to the writer for processes that do not write: one request on the bus, repeated with its key."""

import asyncio
import time

from msgspec import DecodeError, ValidationError, msgpack

from onecard.base.bus import Bus
from onecard.base.errors import UnavailableError
from onecard.ledger.model import Answer, AnyRequest
from onecard.ledger.term import LeaseLostError
from onecard.ledger.writer import Writer

# an attempt is given up after this; a writer that took over meanwhile (lease ≤ 2.5 s) answers the next one
_ATTEMPT_S = 0.7
_PATIENCE_S = 6
_PAUSE_S = 0.05

_encode = msgpack.Encoder().encode
_request = msgpack.Decoder(AnyRequest)
_answer = msgpack.Decoder(Answer)


def _subject(shard: int) -> str:
    return f"oc.ledger.{shard}.post"


async def serve_ledger(bus: Bus, writer: Writer) -> None:
    """Answer postings that other processes send for this writer's shard, whenever it leads.

    Every writer of a shard listens and only the leading one answers, so that a take-over needs no change of
    subscriptions.
    """

    async def handle(subject: str, payload: bytes) -> bytes | None:
        if not writer.leading:
            return None
        try:
            return _encode(await writer.post(_request.decode(payload)))
        except LeaseLostError:
            return None  # whoever leads now answers the repetition
        except (DecodeError, ValidationError) as error:
            message = f"{subject} carried something that is no ledger request: {error}"
            raise ValueError(message) from error

    await bus.subscribe(_subject(writer.shard), handle)


class RemoteLedger:
    """Posts through the bus.

    Args:
        bus: connection to the bus.
        shard: which group of tenants.
        patience_s: how long a writer may be missing, e.g. during a take-over.
    """

    def __init__(self, bus: Bus, *, shard: int = 1, patience_s: int = _PATIENCE_S) -> None:
        self._bus = bus
        self._subject = _subject(shard)
        self._patience_s = patience_s

    async def post(self, request: AnyRequest) -> Answer:
        """The writer's answer; repeated with the same key until it comes.

        Raises:
            UnavailableError: no writer answered in time; whether it was posted is told by the next try.
        """
        payload = _encode(request)
        give_up = time.monotonic() + self._patience_s
        while True:
            try:
                return _answer.decode(await self._bus.request(self._subject, payload, _ATTEMPT_S))
            except UnavailableError as error:
                if time.monotonic() > give_up:
                    message = "The ledger does not answer; try again in a moment."
                    raise UnavailableError(message) from error
                await asyncio.sleep(_PAUSE_S)


class SharedLedger:
    """A standby writer in this process, and the way to whichever process writes now."""

    def __init__(self, writer: Writer, remote: RemoteLedger) -> None:
        self._writer = writer
        self._remote = remote

    async def post(self, request: AnyRequest) -> Answer:
        """The answer, from here when this process leads.

        Raises:
            UnavailableError: no writer answered in time.
        """
        if self._writer.leading:
            try:
                return await self._writer.post(request)
            except LeaseLostError:
                pass  # deposed meanwhile: the same key goes to the new writer
        return await self._remote.post(request)
