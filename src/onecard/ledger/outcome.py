"""Makes answers."""

from onecard.base.status import Status
from onecard.ledger.batch import Draft
from onecard.ledger.cache import Account
from onecard.ledger.model import Answer, Part, Request
from onecard.ledger.rules import Refused


def answer_of(request: Request, account: Account | None, parts: tuple[Part, ...]) -> Answer:
    """The answer to a request that was posted."""
    balances = account.balances() if account else None
    return Answer(key=request.key, status=Status.OK, parts=parts, balances=balances)


def refuse(
    request: Request, draft: Draft, refused: Refused, print_: int, account: Account | None = None
) -> Answer:
    """Refuse, remember it, and make the refusal depend on the account's state."""
    draft.refuse(request, account.id if account else None, refused, print_)
    balances = None
    if account is not None:
        draft.touch_fully(account)
        balances = account.balances()
    return Answer(
        key=request.key,
        status=refused.status,
        balances=balances,
        needed_fen=refused.needed_fen,
        available_fen=refused.available_fen,
        limit_value=refused.limit_value,
        used_value=refused.used_value,
    )
