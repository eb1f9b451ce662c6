"""Random days: whatever is asked, in whatever order, at once or twice, the naive book-keeper knew the answer.

Hypothesis makes up the days. When one goes wrong it is printed as the steps that replay it, together with a
line (`@reproduce_failure`) that does, and the next run begins with it. `--chaos-rounds N` makes N times more.
"""

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from bookkeeper import BookKeeper, Said
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from town import MERCHANTS, TODAY, Town, settle, until_leading

from onecard.base.db import SYSTEM, Database, connect
from onecard.base.embedded import Logins
from onecard.base.ids import record_key, uuid7
from onecard.base.pgserver import EmbeddedPostgres
from onecard.ledger import proofs
from onecard.ledger.model import Answer, AnyRequest, BookKind, PostingKind, Terms
from onecard.ledger.service import balances
from onecard.ledger.writer import Writer

PEOPLE = ("ann", "bob", "eve")
TERMS = {
    "once": "transaction_limit_fen",
    "meal": "meal_limit_fen",
    "meals": "meal_limit_count",
    "daily": "day_limit_fen",
    "times": "day_limit_count",
    "floor": "floor_fen",
}
_codes, _records = count(2000), count(1)

people = some.sampled_from((*PEOPLE, *PEOPLE, "zoe"))
places = some.sampled_from((*MERCHANTS, *MERCHANTS, "nowhere"))
purses = some.sampled_from(("cash", "subsidy", "bonus", "water"))
odd_amounts = some.sampled_from((0, -1, 10_000_000_01, 99_999_00, 99_000_00, 999_00))
amounts = some.one_of(some.integers(1, 900), some.integers(1, 30_00), odd_amounts)
terms = some.fixed_dictionaries(
    {},
    optional={
        "floor": some.integers(0, 5_00), "once": some.integers(0, 20_00), "meal": some.integers(0, 20_00),
        "meals": some.integers(0, 3), "daily": some.integers(0, 40_00), "times": some.integers(0, 4),
        "draw": some.lists(purses, unique=True, max_size=4),
    },
)  # fmt: skip
earlier = some.integers(0, 5)  # which of the keys asked before, counted from the latest


def _op(what: str, **parts: Any) -> Any:
    return some.tuples(some.just(what), some.fixed_dictionaries(parts), some.booleans())


legs = some.one_of(
    some.tuples(some.just("top_up"), some.tuples(some.just("drawer"), people, purses)),
    some.tuples(some.just("withdrawal"), some.tuples(people, some.just("drawer"), purses)),
    some.tuples(some.just("grant"), some.tuples(some.just("subsidy_fund"), people, some.just("subsidy"))),
    some.tuples(some.just("transfer"), some.tuples(people, people, purses)),
    some.tuples(some.just("write_off"), some.tuples(some.just("bank"), people, some.just("owes"))),
    some.tuples(some.just("adjustment"), some.tuples(people, some.just("nowhere"), purses)),
)
operations = some.one_of(
    _op("sale", who=people, at=places, amount=amounts, terms=terms),
    _op("sale", who=people, at=places, amount=amounts, terms=terms),
    _op("offline", who=people, at=places, amount=amounts, ago=some.integers(0, 4)),
    _op("move", legs=some.tuples(legs, some.lists(amounts, min_size=1, max_size=3))),
    _op("move", legs=some.tuples(legs, some.lists(amounts, min_size=1, max_size=1))),
    _op("reverse", original=earlier, amount=some.one_of(some.none(), amounts)),
    _op("hold", who=people, amount=amounts, terms=terms),
    _op("capture", hold=earlier, at=places, amount=amounts),
    _op("release", hold=earlier),
    _op("set_state", who=people, state=some.sampled_from(("open", "frozen", "closed", "open"))),
    _op("again", which=earlier),
    _op("otherwise", which=earlier, who=people, amount=amounts),
)


