"""The one ordered list of named answers: zero is success, everything else a refusal and its reason.

Terminals, pages and the API receive the name; the number fixes the order in which reasons are checked and is
what the ledger stores, so numbers are never reused. docs/reference/statuses.md is made from this file.
"""

from enum import IntEnum


class Status(IntEnum):
    """Reason of an answer. Checked in the order of the numbers: the first that applies is the answer."""

    OK = 0

    MALFORMED = 100
    TOO_LARGE = 101
    PROTOCOL_UNSUPPORTED = 102
    OPERATION_UNKNOWN = 103
    KEY_REUSED = 104
    KEY_FROM_THE_FUTURE = 105
    REPLAYED = 106
    EXPIRED = 107
    BUSY = 108

    TENANT_UNKNOWN = 200
    TENANT_SUSPENDED = 201
    DEVICE_UNKNOWN = 210
    DEVICE_NOT_CERTIFIED = 211
    DEVICE_DISABLED = 212
    SEQUENCE_OUT_OF_RANGE = 213
    EPOCH_UNKNOWN = 214
    MERCHANT_UNKNOWN = 220
    MERCHANT_CLOSED = 221

    CREDENTIAL_UNSUPPORTED = 300
    CARD_UNKNOWN = 301
    CARD_LOST = 302
    CARD_NOT_VALID = 303
    CARD_FROZEN = 304
    CARD_EXPIRED = 305

    AMOUNT_NOT_POSITIVE = 400
    AMOUNT_TOO_LARGE = 401
    ACCOUNT_UNKNOWN = 410
    ACCOUNT_FROZEN = 411
    ACCOUNT_CLOSED = 412
    BOOK_UNKNOWN = 413
    PURSE_NOT_ALLOWED = 414
    ACCOUNT_NOT_EMPTY = 415

    LIMIT_TRANSACTION = 500
    LIMIT_MEAL_COUNT = 501
    LIMIT_MEAL_AMOUNT = 502
    LIMIT_DAY_COUNT = 503
    LIMIT_DAY_AMOUNT = 504

    BALANCE_TOO_LOW = 600
    CEILING_EXCEEDED = 601

    ORIGINAL_UNKNOWN = 700
    NOT_REVERSIBLE = 701
    REVERSED_TOO_MUCH = 702

    HOLD_UNKNOWN = 800
    HOLD_NOT_OPEN = 801
    HOLD_EXCEEDED = 802

    @property
    def code(self) -> str:
        """Name as it travels on the bus and in JSON: lower case, e.g. `balance_too_low`."""
        return self.name.lower()


# For people: what a desk or terminal shows. (English, Chinese)
TEXTS: dict[Status, tuple[str, str]] = {
    Status.OK: ("done", "成功"),
    Status.MALFORMED: ("the message cannot be understood", "报文格式错误"),
    Status.TOO_LARGE: ("the message is too large", "报文过大"),
    Status.PROTOCOL_UNSUPPORTED: ("this protocol version is not supported", "不支持的协议版本"),
    Status.OPERATION_UNKNOWN: ("this operation is not known", "未知操作"),
    Status.KEY_REUSED: ("the same request number came with another content", "请求号重复且内容不同"),
    Status.KEY_FROM_THE_FUTURE: ("the request number was made by a clock that is ahead", "请求号时间超前"),
    Status.REPLAYED: ("the request was seen before or is out of order", "重放的请求"),
    Status.EXPIRED: ("the request came too late to be carried out", "请求已过期"),
    Status.BUSY: ("the server is busy, please try again", "系统繁忙，请重试"),
    Status.TENANT_UNKNOWN: ("this institution does not exist here", "企业不存在"),
    Status.TENANT_SUSPENDED: ("this institution is suspended", "企业已停用"),
    Status.DEVICE_UNKNOWN: ("this terminal is not known", "未知设备"),
    Status.DEVICE_NOT_CERTIFIED: ("this terminal is not certified", "设备未认证"),
    Status.DEVICE_DISABLED: ("this terminal is disabled", "设备已停用"),
    Status.SEQUENCE_OUT_OF_RANGE: ("the record number is out of range", "流水号超出范围"),
    Status.EPOCH_UNKNOWN: ("the terminal has not announced this record store", "未登记的流水存储"),
    Status.MERCHANT_UNKNOWN: ("the terminal belongs to no merchant", "设备未绑定商户"),
    Status.MERCHANT_CLOSED: ("this merchant is closed", "商户已停业"),
    Status.CREDENTIAL_UNSUPPORTED: ("this kind of credential is not supported", "不支持的凭证类型"),
    Status.CARD_UNKNOWN: ("this card is not of this system", "非本系统卡"),
    Status.CARD_LOST: ("this card was reported lost, please keep it", "挂失卡，请扣留"),
    Status.CARD_NOT_VALID: ("this card is not valid", "卡已失效"),
    Status.CARD_FROZEN: ("this card is frozen", "卡已冻结"),
    Status.CARD_EXPIRED: ("this card has expired", "卡已过期"),
    Status.AMOUNT_NOT_POSITIVE: ("the amount must be above zero", "金额必须大于零"),
    Status.AMOUNT_TOO_LARGE: ("the amount is too large", "金额过大"),
    Status.ACCOUNT_UNKNOWN: ("this account does not exist", "账户不存在"),
    Status.ACCOUNT_FROZEN: ("this account is frozen", "账户已冻结"),
    Status.ACCOUNT_CLOSED: ("this account is closed", "账户已销户"),
    Status.BOOK_UNKNOWN: ("this book does not exist", "账簿不存在"),
    Status.PURSE_NOT_ALLOWED: ("this purse may not be used here", "该钱包不可用"),
    Status.ACCOUNT_NOT_EMPTY: ("the account still holds or owes money", "账户尚有余额或欠款"),
    Status.LIMIT_TRANSACTION: ("over the limit for one purchase", "超出单次限额"),
    Status.LIMIT_MEAL_COUNT: ("over the number of purchases for this meal", "超出本餐限次"),
    Status.LIMIT_MEAL_AMOUNT: ("over the limit for this meal", "超出本餐限额"),
    Status.LIMIT_DAY_COUNT: ("over the number of purchases for today", "超出当日限次"),
    Status.LIMIT_DAY_AMOUNT: ("over the limit for today", "超出当日限额"),
    Status.BALANCE_TOO_LOW: ("the balance is too low", "余额不足"),
    Status.CEILING_EXCEEDED: ("the purse would hold more than is allowed", "超出钱包上限"),
    Status.ORIGINAL_UNKNOWN: ("the posting to be corrected does not exist", "原记录不存在"),
    Status.NOT_REVERSIBLE: ("this kind of posting cannot be reversed", "该记录不可冲正"),
    Status.REVERSED_TOO_MUCH: ("more would be given back than was taken", "冲正金额超出原金额"),
    Status.HOLD_UNKNOWN: ("this hold does not exist", "预授权不存在"),
    Status.HOLD_NOT_OPEN: ("this hold is no longer open", "预授权已结束"),
    Status.HOLD_EXCEEDED: ("more than was held", "超出预授权金额"),
}
