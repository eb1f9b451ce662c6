"""The settings of a tenant, with units and defaults."""

from dataclasses import dataclass
from enum import StrEnum

from onecard.base.texts import Language
from onecard.tenants.functions import Function

LOGO_BYTES_MOST = 100 * 1024


class SecondFactor(StrEnum):
    """Who has to sign in with a second factor."""

    NOBODY = "nobody"
    DANGEROUS = "dangerous"  # whoever uses a dangerous function
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a tenant decides for itself.

    Attributes:
        idle_minutes: after so long without a request a session ends; 1 to 1440.
        absolute_minutes: so long a session lives at most; from `idle_minutes` to 10080 (a week).
        second_factor: who needs one.
        approvals: functions whose use a second operator must approve; a subset of `functions.DANGEROUS`.
        password_sign_in: passwords are accepted, too, while the tenant has a provider to sign in with.
        photo_days: photos are erased so many days after somebody left; 0: the day after; at most 36500.
        id_number_days: the same for ID document numbers.
        holder_language: of what holders read; None: the tenant's own.
        receipt_footer: printed below each receipt; at most 200 characters in 4 lines.
    """

    idle_minutes: int = 30
    absolute_minutes: int = 720
    second_factor: SecondFactor = SecondFactor.NOBODY
    approvals: frozenset[Function] = frozenset()
    password_sign_in: bool = True
    photo_days: int = 30
    id_number_days: int = 180
    holder_language: Language | None = None
    receipt_footer: str = ""


@dataclass(frozen=True, slots=True)
class Logo:
    """The tenant's picture: PNG of at most 100 kB; `digest` changes with it."""

    png: bytes
    width: int
    height: int
    digest: str
