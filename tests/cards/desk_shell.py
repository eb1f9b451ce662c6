"""A shell at a desk: the real commands on a test's database, with cards in files or on PC/SC readers."""

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.base.vault import Vault
from onecard.cli.main import gather
from onecard.consumption import service as consumption
from onecard.desk.new_tenant import open_tenant
from onecard.ledger.service import open_accounts
from onecard.people import service as people
from onecard.people.model import ClassDraft, PersonDraft
from shell import onecard, settings

ONECARD = Path(sys.executable).with_name("onecard")
TENANT = "8672"
APP = gather()
_UNSET = {"ONECARD_DESK_PASSWORD": None}
PASSWORD = "a word of the operator"


class Shell:
    """Runs `onecard` commands.

    Args:
        urls: logins of the database.
        directory: for cards and the product's files; the commands' working directory.
        more: further variables of the environment.
    """

    def __init__(self, urls: Logins, directory: Path, **more: str) -> None:
        self.directory = directory
        (directory / "password").write_text(PASSWORD + "\n")
        self.environment = settings(urls, directory) | {"ONECARD_DESK_PASSWORD": PASSWORD, **more}

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command as it is typed."""
        done = onecard(*words, env=self.environment, cwd=self.directory)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def desk(self, *words: str, reader: str = "", code: str = "done") -> dict[str, Any]:
        """A desk command that ends with this code; what it printed as JSON.

        It runs in this process, which saves the time of starting Python.
        """
        where = ["--reader", reader] if reader else []
        line = ["desk", *words, *where, "--tenant", TENANT, "--json"]
        done = self._invoke(*line)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        found: dict[str, Any] = json.loads(done.stdout or "null")
        assert found, done.stderr
        assert (found.get("code", "done"), done.exit_code) == (code, int(code != "done")), found
        return found

    def at_a_prompt(self, *words: str, reader: str) -> dict[str, Any]:
        """The same as a program that starts by itself, which must succeed."""
        line = [str(ONECARD), "desk", *words, "--reader", reader, "--tenant", TENANT, "--json"]
        done = subprocess.run(
            line, env=self.environment, cwd=self.directory, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def card(self, name: str, uid: str, *more: str) -> str:
        """A new card in a file; the reader it lies on."""
        done = self._invoke("desk", "new-card", name, "--uid", uid, *more)
        assert done.exit_code == 0, done.stderr
        return f"virtual:{name}"

    def set_up_cards(self) -> None:
        """Choose what the tenant's cards are like, and make its keys."""
        done = self._invoke("card", "setup", "--tenant", TENANT, "--pin", "4821", "--lift-groups", "1")
        assert done.exit_code == 0, done.stderr

    def _invoke(self, *words: str) -> Result:
        with contextlib.chdir(self.directory):
            return CliRunner().invoke(APP, list(words), env={**_UNSET, **self.environment})


def open_school(shell: Shell, urls: Logins) -> Shell:
    """A tenant with stored cards, three people without one, and a merchant."""
    asyncio.run(_furnish(urls))
    shell.set_up_cards()
    return shell


async def _furnish(urls: Logins) -> None:
    async with database(urls.application, size=2) as db:
        tenant_id = await open_tenant(db, SYSTEM, code=TENANT, name="School")
        async with db.tenant_tx(tenant_id, SYSTEM) as tx:
            class_id = await people.create_class(tx, ClassDraft(number=1, name="Pupils"))
            department = await people.ensure_department(tx, "Class 1")
            drafts = [
                PersonDraft(number=number, name=name, department_id=department, class_id=class_id)
                for number, name in (("0017", "Wang Xiaoming"), ("0018", "Li Yutong"), ("0019", "Chen Li"))
            ]
            persons = await people.add_persons(tx, Vault(b"v" * 32), drafts)
            await open_accounts(tx, list(persons.values()))
            await consumption.create_merchant(tx, code="1", name="Canteen")
