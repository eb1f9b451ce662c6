"""What went through a gateway, by direction and status; in memory, asked for over the bus."""

from collections import Counter
from collections.abc import Mapping

import msgspec

from onecard.base.status import Status

STATS_SUBJECT = "oc.gateway.stats"


class Counters:
    """Counts by name, e.g. `req.pay.ok`, `rec.malformed`, `callout.device_unknown`."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def count(self, what: str, status: Status, number: int = 1) -> None:
        """Add to a direction's (or direction's and kind's) count of a status."""
        self._counts[f"{what}.{status.code}"] += number

    def snapshot(self) -> dict[str, int]:
        """All counts so far, by name."""
        return dict(sorted(self._counts.items()))

    async def answer(self, subject: str, payload: bytes) -> bytes:
        """Bus handler of `STATS_SUBJECT`."""
        return msgspec.json.encode(self.snapshot())


def add_up(answers: list[bytes]) -> Mapping[str, int]:
    """The counts of several gateways together."""
    total: Counter[str] = Counter()
    for answer in answers:
        total.update(msgspec.json.decode(answer, type=dict[str, int]))
    return dict(sorted(total.items()))
