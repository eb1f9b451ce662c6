"""An OT/1 canteen terminal without sockets or clocks: what happens goes in, messages and outcomes come out.

Written from the protocol's text, not with the server's codec, so that the two check each other (ADR 0006).
Times are milliseconds since 1970 of the world; the terminal's own clock may be wrong.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from onecard.sim.lists import Lists
from onecard.sim.messages import Message
from onecard.sim.store import Pending, RecordBody, Store, Tally, new_store

RESEND_AT_MS = (800, 1600)
GIVE_UP_MS = 2500
BATCH_RECORDS = 50
UPLOAD_RESEND_MS, UPLOAD_RESEND_MAX_MS = 1000, 30_000
CLOCK_STEP_MS, TIME_RESEND_MS = 2000, 1000
CLOCK_SYNCED, CLOCK_UNSET = 0, 2
NOT_CONNECTED = "not_connected"
NO_ANSWER = "no_answer"
LISTED = "card_lost"
_ASK_AGAIN = frozenset({"busy"})  # treated as an answer that has not come


class Outcome(NamedTuple):
    """How a sale ended, as the person at the terminal sees it.

    `code` is "ok", the reason of a refusal, or why it was decided offline. `seq` 0: refused without a record.
    `took_ms` counts from the card to the answer, `sent` how often the request was sent.
    """

    seq: int
    card: str
    amount_fen: int
    sold: bool
    offline: bool
    code: str
    took_ms: float
    sent: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What the terminal may decide alone, and how much it can keep."""

    sale_fen: int = 30_00
    card_fen: int = 60_00
    card_count: int = 3
    total_fen: int = 20_000_00
    records: int = 2000
    black: int = 10_000


@dataclass(slots=True)
class _Asked:
    """The request on its way for the pending sale."""

    body: dict[str, Any]
    since_ms: float
    sent: int = 1


@dataclass(slots=True)
class _Upload:
    """The batch on its way: one at a time."""

    body: dict[str, Any]
    last: int
    resend_ms: float
    delay_ms: float = UPLOAD_RESEND_MS


