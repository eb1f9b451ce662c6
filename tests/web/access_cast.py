"""A browser without scripts: it keeps cookies, says where requests come from, reads English."""

from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import httpx
from callers import door
from stage import PASSWORD, Stage

from onecard.base.db import SYSTEM, Database
from onecard.tenants.operators import roles, service
from onecard.tenants.operators.model import EVERYTHING, OperatorDraft

SESSION, DEVICE = "__Host-onecard", "__Host-onecard-device"
DIALOG = {"hx-request": "true", "hx-target": "div#dialog-body"}


class Browser:
    """One browser window at the stage's console."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.cookies = stage, {"onecard-language": "en"}
        # no connection outlives its answer, so that nothing has to be closed
        limits = httpx.Limits(max_keepalive_connections=0)
        self.client = httpx.Client(base_url=stage.url, timeout=30, transport=door("127.0.0.1", limits=limits))

    def _send(self, method: str, path: str, headers: Mapping[str, str] | None, **more: Any) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        sent = {"cookie": cookies, "origin": self.stage.url} | dict(headers or {})
        answer = self.client.request(method, path, headers=sent, **more)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Open an address, without following where it leads."""
        return self._send("GET", path, headers)

    def post(
        self, path: str, form: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form."""
        return self._send("POST", path, headers, data=dict(form or {}))

    def sign_in(self, who: str, password: str = PASSWORD, **more: str) -> httpx.Response:
        """Send the sign-in form for somebody of the cast, or for an account number."""
        account = self.stage.accounts.get(who, who)
        return self.post("/sign-in", {"account": account, "password": password} | more)


def signed_in(stage: Stage, who: str) -> Browser:
    """A window in which somebody of the cast works."""
    browser = Browser(stage)
    assert browser.sign_in(who).status_code == 303
    return browser


def second_administrator(stage: Stage) -> str:
    """Another operator of the school who may do everything; the account number."""

    async def make(db: Database) -> str:
        async with db.tenant_tx(stage.tenants["8672"], SYSTEM) as tx:
            draft = OperatorDraft(name="孙丽", all_departments=True)
            made = await service.create(tx, draft, by=EVERYTHING)
            await service.keep_password(tx, await service.get(tx, made.id), PASSWORD, by_other=False)
            await roles.set_roles(tx, made.id, [await roles.open_operators(tx)], by=EVERYTHING)
            return made.account

    return stage.run(make)


def grow_old(stage: Stage) -> None:
    """The last proof of everybody who is signed in is older than five minutes."""

    async def age(db: Database) -> None:
        async with db.tenant_tx(stage.tenants["8672"], SYSTEM) as tx:
            await tx.connection.execute(
                "update tenants.session set confirmed_at = now() - interval '6 minutes' where tenant_id = $1",
                tx.tenant_id,
            )

    stage.run(age)
