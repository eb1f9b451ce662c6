"""Tenants, their rules and their devices as a gateway knows them: in memory, never older than a second.

A view in use is renewed in the background before it is too old, so that taps wait for the database only when
a tenant was silent for a while. The tenant and the device always come from the subject a message arrived on.
"""

import asyncio
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass

import asyncpg

from onecard.base.db import Actor, Database
from onecard.base.errors import NotFoundError, OneCardError
from onecard.base.status import Status
from onecard.consumption.model import Rules
from onecard.consumption.service import load_rules
from onecard.devices import service as devices
from onecard.devices.model import Credential
from onecard.tenants import service as tenants

GATEWAY = Actor("service", "gateway")
# Database, bus or ledger cannot be had right now: whoever asked may ask again, nothing is lost
AWAY = (
    OneCardError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
OLD_S = 1.0
_RENEW_S = 0.5
_SIGN_IN_OLD_S = 5.0
_UNKNOWN_MOST = 10_000


@dataclass(frozen=True, slots=True)
class View:
    """One tenant at one moment; `loaded` is monotonic time."""

    tenant_id: int
    code: str
    rules: Rules
    devices: Mapping[str, Credential]
    loaded: float

    def age(self) -> float:
        """Seconds since it was read."""
        return time.monotonic() - self.loaded


class Directory:
    """Views of tenants by code.

    Args:
        db: the application's door.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._views: dict[str, View] = {}
        self._unknown: dict[str, float] = {}
        self._loading: dict[str, asyncio.Task[View | None]] = {}

    def fresh(self, code: str) -> View | None:
        """The view of a tenant if a young one is in memory; renewed in the background in time."""
        view = self._views.get(code)
        if view is None:
            return None
        age = view.age()
        if age > _RENEW_S:
            self._load(code)
        return view if age <= OLD_S else None

    async def view(self, code: str) -> View | None:
        """The view of a tenant, read now if need be; None when there is no such tenant."""
        view = self.fresh(code)
        if view is not None:
            return view
        if time.monotonic() - self._unknown.get(code, float("-inf")) <= OLD_S:
            return None
        return await asyncio.shield(self._load(code))

    def forget(self, code: str) -> None:
        """Read the tenant anew before anything is decided on it."""
        self._views.pop(code, None)

    async def sign_in(self, code: str, token: str, secret: str) -> Status:
        """Whether a device may connect with this secret; `BUSY` when that cannot be known right now."""
        known = self._views.get(code)
        try:
            view = await self.view(code)
        except AWAY:
            if known is None or known.age() > _SIGN_IN_OLD_S:
                return Status.BUSY
            view = known
        if view is None:
            return Status.TENANT_UNKNOWN
        device = view.devices.get(token)
        if device is None or not hmac.compare_digest(device.secret_hash, devices.hash_secret(secret)):
            return Status.DEVICE_UNKNOWN
        return admission(view, device)

    def _load(self, code: str) -> "asyncio.Task[View | None]":
        task = self._loading.get(code)
        if task is None:
            task = asyncio.create_task(self._read(code))
            self._loading[code] = task
            task.add_done_callback(lambda done: self._loaded(code, done))
        return task

    def _loaded(self, code: str, task: "asyncio.Task[View | None]") -> None:
        self._loading.pop(code, None)
        if task.cancelled() or task.exception() is not None:
            return  # whoever waits for it gets the exception
        view = task.result()
        if view is not None:
            self._views[code] = view
            return
        self._views.pop(code, None)
        if len(self._unknown) >= _UNKNOWN_MOST:
            self._unknown.clear()
        self._unknown[code] = time.monotonic()

    async def _read(self, code: str) -> View | None:
        begun = time.monotonic()
        known = self._views.get(code)
        if known is None:
            try:
                tenant_id = (await tenants.route(self._db, code, GATEWAY)).tenant_id
            except NotFoundError:
                return None
        else:
            tenant_id = known.tenant_id
        # an older view is brought up to date with what changed; after a long silence everything is read
        recent = known is not None and known.age() < 30  # noqa: PLR2004  half of what `recent` covers
        async with self._db.tenant_tx(tenant_id, GATEWAY, snapshot=True) as tx:
            rules = await load_rules(tx)
            changed = {each.token: each for each in await devices.credentials(tx, recent=recent)}
        if recent and known is not None:
            changed = {**known.devices, **changed} if changed else dict(known.devices)
        return View(tenant_id, code, rules, changed, begun)


def admission(view: View, device: Credential | None) -> Status:
    """Whether a device of a tenant may take part right now."""
    if view.rules.suspended:
        return Status.TENANT_SUSPENDED
    if device is None:
        return Status.DEVICE_UNKNOWN
    if device.state == "disabled":
        return Status.DEVICE_DISABLED
    return Status.OK if device.state == "certified" else Status.DEVICE_NOT_CERTIFIED
