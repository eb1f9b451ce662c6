"""The little language of scenarios/*.txt: ledger pages an accountant can read, played on the real writer.

A case begins with `== name: title`. Its lines are

    account ann cash 10.00 subsidy 2.00    a person and the money they begin with
    day 2026-11-24 meal 2                  the business day and meal of the lines that follow
    restart                                the writer is replaced by another, which remembers nothing
    expire lunch                           the time of a hold has passed
    lunch: sale ann 5.00 -> ok subsidy -2.00 cash -3.00
    end ann cash 7.00                      what stands in the purses at the end; those not named are empty
    end canteen 5.00                       what stands in one of the tenant's own books

A line with an arrow is a request: what is asked, the expected status, then for a posting the parts of each
purse in order, for a refusal the numbers that explain it. A name before a colon lets later lines point at it.
What can be asked is each `ask_…` of `Page`; words with `=` are terms (`floor=1.00`) or say how it is asked.
"""

import asyncio
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from town import MERCHANTS, Town

from onecard.base.clock import now_us
from onecard.base.db import SYSTEM
from onecard.ledger import writer as writer_module
from onecard.ledger.model import Answer, AnyRequest, Balances, BookKind, Journal, PostingKind, Sale, Terms
from onecard.ledger.service import balances
from onecard.ledger.writer import Writer

TERMS = {
    "draw": "drawing",
    "floor": "floor_fen",
    "once": "transaction_limit_fen",
    "meal": "meal_limit_fen",
    "meals": "meal_limit_count",
    "daily": "day_limit_fen",
    "times": "day_limit_count",
}
NUMBERS = ("needed", "available", "limit", "used")
_MONEY = re.compile(r"[+-]?\d+\.\d\d")


@dataclass(frozen=True)
class Case:
    """One page."""

    name: str
    title: str
    lines: list[str]


def cases(file: Path) -> list[Case]:
    """The pages of a file."""
    found: list[Case] = []
    for raw in file.read_text(encoding="utf-8").splitlines():
        line = raw.partition("#")[0].rstrip()
        if line.startswith("=="):
            name, _, title = line.strip("= ").partition(":")
            found.append(Case(name.strip(), title.strip(), []))
        elif line:
            found[-1].lines.append(line)
    return found


def fen(text: str) -> int:
    """`12.50` is 1250 fen; a number without a point is a count."""
    return int(Decimal(text) * 100) if _MONEY.fullmatch(text) else int(text)


def opening(case: Case) -> dict[str, dict[str, int]]:
    """Who has an account and what is in it."""
    words = [line.split() for line in case.lines if line.startswith("account ")]
    return {name: amounts(rest) for _, name, *rest in words}


def amounts(words: list[str]) -> dict[str, int]:
    """`cash 1.00 owes 2.00` by name."""
    return {name: fen(amount) for name, amount in zip(words[::2], words[1::2], strict=True)}


