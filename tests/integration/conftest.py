"""Fixtures of the integration tests."""

import pytest

from onecard.base.vault import Vault


@pytest.fixture
def vault() -> Vault:
    """A vault with a key of the test's own."""
    return Vault(bytes(range(32)))
