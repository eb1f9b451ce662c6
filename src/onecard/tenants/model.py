"""What a tenant is."""

from dataclasses import dataclass
from datetime import time
from zoneinfo import ZoneInfo

from onecard.base.clock import BusinessDay


@dataclass(frozen=True, slots=True)
class Tenant:
    """An institution with its own people, money, devices and keys."""

    tenant_id: int
    code: str
    name: str
    currency: str
    minor_exponent: int
    time_zone: str
    day_cutoff: time
    language: str
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
