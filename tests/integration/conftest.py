"""Fixtures of the integration tests."""

import pytest
from front_door import Door, open_door
from people_cast import School, open_school

from onecard.base.db import Database
from onecard.base.vault import Vault
from onecard.people.photos import process
from onecard.tenants.functions import F
from onecard.tenants.sessions import signing_in


@pytest.fixture(autouse=True)
def _photos_are_opened_unhurriedly(monkeypatch: pytest.MonkeyPatch) -> None:
    """What limits them is work; time only ends what hangs, and a busy machine seems to."""
    monkeypatch.setattr(process, "WALL_TIME_S", 100)


@pytest.fixture
def vault() -> Vault:
    """A vault with a key of the test's own."""
    return Vault(bytes(range(32)))


@pytest.fixture
async def door(db: Database, two_tenants: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> Door:
    """The school's way in: an administrator, and a clerk who may look after personnel files."""
    monkeypatch.setattr(signing_in, "FAILURE_SECONDS", 0)
    return await open_door(db, two_tenants[0], F.PEOPLE_PERSON_VIEW, F.PEOPLE_PERSON_CHANGE)


@pytest.fixture
async def school(db: Database, vault: Vault, two_tenants: tuple[int, int]) -> School:
    """The school's departments and account classes."""
    return await open_school(db, vault, two_tenants[0])


@pytest.fixture
async def factory(db: Database, vault: Vault, two_tenants: tuple[int, int]) -> School:
    """The same in the other tenant, whose people must never appear in the first."""
    return await open_school(db, vault, two_tenants[1])
