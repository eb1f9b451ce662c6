"""What a desk says when a card, a reader or a rule says no: what is the matter, and what to do next."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from onecard.cards.reader import Trouble
from onecard.desk.operations.sighting import Difference


class Words(NamedTuple):
    """A sentence and the next step, in both languages."""

    en: str
    zh: str
    next_en: str
    next_zh: str


class Refusal(StrEnum):
    """Why a desk does not begin or go on, beside what card and reader say."""

    READER_REMOVED = "reader_removed"  # it was there when the work began
    OTHER_PERSON = "other_person"
    NUMBER_USED = "number_used"
    NUMBERS_USED_UP = "numbers_used_up"
    SECTOR_UNUSABLE = "sector_unusable"


_TWO_CARDS = Words(
    "There are several cards on the reader.",
    "发卡器上有多张卡。",
    "Leave only one card on the reader.",
    "请只保留一张卡。",
)

WORDS: Mapping[Difference, Words] = {
    Difference.TWO_CARDS: _TWO_CARDS,
    Difference.OTHER_TENANT: Words(
        "This card belongs to another institution.",
        "此卡属于其他企业。",
        "Give it back to the holder; it cannot be used here.",
        "请将卡退还持卡人，本企业不能使用。",
    ),
    Difference.FOREIGN: Words(
        "This card is locked with keys that are not ours.",
        "此卡的密钥不是本系统的。",
        "Give it back to the holder and take a blank card.",
        "请将卡退还持卡人，换用一张空白卡。",
    ),
    Difference.WRONG_TECHNOLOGY: Words(
        "This kind of card is not the kind that is used here.",
        "此卡的类型与系统设置的卡类型不符。",
        "Take a card of the kind that the card format names.",
        "请使用卡片设置中规定类型的卡。",
    ),
    Difference.IMITATION: Words(
        "This card is an imitation whose serial number can be changed.",
        "此卡为可改写卡序列号的仿制卡。",
        "Do not issue it; set it aside and tell the supplier.",
        "请勿发行，单独存放并联系供货商。",
    ),
    Difference.UNKNOWN: Words(
        "This card has our keys, but the system has no record of it.",
        "此卡使用本系统密钥，但系统中没有它的记录。",
        "Keep the card and ask the administrator; it may be a copy, or a backup was restored.",
        "请保留此卡并联系管理员：可能是复制卡，或系统恢复过备份。",
    ),
    Difference.OLD_LIFE: Words(
        "This card was replaced, returned or issued anew; what is on it no longer holds.",
        "此卡已换卡、退卡或重新发行，卡内数据已失效。",
        "Keep the card; erase it before it is issued again.",
        "请收回此卡，重新发行前先初始化。",
    ),
    Difference.REPLAYED: Words(
        "The card holds an older state than the one it was last seen with.",
        "卡内数据早于系统最后一次见到的数据。",
        "Keep the card, freeze the account and let the administrator check its records.",
        "请保留此卡并冻结账户，由管理员核查流水。",
    ),
    Difference.CLONED: Words(
        "The card holds a state that no desk and no terminal wrote; there may be a copy of it.",
        "卡内数据不是工作站或终端写入的，可能存在复制卡。",
        "Keep the card, freeze the account and let the administrator check its records.",
        "请保留此卡并冻结账户，由管理员核查流水。",
    ),
    Difference.EDITED: Words(
        "Data on the card are damaged or were changed by somebody else.",
        "卡内数据已损坏或被他人改动。",
        "Collect the terminals' records, then repair the card.",
        "请先采集终端流水，再做坏卡修复。",
    ),
    Difference.DEAD_SECTOR: Words(
        "A part of the card can no longer be read; the chip is broken for good.",
        "卡内有扇区已无法读取，芯片永久损坏。",
        "The money is safe: report the loss and issue a new card.",
        "余额不受影响：请挂失并补办新卡。",
    ),
    Difference.UNFINISHED: Words(
        "Writing this card was interrupted before it was finished.",
        "此卡的写卡过程被中断，尚未完成。",
        "Leave the card on the reader and continue the operation.",
        "请将卡留在发卡器上并继续该操作。",
    ),
    Difference.LOST: Words(
        "This card was reported lost.",
        "此卡已挂失。",
        "Please keep it; if this is the holder, cancel the loss report or issue a new card.",
        "请收下此卡；如为持卡人本人，可解挂或补卡。",
    ),
    Difference.CANCELLED: Words(
        "The account of this card was closed.",
        "此卡已销户。",
        "Take the card back, or erase it and issue it anew.",
        "请收回此卡，或初始化后重新发卡。",
    ),
    Difference.FROZEN: Words(
        "This card is frozen.",
        "此卡已冻结。",
        "Find out why it was frozen; unfreeze it before anything else.",
        "请查明冻结原因，解冻后再操作。",
    ),
    Difference.DAMAGED: Words(
        "This card was reported damaged.",
        "此卡已登记为坏卡。",
        "Repair it, or report the loss and issue a new card.",
        "请做坏卡修复，或挂失后补卡。",
    ),
    Difference.EXPIRED: Words(
        "This card has expired.",
        "此卡已过有效期。",
        "Extend its validity or take it back.",
        "请延长有效期或收回此卡。",
    ),
    Difference.MORE_THAN_SERVER: Words(
        "There is more money on the card than in the account.",
        "卡内余额大于系统余额。",
        "Do not pay anything out; freeze the account and let the administrator check its records.",
        "请勿退款，先冻结账户，由管理员核查流水。",
    ),
    Difference.OLD_KEYS: Words(
        "The card works, but has keys of an older version.",
        "此卡可用，但密钥版本较旧。",
        "Renew its keys now; it takes a second.",
        "请更新密钥，约需一秒。",
    ),
    Difference.LESS_THAN_SERVER: Words(
        "There is less money on the card than in the account: records or loads are on their way.",
        "卡内余额小于系统余额：有流水未采集，或有充值待写卡。",
        "Write the waiting loads to the card; the rest settles when the terminals are collected.",
        "请写入待充值金额，其余在采集终端流水后自动一致。",
    ),
}

TROUBLE_WORDS: Mapping[Trouble, Words] = {
    Trouble.MISMATCH: Words(
        "The card did not hold or take what was expected; it may have been moved.",
        "卡的应答与预期不符，可能在操作中被移动。",
        "Lay the card flat on the reader and try again.",
        "请将卡平放在发卡器上，再试一次。",
    ),
    Trouble.PULLED: Words(
        "The card was taken away too early.",
        "卡片过早拿开。",
        "Lay the same card on again; the system finds out by itself what was done.",
        "请重新放上同一张卡，系统会自动判断操作结果。",
    ),
    Trouble.STALE: Words(
        "The card on the reader is no longer the same.",
        "发卡器上的卡已更换。",
        "Lay the right card on and begin again.",
        "请放上正确的卡，重新操作。",
    ),
    Trouble.REFUSED: Words(
        "The desk agent refused a command that it does not know.",
        "代理服务拒绝了不允许的指令。",
        "Update the agent on this computer and begin again.",
        "请更新本机的代理服务后重试。",
    ),
    Trouble.NO_CARD: Words(
        "There is no card on the reader.",
        "发卡器上没有卡。",
        "Lay a card on the reader.",
        "请将卡放在发卡器上。",
    ),
    Trouble.TWO_CARDS: _TWO_CARDS,
    Trouble.NO_READER: Words(
        "There is no card reader at this workstation.",
        "本工作站没有发卡器。",
        "Plug the reader in, or choose another one.",
        "请连接发卡器，或选择其他发卡器。",
    ),
    Trouble.NO_ANSWER: Words(
        "The reader did not answer in time.",
        "发卡器应答超时。",
        "Check that the agent is running and the network works, then lay the same card on again.",
        "请检查代理服务和网络是否正常，再放上同一张卡。",
    ),
}

REFUSAL_WORDS: Mapping[Refusal, Words] = {
    Refusal.READER_REMOVED: Words(
        "The reader was unplugged during the work.",
        "操作过程中发卡器被拔出。",
        "Plug it in again and lay the same card on; the system finds out by itself what was done.",
        "请重新连接发卡器并放上同一张卡，系统会自动判断操作结果。",
    ),
    Refusal.OTHER_PERSON: Words(
        "This card is another person's.",
        "此卡属于另一位人员。",
        "Lay on the card of the chosen person, or choose the person of this card.",
        "请放上所选人员的卡，或改选此卡的持卡人。",
    ),
    Refusal.NUMBER_USED: Words(
        "This card number is in use already.",
        "此卡号已被使用。",
        "Choose another number, or let the system choose.",
        "请更换卡号，或由系统自动分配。",
    ),
    Refusal.NUMBERS_USED_UP: Words(
        "All card numbers are used up.",
        "卡号已用完。",
        "Return or cancel cards that are no longer used, or allow longer card numbers.",
        "请对不再使用的卡办理退卡或销户，或增加卡号位数。",
    ),
    Refusal.SECTOR_UNUSABLE: Words(
        "A sector that we need on this card cannot be used.",
        "此卡中所需的扇区不可用。",
        "Take another blank card; set this one aside.",
        "请换用另一张空白卡，将此卡单独存放。",
    ),
}
