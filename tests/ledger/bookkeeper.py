"""A naive book-keeper: predicts every answer of the ledger from lists and dictionaries alone.

It shares no code with the engine. Nothing is counted along: limits are recounted from the list of sales each
time, and of all reasons that apply the one with the smallest number is the answer.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

PURSES = ("cash", "subsidy", "bonus", "water")
TOP = {"water": 999_99}
TOP_TOGETHER = 99_999_00
MOST = 10_000_000_00

# numbers of the reasons that apply at once, smallest first (base/status.py)
ORDER = """
    malformed amount_not_positive amount_too_large account_unknown account_frozen account_closed book_unknown
    purse_not_allowed account_not_empty limit_transaction limit_meal_count limit_meal_amount limit_day_count
    limit_day_amount balance_too_low ceiling_exceeded original_unknown not_reversible reversed_too_much
    hold_unknown hold_not_open hold_exceeded
""".split()  # noqa: SIM905  a page of names is easier to read than a column


@dataclass
class Said:
    """An answer: its name, what each purse gave (-) or got, the numbers of a refusal."""

    status: str
    parts: list[tuple[str, int]] = field(default_factory=list)
    numbers: tuple[int | None, int | None, int | None, int | None] = (None, None, None, None)


@dataclass
class Person:
    """A person's money; `owes` is what they owe."""

    purses: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PURSES, 0))
    owes: int = 0
    state: str = "open"


@dataclass
class SaleNote:
    """A sale on paper: when, of whom, which purse gave how much; `given_back` so far."""

    when: tuple[int, int]
    who: str | None
    at: str
    parts: list[tuple[str, int]]
    given_back: int = 0

    @property
    def total(self) -> int:
        return sum(amount for _, amount in self.parts)


@dataclass
class HoldNote:
    who: str
    parts: list[tuple[str, int]]
    open: bool = True