class Days(RuleBasedStateMachine):
    """The real ledger beside the naive one."""

    urls: Logins
    superuser_url: str

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.moment, self.meal = 0, 0  # business day since the first, meal
        self.asked: list[tuple[UUID, str, dict[str, Any], AnyRequest]] = []
        self.holds: list[UUID] = []
        self.sold: list[UUID] = []

    @initialize()
    def open_up(self) -> None:
        self.runner.run(self._open_up())
        for who in PEOPLE[:2]:
            for purse, amount in (("cash", 60_00), ("subsidy", 8_00), ("bonus", 5_00), ("water", 20_00)):
                self._ask_all(
                    [("move", {"legs": (("top_up", ("drawer", who, purse)), [amount])}, False)],
                    cut_after_ms=None,
                )

    async def _open_up(self) -> None:
        self.db: Database = await connect(self.urls.application, size=2)
        self.town: Town = await settle(self.db, str(next(_codes)), {name: {} for name in PEOPLE})
        self.book = BookKeeper(list(PEOPLE), list(MERCHANTS))
        await self._begin()

    async def _begin(self) -> None:
        self.writer = Writer(self.urls.engine, lease_ms=300)
        await self.writer.start()
        # a writer that was stopped without a connection could not give its lease back
        await until_leading(self.writer)

    # what happens

    @rule(one=operations)
    def ask(self, one: Any) -> None:
        [answer] = self._ask_all([one], cut_after_ms=None)
        self._balances_are_told(answer)

    @rule(several=some.lists(operations, min_size=2, max_size=12))
    def ask_at_once(self, several: list[Any]) -> None:
        self._ask_all(several, cut_after_ms=None)

    @rule(several=some.lists(operations, min_size=1, max_size=6), after_ms=some.integers(0, 9))
    def ask_while_connections_are_cut(self, several: list[Any], after_ms: int) -> None:
        """One after the other: of what is asked at once, a lost batch may be overtaken by the next."""
        self._ask_all(several, cut_after_ms=after_ms)

    @rule()
    def replace_the_writer(self) -> None:
        async def replace() -> None:
            await self.writer.stop()
            await self._begin()

        self.runner.run(replace())

    @rule(days=some.integers(0, 2))
    def time_passes(self, days: int) -> None:
        self.moment, self.meal = (self.moment + days, 0) if days else (self.moment, self.meal + 1)

    # what must hold

    @invariant()
    def books_agree(self) -> None:
        if hasattr(self, "writer"):
            self.runner.run(self._books_agree())

    async def _books_agree(self) -> None:
        async with self.db.tenant_tx(self.town.tenant_id, SYSTEM) as tx:
            found = await balances(tx, list(self.town.people.values()))
            rows = await tx.connection.fetch(
                "select id, account_id, balance_fen from ledger.book where tenant_id = $1",
                self.town.tenant_id,
            )
        assert sum(row["balance_fen"] for row in rows) == 0
        for name, number in self.town.people.items():
            assert _named(found[number]) == self.book.spendable(name), name
        own = {row["id"]: row["balance_fen"] for row in rows if row["account_id"] is None}
        assert {at: own[self.town.books[at]] for at in self.book.own} == self.book.own

    def teardown(self) -> None:
        try:
            if hasattr(self, "writer"):
                self.runner.run(self._close())
        finally:
            self.runner.close()

    async def _close(self) -> None:
        await self.writer.stop()
        try:
            outcome = await proofs.check(self.db, self.urls.engine, [self.town.tenant_id])
        finally:
            await self.db.close()
        assert [proof for proof in outcome if not proof.ok] == []

    # how it is asked and compared

    def _ask_all(self, operations_: list[Any], *, cut_after_ms: int | None) -> list[Answer]:
        asked = [self._spelt_out(*one) for one in operations_]
        expected = [self.book.answer(key, what, **words) for key, what, words, _ in asked]
        answers = self.runner.run(self._post([request for *_, request in asked], cut_after_ms))
        told = [_said(answer) for answer in answers]
        for (key, what, words, _), said, answer in zip(asked, expected, told, strict=True):
            assert answer == said, f"{what} {words} ({key})"
        return answers

    async def _post(self, requests: list[AnyRequest], cut_after_ms: int | None) -> list[Answer]:
        async with asyncio.timeout(60):
            if cut_after_ms is None:
                return await asyncio.gather(*map(self.writer.post, requests))
            term = self.writer._term
            cutting = asyncio.create_task(self._cut(cut_after_ms))
            answers = [await self.writer.post(request) for request in requests]
            await cutting
            while self.writer._term in {term, None}:  # noqa: ASYNC110  the writer tells nobody
                await asyncio.sleep(0.01)
            return answers

    async def _cut(self, after_ms: int) -> None:
        """End all connections of the writer, whatever they are in the middle of."""
        await asyncio.sleep(after_ms / 1000)
        connection = await asyncpg.connect(self.superuser_url)
        try:
            await connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and application_name = 'onecard ledger'"
            )
        finally:
            await connection.close()

    def _spelt_out(self, what: str, words: dict[str, Any], timeless: bool) -> Any:  # noqa: FBT001
        """An operation as (key, the book-keeper's words for it, the ledger's request)."""
        if what in {"again", "otherwise"} and self.asked:
            key, first, said, request = self.asked[-1 - words["which"] % len(self.asked)]
            if what == "again":
                return key, first, said, request
            words, what = (
                {"who": words["who"], "at": "canteen", "amount": words["amount"], "terms": {}},
                "sale",
            )
        elif what in {"again", "otherwise"}:
            return self._spelt_out("release", {"hold": 0}, timeless)
        else:
            key = record_key(device_id=1, epoch=1, seq=next(_records)) if timeless else uuid7()
        spelt = getattr(self, f"_{what}")(key, **words)
        self.asked.append((key, *spelt))
        return key, *spelt

    def _common(self, key: UUID, ago: int = 0) -> dict[str, Any]:
        """The key and the present meal, or an earlier one."""
        moments = (self.moment, max(0, self.meal - ago)) if ago < 3 else (self.moment - ago + 2, ago)
        return {"key": key, "business_day": TODAY + timedelta(moments[0]), "meal": moments[1] % 90}

    def _sale(self, key: UUID, *, who: str, at: str, amount: int, terms: dict[str, Any], ago: int = 0) -> Any:
        self.sold.append(key)
        common, offline = self._common(key, ago), ago > 0
        when = ((common["business_day"] - TODAY).days, common["meal"])
        words = {"who": who, "at": at, "amount": amount, "when": when, "terms": terms, "offline": offline}
        request = self.town.sale(who, amount, at=at, terms=_terms(terms), offline=offline, **common)
        return "sale", words, request

    def _offline(self, key: UUID, *, who: str, at: str, amount: int, ago: int) -> Any:
        return self._sale(key, who=who, at=at, amount=amount, terms={}, ago=1 + ago)

    def _move(self, key: UUID, *, legs: Any) -> Any:
        (kind, (debit, credit, purse)), sums = legs
        if kind == "transfer" and debit == credit:
            credit = "bank"
        sides = [f"{name}.{purse}" if name in {*PEOPLE, "zoe"} else name for name in (debit, credit)]
        moved = [(sides[0], sides[1], amount) for amount in sums]
        request = self.town.journal(PostingKind[kind.upper()], *moved, **self._common(key))
        self.sold.append(key)
        return "move", {"kind": kind, "legs": moved}, request

    def _reverse(self, key: UUID, *, original: int, amount: int | None) -> Any:
        target = self.sold[-1 - original % len(self.sold)] if self.sold else uuid7()
        self.sold.append(key)
        request = self.town.reversal(target, amount, **self._common(key))
        return "reverse", {"original": target, "amount": amount}, request

    def _hold(self, key: UUID, *, who: str, amount: int, terms: dict[str, Any]) -> Any:
        self.holds.append(key)
        words = {"who": who, "amount": amount, "when": (self.moment, self.meal % 90), "terms": terms}
        return "hold", words, self.town.hold(who, amount, terms=_terms(terms), **self._common(key))

    def _capture(self, key: UUID, *, hold: int, at: str, amount: int) -> Any:
        target = self.holds[-1 - hold % len(self.holds)] if self.holds else uuid7()
        self.sold.append(key)
        words = {"hold": target, "at": at, "amount": amount, "when": (self.moment, self.meal % 90)}
        return "capture", words, self.town.capture(target, amount, at=at, **self._common(key))

    def _release(self, key: UUID, *, hold: int) -> Any:
        target = self.holds[-1 - hold % len(self.holds)] if self.holds else uuid7()
        return "release", {"hold": target}, self.town.release(target, **self._common(key))

    def _set_state(self, key: UUID, *, who: str, state: str) -> Any:
        return (
            "set_state",
            {"who": who, "state": state},
            self.town.set_status(who, state, **self._common(key)),
        )

    def _balances_are_told(self, answer: Answer) -> None:
        if answer.balances is not None and not answer.duplicate:  # the first answer again, as of then
            assert _named(answer.balances) in [self.book.spendable(name) for name in PEOPLE]


