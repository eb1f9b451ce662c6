"""The form of an account class: every rule of it, in sections."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from onecard.base.texts import Text, say, say_in
from onecard.people.model import PURSES, Fate
from onecard.web.kit.fields import Ui

PURSE_WORDS = {
    "cash": say_in("purse", "Cash"),
    "subsidy": say_in("purse", "Subsidy"),
    "bonus": say_in("purse", "Bonus"),
    "water": say_in("purse", "Water"),
}
FATES: dict[str, Text] = {
    Fate.PAY_OUT: say("Paid out"),
    Fate.FORFEIT: say("Forfeited"),
    Fate.KEEP: say("Stays"),
}
_MOST_FEN = 10**12
Fen = Annotated[int, Field(ge=0, le=_MOST_FEN)]
Count = Annotated[int, Field(ge=0, le=1000)]
_CARD, _LIFE, _MONEY = say("Cards"), say("Validity of new cards"), say("Purses")
_LIMITS, _END = say("Limits"), say("What becomes of the money")
_NONE = say("0: no limit.")
_AT_ISSUE = say("Taken when a card is issued, unless the operator says otherwise.")


def _money(label: Text, section: Text, help_: Text | None = None) -> Ui:
    return Ui(label, kind="money", section=section, help=help_)


def _fate(label: Text, help_: Text | None = None) -> Ui:
    return Ui(label, words=FATES, section=_END, help=help_)


class ClassForm(BaseModel):
    """An account class."""

    number: Annotated[
        int,
        Field(ge=1, le=255),
        Ui(say("Class number"), fixed=True, help=say("Written on cards; never changes.")),
    ]
    name: Annotated[str, Field(min_length=1, max_length=64), Ui(say_in("class", "Name"))]
    card_fee_fen: Annotated[Fen, _money(say("Card fee"), _CARD, _AT_ISSUE)] = 0
    deposit_fen: Annotated[
        Fen, _money(say("Deposit"), _CARD, say("Taken likewise, and given back with the card."))
    ] = 0
    cards_most: Annotated[int, Field(ge=1, le=20), Ui(say("Cards of one person, at most"), section=_CARD)] = 1
    valid_days: Annotated[
        int | None, Field(ge=1, le=36500), Ui(say("Days"), section=_LIFE, help=say("Or a last day."))
    ] = None
    valid_until: Annotated[date | None, Ui(say("Last day"), section=_LIFE)] = None
    batch_starts: Annotated[
        date | None,
        Ui(say("Batch: issued from"), section=_LIFE, help=say("All three of a batch, or none of them.")),
    ] = None
    batch_ends: Annotated[date | None, Ui(say("Batch: issued to"), section=_LIFE)] = None
    batch_expires: Annotated[date | None, Ui(say("Batch: last day"), section=_LIFE)] = None
    purses: Annotated[
        list[str],
        Field(min_length=1),
        Ui(say("Purses of a person"), kind="checks", words=PURSE_WORDS, section=_MONEY),
    ] = Field(default_factory=lambda: list(PURSES))
    drawing: Annotated[
        str,
        Ui(
            say("Order in which a sale draws on them"),
            section=_MONEY,
            words={
                "subsidy,bonus,cash": say("Subsidy, bonus, cash"),
                "bonus,subsidy,cash": say("Bonus, subsidy, cash"),
                "cash,subsidy,bonus": say("Cash, subsidy, bonus"),
                "subsidy,cash,bonus": say("Subsidy, cash, bonus"),
                "subsidy,cash": say("Subsidy, cash"),
                "cash,subsidy": say("Cash, subsidy"),
                "bonus,cash": say("Bonus, cash"),
                "cash": say("Cash only"),
            },
        ),
    ] = "subsidy,bonus,cash"
    floor_fen: Annotated[
        Fen, _money(say("Floor"), _MONEY, say("Below it the cash purse may not be spent."))
    ] = 0
    overdraft_fen: Annotated[
        Fen,
        _money(say("Overdraft, at most"), _MONEY, say("On file only: sales do not go below the floor yet.")),
    ] = 0
    transaction_limit_fen: Annotated[Fen, _money(say("One sale, at most"), _LIMITS, _NONE)] = 0
    pin_above_fen: Annotated[
        Fen | None,
        _money(
            say("PIN for a sale above"), _LIMITS, say("On file only: terminals do not ask for a PIN yet.")
        ),
    ] = None
    meal_limit_fen: Annotated[Fen, _money(say("One meal, at most"), _LIMITS)] = 0
    meal_limit_count: Annotated[Count, Ui(say("Sales within a meal"), section=_LIMITS)] = 0
    day_limit_fen: Annotated[Fen, _money(say("One day, at most"), _LIMITS)] = 0
    day_limit_count: Annotated[Count, Ui(say("Sales within a day"), section=_LIMITS)] = 0
    refund_cash: Annotated[
        Fate, _fate(say("Cash, at a refund"), say("What stays waits in the account for the next card."))
    ] = Fate.PAY_OUT
    leaving_cash: Annotated[
        Fate, _fate(say("Cash, when leaving"), say("For cards taken back from people who have left."))
    ] = Fate.PAY_OUT
    refund_subsidy: Annotated[Fate, _fate(say("Subsidy, at a refund"))] = Fate.FORFEIT
    leaving_subsidy: Annotated[Fate, _fate(say("Subsidy, when leaving"))] = Fate.FORFEIT
    refund_bonus: Annotated[Fate, _fate(say("Bonus, at a refund"))] = Fate.FORFEIT
    leaving_bonus: Annotated[Fate, _fate(say("Bonus, when leaving"))] = Fate.FORFEIT
    refund_water: Annotated[Fate, _fate(say("Water, at a refund"))] = Fate.PAY_OUT
    leaving_water: Annotated[Fate, _fate(say("Water, when leaving"))] = Fate.PAY_OUT
    rates: Annotated[
        str,
        Field(max_length=4000),
        Ui(
            say("Discounts and surcharges"),
            kind="textarea",
            section=say("At merchants"),
            help=say(
                "One in each line: merchant code, meal, per cent, such as “C01 午餐 -10”. * stands for all."
                " On file only: sales do not reckon with it yet."
            ),
        ),
    ] = ""
    exclusions: Annotated[
        str,
        Field(max_length=4000),
        Ui(
            say("Where subsidy or bonus money may not be spent"),
            kind="textarea",
            section=say("At merchants"),
            help=say("One in each line: merchant code and purse, such as “S01 subsidy”."),
        ),
    ] = ""
    version: Annotated[int, Ui(say("Version"), kind="hidden")] = 0
