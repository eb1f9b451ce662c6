"""How everything here is measured: in rounds, peers interleaved in a random order, medians at the end.

A shared machine changes its speed from minute to minute. Peers measured next to each other in each round, in
an order that chance decides, suffer alike, so ratios hold where absolute figures do not.
"""

import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one peer did in one round: rate in operations per second, latencies in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class Peer:
    """Something measured: `group` and `size` name it (engine 512: 512 requests in flight)."""

    group: str
    size: int
    run: Callable[[], Awaitable[Sample]]


@dataclass(frozen=True, slots=True)
class Round:
    """One round: its samples in the order they were taken, and what the check after it found."""

    samples: tuple[tuple[Peer, Sample], ...]
    check_ok: bool
    check_detail: str

    def as_json(self) -> dict[str, Any]:
        """The round as it stands in the output."""
        return {
            "order": [f"{peer.group} {peer.size}" for peer, _ in self.samples],
            "per_second": {
                f"{peer.group} {peer.size}": round(sample.per_second, 1) for peer, sample in self.samples
            },
            "p50_ms": {f"{peer.group} {peer.size}": round(sample.p50_ms, 3) for peer, sample in self.samples},
            "p99_ms": {f"{peer.group} {peer.size}": round(sample.p99_ms, 3) for peer, sample in self.samples},
            "check_ok": self.check_ok,
            "check_detail": self.check_detail,
        }


Check = Callable[[], Awaitable[tuple[bool, str]]]
Progress = Callable[[str], None]


async def interleave(
    peers: Sequence[Peer], *, rounds: int, seed: int, check: Check, progress: Progress
) -> list[Round]:
    """Run every peer once in each round, in an order drawn anew, and `check` after each round.

    Args:
        peers: what is compared.
        rounds: how often.
        seed: of the order; the same seed measures in the same order.
        check: says whether everything acknowledged so far is right in the database, and in words what it saw.
        progress: told a line before each measurement.
    """
    order = random.Random(seed)  # noqa: S311  an order, not a secret
    done = []
    for number in range(1, rounds + 1):
        samples = []
        for peer in order.sample(peers, len(peers)):
            progress(f"round {number} of {rounds}: {peer.group} {peer.size}")
            samples.append((peer, await peer.run()))
        progress(f"round {number} of {rounds}: proofs")
        ok, detail = await check()
        done.append(Round(tuple(samples), ok, detail))
    return done


def medians(rounds: Sequence[Round], group: str) -> dict[int, Sample]:
    """By size, the median over the rounds of each figure of one group."""
    found: dict[int, list[Sample]] = {}
    for one in rounds:
        for peer, sample in one.samples:
            if peer.group == group:
                found.setdefault(peer.size, []).append(sample)
    return {
        size: Sample(
            median(sample.per_second for sample in samples),
            median(sample.p50_ms for sample in samples),
            median(sample.p99_ms for sample in samples),
        )
        for size, samples in sorted(found.items())
    }


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of an ascending sequence does not exceed; 0 for an empty one."""
    if not ordered:
        return 0.0
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def portions(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """The items in lists of at most so many."""
    left = iter(items)
    while portion := list(islice(left, most)):
        yield portion
