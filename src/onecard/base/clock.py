"""Time: one clock that tests and simulations can replace, and the tenant's business day."""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as wall_time
from zoneinfo import ZoneInfo


def now_us() -> int:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def to_utc(at_us: int) -> datetime:
    """`at_us` microseconds since 1970 as an aware UTC datetime, exact to the microsecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """Rule that maps an instant to a tenant's business day, which ends at a cut-off the tenant sets."""

    zone: timezone | ZoneInfo
    cutoff: wall_time

    def of(self, at_us: int) -> date:
        """The business day of an instant: before the cut-off it is still yesterday's."""
        local = to_utc(at_us).astimezone(self.zone)
        return local.date() - timedelta(days=local.time() < self.cutoff)

    def local_time(self, at_us: int) -> wall_time:
        """Wall-clock time of an instant at the tenant."""
        return to_utc(at_us).astimezone(self.zone).time()
