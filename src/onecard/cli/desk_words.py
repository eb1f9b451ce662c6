"""What desk commands say beside what the use cases do: names of operations, how they ended, labels."""

from collections.abc import Mapping
from enum import StrEnum

from onecard.cards.model import CardState
from onecard.desk.operations.model import After, Kind, Operation, PartState, State
from onecard.desk.operations.speech import words_of
from onecard.desk.operations.words import Words


class Lang(StrEnum):
    """The language a command speaks."""

    EN = "en"
    ZH = "zh"


KINDS: Mapping[Kind, tuple[str, str]] = {
    Kind.INITIALISE: ("initialise", "IC卡初始化"),
    Kind.ERASE: ("erase", "清卡"),
    Kind.ISSUE: ("issue", "发卡"),
    Kind.BIND: ("bind", "绑定卡号"),
    Kind.TOP_UP: ("top up", "充值"),
    Kind.WITHDRAW: ("withdraw", "取款"),
    Kind.SALE: ("desk sale", "软件消费"),
    Kind.LOAD: ("load what waits", "写入待充值"),
    Kind.COLLECT: ("replace, old card", "换卡(旧卡)"),
    Kind.REPLACE: ("replace", "换卡"),
    Kind.LOSS: ("loss report", "挂失"),
    Kind.CANCEL_LOSS: ("cancel loss", "解挂"),
    Kind.REISSUE: ("loss and reissue", "补卡"),
    Kind.REPAIR: ("repair", "坏卡修复"),
    Kind.RETURN: ("return", "退卡"),
    Kind.CANCEL: ("cancel account", "销户"),
    Kind.FREEZE: ("freeze", "冻结"),
    Kind.UNFREEZE: ("unfreeze", "解冻"),
    Kind.EXTEND: ("extend", "延期"),
    Kind.CHANGE_CLASS: ("change class", "变更账户类型"),
    Kind.REKEY: ("renew keys", "更新密钥"),
    Kind.LIFT: ("lift authority", "电梯授权"),
    Kind.ALIGN: ("tell the card", "同步卡内信息"),
}
_STATES: Mapping[State, tuple[str, str]] = {
    State.PREPARED: ("prepared", "已准备"),
    State.WRITING: ("being written", "写卡中"),
    State.CONFIRMED: ("done", "完成"),
    State.VOID: ("did not happen", "未发生"),
    State.IN_DOUBT: ("in doubt", "待确认"),
    State.BROKEN: ("to be decided", "需人工判定"),
}
_VOID = Words(
    "Nothing has happened: the card was taken away before anything was written.",
    "未做任何更改：写卡之前卡片已被拿开。",
    "Lay the card on and begin again.",
    "请放上卡片，重新操作。",
)
_IN_DOUBT = Words(
    "The card was taken away while it was written; the money waits until the card is seen again.",
    "写卡过程中卡片被拿开；相关款项暂存，待再次见到此卡时自动处理。",
    "Lay the same card on and read it: `onecard desk read`.",
    "请重新放上同一张卡并读卡：`onecard desk read`。",
)
_UNFINISHED = Words(
    "Writing this card was interrupted; it is no finished card yet.",
    "写卡过程被中断，此卡尚未完成。",
    "Lay the same card on: `onecard desk continue`; or give it up: `onecard desk abandon`.",
    "请重新放上同一张卡：`onecard desk continue`；或放弃：`onecard desk abandon`。",
)
_PARTLY = Words(
    "Only a part of it was done: the card was taken away in between.",
    "只完成了一部分：中途卡片被拿开。",
    "Look at what is done, then ask again for the rest.",
    "请核对已完成的部分，再重新办理其余部分。",
)
_BROKEN_NEXT = Words(
    "",
    "",
    "Decide whether it happened: `onecard desk decide`.",
    "请人工判定是否成功：`onecard desk decide`。",
)


def say_in(lang: Lang, en: str, zh: str) -> str:
    """One of two texts."""
    return zh if lang is Lang.ZH else en


def kind_name(kind: Kind, after: After, lang: Lang) -> str:
    """What people call an operation; a card that is noted as damaged is not repaired yet."""
    if kind is Kind.REPAIR and after.state == CardState.DAMAGED:
        return say_in(lang, "damage report", "登记坏卡")
    return say_in(lang, *KINDS[kind])


def state_name(state: State, lang: Lang) -> str:
    """What people call the state of an operation."""
    return say_in(lang, *_STATES[state])


def ending_of(operation: Operation) -> tuple[str, Words | None]:
    """How an operation ended: a code, and what to say and do when that is not simply `done`.

    The codes: `done`, `partly`, `nothing_done`, `in_doubt`, `unfinished`, `to_decide`.
    """
    if operation.state is State.CONFIRMED:
        missing = any(each.state is PartState.VOID for each in operation.steps)
        return ("partly", _PARTLY) if missing else ("done", None)
    if operation.state is State.VOID:
        trouble = operation.trouble
        return "nothing_done", words_of(trouble) if trouble else _VOID
    if operation.state is State.BROKEN:
        words = words_of(operation.trouble or "broken_operation")
        return "to_decide", words._replace(next_en=_BROKEN_NEXT.next_en, next_zh=_BROKEN_NEXT.next_zh)
    return ("unfinished", _UNFINISHED) if operation.carries_on else ("in_doubt", _IN_DOUBT)


LABELS: Mapping[str, str] = {
    "uid": "卡序列号",
    "technology": "卡类型",
    "state": "状态",
    "holder": "持卡人",
    "number": "卡号",
    "class": "账户类型",
    "valid until": "有效期至",
    "card fee": "工本费",
    "deposit": "押金",
    "generation": "发行次数",
    "key version": "密钥版本",
    "cash": "自助余额",
    "subsidy": "补助余额",
    "bonus": "赠送余额",
    "water": "水控余额",
    "waits for the card": "待写入卡",
    "owes": "欠款",
    "frozen": "冻结标志",
    "sectors": "扇区",
}


CARD_STATES: Mapping[str, str] = {
    "blank": "空白",
    "incomplete": "未完成",
    "clearing": "清卡中",
    "issuing": "发卡中",
    "active": "正常",
    "lost": "挂失",
    "frozen": "冻结",
    "damaged": "坏卡",
    "cancelled": "已销户",
    "returned": "已退卡",
    "void": "作废",
}


def card_state(state: str, lang: Lang) -> str:
    """What people call the state of a card, as it says itself or as the server has it."""
    return say_in(lang, state, CARD_STATES.get(state, state))


def label(name: str, lang: Lang) -> str:
    """The name of a line."""
    return say_in(lang, name, LABELS.get(name, name))
