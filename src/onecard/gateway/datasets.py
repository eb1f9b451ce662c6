"""Lists of terminals: who should have what is told, who says what it has is heard (devices.md §6.5).

The database says whom to tell and remembers what was told, so any gateway may do it and none is missed when
one dies. What a terminal says it has counts when it is what the list was at that version.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from datetime import datetime

from onecard.base.db import Tx
from onecard.base.status import Status
from onecard.devices import datasets
from onecard.devices.black import DATASET as BLACK
from onecard.devices.drivers.ot1 import codec
from onecard.devices.drivers.ot1.model import Delta as DeltaMessage
from onecard.devices.drivers.ot1.model import Have, Op, Request, Response, Want
from onecard.devices.model import Delta, ListState, Said, Standing
from onecard.devices.rules import believed, scopes
from onecard.gateway.directory import AWAY, GATEWAY, View, admission
from onecard.gateway.hub import Hub
from onecard.tenants import service as tenants

log = logging.getLogger(__name__)

INLINE_MOST = 20
PAGE_MOST = 200
_POLL_S = 0.25
_ANSWER_S = 2
_STANDINGS_MOST = 4096
_PAGE = re.compile(r"([0-9]{1,18}):([0-9]{1,18}):([0-9A-F]{1,32})", re.ASCII)


class Lists:
    """Tells terminals of their lists.

    Args:
        hub: what the parts of a gateway share.
    """

    def __init__(self, hub: Hub) -> None:
        self._db = hub.db
        self._bus = hub.bus
        self._directory = hub.directory
        self._counters = hub.counters
        # what a list was at a version never changes again
        self._standings: dict[tuple[int, int, int], Standing] = {}

    async def run(self) -> None:
        """Tell whoever is to be told, until cancelled."""
        while True:
            try:
                await self.look()
            except AWAY as error:
                log.warning("cannot see whose lists are old: %s", error or type(error).__name__)
            except Exception:
                log.exception("telling terminals of their lists failed")
            await asyncio.sleep(_POLL_S)

    async def look(self) -> None:
        """Tell the terminals of the tenants that are due, of each tenant by one gateway."""
        async with self._db.platform_tx(GATEWAY) as tx:
            claims = await datasets.claim_due(tx)
        for claim in claims:
            async with self._db.tenant_tx(claim.tenant_id, GATEWAY) as tx:
                code = (await tenants.get(tx)).code
                due = [each for each in await datasets.states(tx, BLACK) if each.due]
                wants = await self._wants(tx, due)
                if due:
                    await datasets.mark_sent(tx, BLACK, {each.device_id: each.wanted for each in due})
                await datasets.rest(tx, claim, _next(await datasets.states(tx, BLACK)))
            await self._publish(code, wants)

    async def _wants(self, tx: Tx, due: list[ListState]) -> Mapping[str, bytes]:
        """What each of these devices is sent, by token; equals are worked out once."""
        wants: dict[str, bytes] = {}
        for (scope, base), devices in scopes(due).items():
            to = devices[0].wanted
            delta = await datasets.delta(tx, BLACK, scope=scope, base=base, to=to, most=INLINE_MOST)
            message = codec.encode(Want(wv=to, ds={BLACK: to}, delta=_message(delta)))
            wants |= dict.fromkeys((each.token for each in devices), message)
        return wants

    async def _publish(self, code: str, wants: Mapping[str, bytes]) -> None:
        for token, message in wants.items():
            await self._bus.publish(f"ot1.{code}.{token}.dn.want", message)
        if wants:
            self._counters.count("want", Status.OK, len(wants))

    async def handle(self, subject: str, payload: bytes) -> None:
        """Bus handler of `ot1.<tenant>.<device>.up.have`; what is lost is said again within minutes."""
        _, code, token, _, _ = subject.split(".")
        have = codec.decode(Have, payload)
        status = have if isinstance(have, Status) else Status.BUSY
        try:
            if isinstance(have, Have):
                status = await self._hear(code, token, have)
        except AWAY as error:
            log.warning("lists of %s/%s are not noted: %s", code, token, error or type(error).__name__)
        self._counters.count("have", status)

    async def _hear(self, code: str, token: str, have: Have) -> Status:
        view = self._directory.fresh(code) or await self._directory.view(code)
        device = view.devices.get(token) if view else None
        if view is None or device is None:
            return Status.DEVICE_UNKNOWN
        status = admission(view, device)
        if status is not Status.OK or BLACK not in have.ds:
            return status
        async with self._db.tenant_tx(view.tenant_id, GATEWAY) as tx:
            before = await datasets.state(tx, BLACK, device.id)
            if before is None:
                return Status.DEVICE_NOT_CERTIFIED
            wants = await self._note(tx, view, before, _said(have))
        await self._publish(code, wants)
        return Status.OK

    async def _note(self, tx: Tx, view: View, before: ListState, said: Said) -> Mapping[str, bytes]:
        """Note what a device has, and what it is to be sent at once."""
        known = said.standing
        if said.version <= before.wanted:
            known = await self._standing(tx, view.tenant_id, before, said.version)
        version, problem = believed(said, before.wanted, known)
        await datasets.confirm(tx, BLACK, before, version, problem)
        if problem is not None:
            log.warning("device %s/%s and its list: %s", view.code, before.token, problem)
            return {}  # told again, but later: it may be the device that cannot help it
        after = await datasets.state(tx, BLACK, before.device_id)
        if after is None or not after.behind:
            return {}
        await datasets.mark_sent(tx, BLACK, {after.device_id: after.wanted})
        await datasets.wake(tx, after_s=_ANSWER_S)
        return await self._wants(tx, [after])

    async def _standing(self, tx: Tx, tenant_id: int, device: ListState, version: int) -> Standing:
        scope = device.device_id if device.named else 0
        found = self._standings.get((tenant_id, scope, version))
        if found is None:
            found = await datasets.standing(tx, BLACK, scope=scope, version=version)
            if len(self._standings) >= _STANDINGS_MOST:
                self._standings.clear()
            self._standings[tenant_id, scope, version] = found
        return found

    async def part(self, tenant_id: int, device_id: int, request: Request) -> Response | Status:
        """The answer to `sync`: the first part of what leads to the newest version, or the part asked for."""
        if request.ds != BLACK or request.have is None:
            return Status.MALFORMED
        page = None if request.page is None else _PAGE.fullmatch(request.page)
        if request.page is not None and page is None:
            return Status.MALFORMED
        async with self._db.tenant_tx(tenant_id, GATEWAY) as tx:
            device = await datasets.state(tx, BLACK, device_id)
            if device is None:
                return Status.DEVICE_NOT_CERTIFIED
            base, to, after = request.have if request.have <= device.wanted else 0, device.wanted, ""
            if page is not None and int(page[1]) <= device.wanted:
                to, base, after = int(page[1]), int(page[2]), page[3]
            scope = device.device_id if device.named else 0
            delta = await datasets.delta(
                tx, BLACK, scope=scope, base=base, to=to, after=after, most=PAGE_MOST
            )
        message = _message(delta)
        return Response(
            ok=True, code=Status.OK.code, rid=request.rid, ds=message.ds, base=message.base, to=message.to,
            full=message.full, ops=message.ops, more=message.more, hash=message.hash,
        )  # fmt: skip


def _message(delta: Delta) -> DeltaMessage:
    ops = [Op("+", row.key, dict(row.content)) if added else Op("-", row.key) for row, added in delta.ops]
    return DeltaMessage(
        delta.dataset, delta.base, delta.to, delta.full, ops, f"{delta.digest:016x}", delta.more
    )


def _said(have: Have) -> Said:
    version, rows, digest = have.ds[BLACK]
    problem = next((each.code for each in have.err if each.ds == BLACK), None)
    return Said(version, Standing(rows, int(digest, 16)), problem)


def _next(states: list[ListState]) -> datetime | None:
    """When somebody is to be told again."""
    times = [each.next_at for each in states if each.can_hear and each.behind and each.next_at is not None]
    return min(times, default=None)
