"""What a gateway remembers of a device between messages. Pure.

It is a shield, not the safe: with two gateways each sees a part, and a restart forgets. That no money moves
twice rests on the ledger's keys alone (devices.md §6.3).
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from onecard.base.status import Status
from onecard.devices.drivers.ot1.model import Request
from onecard.devices.model import Store

WINDOW = 64
KEPT = 8  # answers and sales; a terminal serves one person at a time, and there may be 100,000 of them
OLD_MS = 60_000
_IN_PROGRESS = b""


@dataclass(slots=True)
class _Asked:
    content: int
    answer: bytes = _IN_PROGRESS


@dataclass(slots=True)
class Session:
    """One device as this gateway has seen it.

    Attributes:
        boot: the newest boot; requests of an earlier one are replays.
        stores: announced record stores and how far each is acknowledged, as far as known here.
        current: the store announced last; None until it was read or heard of.
        sold: card and amount of the sales answered last, by record store and number.
    """

    boot: int = -1
    stores: dict[int, int] = field(default_factory=dict)
    current: int | None = None
    sold: OrderedDict[tuple[int, int], tuple[str | None, int | None]] = field(default_factory=OrderedDict)
    _highest: int = -1
    _seen: int = 0
    _lag_ms: int | None = None
    _asked: OrderedDict[str, _Asked] = field(default_factory=OrderedDict)

    def admit(self, request: Request, content: int, now_ms: int) -> Status | bytes:
        """Whether a request is to be carried out now.

        Args:
            request: the request.
            content: hash of its bytes.
            now_ms: server time.

        Returns:
            `OK` to carry it out; another status to refuse it; bytes to send as answer to a repeated request
            (empty while the first one is still being carried out: its answer will do).
        """
        if request.boot > self.boot:
            self.reset(request.boot)
        known = self._asked.get(request.rid)
        if known is not None and request.boot == self.boot:
            return known.answer if known.content == content else Status.KEY_REUSED
        if request.boot < self.boot or not self._is_new(request.n):
            return Status.REPLAYED
        if self._is_old(request.t, now_ms):
            return Status.EXPIRED
        self._asked[request.rid] = _Asked(content)
        if len(self._asked) > KEPT:
            self._asked.popitem(last=False)
        return Status.OK

    def answered(self, rid: str, answer: bytes) -> None:
        """Remember the answer for when the request comes again."""
        asked = self._asked.get(rid)
        if asked is not None:
            asked.answer = answer

    def remember_sale(self, epoch: int, seq: int, uid: str, amount_fen: int) -> None:
        """A sale is durable; its record needs no second posting."""
        self.sold[epoch, seq] = uid, amount_fen
        if len(self.sold) > KEPT:
            self.sold.popitem(last=False)

    def forget(self, request: Request) -> None:
        """The request could not be carried out: it may come again as if for the first time."""
        self._asked.pop(request.rid, None)
        self._seen &= ~(1 << max(0, self._highest - request.n))

    def reset(self, boot: int) -> None:
        """The device was started again."""
        self.boot, self._highest, self._seen, self._lag_ms = boot, -1, 0, None
        self._asked.clear()

    def clock_set(self) -> None:
        """The device has set its clock: what was known of its offset is void."""
        self._lag_ms = None

    def announce(self, boot: int | None, epoch: int | None) -> None:
        """The device said what it is: another boot, in either direction, or another store begins anew."""
        # a replaced terminal counts its boots from 1 like the one before it; only its store tells them apart
        if boot is not None and (boot != self.boot or (epoch is not None and epoch not in self.stores)):
            self.reset(boot)
        self._lag_ms = None
        if epoch is not None:
            self.stores.setdefault(epoch, 0)
            self.current = epoch

    def read(self, stores: Iterable[Store]) -> None:
        """What the database knows of the device's record stores."""
        for store in stores:
            self.acknowledged(store.epoch, store.watermark)
            if store.current and self.current is None:
                self.current = store.epoch

    def acknowledged(self, epoch: int, watermark: int) -> None:
        """Records up to here are durable; their numbers are used up."""
        self.stores[epoch] = max(watermark, self.stores.get(epoch, 0))

    def _is_new(self, n: int) -> bool:
        """Whether a request number is within the window and was not seen; marks it as seen."""
        if n > self._highest:
            self._seen = (self._seen << min(n - self._highest, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self._highest = n
            return True
        behind = self._highest - n
        if behind >= WINDOW or self._seen >> behind & 1:
            return False
        self._seen |= 1 << behind
        return True

    def _is_old(self, t: int, now_ms: int) -> bool:
        """Whether a request was made long ago by the session's own time (the device's clock may be wrong)."""
        lag = now_ms - t
        if self._lag_ms is None or lag < self._lag_ms:
            self._lag_ms = lag
        return lag - self._lag_ms > OLD_MS


class Sessions(dict[tuple[str, str], Session]):
    """Sessions by tenant code and device token; only of devices that exist."""

    def of(self, code: str, token: str) -> Session:
        """The session of a device."""
        session = self.get((code, token))
        if session is None:
            session = self[code, token] = Session()
        return session
