"""What people domain objects are. Amounts are minor units (fen); a limit of 0 means none."""

from dataclasses import dataclass, field
from enum import StrEnum

PURSES = ("cash", "subsidy", "bonus", "water")


class Gender(StrEnum):
    """As on the personnel file; unknown is None."""

    MALE = "male"
    FEMALE = "female"


@dataclass(frozen=True, slots=True)
class Department:
    """A node of the tenant's tree; `parent_id` None: the root, of which there is exactly one."""

    id: int
    code: str
    name: str
    parent_id: int | None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDraft:
    """The rules of an account class (账户类型) before it has an id."""

    number: int
    name: str
    drawing: tuple[str, ...] = ("subsidy", "bonus", "cash")
    floor_fen: int = 0
    transaction_limit_fen: int = 0
    meal_limit_fen: int = 0
    meal_limit_count: int = 0
    day_limit_fen: int = 0
    day_limit_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClass(ClassDraft):
    """An account class of the tenant."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """What is to be saved of a person; None leaves an optional field of an existing person as it is."""

    number: str
    name: str
    department_id: int
    class_id: int
    gender: Gender | None = None
    phone: str | None = None
    id_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A cardholder's personnel file. `id` is also the id of the person's account in the ledger."""

    id: int
    number: str
    name: str
    department_id: int
    class_id: int
    gender: Gender | None
    phone: str | None
    id_number_tag: bytes | None = field(default=None, repr=False)
    state: str = "active"
