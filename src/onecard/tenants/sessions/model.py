"""What a session is, and what comes of an attempt to sign in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from onecard.base.db import Actor
from onecard.base.texts import Text
from onecard.tenants.functions import Function
from onecard.tenants.model import Tenant

CONFIRMED_FOR = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who was recognised: an operator who is signed in, or a program with an API key of an operator.

    Attributes:
        session_id: None for an API key.
        key_id: None for an operator.
        key_name: empty for an operator.
        tenant: the institution; nothing of any other can be reached.
        operator_id: the operator; of an API key: whose it is.
        account: the operator's account number.
        name: of the operator.
        functions: what may be done now.
        withheld: granted functions that the tenant asks a second factor for, which this session lacks.
        department_ids: whose people may be seen; None means everybody.
        language: the operator's own, or the tenant's.
        time_zone: the operator's own, or the tenant's.
        must_change_password: somebody else set it; nothing else may be done before.
        must_add_factor: the tenant asks everybody for a second factor and the operator has none.
        has_password: False for operators who sign in by links or the tenant's provider only.
        confirmed_at: when the operator last proved to be there; dangerous functions ask `is_confirmed`.
        second_factor: the session was proven by a second factor.
        may_sign_in_on_devices: 允许设备登陆.
        may_top_up: 允许充值.
        where: address of the request.
        logo: what changes with the tenant's logo; empty: it has none.
    """

    session_id: int | None
    key_id: int | None = None
    key_name: str = ""
    tenant: Tenant
    operator_id: int
    account: str
    name: str
    functions: frozenset[Function]
    withheld: frozenset[Function] = frozenset()
    department_ids: frozenset[int] | None
    language: str
    time_zone: str
    must_change_password: bool = False
    must_add_factor: bool = False
    has_password: bool = True
    confirmed_at: datetime | None = None
    second_factor: bool = False
    may_sign_in_on_devices: bool = False
    may_top_up: bool = False
    where: str = ""
    logo: str = ""

    @property
    def tenant_id(self) -> int:
        """The only tenant that can be reached."""
        return self.tenant.tenant_id

    @property
    def tenant_name(self) -> str:
        """The institution."""
        return self.tenant.name

    @property
    def currency(self) -> str:
        """ISO 4217."""
        return self.tenant.currency

    @property
    def minor_exponent(self) -> int:
        """Decimals of the currency."""
        return self.tenant.minor_exponent

    @property
    def actor(self) -> Actor:
        """As transactions and the audit name it."""
        if self.key_id is not None:
            return Actor("key", f"{self.account}/{self.key_name}", self.where)
        return Actor("operator", self.account, self.where)

    def allows(self, function: Function) -> bool:
        """Whether a function may be done now."""
        return function in self.functions

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the operator proved to be there within the last five minutes."""
        return self.confirmed_at is not None and now < self.confirmed_at + CONFIRMED_FOR


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The cookies to set.

    Attributes:
        cookie: of the session, until the browser closes.
        device: of the browser, for a year: attempts of strangers do not slow down a browser that is known.
        tenant_id: whose operator it is.
        session_id: of the session that began.
        operator_id: who it is.
    """

    cookie: str
    device: str
    tenant_id: int
    session_id: int
    operator_id: int


@dataclass(frozen=True, slots=True)
class NeedsFactor:
    """The first proof was good, a second one is asked for.

    Attributes:
        cookie: of the pending session; it opens nothing but the second step.
        factors: `totp`, `passkey`, `recovery`: what the operator has.
        ends_at: when it is too late.
    """

    cookie: str
    factors: frozenset[str]
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was opened; `text` says why, as far as a stranger may know."""

    text: Text


Outcome: TypeAlias = SignedIn | NeedsFactor | Refused


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The operator proved to be there: the session's new cookie."""

    cookie: str


@dataclass(frozen=True, slots=True)
class Place:
    """A session as its operator sees it in the list of sessions."""

    session_id: int
    address: str
    agent: str
    method: str
    second_factor: str | None
    began_at: datetime
    seen_at: datetime
    current: bool
