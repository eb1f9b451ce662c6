"""What the pages of personnel say of states, purses and cards."""

from collections.abc import Mapping, Sequence

from onecard.base.texts import Text, say, say_in
from onecard.cards.model import CardState, HeldCard
from onecard.ledger.model import Balances
from onecard.people.model import PersonState
from onecard.web.kit.columns import Word
from onecard.web.kit.views import Tone
from onecard.web.kit.visit import Visit

PATH = "/people/persons"

STATES: dict[str, tuple[Text, Tone]] = {
    PersonState.ACTIVE: (say_in("person", "Active"), Tone.GOOD),
    PersonState.SUSPENDED: (say_in("person", "Suspended"), Tone.WARN),
    PersonState.LEFT: (say_in("person", "Left"), Tone.MUTED),
}
STATE_WORDS: Mapping[str, Word] = STATES
CARD_STATES: dict[CardState, tuple[Text, Tone]] = {
    CardState.ISSUING: (say_in("card", "Being issued"), Tone.PRIMARY),
    CardState.ACTIVE: (say_in("card", "Active"), Tone.GOOD),
    CardState.FROZEN: (say_in("card", "Frozen"), Tone.WARN),
    CardState.DAMAGED: (say_in("card", "Damaged"), Tone.BAD),
    CardState.LOST: (say_in("card", "Lost"), Tone.BAD),
    CardState.CANCELLED: (say_in("card", "Cancelled"), Tone.MUTED),
    CardState.RETURNED: (say_in("card", "Returned"), Tone.MUTED),
    CardState.VOID: (say_in("card", "Void"), Tone.MUTED),
}
TECHNOLOGIES: dict[str, Text | str] = {"uid": say("UID only"), "classic": "MIFARE Classic"}
PURSES: dict[str, Text] = {
    "cash": say_in("purse", "Cash"),
    "subsidy": say_in("purse", "Subsidy"),
    "bonus": say_in("purse", "Bonus"),
    "water": say_in("purse", "Water"),
}


def remains(visit: Visit, cards: Sequence[HeldCard], balances: Balances | None) -> list[str]:
    """Cards that are not returned and purses that are not empty, in words: what leaving leaves to settle."""
    held = [
        visit.say(say("card {number} to be taken back", number=card.number or card.uid))
        for card in cards
        if not card.state.ended
    ]
    if balances is None:
        return held
    amounts = {name: getattr(balances, name) for name in PURSES}
    return held + [
        visit.say(say("{amount} in the purse “{purse}”", amount=visit.money(amount), purse=PURSES[name]))
        for name, amount in amounts.items()
        if amount
    ]


def joined(visit: Visit, parts: Sequence[str]) -> str:
    """An enumeration in the reader's language."""
    return ("、" if visit.language == "zh-CN" else ", ").join(parts)
