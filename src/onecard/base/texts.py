"""What is said to people, in their language: one English sentence in the code, the others in catalogues.

A `Text` is written once, in English, where it is needed: `say("There is no tenant {code}.", code=code)`. It
reads as English wherever a plain string is wanted and in any language through `Text.read(language)`. The
catalogues are `onecard/locales/<language>/*.po`, one for each area of the product; a test compares them
with every text of the code, both ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeAlias

from babel.messages.pofile import read_po

Language: TypeAlias = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")
NAMES: dict[Language, str] = {"zh-CN": "中文", "en": "English"}


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence or label that can be read in every language of the product.

    Attributes:
        source: English, with `{names}` of the values; also the key of the catalogues.
        values: what is put in; texts among them are read in the same language.
        many: English for a count other than one.
        count: decides between `source` and `many`; is also put in as `{count}`.
        context: tells apart English words that are several words elsewhere.
    """

    source: str
    values: dict[str, Any] = field(default_factory=dict)
    many: str | None = None
    count: int | None = None
    context: str | None = None

    def read(self, language: str) -> str:
        """The text in a language; English where the catalogue does not know it."""
        pattern = _catalogue(language).get((self.context, self.source), self._english())
        values = {
            name: value.read(language) if isinstance(value, Text) else value
            for name, value in self.values.items()
        }
        if self.count is not None:
            values.setdefault("count", self.count)
        return pattern.format(**values) if values else pattern

    def __str__(self) -> str:
        return self.read("en")

    def _english(self) -> str:
        return self.source if self.many is None or self.count == 1 else self.many


def say(source: str, /, **values: Any) -> Text:
    """A text of one form; the string is a literal, so that the catalogues' tools find it."""
    return Text(source, values)


def say_count(count: int, one: str, many: str, /, **values: Any) -> Text:
    """A text about a number of things: `say_count(n, "{count} person", "{count} people")`."""
    return Text(one, values, many, count)


def say_in(context: str, source: str, /, **values: Any) -> Text:
    """A word that several languages have several words for: `say_in("person", "Name")`."""
    return Text(source, values, context=context)


def read(text: str | Text, language: str) -> str:
    """A text in a language; a plain string as it is."""
    return text.read(language) if isinstance(text, Text) else text


@cache
def _catalogue(language: str) -> dict[tuple[str | None, str], str]:
    if language == "en":
        return {}
    return {key: translation for _, key, translation in entries(language)}


def entries(language: str) -> Iterator[tuple[str, tuple[str | None, str], str]]:
    """All translations of a language: catalogue's file name, context and English source, translation."""
    for path in sorted(_folder(language).iterdir(), key=lambda each: each.name):
        if path.name.endswith(".po"):
            with path.open("rb") as file:
                for message in read_po(file):
                    source, translation = message.id, message.string
                    source = source[0] if isinstance(source, tuple | list) else source
                    translation = translation[0] if isinstance(translation, tuple | list) else translation
                    if source and translation:
                        yield path.name, (message.context, source), translation


def _folder(language: str) -> Traversable:
    return files("onecard") / "locales" / language.replace("-", "_")
