"""What is in a form as one sentence, for whoever approves it."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic import BaseModel

from onecard.base.texts import Text, say
from onecard.tenants.functions import LABELS, Function
from onecard.web.kit.fields import FILES, kind_of, ui_of
from onecard.web.kit.views import Option

_MOST = 40
_UNTOLD = frozenset({"password", "new-password", "hidden"})
_NOTHING: tuple[Any, ...] = (None, "", False, [], ())


def told(
    what: Text,
    model: BaseModel,
    choices: Mapping[str, Sequence[Option]],
    thing: str | Text = "",
    *,
    brief: bool = False,
) -> Text:
    """What is done to which thing, and every field that is filled.

    Args:
        what: of the form, e.g. “Change role”.
        model: as it was filled.
        choices: options that came from the database, so that names are told instead of ids.
        thing: what it is done to, when the form does not say.
        brief: long texts are left out, because what follows shows them better.
    """
    said: list[Text | str] = []
    for name, info in type(model).model_fields.items():
        value = getattr(model, name)
        kind = kind_of(info)
        if value in _NOTHING or kind in _UNTOLD | FILES or (brief and kind == "textarea"):
            continue
        offered = {each.value: each.label for each in choices.get(name, ())}
        several = value if isinstance(value, list | tuple | set | frozenset) else [value]
        words = [_word(each, offered, ui_of(info).words) for each in several]
        said.append(say("{label}: {value}", label=ui_of(info).label, value=_all(words)))
    head = say("{what} {thing}", what=what, thing=thing) if thing else what
    return say("{what} – {details}", what=head, details=_all(said)) if said else head


def _all(items: Sequence[Text | str]) -> Text:
    if len(items) > _MOST:
        return say("{items} and {count} more", items=_all(items[:_MOST]), count=len(items) - _MOST)
    text = say("{item}", item=items[-1])
    for each in reversed(items[:-1]):
        text = say("{item}, {others}", item=each, others=text)
    return text


def _word(value: Any, offered: Mapping[str, str], words: Mapping[str, Text] | None) -> Text | str:
    if isinstance(value, Function):
        return LABELS[value]
    if value is True:
        return say("Yes")
    plain = str(value.value if isinstance(value, Enum) else value)
    if words and plain in words:
        return words[plain]
    return offered.get(plain, plain)
