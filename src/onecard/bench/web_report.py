"""Figures of the console beside their peers and goals; every miss by name."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from onecard.bench.harness import percentile
from onecard.bench.web_asks import Ask, Kind
from onecard.bench.web_seed import Seeded

LIST_MS, MOST_MS, SEARCH_MS = 80.0, 300.0, 50.0
FIRST_LOAD_KB, USABLE_MS = 200.0, 1500.0
_LISTS = frozenset({Kind.FIRST, Kind.MIDDLE, Kind.LAST, Kind.SORTED, Kind.FILTERED})


@dataclass(slots=True)
class Samples:
    """What was measured, in milliseconds; `bytes` of the compressed body."""

    page_ms: dict[Ask, list[float]] = field(default_factory=dict)
    sql_ms: dict[Ask, list[float]] = field(default_factory=dict)
    static_ms: list[float] = field(default_factory=list)
    bytes: dict[Ask, int] = field(default_factory=dict)


def report(
    seeded: Seeded, samples: Samples, left_out: Sequence[dict[str, Any]], browser: dict[str, Any]
) -> dict[str, Any]:
    """Figures by request, by list and kind, and goals."""
    return {
        "seeded": {
            "people": seeded.size.people,
            "postings": seeded.size.postings,
            "postings_per_second": seeded.postings_per_second,
        },
        "groups": _groups(samples),
        "requests": [_request(ask, samples) for ask in sorted(samples.page_ms, key=lambda ask: ask.name)],
        "left_out": list(left_out),
        "static_ms": figures(samples.static_ms),
        "browser": browser,
        "goals": goals(samples, browser),
    }


def figures(values: Iterable[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum."""
    ordered = sorted(values)
    if not ordered:
        return {"p50": 0.0, "p95": 0.0, "most": 0.0}
    found = {"p50": median(ordered), "p95": percentile(ordered, 0.95), "most": ordered[-1]}
    return {name: round(value, 1) for name, value in found.items()}


def _request(ask: Ask, samples: Samples) -> dict[str, Any]:
    named = {"caller": ask.caller, "screen": ask.screen, "kind": ask.kind.value, "path": ask.path}
    sql = samples.sql_ms.get(ask, [])
    return named | {
        "ms": figures(samples.page_ms[ask]),
        "sql_ms": figures(sql) if sql else None,
        "ratio": _ratio(samples.page_ms[ask], sql),
        "kb": round(samples.bytes.get(ask, 0) / 1000, 1),
    }


def _groups(samples: Samples) -> list[dict[str, Any]]:
    """Requests of one caller, screen and kind together."""
    found: dict[tuple[str, str, str], list[Ask]] = {}
    for ask in samples.page_ms:
        found.setdefault((ask.caller, ask.screen, ask.kind.value), []).append(ask)
    return [
        {"caller": caller, "screen": screen, "kind": kind, "requests": len(members)}
        | _together(members, samples)
        for (caller, screen, kind), members in sorted(found.items())
    ]


def _together(members: Sequence[Ask], samples: Samples) -> dict[str, Any]:
    ms = [one for ask in members for one in samples.page_ms[ask]]
    sql = [one for ask in members for one in samples.sql_ms.get(ask, [])]
    return {
        "requests": len(members),
        "ms": figures(ms),
        "sql_ms": figures(sql) if sql else None,
        "ratio": _ratio(ms, sql),
    }


def _ratio(ms: Sequence[float], sql: Sequence[float]) -> float | None:
    return round(median(ms) / median(sql), 2) if ms and sql and median(sql) else None


def goals(samples: Samples, browser: dict[str, Any]) -> list[dict[str, Any]]:
    """Each goal with the worst that was measured and every request that missed it."""
    lists = {ask.name: median(ms) for ask, ms in samples.page_ms.items() if ask.kind in _LISTS}
    searches = {ask.name: median(ms) for ask, ms in samples.page_ms.items() if ask.kind is Kind.SEARCHED}
    slowest = {ask.name: max(ms) for ask, ms in samples.page_ms.items()}
    found = [
        _goal("median of every list page, ms", LIST_MS, lists),
        _goal("median of every search as one types, ms", SEARCH_MS, searches),
        _goal("any request at all, ms", MOST_MS, slowest),
    ]
    if "first" in browser:
        found += [
            _goal("first load of the people, kB compressed", FIRST_LOAD_KB, {"": browser["first"]["kb"]}),
            _goal("usable on a slow machine, ms", USABLE_MS, {"": browser["first"]["ready_ms"]}),
        ]
    return found


def _goal(what: str, most: float, measured: dict[str, float]) -> dict[str, Any]:
    missed = sorted(((value, name) for name, value in measured.items() if value > most), reverse=True)
    return {
        "what": what,
        "goal": f"≤ {most:g}",
        "measured": round(max(measured.values(), default=0.0), 1),
        "met": not missed and bool(measured),
        "missed": [{"request": name, "measured": round(value, 1)} for value, name in missed],
    }
