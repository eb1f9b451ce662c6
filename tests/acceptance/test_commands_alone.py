"""`onecard …` begins by itself, each command with no more than it loads.

What commands do is tried elsewhere; those of `BEGUN` there as processes of their own.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from onecard.cli.main import GROUPS

BEGUN = {"card", "desk", "bench"}
ONECARD = Path(sys.executable).with_name("onecard")


@pytest.mark.parametrize("word", [each for each in GROUPS if each not in BEGUN])
def test_a_command_explains_itself(tmp_path: Path, word: str) -> None:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    line = [str(ONECARD), word, "--help"]
    done = subprocess.run(line, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"onecard {word}" in done.stdout
    assert list(tmp_path.iterdir()) == []
