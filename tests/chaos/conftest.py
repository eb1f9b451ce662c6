"""Fixtures of the destructive tests; the tenant and its words are those of the ledger's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "ledger"))
