"""Words for what stands in the way when a card in use is changed, ended, reported lost or repaired."""

from collections.abc import Mapping
from enum import StrEnum

from onecard.desk.operations.words import Words


class CareRefusal(StrEnum):
    """Why a card is left as it is, beside what the card, the reader and the ledger say."""

    NOT_VERIFIED = "not_verified"
    CHANGED = "changed_meanwhile"
    IN_USE = "in_use"
    NOT_LOST = "not_lost"
    NOTHING_TO_DO = "nothing_to_do"
    OTHER_CARDS = "other_cards"
    OWES = "owes"
    KEPT_MONEY = "kept_money"
    BEHIND = "behind"
    NOT_BLACKLISTED = "not_blacklisted"
    BROKEN_OPERATION = "broken_operation"
    HEALTHY = "healthy"
    NO_TRANSFER = "no_transfer"
    HAS_HEIR = "has_heir"
    VALUE_BLOCKS = "value_blocks"
    NO_FILTER = "no_filter"


CARE_WORDS: Mapping[CareRefusal, Words] = {
    CareRefusal.NOT_VERIFIED: Words(
        "The operator's password was not confirmed.",
        "操作员密码未通过验证。",
        "Begin again and type the password.",
        "请重新操作并输入密码。",
    ),
    CareRefusal.CHANGED: Words(
        "Somebody else has just changed this card.",
        "此卡刚刚被其他人修改。",
        "Read the card again.",
        "请重新读卡。",
    ),
    CareRefusal.IN_USE: Words(
        "This card is in normal use.",
        "此卡状态正常。",
        "There is nothing to undo.",
        "无需撤销。",
    ),
    CareRefusal.NOT_LOST: Words(
        "This card was not reported lost.",
        "此卡未挂失。",
        "Report the loss first.",
        "请先办理挂失。",
    ),
    CareRefusal.NOTHING_TO_DO: Words(
        "The card is that way already.",
        "卡内数据已是所需状态。",
        "There is nothing to do.",
        "无需操作。",
    ),
    CareRefusal.OTHER_CARDS: Words(
        "The holder has other cards of this account.",
        "持卡人的账户下还有其他卡。",
        "Return those first.",
        "请先退还其他卡。",
    ),
    CareRefusal.OWES: Words(
        "The account owes money.",
        "账户存在欠款。",
        "Collect it with a top-up first.",
        "请先充值补足欠款。",
    ),
    CareRefusal.KEPT_MONEY: Words(
        "By the account class some money stays in the account, which can then not be closed.",
        "按账户类型的规则，部分余额应留在账户中，因此不能销户。",
        "Say what becomes of it (paid out or forfeited), or return the card: the account then stays.",
        "请指定这部分余额的处理方式（退还或收回），或改为退卡，保留账户。",
    ),
    CareRefusal.BEHIND: Words(
        "Terminals are behind: they may hold records of this card, or do not refuse it yet.",
        "有终端数据滞后：可能存有此卡的流水，或尚未收到黑名单。",
        "Collect them first, or go on with a reason.",
        "请先采集，或填写理由后继续。",
    ),
    CareRefusal.NOT_BLACKLISTED: Words(
        "Not every terminal was told to refuse this card.",
        "黑名单尚未下发到全部终端。",
        "Report the loss to all terminals first.",
        "请先向全部终端下发挂失。",
    ),
    CareRefusal.BROKEN_OPERATION: Words(
        "An operation with this card came to no end, and the card cannot tell.",
        "此卡有一笔操作无法判断结果。",
        "Decide first whether it happened.",
        "请先人工判定该操作是否成功。",
    ),
    CareRefusal.HEALTHY: Words(
        "This card is healthy.",
        "此卡完好。",
        "There is nothing to repair.",
        "无需修复。",
    ),
    CareRefusal.NO_TRANSFER: Words(
        "No card was given up for this one.",
        "没有等待换发的旧卡。",
        "Begin with the old card.",
        "请先处理旧卡。",
    ),
    CareRefusal.HAS_HEIR: Words(
        "Another card has the place of the old one, or is getting it.",
        "已有另一张卡接替旧卡，或正在写入。",
        "Carry that one on, or give it up first.",
        "请继续写入该卡，或先放弃该操作。",
    ),
    CareRefusal.VALUE_BLOCKS: Words(
        "Keys of cards with value blocks cannot be renewed without a moment in which the card is unreadable.",
        "数值块格式的卡无法安全地更新密钥。",
        "Replace the card instead.",
        "请改用换卡。",
    ),
    CareRefusal.NO_FILTER: Words(
        "Nobody said which loss reports are meant.",
        "未指定要解挂的卡。",
        "Choose a card, a number, a person or days.",
        "请选择卡片、卡号、人员或日期范围。",
    ),
}
