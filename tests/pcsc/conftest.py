"""A pcscd with a virtual reader for each test that asks, and a desk in front of it."""

import os
from collections.abc import Iterator

import pytest
from desk_with_reader import DeskWithReader

from onecard.sim.pcscd.daemon import VirtualPcscd, missing


@pytest.fixture(scope="session")
def installed() -> None:
    """What the suite needs is there, and this process' clients know where to find it."""
    reason = missing()
    if reason is not None and "CI" in os.environ:
        pytest.fail(reason)
    if reason is not None:
        pytest.skip(reason)
    os.environ.update(VirtualPcscd().environment)


@pytest.fixture
def pcscd(installed: None) -> Iterator[VirtualPcscd]:
    with VirtualPcscd() as daemon:
        yield daemon


@pytest.fixture
def desk(pcscd: VirtualPcscd) -> Iterator[DeskWithReader]:
    """At the first slot."""
    desk = DeskWithReader(pcscd)
    yield desk
    desk.close()
