"""What operators, roles and authority are."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from onecard.tenants.functions import Function


class State(StrEnum):
    """Whether an operator may work today."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    ENDED = "ended"
    """Enabled, but its last day is over by the tenant's calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorDraft:
    """What is to be saved of an operator (操作员).

    Attributes:
        name: 1 to 64 characters.
        department_id: sees the people of this department's subtree; None: of no department.
        all_departments: sees everybody, whatever the department.
        remark: up to 500 characters.
        may_sign_in_on_devices: 允许设备登陆.
        may_top_up: 允许充值.
        ends_on: last day on which the operator may sign in, by the tenant's calendar; None: no end.
    """

    name: str
    department_id: int | None = None
    all_departments: bool = False
    remark: str = ""
    may_sign_in_on_devices: bool = False
    may_top_up: bool = False
    ends_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator(OperatorDraft):
    """An operator as stored; everything but its password.

    Attributes:
        account: what is typed to sign in: the tenant's code and a sequence, `86729001`.
        department: its name; None without one.
        state: as of now.
        has_password: False: no password signs it in.
        password_changed_at: when it was last set; None: never.
        password_set_by_other: somebody else knows it, so the first sign-in has to change it.
        language: of the pages; None: the tenant's.
        time_zone: of the pages; None: the tenant's.
        locked_until: refused until then after repeated failures; None or past: not locked.
        signed_in_at: the last time; None: never.
    """

    id: int
    account: str
    department: str | None
    state: State
    has_password: bool
    password_changed_at: datetime | None
    password_set_by_other: bool
    language: str | None
    time_zone: str | None
    locked_until: datetime | None
    signed_in_at: datetime | None
    created_at: datetime

    @property
    def title(self) -> str:
        """Account and name, as audit entries and sentences name an operator."""
        return f"{self.account} {self.name}"


@dataclass(frozen=True, slots=True)
class NewOperator:
    """The id and the account number an operator was given."""

    id: int
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleDraft:
    """What is to be saved of a role: a bundle of functions under a name.

    Attributes:
        name: unique in the tenant, 1 to 64 characters.
        remark: up to 500 characters.
        functions: may be none.
    """

    name: str
    remark: str = ""
    functions: frozenset[Function] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(RoleDraft):
    """A role as stored.

    Attributes:
        built_in: the administrator's: every function, of later versions too; cannot be changed or deleted.
        operators: how many have it.
    """

    id: int
    built_in: bool
    operators: int


@dataclass(frozen=True, slots=True)
class Authority:
    """What somebody may do, and whose data they see.

    Attributes:
        functions: all that is granted, by roles or singly.
        department_ids: the departments whose people are seen; None: everybody.
    """

    functions: frozenset[Function] = field(default_factory=frozenset)
    department_ids: frozenset[int] | None = field(default_factory=frozenset)

    def may(self, function: Function) -> bool:
        """Whether a function is granted."""
        return function in self.functions

    def sees(self, department_id: int | None) -> bool:
        """Whether people of a department are seen; None is nobody's department."""
        return self.department_ids is None or department_id in self.department_ids

    def covers(self, other: "Authority") -> bool:
        """Whether the other may nothing and sees nobody beyond this."""
        sees = self.department_ids is None or (
            other.department_ids is not None and other.department_ids <= self.department_ids
        )
        return sees and other.functions <= self.functions


EVERYTHING = Authority(frozenset(Function), None)
"""Of the shell on the server, and of whoever has the built-in role and sees all departments."""

NOTHING = Authority()
"""Of operators who are disabled, or whose last day is over."""