class BookKeeper:
    """Books of one tenant. `at` is the merchant's name; `when` is (day, meal), meal 0 outside meals."""

    def __init__(self, people: list[str], merchants: list[str]) -> None:
        self.people = {name: Person() for name in people}
        self.own = dict.fromkeys(merchants, 0)
        self.sales: dict[Any, SaleNote] = {}
        self.holds: dict[Any, HoldNote] = {}
        self.first_giver: dict[Any, str | None] = {}  # by key: who gave in the first line of what is no sale
        self.asked: dict[Any, tuple[Any, Said]] = {}

    def answer(self, key: Any, what: str, **asked: Any) -> Said:
        """The first answer, whatever happened since; another content under the same key is refused."""
        content = (what, sorted((name, repr(value)) for name, value in asked.items() if name in CONTENT))
        if key in self.asked:
            first_content, first = self.asked[key]
            return first if first_content == content else Said("key_reused")
        said: Said = getattr(self, what)(key, **asked)
        if said.status == "ok" and what in {"move", "reverse"}:
            giver, _, purse = asked["legs"][0][0].partition(".") if what == "move" else ("", "", "")
            self.first_giver[key] = giver if purse else None
        self.asked[key] = content, said
        return said

    # requests

    def sale(
        self,
        key: Any,
        *,
        who: str,
        at: str,
        amount: int,
        when: Any,
        terms: dict[str, Any],
        offline: bool = False,
    ) -> Said:
        person = self.people.get(who)
        reasons = self._amount(amount) | self._book(at)
        if not offline:
            reasons |= self._state(person) | self._limits(who, amount, when, terms)
        if not reasons and person is None:
            self.own["suspense"] = self.own.get("suspense", 0) - amount
            return self._sold(key, when, None, at, [("suspense", amount)])
        parts, missing = self._draw(person, amount, terms) if person else ([], 0)
        if missing and not offline:
            reasons["balance_too_low"] = (amount, amount - missing, None, None)
        if reasons:
            return _first(reasons)
        if missing:
            parts.append(("owes", missing))
        self._give(person, [(purse, -part) for purse, part in parts])
        return self._sold(key, when, who, at, parts)

    def move(self, key: Any, *, kind: str, legs: list[tuple[str, str, int]]) -> Said:
        """Legs between `person.purse` and own books, all or none; a top-up pays debts out of cash."""
        reasons: dict[str, Any] = {}
        for debit, credit, amount in legs:
            reasons |= self._amount(amount) | self._side(debit, kind) | self._side(credit, kind)
            if kind == "withdrawal" and debit.partition(".")[2] in {"subsidy", "bonus", "owes"}:
                reasons["purse_not_allowed"] = ()
        if reasons:
            return _first(reasons)
        before = deepcopy(self.people)
        for leg in legs:
            refused = self._leg(*leg)
            if refused:
                self.people = before
                return refused
        parts = [part for leg in legs for part in self._told(*leg)]
        return Said("ok", parts + (self._collect(legs) if kind == "top_up" else []))

    def _told(self, debit: str, credit: str, amount: int) -> list[tuple[str, int]]:
        """The parts of a leg; the tenant's own books are none and only add up."""
        parts = []
        for place, moved in ((debit, -amount), (credit, amount)):
            if "." in place:
                parts.append((place.partition(".")[2], moved))
            else:
                self.own[place] = self.own.get(place, 0) + moved
        return parts

    def reverse(self, key: Any, *, original: Any, amount: int | None) -> Said:
        sale = self.sales.get(original)
        reasons = {} if amount is None else self._amount(amount)
        if sale is None:
            giver = self.first_giver.get(original)
            if giver and self.people[giver].state == "closed":
                reasons.setdefault("account_closed", ())
            reasons["not_reversible" if original in self.first_giver else "original_unknown"] = ()
            return _first(reasons)
        left = sale.total - sale.given_back
        wanted = left if amount is None else amount
        person = self.people[sale.who] if sale.who else None
        if person and person.state == "closed":
            reasons["account_closed"] = ()
        if wanted > left or left == 0:
            reasons["reversed_too_much"] = (wanted, left, sale.total, sale.given_back)
        if reasons:
            return _first(reasons)
        self.own[sale.at] -= wanted
        parts = self._back(sale, wanted, person)
        sale.given_back += wanted
        return Said("ok", parts)

    def hold(self, key: Any, *, who: str, amount: int, when: Any, terms: dict[str, Any]) -> Said:
        person = self.people.get(who)
        reasons = self._amount(amount) | self._state(person) | self._limits(who, amount, when, terms)
        parts, missing = self._draw(person, amount, terms) if person else ([], 0)
        if missing:
            reasons["balance_too_low"] = (amount, amount - missing, None, None)
        if reasons:
            return _first(reasons)
        self.holds[key] = HoldNote(who, parts)
        return Said("ok", [(purse, -part) for purse, part in parts])

    def capture(self, key: Any, *, hold: Any, at: str, amount: int, when: Any) -> Said:
        note = self.holds.get(hold)
        reasons = self._amount(amount) | self._book(at) | self._open(note)
        if note and amount > sum(part for _, part in note.parts):
            reasons["hold_exceeded"] = (amount, sum(part for _, part in note.parts), None, None)
        if reasons or note is None:
            return _first(reasons)
        note.open = False
        parts, rest = [], amount
        for purse, part in note.parts:
            take = min(part, rest)
            rest -= take
            parts += [(purse, take)] if take else []
        self._give(self.people[note.who], [(purse, -part) for purse, part in parts])
        return self._sold(key, when, note.who, at, parts)

    def release(self, key: Any, *, hold: Any) -> Said:
        note = self.holds.get(hold)
        reasons = self._open(note)
        if reasons or note is None:
            return _first(reasons)
        note.open = False
        return Said("ok")

    def set_state(self, key: Any, *, who: str, state: str) -> Said:
        person = self.people.get(who)
        reasons = {"account_unknown": ()} if person is None else {}
        if person and person.state == "closed":
            reasons["account_closed"] = ()
        if (
            person
            and state == "closed"
            and (any(person.purses.values()) or person.owes or any(self._held(who).values()))
        ):
            reasons["account_not_empty"] = ()
        if reasons or person is None:
            return _first(reasons)
        person.state = state
        return Said("ok")

    # what is left, what is there

    def spendable(self, who: str) -> dict[str, int]:
        """What each purse holds less what is set aside, and what is owed (negative)."""
        held = self._held(who)
        person = self.people[who]
        return {purse: person.purses[purse] - held[purse] for purse in PURSES} | {"shortfall": -person.owes}

    def _held(self, who: str) -> dict[str, int]:
        held = dict.fromkeys(PURSES, 0)
        for note in self.holds.values():
            if note.who == who and note.open:
                for purse, part in note.parts:
                    held[purse] += part
        return held

    def _draw(self, person: Person, amount: int, terms: dict[str, Any]) -> tuple[list[tuple[str, int]], int]:
        who = next(name for name, one in self.people.items() if one is person)
        free, parts = self.spendable(who), []
        for purse in terms.get("draw", ("subsidy", "bonus", "cash")):
            there = free[purse] - (terms.get("floor", 0) if purse == "cash" else 0)
            take = max(0, min(there, amount - sum(part for _, part in parts)))
            parts += [(purse, take)] if take else []
        return parts, amount - sum(part for _, part in parts)

    def _give(self, person: Person, parts: list[tuple[str, int]]) -> None:
        for purse, amount in parts:
            if purse == "owes":
                person.owes -= amount
            else:
                person.purses[purse] += amount

    def _sold(self, key: Any, when: Any, who: str | None, at: str, parts: list[tuple[str, int]]) -> Said:
        self.own[at] += sum(part for _, part in parts)
        self.sales[key] = SaleNote(when, who, at, parts)
        return Said("ok", [(purse, -part) for purse, part in parts])

    def _back(self, sale: SaleNote, wanted: int, person: Person | None) -> list[tuple[str, int]]:
        """Fen by fen from the end of the sale: where each of the fen to give back had come from."""
        fen = [purse for purse, part in reversed(sale.parts) for _ in range(part)]
        taken = fen[sale.given_back : sale.given_back + wanted]
        parts = [(purse, taken.count(purse)) for purse, _ in reversed(sale.parts) if purse in taken]
        if person is None:
            self.own["suspense"] += wanted
            return []
        shown = []
        for purse, part in parts:
            self._give(person, [(purse, part)])
            shown.append((purse, part))
            if person.owes < 0:  # was collected meanwhile
                excess = -person.owes
                self._give(person, [("owes", -excess), ("cash", excess)])
                shown += [("owes", -excess), ("cash", excess)]
        return shown

    def _leg(self, debit: str, credit: str, amount: int) -> Said | None:
        """Move within people's purses; what stands in the way, if anything."""
        who, _, purse = debit.partition(".")
        if purse:
            there = self.spendable(who)[purse] if purse != "owes" else amount
            if there < amount:
                return Said("balance_too_low", [], (amount, max(there, 0), None, None))
            self._give(self.people[who], [(purse, -amount)])
        who, _, purse = credit.partition(".")
        if not purse:
            return None
        self._give(self.people[who], [(purse, amount)])
        person = self.people[who]
        total, most = sum(person.purses[name] for name in PURSES if name != "water"), TOP_TOGETHER
        if purse == "water":
            total, most = person.purses["water"], TOP["water"]
        elif purse == "owes":
            total, most = -person.owes, 0
        return Said("ceiling_exceeded", [], (None, None, most, total)) if total > most else None

    def _collect(self, legs: list[tuple[str, str, int]]) -> list[tuple[str, int]]:
        parts = []
        for who in dict.fromkeys(
            place.partition(".")[0] for leg in legs for place in leg[:2] if "." in place
        ):
            person = self.people[who]
            amount = min(person.owes, self.spendable(who)["cash"])
            if amount > 0:
                self._give(person, [("cash", -amount), ("owes", amount)])
                parts += [("cash", -amount), ("owes", amount)]
        return parts

    # reasons: name → numbers

    def _amount(self, amount: int) -> dict[str, Any]:
        if amount <= 0:
            return {"amount_not_positive": ()}
        return {"amount_too_large": (None, None, MOST, None)} if amount > MOST else {}

    def _book(self, name: str) -> dict[str, Any]:
        return {} if name in self.own else {"book_unknown": ()}

    def _state(self, person: Person | None) -> dict[str, Any]:
        if person is None:
            return {"account_unknown": ()}
        return {} if person.state == "open" else {f"account_{person.state}": ()}

    def _side(self, place: str, kind: str) -> dict[str, Any]:
        who, _, purse = place.partition(".")
        if not purse:
            return {} if who in OWN or who in self.own else {"book_unknown": ()}
        reasons = self._state(self.people.get(who))
        if kind not in {"top_up", "withdrawal", "transfer", "card_fee", "deposit"}:
            reasons.pop("account_frozen", None)
        return reasons

    def _open(self, note: HoldNote | None) -> dict[str, Any]:
        if note is None:
            return {"hold_unknown": ()}
        return {} if note.open else {"hold_not_open": ()}

    def _limits(self, who: str, amount: int, when: tuple[int, int], terms: dict[str, Any]) -> dict[str, Any]:
        mine = [sale for sale in self.sales.values() if sale.who == who and sale.when[0] == when[0]]
        meal = [sale for sale in mine if sale.when == when]
        checks = [("limit_transaction", terms.get("once", 0), 0, amount)]
        if when[1]:
            checks.append(("limit_meal_count", terms.get("meals", 0), _count(meal), 1))
            checks.append(("limit_meal_amount", terms.get("meal", 0), _sum(meal), amount))
        checks.append(("limit_day_count", terms.get("times", 0), _count(mine), 1))
        checks.append(("limit_day_amount", terms.get("daily", 0), _sum(mine), amount))
        broken = [(name, limit, used) for name, limit, used, more in checks if limit and used + more > limit]
        return {name: (amount, None, limit, used) for name, limit, used in broken}


CONTENT = ("who", "at", "amount", "kind", "legs", "original", "hold", "state")
OWN = ("bank", "drawer", "subsidy_fund", "suspense")


def _first(reasons: dict[str, Any]) -> Said:
    name = min(reasons, key=ORDER.index)
    return Said(name, [], reasons[name] or (None, None, None, None))


def _count(sales: list[SaleNote]) -> int:
    return sum(1 for sale in sales if sale.given_back < sale.total)


def _sum(sales: list[SaleNote]) -> int:
    return sum(sale.total - sale.given_back for sale in sales)