def _terms(words: dict[str, Any]) -> Terms:
    values = {TERMS[name]: value for name, value in words.items() if name != "draw"}
    if "draw" in words:
        values["drawing"] = tuple(BookKind[purse.upper()] for purse in words["draw"])
    return Terms(**values)


def _named(found: Any) -> dict[str, int]:
    return {name: getattr(found, name) for name in ("cash", "subsidy", "bonus", "water", "shortfall")}


def _said(answer: Answer) -> Said:
    names = {kind.value: kind.name.lower() for kind in BookKind} | {BookKind.SHORTFALL.value: "owes"}
    numbers = (answer.needed_fen, answer.available_fen, answer.limit_value, answer.used_value)
    return Said(answer.status.code, [(names[part.purse], part.amount_fen) for part in answer.parts], numbers)


@pytest.mark.timeout(3600)
def test_random_days(
    module_urls: Logins, postgres: EmbeddedPostgres, chaos_rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onecard.ledger.writer._RECONNECT_S", 0.005)
    Days.urls = module_urls
    database = module_urls.engine.partition("?")[0].rpartition("/")[2]
    Days.superuser_url = postgres.url(database=database)
    days = settings(
        max_examples=20 * max(1, chaos_rounds),
        stateful_step_count=60 if chaos_rounds else 30,
        deadline=None,
        print_blob=True,
        phases=(
            Phase.reuse,
            Phase.generate,
        ),  # with real time in it, shortening would not meet the same failure
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Days, settings=days)
