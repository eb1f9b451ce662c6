"""What a desk says about new cards and blank ones when it will not go on."""

from collections.abc import Mapping
from enum import StrEnum

from onecard.desk.operations.words import Words


class IssueRefusal(StrEnum):
    """Why a card is not issued, bound, checked or erased, beside what the card itself says."""

    CARD_IN_USE = "card_in_use"
    NOT_BLANK = "not_blank"
    ALREADY_BLANK = "already_blank"
    PLASTIC_DEAD = "plastic_dead"
    PLASTIC_WORN_OUT = "plastic_worn_out"
    STOCK_UNKNOWN = "stock_unknown"
    NOT_CHECKABLE = "not_checkable"
    MIXED_KEYS = "mixed_keys"
    NO_KEYS = "no_keys"
    KEYS_CHANGED = "keys_changed"
    PERSON_UNKNOWN = "person_unknown"
    PERSON_NOT_ACTIVE = "person_not_active"
    TOO_MANY_CARDS = "too_many_cards"
    NUMBER_OUT_OF_RANGE = "number_out_of_range"
    DAY_IS_OVER = "day_is_over"
    CLASS_DAY_IS_OVER = "class_day_is_over"
    CLASS_NUMBER_TOO_LARGE = "class_number_too_large"
    NO_LIFT_GROUP = "no_lift_group"
    NOTHING_INTERRUPTED = "nothing_interrupted"
    AT_WORK = "at_work"
    CARD_IS_WHOLE = "card_is_whole"
    NUMBER_NOT_WHOLE = "number_not_whole"
    NOBODY_WAITS = "nobody_waits"
    BUSY = "desk_busy"


_R = IssueRefusal
ISSUE_WORDS: Mapping[IssueRefusal, Words] = {
    _R.CARD_IN_USE: Words(
        "This card is somebody's already.", "此卡已有持卡人。",
        "Take a blank card, or return this one first.", "请换用空白卡，或先将此卡退卡。",
    ),
    _R.NOT_BLANK: Words(
        "This card is not blank.", "此卡不是空白卡。",
        "Erase it first, or take a blank one.", "请先初始化此卡，或换用空白卡。",
    ),
    _R.ALREADY_BLANK: Words(
        "This card is blank already.", "此卡已是空白卡。",
        "There is nothing to erase; it can be issued.", "无需初始化，可直接发卡。",
    ),
    _R.PLASTIC_DEAD: Words(
        "A sector of this card is broken for good; the money is safe.", "此卡有扇区永久损坏；款项不受影响。",
        "Take another blank card; throw this one away.", "请换用另一张空白卡，此卡作废。",
    ),
    _R.PLASTIC_WORN_OUT: Words(
        "This card was issued 255 times and cannot be told from its earlier lives any more.",
        "此卡已发行255次，无法再与以前的使用记录区分。",
        "Take another blank card; throw this one away.", "请换用另一张空白卡，此卡作废。",
    ),
    _R.STOCK_UNKNOWN: Words(
        "This card is in no registered box.", "此卡不在已登记的卡库存中。",
        "Register its box, or allow this one card.", "请登记该盒卡片，或允许使用此卡。",
    ),
    _R.NOT_CHECKABLE: Words(
        "Sector 0 of this card is locked, so nobody can tell whether the chip is genuine.",
        "此卡0扇区已加密，无法检验芯片真伪。",
        "Take a new card, or allow this one card.", "请换用新卡，或允许使用此卡。",
    ),
    _R.MIXED_KEYS: Words(
        "The sectors of this card have keys of different versions.", "此卡各扇区的密钥版本不一致。",
        "Renew its keys first.", "请先更新此卡密钥。",
    ),
    _R.NO_KEYS: Words(
        "There are no card keys yet.", "尚未设置卡密钥。",
        "Choose the system secondary encryption first.", "请先设置系统二次加密。",
    ),
    _R.KEYS_CHANGED: Words(
        "The system secondary encryption was changed a moment ago.", "系统二次加密刚刚被修改。",
        "Open this page again.", "请重新打开此页面。",
    ),
    _R.PERSON_UNKNOWN: Words(
        "This person does not exist.", "此人员不存在。",
        "Choose somebody from the list.", "请从列表中选择人员。",
    ),
    _R.PERSON_NOT_ACTIVE: Words(
        "This person is suspended or has left.", "此人员已停用或已离开。",
        "Make the person active first.", "请先恢复该人员。",
    ),
    _R.TOO_MANY_CARDS: Words(
        "This person has as many cards as the account class allows.", "此人员持卡数已达账户类型上限。",
        "Return or cancel a card, or replace it.", "请先退卡、销户，或办理换卡。",
    ),
    _R.NUMBER_OUT_OF_RANGE: Words(
        "A card cannot have this number.", "卡号超出范围。",
        "Choose another number, or let the system choose.", "请更换卡号，或由系统自动分配。",
    ),
    _R.DAY_IS_OVER: Words(
        "The last day of validity is over, or too far away for a card.", "有效期已过，或超出卡可记录的范围。",
        "Choose another day.", "请重新选择有效期。",
    ),
    _R.CLASS_DAY_IS_OVER: Words(
        "By the account class of this person the card would have expired already.",
        "按此人账户类型的规则，卡的有效期已过。",
        "Give the card another last day, or change the account class.",
        "请另行指定有效期，或修改账户类型。",
    ),
    _R.CLASS_NUMBER_TOO_LARGE: Words(
        "Cards can only hold account classes with numbers up to 255.", "卡内只能记录255以内的账户类型编号。",
        "Give the account class a smaller number.", "请使用较小的账户类型编号。",
    ),
    _R.NO_LIFT_GROUP: Words(
        "The card format has no such lift group.", "卡格式中没有该电梯组。",
        "Choose another lift group.", "请选择其他电梯组。",
    ),
    _R.NOTHING_INTERRUPTED: Words(
        "Nothing was interrupted on this card.", "此卡没有被中断的操作。",
        "There is nothing to carry on.", "无需继续。",
    ),
    _R.AT_WORK: Words(
        "A desk is at work on this, or it has ended.", "该操作正在进行，或已结束。",
        "Wait a moment and look again.", "请稍候再查看。",
    ),
    _R.CARD_IS_WHOLE: Words(
        "The card was written whole and its money has moved; it cannot be given up any more.",
        "此卡已完整写入且款项已入账，不能再放弃。",
        "Lay the card on the reader once.", "请将该卡放到发卡器上确认一次。",
    ),
    _R.NUMBER_NOT_WHOLE: Words(
        "This number tells only a part of the card's number.", "该号码只是卡序列号的一部分。",
        "Hold the card to a terminal first, then choose it, or type the whole number.",
        "请先在终端上刷卡再选择，或输入完整号码。",
    ),
    _R.NOBODY_WAITS: Words(
        "Nobody waits for a card.", "没有等待发卡的人员。",
        "Take the card away; choose another department or selection.", "请取走卡片，或另选部门或人员。",
    ),
    _R.BUSY: Words(
        "Another desk is at work on this card or account.", "其他工作站正在处理此卡或账户。",
        "Wait a moment, then lay the card on again.", "请稍候，再重新放卡。",
    ),
}  # fmt: skip
