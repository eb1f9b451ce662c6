"""Sentences of the import for people, in English and Chinese."""

from collections.abc import Iterable

from onecard.desk.model import Reason, Why

_REASONS: dict[Why, tuple[str, str]] = {
    Why.MISSING: ("{column} is missing", "缺少{column}"),
    Why.TOO_LONG: ("{column} has more than {quote} characters", "{column}超过{quote}个字符"),
    Why.UNPRINTABLE: ("{column} contains unprintable characters", "{column}含有不可见字符"),
    Why.GENDER_UNKNOWN: ("gender “{quote}” is neither male nor female", "性别“{quote}”应为男或女"),
    Why.ID_NUMBER_MALFORMED: ("ID number “{quote}” is not valid", "身份证号“{quote}”无效"),
    Why.LOST_DIGITS: (
        "{column} was typed as a number and lost digits; format the column as text and type it again",
        "{column}按数字存储已丢失位数，请将该列设为文本格式后重新填写",
    ),
    Why.PHONE_MALFORMED: (
        "phone “{quote}” is not valid (11 digits, or + and the country code)",
        "手机号“{quote}”无效（应为11位，境外号码以+和国家代码开头）",
    ),
    Why.UID_MALFORMED: (
        "card UID “{quote}” is not 8, 14 or 20 hex digits",
        "卡序列号“{quote}”应为8、14或20位十六进制数",
    ),
    Why.TWICE: ("{column} is in the file more than once: rows {quote}", "{column}在文件中重复：第{quote}行"),
    Why.CLASS_UNKNOWN: ("account class “{quote}” does not exist", "账户类型“{quote}”不存在"),
    Why.DEPARTMENT_UNKNOWN: ("department “{quote}” does not exist", "部门“{quote}”不存在"),
    Why.DEPARTMENT_AMBIGUOUS: (
        "several departments are called “{quote}”; write the path, such as A/B/C",
        "有多个名为“{quote}”的部门，请填写完整路径，如 A/B/C",
    ),
    Why.PHONE_TAKEN: ("the phone belongs to person {quote}", "手机号已被编号{quote}的人员使用"),
    Why.CARD_TAKEN: ("the card belongs to another person", "该卡已属于其他人员"),
    Why.CARD_LOST: ("the card was reported lost", "该卡已挂失"),
}


def sentence(reasons: Iterable[Reason], language: str) -> str:
    """All reasons of a row as one text; `language` is `zh-CN` or `en`."""
    english = language == "en"
    parts = [
        _REASONS[reason.why][not english].format(
            column=reason.column.heading(language), quote=reason.quote[:40]
        )
        for reason in reasons
    ]
    return ("; " if english else "；").join(parts)
