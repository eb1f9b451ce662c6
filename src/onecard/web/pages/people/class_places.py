"""Discounts and exclusions of an account class, as lines that are typed and read back."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from onecard.base.db import Tx
from onecard.base.errors import OneCardError
from onecard.base.texts import say
from onecard.consumption import service as consumption
from onecard.people.model import Exclusion, Rate

ANY = "*"
_PER_CENT = re.compile(r"([+-]?)(\d{1,3})(?:\.(\d{1,2}))?%?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Places:
    """Merchants by code and meals by name, both ways."""

    ids: Mapping[str, int]
    codes: Mapping[int, str]
    meals: frozenset[str]

    def rates(self, text: str) -> tuple[Rate, ...]:
        """Discounts and surcharges out of lines such as `C01 午餐 -10`.

        Raises:
            OneCardError: a line is not one; the sentence shows it.
        """
        found = []
        for line in _lines(text):
            parts = line.split()
            match = _PER_CENT.fullmatch(parts[-1])
            if len(parts) != 3 or match is None:  # noqa: PLR2004  merchant, meal, per cent
                message = say("“{line}” is no discount; write merchant code, meal and per cent.", line=line)
                raise OneCardError(message)
            points = int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))
            merchant = None if parts[0] == ANY else self._merchant(parts[0])
            meal = None if parts[1] == ANY else self._meal(parts[1])
            found.append(Rate(merchant, meal, -points if match[1] == "-" else points))
        return tuple(found)

    def exclusions(self, text: str) -> tuple[Exclusion, ...]:
        """Exclusions out of lines such as `S01 subsidy`.

        Raises:
            OneCardError: a line is not one; the sentence shows it.
        """
        found = []
        for line in _lines(text):
            parts = line.split()
            if len(parts) != 2 or parts[1] not in {"subsidy", "bonus"}:  # noqa: PLR2004  merchant, purse
                raise OneCardError(
                    say("“{line}” is no exclusion; write merchant code and subsidy or bonus.", line=line)
                )
            found.append(Exclusion(self._merchant(parts[0]), parts[1]))
        return tuple(found)

    def rate_lines(self, rates: Iterable[Rate]) -> str:
        """The lines of discounts."""
        return "\n".join(
            f"{self.codes.get(each.merchant_id, ANY) if each.merchant_id else ANY} {each.meal or ANY}"
            f" {_per_cent(each.basis_points)}"
            for each in rates
        )

    def exclusion_lines(self, exclusions: Iterable[Exclusion]) -> str:
        """The lines of exclusions."""
        return "\n".join(f"{self.codes[each.merchant_id]} {each.purse}" for each in exclusions)

    def _merchant(self, code: str) -> int:
        if code not in self.ids:
            raise OneCardError(say("There is no merchant with the code {code}.", code=code))
        return self.ids[code]

    def _meal(self, name: str) -> str:
        if name not in self.meals:
            raise OneCardError(say("There is no meal called {name}.", name=name))
        return name


async def places(tx: Tx) -> Places:
    """The tenant's merchants and meals."""
    merchants = await consumption.merchants(tx)
    return Places(
        {each.code: each.id for each in merchants},
        {each.id: each.code for each in merchants},
        frozenset(each.name for each in await consumption.meals(tx)),
    )


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _per_cent(points: int) -> str:
    whole, part = divmod(abs(points), 100)
    sign = "-" if points < 0 else "+"
    return f"{sign}{whole}" + (f".{part:02}".rstrip("0") if part else "")
