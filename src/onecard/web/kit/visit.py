"""One request and who makes it: the rights, the language, the transaction, the way values are written."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from onecard.base.amounts import format_amount
from onecard.base.db import Tx
from onecard.base.texts import LANGUAGES, Text, read
from onecard.tenants.operators.model import Authority
from onecard.tenants.sessions.model import Session
from onecard.web.kit.needs import Needs, Open
from onecard.web.services import Services

if TYPE_CHECKING:
    from onecard.web.kit.outcome import Outcome

SESSION_COOKIE = "__Host-onecard"
LANGUAGE_COOKIE = "onecard-language"
THEME_COOKIE = "onecard-theme"
YEAR_S = 31_536_000  # how long a browser remembers what is only a matter of taste


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie to send with the answer; an empty value takes it away."""

    name: str
    value: str
    max_age: int | None = None


class Visit:
    """A request on its way through the console or the API.

    Attributes:
        request: of Starlette.
        services: what the process works with.
        who: None before sign-in.
        answer: the whole answer after success, set by a use case whose next step is a page of its own.
        outcome: shown after success instead of a toast, set by the use case, e.g. a secret shown once.
        replay: the approval that is being carried out; None for a request as it came.
        posted: the form of such a request.
    """

    def __init__(self, request: Request, services: Services, who: Session | None = None) -> None:
        self.request, self.services, self._who = request, services, who
        self.language = self._language()
        self.toasts: list[tuple[str, str]] = []
        self.cookies: list[Cookie] = []
        self.answer: Response | None = None
        self.outcome: Outcome | None = None
        self.replay: int | None = None
        self.posted: FormData | None = None

    @property
    def who(self) -> Session:
        """Who asks: an operator or a program with an API key; only pages for anybody have nobody.

        Raises:
            LookupError: nobody is signed in; a page that declares a right never sees this.
        """
        if self._who is None:
            message = "this page is open to anybody, so nobody is signed in"
            raise LookupError(message)
        return self._who

    @property
    def signed_in(self) -> bool:
        """Whether somebody is."""
        return self._who is not None

    def may(self, needs: Needs) -> bool:
        """Whether who asks has what a page needs, usually a function."""
        if isinstance(needs, Open):
            return needs is Open.ANYBODY or self.signed_in
        return self._who is not None and needs in self._who.functions

    @property
    def authority(self) -> Authority:
        """What who asks may do and see, as use cases of authority take it."""
        return Authority(self.who.functions, self.who.department_ids)

    def tx(self, *, snapshot: bool = False) -> AbstractAsyncContextManager[Tx]:
        """A transaction of the tenant, in the name of who asks."""
        return self.services.db.tenant_tx(self.who.tenant_id, self.who.actor, snapshot=snapshot)

    @property
    def scope(self) -> list[int] | None:
        """Departments whose people may be seen, as queries take them; None: all."""
        ids = self.who.department_ids
        return None if ids is None else sorted(ids)

    # --- the request ----------------------------------------------------------------------------------------

    @property
    def partial(self) -> str:
        """The id of the element that htmx will swap the answer into; empty for a whole page."""
        if self.request.headers.get("hx-request") != "true":
            return ""
        return self.request.headers.get("hx-target", "").rsplit("#", 1)[-1]

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the address."""
        return self.request.query_params

    def number(self, name: str = "id") -> int:
        """A number in the path."""
        return int(self.request.path_params[name])

    async def form(self) -> FormData:
        """The posted form; files are at most what the door lets through."""
        if self.posted is None:
            self.posted = await self.request.form(max_files=20, max_fields=2000)
        return self.posted

    @property
    def address(self) -> str:
        """Where the request comes from."""
        return self.request.client.host if self.request.client else ""

    @property
    def base_url(self) -> str:
        """How browsers reach this process: as it is configured, else as this request did."""
        url = self.request.url
        return self.services.public_url.rstrip("/") or f"{url.scheme}://{url.netloc}"

    def _language(self) -> str:
        chosen = self.request.cookies.get(LANGUAGE_COOKIE) or (self._who.language if self._who else None)
        if chosen in LANGUAGES:
            return str(chosen)
        for wanted in self.request.headers.get("accept-language", "").lower().split(","):
            for language in LANGUAGES:
                if wanted.strip().startswith(language[:2]):
                    return language
        return LANGUAGES[0]

    # --- values as they are written -------------------------------------------------------------------------

    def say(self, text: str | Text) -> str:
        """A text in the reader's language."""
        return read(text, self.language)

    def money(self, amount_fen: int) -> str:
        """An amount as it is written, without the currency's sign."""
        return format_amount(amount_fen, self.who.minor_exponent)

    @property
    def zone(self) -> ZoneInfo:
        """The time zone instants are written in."""
        return ZoneInfo(self.who.time_zone if self.signed_in else "UTC")

    def instant(self, at: datetime) -> str:
        """A moment, to the minute; the same in both languages, so that columns stay narrow."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")

    def exactly(self, at: datetime) -> str:
        """A moment, to the second, with its zone."""
        return at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S %Z")

    @property
    def today(self) -> date:
        """The calendar day where the operator is."""
        return datetime.now(UTC).astimezone(self.zone).date()

    def progress(self, done: int, total: int) -> None:
        """How far something long is: nobody sees it while a page is waited for; a job's errand tells it."""

    # --- the answer -----------------------------------------------------------------------------------------

    def forget(self) -> None:
        """What was to be shown is not true any more: it was only tried."""
        self.toasts, self.cookies, self.outcome, self.answer = [], [], None, None

    def toast(self, text: str | Text, level: str = "good") -> None:
        """Show a sentence with the answer; levels are those of `Tone`."""
        self.toasts.append((self.say(text), level))
