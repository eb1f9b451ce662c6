"""What differs between makers of readers, told by the reader's name.

Only five commands are used, and of those only the loading of a key and the naming of it are spelt in three
ways (`onecard.cards.steps.Dialect`). A reader whose name says nothing is spoken to as ACS readers are, which
is the form of the PC/SC standard.
"""

import re
from dataclasses import dataclass

from onecard.cards.steps import Dialect


@dataclass(frozen=True, slots=True)
class Profile:
    """One family of readers.

    Attributes:
        names: parts of reader names, lower case; one is enough.
        dialect: how keys are loaded and named.
        good: command that beeps once; None when it has no harmless one.
        bad: command that beeps three times.
    """

    names: tuple[str, ...]
    dialect: Dialect
    good: bytes | None = None
    bad: bytes | None = None


# lights as they are; units of 100 ms: sound, silence, times, sound during the first
_ACR122_ONCE = bytes.fromhex("FF0040000401000101")
_ACR122_THREE_TIMES = bytes.fromhex("FF0040000401010301")

PROFILES = (
    Profile(("acr122",), Dialect.ACS, _ACR122_ONCE, _ACR122_THREE_TIMES),
    Profile(("acs ", "acr1"), Dialect.ACS),
    Profile(("omnikey",), Dialect.OMNIKEY),
    Profile(("identiv", "identive", "scl3711", "scl01", "scm micro", "utrust"), Dialect.IDENTIV),
)
STANDARD = Profile((), Dialect.ACS)
# places for modules inside a reader; what is no reader at all
_NOT_FOR_CARDS = re.compile(r"\bSAM\b|\bWindows Hello\b", re.IGNORECASE)


def profile_of(reader: str) -> Profile:
    """The family of a reader."""
    name = reader.lower()
    return next((each for each in PROFILES if any(part in name for part in each.names)), STANDARD)


def takes_cards(reader: str) -> bool:
    """Whether a person can lay a card on it."""
    return _NOT_FOR_CARDS.search(reader) is None
