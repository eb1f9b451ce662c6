"""A running console on a database of its own, with the standing cast, for tests that use it over the wire.

Two institutions: the school 8672 (in Chinese) and the factory 1200 (in English). In each an administrator
who may do everything; in the school also a clerk with three functions, a teacher who sees one grade only, and
a newcomer whose password somebody else set.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import fresh
from onecard.base.db import SYSTEM, Database, Tx, connect
from onecard.base.embedded import Logins
from onecard.base.jobs.worker import Pace, Worker
from onecard.base.pgserver import EmbeddedPostgres
from onecard.base.vault import Vault
from onecard.desk.new_tenant import open_tenant
from onecard.people import service as people
from onecard.people.model import ClassDraft
from onecard.tenants import sessions
from onecard.tenants.functions import F, Function
from onecard.tenants.operators import roles
from onecard.tenants.operators import service as operators
from onecard.tenants.operators.model import EVERYTHING, OperatorDraft
from onecard.web.job_kinds import job_kinds
from onecard.web.kit.assets import load_assets
from onecard.web.kit.hub import Hub
from onecard.web.server import Listen, serving
from onecard.web.services import Services

T = TypeVar("T")
PASSWORD = "rice-bowl-on-tuesday"
CLERK = frozenset({F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_CHANGE, F.PEOPLE_DEPARTMENT_VIEW})


@dataclass
class Stage:
    """The console, and what a test may do behind its back.

    Attributes:
        url: of the console.
        tenants: id by code.
        accounts: account number by name in the cast: `admin`, `clerk`, `teacher`, `newcomer`, `stranger` (the
            factory's administrator).
        departments: ids of the school's by name.
    """

    logins: Logins
    url: str = ""
    tenants: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    operators: dict[str, int] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)
    vault: Vault = field(default_factory=lambda: Vault(bytes(range(32))))
    _loop: asyncio.AbstractEventLoop | None = None
    _db: Database | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)
    _thread: threading.Thread = field(default_factory=threading.Thread)

    def run(self, work: Callable[[Database], Awaitable[T]]) -> T:
        """Run a coroutine in the server's loop, with its door to the database."""
        assert self._loop is not None

        async def step() -> T:
            assert self._db is not None
            return await work(self._db)

        return asyncio.run_coroutine_threadsafe(step(), self._loop).result(60)

    def in_school(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run a coroutine in one transaction of the school."""

        async def step(db: Database) -> T:
            async with db.tenant_tx(self.tenants["8672"], SYSTEM) as tx:
                return await work(tx)

        return self.run(step)

    def link(self, name: str) -> str:
        """A one-time sign-in link of somebody in the cast."""

        async def make(db: Database) -> str:
            tenant_id = self.tenants["1200" if name == "stranger" else "8672"]
            async with db.tenant_tx(tenant_id, SYSTEM) as tx:
                return await sessions.make_link(tx, self.operators[name], 10, by=EVERYTHING)

        return f"{self.url}/sign-in/once#{self.run(make)}"

    def start(self) -> None:
        """Start the server in a thread of its own."""
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._live, args=(ready,), daemon=True)
        self._thread.start()
        ready.result(60)

    def stop(self) -> None:
        """End it."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(20)

    def _live(self, ready: "Future[None]") -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def _serve(self, ready: "Future[None]") -> None:
        async with AsyncExitStack() as stack:
            self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            self._db = await connect(self.logins.application, size=6)
            stack.push_async_callback(self._db.close)
            await self._raise_cast(self._db)
            services = Services(
                db=self._db, vault=self.vault, hub=Hub(), assets=load_assets(), version="0.1.0", schema="0019"
            )
            await self._work(stack, services)
            self.url = await stack.enter_async_context(serving(services, Listen()))
            ready.set_result(None)
            await self._over.wait()

    async def _work(self, stack: AsyncExitStack, services: Services) -> None:
        """A worker of jobs, which tells open pages directly because there is no bus."""

        async def announce(tenant_id: int, topic: str) -> None:
            services.hub.tell(tenant_id, topic)

        worker = Worker(
            db=services.db, vault=services.vault, url=self.logins.application, kinds=job_kinds(),
            announce=announce, pace=Pace(poll=0.1),
        )  # fmt: skip
        await worker.start()
        stack.push_async_callback(worker.stop)

    async def _raise_cast(self, db: Database) -> None:
        for code, name, language in (("8672", "青松学校", "zh-CN"), ("1200", "Lakeside Works", "en")):
            self.tenants[code] = await open_tenant(db, SYSTEM, code=code, name=name, language=language)
        async with db.tenant_tx(self.tenants["8672"], SYSTEM) as tx:
            for path in (
                "初中部/七年级/七年级1班",
                "初中部/七年级/七年级2班",
                "高中部/高一年级",
                "教职工/行政",
            ):
                self.departments[path.rsplit("/", 1)[-1]] = await people.ensure_department(tx, path)
            self.departments["七年级"] = await people.ensure_department(tx, "初中部/七年级")
            await people.create_class(tx, ClassDraft(number=1, name="学生"))
            await self._administrator(tx, "admin", "王芳")
            await self._operator(tx, "clerk", "赵敏", CLERK)
            await self._operator(tx, "teacher", "陈老师", CLERK, department="七年级")
            await self._operator(tx, "newcomer", "新同事", CLERK, chosen=False)
        async with db.tenant_tx(self.tenants["1200"], SYSTEM) as tx:
            await people.create_class(tx, ClassDraft(number=1, name="Staff"))
            await self._administrator(tx, "stranger", "Mary Jones")

    async def _administrator(self, tx: Tx, who: str, name: str) -> None:
        made = await roles.create_first_administrator(tx, name, PASSWORD)
        self.accounts[who], self.operators[who] = made.account, made.id

    async def _operator(
        self, tx: Tx, who: str, name: str, functions: Collection[Function], *,
        department: str = "", chosen: bool = True,
    ) -> None:  # fmt: skip
        draft = OperatorDraft(
            name=name,
            department_id=self.departments.get(department),
            all_departments=not department,
        )
        made = await operators.create(tx, draft, by=EVERYTHING, password=PASSWORD)
        if chosen:
            operator = await operators.get(tx, made.id)
            await operators.keep_password(tx, operator, PASSWORD, by_other=False)
        await roles.set_grants(tx, made.id, functions, by=EVERYTHING)
        self.accounts[who], self.operators[who] = made.account, made.id


@contextmanager
def raised(postgres: EmbeddedPostgres) -> Iterator[Stage]:
    """A stage on a fresh database of the shared server."""
    with fresh.database(postgres) as urls:
        stage = Stage(urls)
        stage.start()
        yield stage
        stage.stop()
