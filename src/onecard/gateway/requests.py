"""Requests of terminals: pay, query, time, sync. The shortest way from a tap to the ledger and back.

Tenant and device come from the subject, never from the payload. Refusals are checked in the order of
`Status`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from onecard.base.clock import now_us
from onecard.base.ids import record_key
from onecard.base.status import Status
from onecard.cards.model import CardHolder, parse_uid
from onecard.devices import service as devices
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.model import Balances, Credential, Request, Response
from onecard.devices.model import Credential as Device
from onecard.gateway import texts
from onecard.gateway.datasets import Lists
from onecard.gateway.directory import AWAY, GATEWAY, View, admission
from onecard.gateway.holders import Holders, standing
from onecard.gateway.hub import Hub
from onecard.gateway.sessions import Session
from onecard.ledger.model import Answer, Sale, Source
from onecard.ledger.model import Balances as Purses
from onecard.ledger.service import balances as read_balances

log = logging.getLogger(__name__)

DEADLINE_US = 2_500_000  # the terminal decides alone after 2.5 s
_STORE_PATIENCE_S = (0.05, 0.15)
_NO_KEY = UUID(int=0)
_SYNC = "sync"


@dataclass(frozen=True, slots=True)
class Ask:
    """A request with everything about its sender; `at_us` is when it arrived."""

    view: View
    device: Device
    session: Session
    request: Request
    at_us: int


class Requests:
    """Answers `up/req` of all devices.

    Args:
        hub: what the parts of a gateway share.
        lists: answers for the lists that terminals keep.
    """

    def __init__(self, hub: Hub, lists: Lists) -> None:
        self._db = hub.db
        self._bus = hub.bus
        self._ledger = hub.ledger
        self._directory = hub.directory
        self._sessions = hub.sessions
        self._counters = hub.counters
        self._holders = Holders(hub.db)
        self._lists = lists
        self._operations: dict[str, Callable[[Ask], Awaitable[Response]]] = {
            "pay": self._pay,
            "query": self._query,
            "time": self._time,
            _SYNC: self._sync,
        }

    async def handle(self, subject: str, payload: bytes) -> None:
        """Bus handler of `ot1.<tenant>.<device>.up.req`."""
        at_us = now_us()
        _, code, token, _, _ = subject.split(".")
        request = codec.decode(Request, payload)
        if isinstance(request, Status):
            self._counters.count("req", request)
            answer = _plain_refusal(request, codec.request_id(payload))
        else:
            answer = await self._answer(code, token, request, hash(payload), at_us)
        if answer:
            await self._bus.publish(f"ot1.{code}.{token}.dn.rsp", answer)

    async def _answer(self, code: str, token: str, request: Request, content: int, at_us: int) -> bytes:
        operation = self._operations.get(request.op)
        if operation is None:
            self._counters.count("req", Status.OPERATION_UNKNOWN)
            return _plain_refusal(Status.OPERATION_UNKNOWN, request.rid)
        asked = await self._identify(code, token, request, at_us)
        if isinstance(asked, Status):
            self._counters.count(f"req.{request.op}", asked)
            return _plain_refusal(asked, request.rid)
        admitted = asked.session.admit(request, content, at_us // 1000)
        if isinstance(admitted, bytes):
            self._counters.count("req.repeated", Status.OK)
            return admitted
        if admitted is not Status.OK:
            response = _refusal(asked, admitted)
        else:
            response = await self._carry_out(operation, asked)
        self._counters.count(f"req.{request.op}", Status[response.code.upper()])
        return codec.encode(response)

    async def _identify(self, code: str, token: str, request: Request, at_us: int) -> Ask | Status:
        try:
            view = self._directory.fresh(code) or await self._directory.view(code)
        except AWAY:
            return Status.BUSY
        if view is None:
            return Status.TENANT_UNKNOWN
        device = view.devices.get(token)
        if device is None:
            return Status.DEVICE_UNKNOWN
        return Ask(view, device, self._sessions.of(code, token), request, at_us)

    async def _carry_out(self, operation: Callable[[Ask], Awaitable[Response]], asked: Ask) -> Response:
        """Carry a request out and remember the answer for its repetitions, unless trying again may help."""
        status = admission(asked.view, asked.device)
        try:
            response = _refusal(asked, status) if status is not Status.OK else await operation(asked)
        except AWAY as error:
            log.warning("a request cannot be carried out now: %s", error or type(error).__name__)
            response = _refusal(asked, Status.BUSY)
        if response.code == Status.BUSY.code or asked.request.op == _SYNC:
            # an answer that can be had again any time is not worth its memory
            asked.session.forget(asked.request)
        else:
            asked.session.answered(asked.request.rid, codec.encode(response))
        return response

    async def _pay(self, asked: Ask) -> Response:
        view, device, request = asked.view, asked.device, asked.request
        if request.seq is None or request.cred is None or request.amt is None:
            return _refusal(asked, Status.MALFORMED)
        epoch = await self._store(asked)
        if isinstance(epoch, Status):
            return _refusal(asked, epoch)
        merchant = view.rules.merchants.get(device.merchant_id or 0)
        if merchant is None:
            return _refusal(asked, Status.MERCHANT_UNKNOWN)
        if merchant.state != "open":
            return _refusal(asked, Status.MERCHANT_CLOSED)
        day, meal = view.rules.period(asked.at_us)
        holder = await self._holder(view, request.cred, day)
        if isinstance(holder, Status):
            return _refusal(asked, holder)
        sale = Sale(
            tenant_id=view.tenant_id,
            key=record_key(device_id=device.id, epoch=epoch, seq=request.seq),
            business_day=day,
            meal=meal,
            occurred_at_us=asked.at_us,
            source=Source.TERMINAL,
            source_id=device.id,
            card_id=holder.card_id,
            deadline_us=asked.at_us + DEADLINE_US,
            account_id=holder.person_id,
            merchant_book=merchant.book_id,
            amount_fen=request.amt,
            terms=view.rules.terms_at(holder.class_id, merchant.id),
        )
        answer = await self._ledger.post(sale)
        if answer.ok:
            asked.session.remember_sale(epoch, request.seq, holder.uid, request.amt)
        return _answered(asked, holder, answer)

    async def _query(self, asked: Ask) -> Response:
        view, request = asked.view, asked.request
        if request.cred is None:
            return _refusal(asked, Status.MALFORMED)
        day, _ = view.rules.period(asked.at_us)
        holder = await self._holder(view, request.cred, day)
        if isinstance(holder, Status):
            return _refusal(asked, holder)
        async with self._db.tenant_tx(view.tenant_id, GATEWAY) as tx:
            found = await read_balances(tx, [holder.person_id])
        purses = found.get(holder.person_id)
        if purses is None:
            return _refusal(asked, Status.ACCOUNT_UNKNOWN)
        name = texts.mask(holder.name)
        return Response(
            ok=True,
            code=Status.OK.code,
            rid=request.rid,
            balances=_balances(purses),
            name=name,
            show=texts.balance(view.rules.language, name, _spendable(purses)),
        )

    async def _time(self, asked: Ask) -> Response:
        asked.session.clock_set()
        return Response(
            ok=True,
            code=Status.OK.code,
            rid=asked.request.rid,
            t0=asked.request.t,
            t1=asked.at_us // 1000,
            t2=now_us() // 1000,
        )

    async def _sync(self, asked: Ask) -> Response:
        found = await self._lists.part(asked.view.tenant_id, asked.device.id, asked.request)
        return _refusal(asked, found) if isinstance(found, Status) else found

    async def _holder(self, view: View, credential: Credential, today: date) -> CardHolder | Status:
        if credential.t != "uid":
            return Status.CREDENTIAL_UNSUPPORTED
        uid = parse_uid(credential.v)
        holder = await self._holders.find(view.tenant_id, uid) if uid else None
        if holder is None:
            return Status.CARD_UNKNOWN
        status = standing(holder, today)
        if status is not Status.OK:
            return status
        return holder if holder.class_id in view.rules.terms else Status.CARD_NOT_VALID

    async def _store(self, asked: Ask) -> int | Status:
        """The record store a sale's number belongs to: the one named, else the one announced last."""
        session, wanted = asked.session, asked.request.ep
        for patience in (0.0, *_STORE_PATIENCE_S):
            if wanted in session.stores or (wanted is None and session.current is not None):
                break
            # the announcement may be on its way through another gateway
            await asyncio.sleep(patience)
            async with self._db.tenant_tx(asked.view.tenant_id, GATEWAY) as tx:
                session.read(await devices.stores(tx, asked.device.id))
        epoch = session.current if wanted is None else wanted
        if epoch is None or epoch not in session.stores:
            return Status.EPOCH_UNKNOWN
        if (asked.request.seq or 0) <= session.stores[epoch]:
            return Status.SEQUENCE_OUT_OF_RANGE
        return epoch


