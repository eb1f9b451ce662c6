"""The black list of a simulated terminal: brought up to date aside, switched at the end, told about.

Written from the protocol's text like the rest of the terminal (ADR 0006).
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

from onecard.sim.messages import Message
from onecard.sim.store import BlackList, Store

HAVE_EVERY_MS, SYNC_RESEND_MS = 300_000, 1000
_NAME = "black"
_Body = dict[str, Any]


class _Building:
    """A list on its way from `have` to `to`."""

    def __init__(self, delta: _Body, have: BlackList) -> None:
        self.to, self.full, self.digest = int(delta["to"]), bool(delta["full"]), str(delta["hash"])
        self.rows: dict[str, dict[str, int]] = {} if self.full else dict(have.rows)

    def apply(self, ops: Iterable[_Body]) -> None:
        for op in ops:
            if op["o"] == "+":
                self.rows[op["key"]] = op.get("row", {})
            else:
                self.rows.pop(op["key"], None)


class Lists:
    """What a terminal does about its lists.

    Args:
        store: the terminal's non-volatile memory.
        room: how many cards the list may hold.
        say: takes messages to publish.
        ask: makes a request of an operation and its fields.
    """

    def __init__(
        self, store: Store, room: int, say: Callable[[Message], None], ask: Callable[..., _Body]
    ) -> None:
        self._store = store
        self._room = room
        self._say = say
        self._ask = ask
        self._building: _Building | None = None
        self._asked: Message | None = None
        self._resend_ms: float | None = None
        self._have_ms: float | None = None

    def refuses(self, card: str) -> bool:
        """Whether a card is on the list."""
        return card in self._store.black.rows

    def connected(self, now_ms: float) -> None:
        """Say what there is; whoever knows better will answer."""
        self.disconnected()
        self._tell(now_ms)

    def disconnected(self) -> None:
        """Forget what was on its way."""
        self._building = self._asked = self._resend_ms = self._have_ms = None

    def wanted(self, now_ms: float, body: _Body) -> None:
        """The server says what the terminal should have."""
        delta = body.get("delta")
        if delta is not None and delta["ds"] == _NAME:
            if self._building is None or self._building.to != delta["to"]:
                self._begin(now_ms, delta)
        elif body["ds"].get(_NAME, self._store.black.version) != self._store.black.version:
            self._sync(now_ms, self._store.black.version)

    def answered(self, now_ms: float, body: _Body) -> bool:
        """Whether an answer was one to `sync`; it is taken."""
        if self._asked is None or body.get("rid") != self._asked.body["rid"]:
            return False
        if not body.get("ok"):
            return True  # asked again when its time comes
        page, self._asked, self._resend_ms = self._asked.body.get("page"), None, None
        if page is not None and self._building is not None and self._building.to == body["to"]:
            self._go_on(now_ms, body)
        else:
            self._begin(now_ms, body)
        return True

    def due_ms(self) -> float | None:
        """When `tick` wants to be called."""
        return min((at for at in (self._resend_ms, self._have_ms) if at is not None), default=None)

    def tick(self, now_ms: float) -> None:
        """Ask again what was not answered, say again what there is."""
        if self._resend_ms is not None and self._asked is not None and now_ms >= self._resend_ms:
            again = {name: self._asked.body[name] for name in ("ds", "have", "page")}
            self._sync(now_ms, again["have"], again["page"])
        if self._have_ms is not None and now_ms >= self._have_ms:
            self._tell(now_ms)

    def _begin(self, now_ms: float, delta: _Body) -> None:
        self._building = self._asked = self._resend_ms = None  # a part of another list may still be coming
        have = self._store.black.version
        if not delta["full"] and have >= int(delta["to"]):
            self._tell(now_ms)
        elif not delta["full"] and have < int(delta["base"]):
            self._sync(now_ms, have)
        else:
            self._building = _Building(delta, self._store.black)
            self._go_on(now_ms, delta)

    def _go_on(self, now_ms: float, delta: _Body) -> None:
        building = self._building
        if building is None:
            return
        building.apply(delta["ops"])
        if delta.get("more") is not None:
            self._sync(now_ms, 0 if building.full else self._store.black.version, delta["more"])
            return
        self._building = None
        if len(building.rows) > self._room:
            self._tell(now_ms, "no_room")
        elif digest_of(building.rows) == building.digest:
            self._store.black = BlackList(version=building.to, rows=building.rows)
            self._tell(now_ms)
        elif building.full:
            self._tell(now_ms, "hash")
        else:
            self._sync(now_ms, 0)

    def _sync(self, now_ms: float, have: int, page: str | None = None) -> None:
        self._asked = Message("up/req", self._ask(now_ms, "sync", ds=_NAME, have=have, page=page))
        self._resend_ms = now_ms + SYNC_RESEND_MS
        self._say(self._asked)

    def _tell(self, now_ms: float, problem: str | None = None) -> None:
        black = self._store.black
        body: _Body = {"ds": {_NAME: [black.version, len(black.rows), digest_of(black.rows)]}}
        if problem is not None:
            body["err"] = [{"ds": _NAME, "code": problem}]
        self._have_ms = now_ms + HAVE_EVERY_MS
        self._say(Message("up/have", body))


def digest_of(rows: dict[str, dict[str, int]]) -> str:
    """The hash of a list, as both sides compute it."""
    total = 0
    for key, row in rows.items():
        fields = "".join(f",{name}={row[name]}" for name in sorted(row))
        total += int.from_bytes(sha256((key + fields).encode()).digest()[:8], "big")
    return f"{total % (1 << 64):016x}"
