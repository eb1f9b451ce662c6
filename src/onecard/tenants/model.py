"""What a tenant is."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from onecard.base.clock import BusinessDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an institution may change about itself.

    Attributes:
        name: 1 to 64 characters.
        currency: three letters (ISO 4217).
        time_zone: name in the IANA database.
        day_cutoff: when its business day ends, by its own wall clock; whole minutes.
        language: `zh-CN` or `en`; of the console, until an operator chooses another.
    """

    name: str
    currency: str = "CNY"
    time_zone: str = "Asia/Shanghai"
    day_cutoff: time = time(3)
    language: str = "zh-CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant(Profile):
    """An institution with its own people, money, devices and keys.

    Attributes:
        code: four digits; the prefix of its operators' account numbers.
        minor_exponent: decimals of its currency.
        state: `active` or `suspended`.
    """

    tenant_id: int
    code: str
    minor_exponent: int
    state: str

    @property
    def business_day(self) -> BusinessDay:
        """The rule that maps instants to this tenant's business days."""
        return BusinessDay(ZoneInfo(self.time_zone), self.day_cutoff)


@dataclass(frozen=True, slots=True)
class Route:
    """Where a tenant code leads: the tenant, the shard that books for it, whether it is suspended."""

    code: str
    tenant_id: int
    shard: int
    suspended: bool
