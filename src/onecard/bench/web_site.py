"""Where and how much is filled before the console is measured."""

from dataclasses import dataclass

import msgspec

from onecard.base.db import Database
from onecard.base.vault import Vault
from onecard.ledger.service import Ledger


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything; `seed`: of all chance, the same makes the same school."""

    people: int = 100_000
    postings: int = 10_000_000
    jobs: int = 1_000
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Site:
    """A product without its console, to be filled.

    Attributes:
        db: the application's door.
        ledger: of this process; what others could answer would be too slow.
        vault: seals personal data.
        application_url: the login of every process.
        owner_url: the login of the schema's owner, who alone may tidy tables up.
    """

    db: Database
    ledger: Ledger
    vault: Vault
    application_url: str
    owner_url: str
