"""What a terminal shows and speaks, in the tenant's language."""

from onecard.base.status import TEXTS, Status
from onecard.ledger.model import Answer

_MASK_FROM = 3


def mask(name: str) -> str:
    """A name for the queue to see: 王小明 → 王*明, 王明 → 王*."""
    if len(name) < _MASK_FROM:
        return name[:1] + "*" * (len(name) - 1)
    return name[0] + "*" * (len(name) - 2) + name[-1]


def yuan(fen: int) -> str:
    """An amount as people read it: 1250 → 12.50."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def sold(language: str, name: str, amount_fen: int, balance_fen: int) -> list[str]:
    """Lines after a sale."""
    if language == "en":
        return [name, f"paid {yuan(amount_fen)}", f"left {yuan(balance_fen)}"]
    return [name, f"消费 {yuan(amount_fen)} 元", f"余额 {yuan(balance_fen)} 元"]


def balance(language: str, name: str, balance_fen: int) -> list[str]:
    """Lines after a query."""
    return [name, f"balance {yuan(balance_fen)}" if language == "en" else f"余额 {yuan(balance_fen)} 元"]


def refused(language: str, answer: Answer) -> list[str]:
    """Lines after a refusal, with the number that explains it."""
    english = language == "en"
    lines = [sentence(language, answer.status)]
    if answer.status is Status.BALANCE_TOO_LOW and answer.available_fen is not None:
        lines.append(("balance " if english else "余额 ") + yuan(answer.available_fen))
    elif answer.limit_value is not None:
        counted = answer.status in {Status.LIMIT_MEAL_COUNT, Status.LIMIT_DAY_COUNT}
        lines.append(
            ("limit " if english else "限额 ")
            + (str(answer.limit_value) if counted else yuan(answer.limit_value))
        )
    return lines


def sentence(language: str, status: Status) -> str:
    """The sentence of a status, also what a terminal speaks."""
    return TEXTS[status][0 if language == "en" else 1]