class Page:
    """Plays one case."""

    def __init__(self, town: Town, engine_url: str) -> None:
        self.town = town
        self.engine_url = engine_url
        self.writer = Writer(engine_url)
        self.asked: dict[str, AnyRequest] = {}

    async def play(self, case: Case) -> None:
        await self.writer.start()
        try:
            await self.town.fund(self.writer)
            for line in case.lines:
                try:
                    await self._line(line)
                except AssertionError as error:
                    message = f"{case.name}: {line.strip()}\n{error}"
                    raise AssertionError(message) from None
        finally:
            await self.writer.stop()

    async def _line(self, line: str) -> None:
        asked, arrow, expected = line.partition("->")
        words = asked.split()
        if arrow:
            label = words.pop(0).removesuffix(":") if words[0].endswith(":") else None
            await self._ask(label, words, expected.split())
        elif words[0] == "restart":
            await self.writer.stop()
            self.writer = Writer(self.engine_url)
            await self.writer.start()
        elif words[0] == "day":
            self.town.day = date.fromisoformat(words[1])
            self.town.meal = int(words[3]) if len(words) > 3 else 0
        elif words[0] == "expire":
            await self._expire(self.asked[words[1]].key)
        elif words[0] == "end":
            await self._end(words[1], words[2:])
        else:
            assert words[0] == "account", "no such line"

    async def _expire(self, hold: UUID) -> None:
        """Wait until the writer has found the hold that is past its time, which it looks for now and then."""
        statement = "select bool_and(state = 'expired') from ledger.hold where tenant_id = $1 and key = $2"
        async with asyncio.timeout(60):
            while True:
                async with self.town.db.tenant_tx(self.town.tenant_id, SYSTEM) as tx:
                    if await tx.connection.fetchval(statement, self.town.tenant_id, hold):
                        return
                await asyncio.sleep(0.05)

    async def _ask(self, label: str | None, words: list[str], expected: list[str]) -> None:
        verb, *words = words
        options = dict(word.split("=") for word in words if "=" in word)
        flags = {word for word in words if word in {"offline", "late", "ahead", "crowded"}}
        plain = [word for word in words if "=" not in word and word not in flags]
        request = getattr(self, f"ask_{verb.replace('-', '_')}")(*plain)
        request = self._with(request, options, flags)
        if label:
            self.asked[label] = request
        most = writer_module.QUEUE_MOST
        writer_module.QUEUE_MOST = 0 if "crowded" in flags else most
        try:
            answer = await self.writer.post(request)
        finally:
            writer_module.QUEUE_MOST = most
        assert said(answer) == expected, f"the ledger says: {' '.join(said(answer))}"
        if verb == "again" and answer.status.code != "key_reused":
            assert answer.duplicate, "not recognised as a repetition"
        await self._balances_are(answer, request)

    def _with(self, request: Any, options: dict[str, str], flags: set[str]) -> Any:
        """A request with its terms and the circumstances it comes in."""
        changes: dict[str, Any] = {}
        terms = {TERMS[name]: value for name, value in options.items() if name in TERMS}
        if terms:
            drawing = terms.pop("drawing", None)
            values: dict[str, Any] = {name: fen(value) for name, value in terms.items()}
            if drawing:
                values["drawing"] = tuple(BookKind[name.upper()] for name in drawing.split(","))
            changes["terms"] = Terms(**values)
        if "on" in options:  # another business day and meal than the page's
            day, _, meal = options["on"].partition("/")
            changes |= {"business_day": date.fromisoformat(day), "meal": int(meal or 0)}
        if "offline" in flags:
            changes["offline"] = True
        if "late" in flags:
            changes["deadline_us"] = now_us() - 1
        if "ahead" in flags:
            changes["key"] = UUID(int=request.key.int + (60_000 << 80))
        return msgspec.structs.replace(request, **changes)

    async def _balances_are(self, answer: Answer, request: AnyRequest) -> None:
        """What the answer says is in the purses is what the database holds."""
        who = getattr(request, "account_id", None)
        # a repeated answer is the first one, with the balances of its time
        if answer.balances is not None and who is not None and not answer.duplicate:
            assert answer.balances == (await self._balances())[who]

    async def _balances(self) -> dict[int, Balances]:
        async with self.town.db.tenant_tx(self.town.tenant_id, SYSTEM) as tx:
            return await balances(tx, list(self.town.people.values()))

    async def _end(self, name: str, words: list[str]) -> None:
        if name in self.town.people:
            stands = (await self._balances())[self.town.people[name]]
            found = {purse: amount for purse, amount in msgspec.structs.asdict(stands).items() if amount}
            found = {("owes" if purse == "shortfall" else purse): abs(found[purse]) for purse in found}
            assert found == {purse: amount for purse, amount in amounts(words).items() if amount}
            return
        async with self.town.db.tenant_tx(self.town.tenant_id, SYSTEM) as tx:
            statement = "select balance_fen from ledger.book where tenant_id = $1 and id = $2"
            stands_fen = await tx.connection.fetchval(statement, self.town.tenant_id, self.town.books[name])
        assert stands_fen == fen(words[0])

    # what can be asked

    def ask_sale(self, who: str, amount: str, at: str = MERCHANTS[0]) -> Sale:
        return self.town.sale(who, fen(amount), at=at)

    def ask_topup(self, who: str, amount: str, purse: str = "cash") -> Journal:
        return self.town.journal(PostingKind.TOP_UP, ("drawer", f"{who}.{purse}", fen(amount)))

    def ask_withdraw(self, who: str, amount: str, purse: str = "cash") -> Journal:
        return self.town.journal(PostingKind.WITHDRAWAL, (f"{who}.{purse}", "drawer", fen(amount)))

    def ask_grant(self, who: str, amount: str) -> Journal:
        return self.town.journal(PostingKind.GRANT, ("subsidy_fund", f"{who}.subsidy", fen(amount)))

    def ask_post(self, kind: str, *legs: str) -> Journal:
        """`post deposit ann.cash>deposits_held 20.00 ann.cash>card_fee_income 5.00`."""
        sides = [leg.split(">") for leg in legs[::2]]
        moved = [
            (debit, credit, fen(amount)) for (debit, credit), amount in zip(sides, legs[1::2], strict=True)
        ]
        return self.town.journal(PostingKind[kind.upper()], *moved)

    def ask_reverse(self, label: str, amount: str | None = None) -> AnyRequest:
        key = self.asked[label].key if label in self.asked else self.town.common()["key"]
        return self.town.reversal(key, None if amount is None else fen(amount))

    def ask_hold(self, who: str, amount: str, life: str = "hour") -> AnyRequest:
        return self.town.hold(who, fen(amount), life_us=3_600_000_000 if life == "hour" else -1)

    def ask_capture(self, label: str, amount: str, at: str = MERCHANTS[0]) -> AnyRequest:
        return self.town.capture(self._hold(label), fen(amount), at=at)

    def ask_release(self, label: str) -> AnyRequest:
        return self.town.release(self._hold(label))

    def _hold(self, label: str) -> UUID:
        return self.asked[label].key if label in self.asked else self.town.common()["key"]

    def ask_freeze(self, who: str) -> AnyRequest:
        return self.town.set_status(who, "frozen")

    def ask_open(self, who: str) -> AnyRequest:
        return self.town.set_status(who, "open")

    def ask_close(self, who: str) -> AnyRequest:
        return self.town.set_status(who, "closed")

    def ask_set(self, who: str, status: str) -> AnyRequest:
        return self.town.set_status(who, status)

    def ask_retry(self, label: str) -> AnyRequest:
        """The same key once more, after an answer that was not final."""
        return self.asked[label]

    def ask_again(self, label: str, *other: str) -> AnyRequest:
        """The same key once more: with the same content, or asking for something else."""
        request = self.asked[label]
        if not other:
            return request
        changed: Any = getattr(self, f"ask_{other[0]}")(*other[1:])
        return msgspec.structs.replace(changed, key=request.key)


def said(answer: Answer) -> list[str]:
    """An answer in the words of a page."""
    words = [answer.status.code]
    for part in answer.parts:
        purse = BookKind(part.purse).name.lower()
        words += ["owes" if purse == "shortfall" else purse, _yuan(part.amount_fen)]
    numbers = (answer.needed_fen, answer.available_fen, answer.limit_value, answer.used_value)
    counts = answer.status.code.endswith("_count")
    for name, number in zip(NUMBERS, numbers, strict=True):
        if number is not None:
            count = counts and name in {"limit", "used"}
            words += [name, str(number) if count else _yuan(number)]
    return words


def _yuan(amount_fen: int) -> str:
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02}"
