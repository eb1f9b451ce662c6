"""What people domain objects are. Amounts are minor units (fen); a limit of 0 means none."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

PURSES = ("cash", "subsidy", "bonus", "water")


class Gender(StrEnum):
    """As on the personnel file; unknown is None."""

    MALE = "male"
    FEMALE = "female"


class PersonState(StrEnum):
    """Only who is active uses cards, gets new ones and new money."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class Fate(StrEnum):
    """What becomes of a purse when a card is refunded or its holder leaves."""

    PAY_OUT = "pay_out"
    KEEP = "keep"
    FORFEIT = "forfeit"  # back to the fund it came from


@dataclass(frozen=True, slots=True)
class Department:
    """A node of the tenant's tree; `parent_id` None: the root, of which there is exactly one."""

    id: int
    code: str
    name: str
    parent_id: int | None
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentLine:
    """A department as the tree shows it.

    Attributes:
        department: itself.
        depth: 0 for the top of what is shown.
        path: names from below the root down.
        people: who is in it and has not left.
        people_below: those, and those of the departments below it.
    """

    department: Department
    depth: int
    path: str
    people: int
    people_below: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A discount (below zero) or surcharge in basis points; None: at every merchant, at every meal."""

    merchant_id: int | None
    meal: str | None
    basis_points: int


@dataclass(frozen=True, slots=True, order=True)
class Exclusion:
    """Money of this purse (`subsidy` or `bonus`) may not be spent at this merchant."""

    merchant_id: int
    purse: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDraft:
    """The rules of an account class (账户类型) before it has an id.

    Attributes:
        number: 1, 2, …; written on cards, so it never changes.
        name: unique in the tenant.
        drawing: purses in the order in which a sale draws on them.
        floor_fen: 底金, below which the cash purse may not be spent.
        transaction_limit_fen: most of one sale.
        meal_limit_fen: most within one meal.
        meal_limit_count: sales within one meal.
        day_limit_fen: most within one business day.
        day_limit_count: sales within one business day.
        cards_most: living cards a person may have.
        card_fee_fen: 工本费 of a new card.
        deposit_fen: 押金 of a new card.
        valid_days: how long a new card is good for; not together with `valid_until`.
        valid_until: last day of a new card.
        batch_starts: cards issued from this day …
        batch_ends: … to this one …
        batch_expires: … all end on this day; all three or none.
        purses: that a person of this class has.
        pin_above_fen: a sale above it asks for the PIN; None: never.
        overdraft_fen: how far the cash purse may go below zero.
        refund_cash: what becomes of the purse when a card is refunded; so the next three.
        refund_subsidy: see `refund_cash`.
        refund_bonus: see `refund_cash`.
        refund_water: see `refund_cash`.
        leaving_cash: what becomes of the purse when the holder leaves; so the next three.
        leaving_subsidy: see `leaving_cash`.
        leaving_bonus: see `leaving_cash`.
        leaving_water: see `leaving_cash`.
        rates: discounts and surcharges; the one that names most counts.
        exclusions: where subsidy or bonus money may not be spent.
    """

    number: int
    name: str
    drawing: tuple[str, ...] = ("subsidy", "bonus", "cash")
    floor_fen: int = 0
    transaction_limit_fen: int = 0
    meal_limit_fen: int = 0
    meal_limit_count: int = 0
    day_limit_fen: int = 0
    day_limit_count: int = 0
    cards_most: int = 1
    card_fee_fen: int = 0
    deposit_fen: int = 0
    valid_days: int | None = None
    valid_until: date | None = None
    batch_starts: date | None = None
    batch_ends: date | None = None
    batch_expires: date | None = None
    purses: tuple[str, ...] = PURSES
    pin_above_fen: int | None = None
    overdraft_fen: int = 0
    refund_cash: Fate = Fate.PAY_OUT
    refund_subsidy: Fate = Fate.FORFEIT
    refund_bonus: Fate = Fate.FORFEIT
    refund_water: Fate = Fate.PAY_OUT
    leaving_cash: Fate = Fate.PAY_OUT
    leaving_subsidy: Fate = Fate.FORFEIT
    leaving_bonus: Fate = Fate.FORFEIT
    leaving_water: Fate = Fate.PAY_OUT
    rates: tuple[Rate, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClass(ClassDraft):
    """An account class of the tenant; `version` grows with each change, also across classes."""

    id: int
    version: int = 1
    people: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDraft:
    """What an import saves of a person; None leaves an optional field of an existing person as it is."""

    number: str
    name: str
    department_id: int
    class_id: int
    gender: Gender | None = None
    phone: str | None = None
    id_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A cardholder in short. `id` is also the id of the person's account in the ledger."""

    id: int
    number: str
    name: str
    department_id: int
    class_id: int
    gender: Gender | None
    phone: str | None
    id_number_tag: bytes | None = field(default=None, repr=False)
    state: str = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDraft:
    """A whole personnel file as a form carries it: what is None or empty will be empty.

    Attributes:
        number: immutable once saved.
        name: 1 to 64 characters.
        department_id: where the person is.
        class_id: the rules of the account.
        gender: None: not said.
        phone: as typed.
        id_number: as typed; None leaves the stored one as it is, empty removes it.
        email: as typed.
        entered_on: day of hire or enrolment.
        leaves_on: day on which the person is expected to leave.
        remark: free text.
        custom: values of custom fields by field id; text, number, ISO date, choice or bool.
    """

    number: str
    name: str
    department_id: int
    class_id: int
    gender: Gender | None = None
    phone: str | None = None
    id_number: str | None = field(default=None, repr=False)
    email: str | None = None
    entered_on: date | None = None
    leaves_on: date | None = None
    remark: str = ""
    custom: dict[int, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    """A cardholder's whole file.

    Attributes:
        id: also of the person's account in the ledger.
        has_id_number: whether one is stored.
        id_number_masked: as anybody may see it; empty without one, or when no vault was given.
        custom: values of custom fields by field id.
        photos: numbers of the photos there are, 1 and 2.
        face_consent: whether a consent to face use is in force.
        version: what a form carries to notice that somebody else saved meanwhile.
        erased: personal data were erased on request.
    """

    id: int
    number: str
    name: str
    department_id: int
    department: str
    class_id: int
    class_name: str
    gender: Gender | None
    has_id_number: bool
    id_number_masked: str
    phone: str | None
    email: str | None
    entered_on: date | None
    leaves_on: date | None
    left_on: date | None
    remark: str
    custom: dict[int, Any]
    state: PersonState
    photos: tuple[int, ...]
    face_consent: bool
    version: int
    created_at: datetime
    changed_at: datetime
    erased: bool = False


class FieldKind(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDraft:
    """A custom field of personnel files before it has an id; its kind never changes."""

    name: str
    kind: FieldKind = FieldKind.TEXT
    choices: tuple[str, ...] = ()
    required: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField(FieldDraft):
    """A custom field of the tenant."""

    id: int
