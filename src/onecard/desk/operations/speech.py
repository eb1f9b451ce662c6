"""Words for every code a desk can answer with, wherever it comes from: one place to ask."""

from collections.abc import Mapping
from enum import StrEnum

from onecard.base.errors import ConflictError
from onecard.base.status import TEXTS
from onecard.desk.operations.care_words import CARE_WORDS
from onecard.desk.operations.issue_words import ISSUE_WORDS
from onecard.desk.operations.words import REFUSAL_WORDS, TROUBLE_WORDS, WORDS, Words


class Refusal(StrEnum):
    """Why the desk does not move money, beside what card, reader and ledger say."""

    CARD_NEEDED = "card_needed"
    OTHER_CARD = "other_card"
    INTERRUPTED = "interrupted"
    NOTHING_WAITS = "nothing_waits"
    PURSE_FULL = "purse_full"
    SOURCE_UNKNOWN = "source_unknown"
    NOBODYS = "nobodys"


_MONEY: Mapping[Refusal, Words] = {
    Refusal.CARD_NEEDED: Words(
        "This needs the card on the reader.",
        "此操作需要将卡放在发卡器上。",
        "Lay the card on.",
        "请放上卡片。",
    ),
    Refusal.OTHER_CARD: Words(
        "Another card lies on the reader than the one this was meant for.",
        "发卡器上的卡与所选的卡不一致。",
        "Lay the right card on.",
        "请放上正确的卡。",
    ),
    Refusal.INTERRUPTED: Words(
        "An operation with this card was interrupted and has not come to its end.",
        "此卡上次操作被中断，尚未完成。",
        "Carry it on, or give it up, then begin again.",
        "请先继续或放弃该操作，再重新开始。",
    ),
    Refusal.NOTHING_WAITS: Words(
        "Nothing waits for this card.",
        "没有待写入此卡的款项。",
        "There is nothing to do.",
        "无需操作。",
    ),
    Refusal.PURSE_FULL: Words(
        "The purse on the card cannot take this change.",
        "卡内钱包无法写入该变动。",
        "Check the amount; if it is right, replace the card.",
        "请核对金额；若金额无误，请换卡。",
    ),
    Refusal.SOURCE_UNKNOWN: Words(
        "Money cannot come from there.",
        "资金来源不正确。",
        "Choose cash, bank or provider.",
        "请选择现金、银行或支付平台。",
    ),
    Refusal.NOBODYS: Words(
        "This card is nobody's.",
        "此卡没有持卡人。",
        "Issue it first, or lay another card on.",
        "请先发卡，或换一张卡。",
    ),
}
_LOOK = Words("", "", "Look into the card's history.", "请查看此卡的操作明细。")


def words_of(code: str) -> Words:
    """What is the matter and what to do next, in both languages.

    Args:
        code: a `Difference`, `Trouble`, `Refusal`, or the code of a `Status`.
    """
    for known in (WORDS, TROUBLE_WORDS, REFUSAL_WORDS, _MONEY, CARE_WORDS, ISSUE_WORDS):
        for key, words in known.items():
            if key.value == code:
                return words
    for status, (en, zh) in TEXTS.items():
        if status.code == code:
            return _LOOK._replace(en=f"{en[:1].upper()}{en[1:]}.", zh=f"{zh}。")
    return _LOOK._replace(en=f"Refused: {code.replace('_', ' ')}.", zh=f"已拒绝：{code}。")


class RefusedError(ConflictError):
    """The desk will not do it; nothing has happened.

    Args:
        code: one that `words_of` has words for.
        sentence: instead of those words, when there is more to say.

    Attributes:
        code: as given.
    """

    def __init__(self, code: str, sentence: str = "") -> None:
        super().__init__(sentence or words_of(code).en)
        self.code = str(code)
