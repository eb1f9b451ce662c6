"""Sentences of the import of people."""

from collections.abc import Iterable
from functools import reduce

from onecard.base.texts import Text, say
from onecard.desk.model import Reason, Why

_QUOTED_MOST = 40
_REASONS: dict[Why, Text] = {
    Why.MISSING: say("{column} is missing"),
    Why.TOO_LONG: say("{column} has more than {quote} characters"),
    Why.UNPRINTABLE: say("{column} contains unprintable characters"),
    Why.GENDER_UNKNOWN: say("gender “{quote}” is neither male nor female"),
    Why.ID_NUMBER_MALFORMED: say("ID number “{quote}” is not valid"),
    Why.LOST_DIGITS: say(
        "{column} was typed as a number and lost digits; format the column as text and type it again"
    ),
    Why.PHONE_MALFORMED: say("phone “{quote}” is not valid (11 digits, or + and the country code)"),
    Why.UID_MALFORMED: say("card UID “{quote}” is not 8, 14 or 20 hex digits"),
    Why.TWICE: say("{column} is in the file more than once: rows {quote}"),
    Why.CLASS_UNKNOWN: say("account class “{quote}” does not exist"),
    Why.DEPARTMENT_UNKNOWN: say("department “{quote}” does not exist"),
    Why.DEPARTMENT_AMBIGUOUS: say("several departments are called “{quote}”; write the path, such as A/B/C"),
    Why.DEPARTMENT_OUTSIDE: say("department “{quote}” is not one you may import into"),
    Why.PERSON_OUTSIDE: say("the number belongs to somebody in a department you may not change"),
    Why.PHONE_TAKEN: say("the phone belongs to person {quote}"),
    Why.PHONE_OUTSIDE: say("the phone belongs to somebody in a department you may not see"),
    Why.CARD_TAKEN: say("the card belongs to another person"),
    Why.CARD_LOST: say("the card was reported lost"),
}


def sentence(reasons: Iterable[Reason]) -> Text:
    """All reasons of a row as one text."""
    texts = [
        Text(_REASONS[each.why].source, {"column": each.column.title, "quote": each.quote[:_QUOTED_MOST]})
        for each in reasons
    ]
    return reduce(lambda first, second: say("{first}; {second}", first=first, second=second), texts)