class Terminal:
    """One terminal. Every method takes the world's time and fills `outbox` and `outcomes`.

    Args:
        store: its non-volatile memory.
        limits: what it may decide alone.
    """

    model, firmware, protocol = "sim-pos", "1.0.0", "ot1"

    def __init__(self, store: Store, limits: Limits | None = None) -> None:
        self.store = store
        self.limits = limits or Limits()
        self.outbox: list[Message] = []
        self.outcomes: list[Outcome] = []
        self.late_answers = 0
        self.echo = 1
        self._power_on()

    def _power_on(self) -> None:
        self.store.boot += 1
        self.online = False
        self.stopped = False
        self.clock = CLOCK_UNSET
        self._n = 0
        self._asked: _Asked | None = None
        self._upload: _Upload | None = None
        self._time_asked: str | None = None
        self._time_due_ms: float | None = None
        self.lists = Lists(self.store, self.limits.black, self.outbox.append, self._request)
        self._recount_offline()
        if self.store.pending is not None:
            # the power went before the sale was decided: nothing was handed out
            self._record(self.store.pending, res="cancelled", offline=False)

    @property
    def selling(self) -> bool:
        """Whether a sale is in progress; a terminal serves one person at a time."""
        return self.store.pending is not None

    @property
    def upload_complete(self) -> bool:
        """Whether the server has acknowledged every record."""
        return self.store.pending is None and self.store.acked >= self.store.seq

    def reboot(self) -> None:
        """Power off and on: what is not in the store is gone."""
        self.outbox.clear()
        self._power_on()

    def factory_reset(self) -> None:
        """Forget everything, records included, and begin a new store."""
        self.outbox.clear()
        # the counter of boots is in flash and outlives the reset
        self.store = new_store(boot=self.store.boot, clock_skew_ms=self.store.clock_skew_ms)
        self._power_on()

    def connected(self, now_ms: float) -> None:
        """The bus has let it in: announce itself, set the clock, send what is left."""
        self.online = True
        self.stopped = False
        self._upload = None
        self._send_state()
        self.lists.connected(now_ms)
        self._ask_time(now_ms)
        self._send_records(now_ms)

    def disconnected(self, now_ms: float) -> None:
        """The connection is gone; a sale in progress goes by the offline rule at once."""
        self.online = False
        self._upload = None
        self._time_due_ms = None
        self.lists.disconnected()
        if self._asked is not None:
            self._decide_alone(now_ms, NOT_CONNECTED)

    def swipe(self, now_ms: float, card: str, amount_fen: int) -> bool:
        """A card is presented for an amount; False while another sale is in progress.

        The sale's number is stored before anything is sent or handed out. A sale refused without asking
        anybody takes no number: it would fill the store.
        """
        if self.selling:
            return False
        refused = self._refusal_without_asking(card, amount_fen)
        if refused is not None:
            self.outcomes.append(Outcome(0, card, amount_fen, False, not self.online, refused, 0.0, 0))
            return True
        pending = Pending(self.store.seq + 1, card, amount_fen, round(self._clock_ms(now_ms)))
        self.store.pending = pending
        body = self._request(
            now_ms, "pay", ep=self.store.epoch, seq=pending.seq,
            cred={"t": "uid", "v": card}, amt=amount_fen, mode="manual",
        )  # fmt: skip
        self._asked = _Asked(body, now_ms)
        if self.online:
            for _ in range(self.echo):
                self.outbox.append(Message("up/req", body))
        else:
            self._decide_alone(now_ms, NOT_CONNECTED)
        return True

    def receive(self, now_ms: float, topic: str, body: dict[str, Any]) -> None:
        """A message of the server; `topic` below the terminal's prefix. The unknown is ignored."""
        if topic == "dn/rsp":
            if self._asked is not None and body.get("rid") == self._asked.body["rid"]:
                self._answered(now_ms, body)
            elif body.get("rid") == self._time_asked:
                self._set_clock(now_ms, body)
            elif not self.lists.answered(now_ms, body):
                self.late_answers += 1
        elif topic == "dn/rec" and body.get("ep") == self.store.epoch:
            self._acknowledged(now_ms, body)
        elif topic == "dn/want":
            self.lists.wanted(now_ms, body)

    def due_ms(self) -> float | None:
        """When `tick` wants to be called, None while it waits for nothing."""
        times = [self._time_due_ms, self.lists.due_ms()]
        if self._asked is not None:
            times.append(self._asked.since_ms + (*RESEND_AT_MS, GIVE_UP_MS)[self._asked.sent - 1])
        if self._upload is not None:
            times.append(self._upload.resend_ms)
        return min((at for at in times if at is not None), default=None)

    def tick(self, now_ms: float) -> None:
        """Do what is due: send a request again, give it up, send a batch again."""
        asked, upload = self._asked, self._upload
        while asked is not None and self._asked is asked:
            step = asked.sent - 1
            if now_ms < asked.since_ms + (*RESEND_AT_MS, GIVE_UP_MS)[step]:
                break
            if step == len(RESEND_AT_MS):
                self._decide_alone(now_ms, NO_ANSWER)
            else:
                asked.sent += 1
                self.outbox.append(Message("up/req", asked.body))
        if upload is not None and self.online and now_ms >= upload.resend_ms:
            upload.delay_ms = min(upload.delay_ms * 2, UPLOAD_RESEND_MAX_MS)
            upload.resend_ms = now_ms + upload.delay_ms
            self.outbox.append(Message("up/rec", upload.body))
        if self._time_due_ms is not None and now_ms >= self._time_due_ms:
            self._ask_time(now_ms)
        self.lists.tick(now_ms)

    def send_again(self, first: int, last: int) -> None:
        """Send acknowledged records again, as a terminal that lost the acknowledgement does."""
        records = self.store.slice(first, last)[:BATCH_RECORDS]
        if records and self.online:
            self.outbox.append(Message("up/rec", self._batch(records)))

    def forge(self, seq: int, amount_fen: int) -> None:
        """Send an acknowledged record with another amount: a broken or dishonest terminal, for tests."""
        records = [dict(record, amt=amount_fen) for record in self.store.slice(seq, seq)]
        self.outbox.append(Message("up/rec", self._batch(records)))

    def _answered(self, now_ms: float, body: dict[str, Any]) -> None:
        code = str(body.get("code", "ok"))
        if code in _ASK_AGAIN:
            return
        asked, pending = self._asked, self.store.pending
        self._asked = None
        if asked is None or pending is None:
            return
        sold = bool(body.get("ok"))
        amount = int(body.get("amt", pending.amount_fen)) if sold else pending.amount_fen
        self._record(pending, res="sold" if sold else "cancelled", offline=False, amount_fen=amount)
        self._finish(now_ms, asked, pending, sold=sold, offline=False, code="ok" if sold else code)

    def _decide_alone(self, now_ms: float, reason: str) -> None:
        asked, pending = self._asked, self.store.pending
        self._asked = None
        if asked is None or pending is None:
            return
        refused = self._offline_refusal(pending.card, pending.amount_fen)
        if refused is None:
            self._count_offline(pending.card, pending.amount_fen)
        self._record(pending, res="cancelled" if refused else "sold", offline=True)
        self._finish(now_ms, asked, pending, sold=refused is None, offline=True, code=refused or reason)

    def _refusal_without_asking(self, card: str, amount_fen: int) -> str | None:
        if self.store.unacked() >= self.limits.records:
            return "store_full"
        return None if self.online else self._offline_refusal(card, amount_fen)

    def _offline_refusal(self, card: str, amount_fen: int) -> str | None:
        """Why it may not sell this without the server, None if it may."""
        limits, tally = self.limits, self._offline.get(card, Tally())
        if self.lists.refuses(card):
            return LISTED
        if amount_fen > limits.sale_fen:
            return "offline_limit_sale"
        if tally.count + 1 > limits.card_count or tally.amount_fen + amount_fen > limits.card_fen:
            return "offline_limit_card"
        if sum(one.amount_fen for one in self._offline.values()) + amount_fen > limits.total_fen:
            return "offline_limit_total"
        return None

    def _recount_offline(self) -> None:
        """What was sold alone and is not yet acknowledged, from the store."""
        self._offline: dict[str, Tally] = {}
        for record in self.store.slice(self.store.acked + 1, self.store.seq):
            if record["off"] and record["res"] == "sold":
                self._count_offline(record["cred"]["v"], record["amt"])

    def _count_offline(self, card: str, amount_fen: int) -> None:
        tally = self._offline.setdefault(card, Tally())
        tally.count += 1
        tally.amount_fen += amount_fen

    def _finish(
        self, now_ms: float, asked: _Asked, pending: Pending, *, sold: bool, offline: bool, code: str
    ) -> None:
        amount = self.store.records[-1]["amt"]
        took = now_ms - asked.since_ms
        self.outcomes.append(
            Outcome(pending.seq, pending.card, amount, sold, offline, code, took, asked.sent)
        )
        self._send_records(now_ms)

    def _record(self, pending: Pending, *, res: str, offline: bool, amount_fen: int | None = None) -> None:
        record: RecordBody = {
            "seq": pending.seq,
            "k": "sale",
            "t": pending.at_ms,
            "clk": self.clock,
            "cred": {"t": "uid", "v": pending.card},
            "amt": pending.amount_fen if amount_fen is None else amount_fen,
            "res": res,
            "off": int(offline),
        }
        self.store.append(record, room=self.limits.records)
        self.store.pending = None

    def _send_records(self, now_ms: float) -> None:
        if not self.online or self.stopped or self._upload is not None:
            return
        first = self.store.acked + 1
        records = self.store.slice(first, first + BATCH_RECORDS - 1)
        if records:
            body = self._batch(records)
            self._upload = _Upload(body, records[-1]["seq"], now_ms + UPLOAD_RESEND_MS)
            self.outbox.append(Message("up/rec", body))

    def _batch(self, records: list[RecordBody]) -> dict[str, Any]:
        return {
            "ep": self.store.epoch,
            "from": records[0]["seq"] if records else self.store.acked + 1,
            "recs": records,
            "last": self.store.seq,
        }

    def _acknowledged(self, now_ms: float, body: dict[str, Any]) -> None:
        ack = min(int(body.get("ack", 0)), self.store.seq)
        if ack > self.store.acked:
            self.store.acked = ack
            self._recount_offline()
        elif self._upload is not None and ack < self.store.acked and self.store.slice(ack + 1, ack + 1):
            # the server has less than it once acknowledged (restored from a backup): go back to there
            self.store.acked = ack
            self._upload = None
        if self._upload is not None and ack >= self._upload.body["from"]:
            self._upload = None
        if body.get("stop"):
            self.stopped = True
            self._upload = None
        wanted = body.get("resend")
        if wanted:
            self.send_again(int(wanted["from"]), int(wanted["to"]))
        self._send_records(now_ms)

    def _send_state(self) -> None:
        state = {
            "on": 1,
            "boot": self.store.boot,
            "ep": self.store.epoch,
            "fw": self.firmware,
            "model": self.model,
            "proto": self.protocol,
            "free": max(0, self.limits.records - self.store.unacked()),
            "clk": self.clock,
            "last": self.store.seq,
        }
        self.outbox.append(Message("up/state", state, retain=True))

    def _ask_time(self, now_ms: float) -> None:
        body = self._request(now_ms, "time", t0=round(self._clock_ms(now_ms)))
        self._time_asked, self._time_due_ms = body["rid"], now_ms + TIME_RESEND_MS
        self.outbox.append(Message("up/req", body))

    def _set_clock(self, now_ms: float, body: dict[str, Any]) -> None:
        self._time_asked = None
        if not body.get("ok"):
            return  # asked again when its time comes
        self._time_due_ms = None
        own_ms = self._clock_ms(now_ms)
        ahead = own_ms - (
            int(body["t2"]) + (own_ms - int(body["t0"]) - (int(body["t2"]) - int(body["t1"]))) / 2
        )
        if abs(ahead) > CLOCK_STEP_MS:
            self.store.clock_skew_ms -= round(ahead)
        if self.clock != CLOCK_SYNCED:
            self.clock = CLOCK_SYNCED
            self._send_state()

    def _request(self, now_ms: float, op: str, **fields: Any) -> dict[str, Any]:
        self._n += 1
        return {
            "rid": f"{self.store.epoch:x}-{self.store.boot}-{self._n}",
            "boot": self.store.boot,
            "n": self._n,
            "t": round(self._clock_ms(now_ms)),
            "op": op,
            **fields,
        }

    def _clock_ms(self, now_ms: float) -> float:
        return now_ms + self.store.clock_skew_ms
