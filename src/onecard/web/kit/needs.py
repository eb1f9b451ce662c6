"""What a page can need: a function, or no more than somebody who is signed in."""

from enum import StrEnum
from typing import TypeAlias

from onecard.tenants.functions import Function


class Open(StrEnum):
    """What a page needs when it needs no function."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed-in"


Needs: TypeAlias = Function | Open
