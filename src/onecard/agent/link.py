"""The way to the server: dialled from here, signed with the agent's key, and again whenever it breaks."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from secrets import token_hex

from onecard import __version__
from onecard.agent import protocol
from onecard.agent.address import encryption
from onecard.agent.desk import Desk
from onecard.agent.home import Configuration
from onecard.agent.protocol import CardEvent, Leave, State
from onecard.base.bus import Bus, SignIn, SignInRefusedError, sign_in
from onecard.base.errors import OneCardError, UnavailableError
from onecard.base.nkeys import UserKey

log = logging.getLogger(__name__)

STATE_EVERY_S = 30.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.2, 30.0
_REFUSED_SENTENCE = (
    "The server does not let this workstation in: it was revoked, or its institution is suspended, or the"
    " server cannot decide right now."
)


class ReplacedError(OneCardError):
    """Another program has signed in as this workstation."""


class Link:
    """Keeps a workstation connected.

    Args:
        configuration: where to, and as whom.
        key: to sign in with.
        desk: answers what the server asks.
        changed: called when the connection came or went.

    Attributes:
        connected: whether the server hears us now.
        last_error: a sentence why it does not, or did not when it was tried last.
    """

    def __init__(
        self, configuration: Configuration, key: UserKey, desk: Desk, changed: Callable[[], None]
    ) -> None:
        self.connected = False
        self.last_error = ""
        self._configuration = configuration
        self._desk = desk
        self._changed = changed
        self._root = protocol.root(configuration.tenant, configuration.workstation)
        # the same through reconnections, so that the server can tell them from another program's
        name = f"onecard-agent {__version__} {token_hex(8)}"
        tls = encryption(configuration.server, configuration.ca_file)
        self._login = SignIn(key, protocol.RUN, name, tls, configuration.tls_first)
        self._wanted = asyncio.Event()
        self._lost = asyncio.Event()
        self._replaced = False
        self._events: list[CardEvent] = []

    def tell(self, event: CardEvent | None) -> None:
        """Something changed at the desk: tell the server soon, if it hears us."""
        if event is not None and self.connected:
            self._events.append(event)
        self._wanted.set()

    async def run(self) -> None:
        """Connect, serve until the connection is lost, connect again; until cancelled.

        Raises:
            ReplacedError: another program has signed in as this workstation.
        """
        wait_s = _FIRST_WAIT_S
        while True:
            self._lost.clear()
            try:
                bus = await sign_in(self._configuration.server, self._login, self._closed)
            except UnavailableError as error:
                _honour_cancellation()
                self._failed(error)
                # spread, so that a server that comes back does not meet all desks at once
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  no secret
                wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
                continue
            wait_s = _FIRST_WAIT_S
            try:
                _honour_cancellation()
                await self._serve(bus)
            finally:
                self.connected = False
                await bus.close()
            if self._replaced:
                message = (
                    "Another program has signed in as this workstation; if nobody moved it, have it revoked."
                )
                raise ReplacedError(message)
            self._failed(UnavailableError("The connection to the server was lost."))

    async def _serve(self, bus: Bus) -> None:
        for name, answer in self._desk.answers.items():
            await bus.subscribe(f"{self._root}.dn.{name}", answer)
        await bus.subscribe(f"{self._root}.dn.{protocol.LEAVE}", self._leave)
        self._events.clear()
        self.connected, self.last_error = True, ""
        log.info("connected to %s as %s", self._configuration.server, self._root)
        self._changed()
        self._events[:0] = await self._desk.events()
        lost = asyncio.create_task(self._lost.wait())
        try:
            while not lost.done():
                await self._say(bus)
                wanted = asyncio.create_task(self._wanted.wait())
                await asyncio.wait({lost, wanted}, timeout=STATE_EVERY_S, return_when=asyncio.FIRST_COMPLETED)
                wanted.cancel()
        except OneCardError as error:
            log.debug("telling the server failed: %s", error)
        except asyncio.CancelledError:
            with contextlib.suppress(Exception):
                await self._publish(bus, protocol.STATE, State(on=False, version=__version__))
                await bus.flush()
            raise
        finally:
            lost.cancel()

    async def _say(self, bus: Bus) -> None:
        """What happened, and how things are."""
        self._wanted.clear()
        events, self._events = self._events, []
        for event in events:
            await self._publish(bus, protocol.CARD, event)
        state = State(on=True, version=__version__, readers=self._desk.readers)
        await self._publish(bus, protocol.STATE, state)
        self._changed()

    async def _publish(self, bus: Bus, what: str, message: CardEvent | State) -> None:
        if bus.connected:
            await bus.publish(f"{self._root}.up.{what}", protocol.encode(message))

    async def _leave(self, subject: str, payload: bytes) -> None:
        leave = protocol.decode(Leave, payload)
        if leave is not None and leave.name == self._login.name:
            self._replaced = True
            self._lost.set()

    async def _closed(self) -> None:
        self._lost.set()

    def _failed(self, error: UnavailableError) -> None:
        sentence = _REFUSED_SENTENCE if isinstance(error, SignInRefusedError) else str(error)
        if sentence != self.last_error:
            log.warning("%s Trying again.", sentence)
        self.last_error = sentence
        self._changed()


def _honour_cancellation() -> None:
    """End if that was asked for: Python 3.11 can lose a cancellation that comes together with an answer.

    The library waits with `asyncio.wait_for`, which then returns the answer (CPython issue 86296).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