def _plain_refusal(status: Status, rid: str | None) -> bytes:
    """A refusal to somebody of whom nothing else is known."""
    return codec.encode(Response(ok=False, code=status.code, rid=rid, voice=texts.sentence("zh-CN", status)))


def _refusal(asked: Ask, status: Status) -> Response:
    return _answered(asked, None, Answer(key=_NO_KEY, status=status))


def _answered(asked: Ask, holder: CardHolder | None, answer: Answer) -> Response:
    """The ledger's answer as the terminal gets it."""
    language = asked.view.rules.language
    more: dict[str, Any] = {}
    if holder is not None:
        more["name"] = texts.mask(holder.name)
    if answer.balances is not None:
        more["balances"] = _balances(answer.balances)
    if answer.ok and holder is not None:
        amount = -sum(part.amount_fen for part in answer.parts)
        left = _spendable(answer.balances) if answer.balances else 0
        more |= {"txn": str(answer.key), "amt": amount}
        more["show"] = texts.sold(language, more["name"], amount, left)
    else:
        more["show"] = texts.refused(language, answer)
        more |= {"need": answer.needed_fen, "have": answer.available_fen}
        more |= {"limit": answer.limit_value, "used": answer.used_value}
    voice = texts.sentence(language, answer.status)
    return Response(ok=answer.ok, code=answer.status.code, rid=asked.request.rid, voice=voice, **more)


def _balances(purses: Purses) -> Balances:
    return Balances(purses.cash, purses.subsidy, purses.bonus, purses.water)


def _spendable(purses: Purses) -> int:
    return purses.cash + purses.subsidy + purses.bonus
