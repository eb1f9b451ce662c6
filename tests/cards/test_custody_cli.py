"""Custody and another card key from the shell, with passphrases from files and from a terminal."""

import asyncio
import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest

from onecard.base.db import SYSTEM, database
from onecard.base.embedded import Logins
from onecard.tenants import service as tenants
from shell import onecard, settings

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
ONECARD = Path(sys.executable).with_name("onecard")
Run = Callable[..., "subprocess.CompletedProcess[str]"]
PEOPLE = ["--first-person", "Anna", "--second-person", "Ben"]


@pytest.fixture
def environment(urls: Logins, tmp_path: Path) -> dict[str, str]:
    """Of a shell on this test's database, which has tenant 8672."""

    async def make() -> None:
        async with database(urls.application, size=2) as db:
            await tenants.create(db, SYSTEM, code="8672", name="青松学校")

    asyncio.run(make())
    return settings(urls, tmp_path)


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs `onecard card …`; settings may be given by name."""

    def command(*arguments: str, **more: str) -> "subprocess.CompletedProcess[str]":
        return onecard("card", *arguments, env=environment | more, cwd=tmp_path)

    return command


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Options that name the two people's files."""
    options = []
    for which, passphrase in (("first", "correct horse battery"), ("second", "staple on a wire")):
        path = tmp_path / which
        path.write_text(passphrase + "\n")
        path.chmod(0o600)
        options += [f"--{which}-file", str(path)]
    return options


def told(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def done(ran: "subprocess.CompletedProcess[str]") -> dict[str, object]:
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, object] = json.loads(ran.stdout)
    return answer


def test_out_and_back(run: Run, files: list[str], tmp_path: Path) -> None:
    tenant = ["--tenant", "8672"]
    assert run("setup", *tenant, "--pin", "4821").returncode == 0
    exported = done(run("custody", "export", "keys.txt", *tenant, *PEOPLE, *files, "--json"))
    assert (tmp_path / "keys.txt").stat().st_mode & 0o777 == 0o600
    assert done(run("custody", "verify", "keys.txt", *tenant, *files, "--json"))["present"] is True
    assert "they open" in told(run("custody", "restore", "keys.txt", *tenant, *files))
    (tmp_path / "data" / "keys" / "card.key").unlink()
    assert "cannot be opened" in told(run("rotate-keys", *tenant))
    assert done(run("custody", "restore", "keys.txt", *tenant, *files, "--json"))["key_versions"] == [1]
    assert run("rotate-keys", *tenant).returncode == 0
    assert "not those in the file" in told(run("custody", "verify", "keys.txt", *tenant, *files))
    listed = json.loads(run("custody", "history", *tenant, "--json").stdout)["events"]
    assert [(event["what"], event["people"]) for event in listed] == [
        ("restore", "Anna, Ben"),
        ("export", "Anna, Ben"),
    ]
    assert {event["fingerprint"] for event in listed} == {exported["fingerprint"]}


def test_mistakes_are_told_in_a_sentence(run: Run, files: list[str], tmp_path: Path) -> None:
    tenant = ["--tenant", "8672"]
    assert "no card keys yet" in told(run("custody", "export", "keys.txt", *tenant, *PEOPLE, *files))
    assert run("setup", *tenant, "--pin", "4821").returncode == 0
    assert "typed on a terminal" in told(run("custody", "export", "keys.txt", *tenant, *PEOPLE))
    assert not (tmp_path / "keys.txt").exists()
    assert "cannot be written" in told(run("custody", "export", "no/keys.txt", *tenant, *PEOPLE, *files))
    assert run("custody", "export", "keys.txt", *tenant, *PEOPLE, *files).returncode == 0
    assert "never written over" in told(run("custody", "export", "keys.txt", *tenant, *PEOPLE, *files))
    assert "not a whole custody file" in told(run("custody", "verify", "first", *files))
    swapped = [files[0], files[3], files[2], files[1]]
    assert "does not open" in told(run("custody", "verify", "keys.txt", *swapped))
    (tmp_path / "first").chmod(0o644)
    assert "is open to other users" in told(run("custody", "verify", "keys.txt", *files))


def test_another_card_key_for_all_tenants(run: Run, tmp_path: Path) -> None:
    assert run("setup", "--tenant", "8672", "--pin", "4821").returncode == 0
    fresh = tmp_path / "fresh.key"
    answer = done(run("rewrap", "--to", f"file:{fresh}", "--json"))
    assert answer == {"rewrapped": 1, "setting": f"ONECARD_CARD_KEY={fresh}"}
    assert "cannot be opened" in told(run("rotate-keys", "--tenant", "8672"))
    assert run("rotate-keys", "--tenant", "8672", ONECARD_CARD_KEY=str(fresh)).returncode == 0
    assert "no place for a card key" in told(run("rewrap", "--to", "usb:stick"))


@pytest.mark.skipif(not MODULE.exists(), reason="the Debian package softhsm2 is not installed")
def test_into_a_hardware_module(run: Run, tmp_path: Path) -> None:
    assert run("setup", "--tenant", "8672", "--pin", "4821").returncode == 0
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path}\nlog.level = ERROR\n")
    (tmp_path / "pin").write_text("1234\n")
    (tmp_path / "pin").chmod(0o600)
    module = {
        "SOFTHSM2_CONF": str(tmp_path / "softhsm2.conf"),
        "ONECARD_CARD_KEY_MODULE": str(MODULE),
        "ONECARD_CARD_KEY_PIN": str(tmp_path / "pin"),
    }
    token = "/usr/bin/softhsm2-util --init-token --free --label cards --pin 1234 --so-pin 5678"
    subprocess.run(token.split(), env=module, check=True, capture_output=True)
    there = "pkcs11:cards/kek"
    for changed in (1, 0):
        answer = done(run("rewrap", "--to", there, "--json", **module))
        assert answer == {"rewrapped": changed, "setting": f"ONECARD_CARD_KEY_IN={there}"}
    assert run("rotate-keys", "--tenant", "8672", **module, ONECARD_CARD_KEY_IN=there).returncode == 0
    assert "cannot be opened" in told(run("rotate-keys", "--tenant", "8672"))


def test_two_people_at_a_terminal(run: Run, environment: dict[str, str], tmp_path: Path) -> None:
    assert run("setup", "--tenant", "8672", "--pin", "4821").returncode == 0
    arguments = ["export", "keys.txt", "--tenant", "8672", *PEOPLE]
    typed = {"Anna": "correct horse battery", "Ben": "staple on a wire"}
    with Terminal([str(ONECARD), "card", "custody", *arguments], environment, tmp_path) as terminal:
        for name, passphrase in typed.items():
            for prompt in (f"Passphrase of {name}", "The same again:"):
                terminal.read_until(prompt)
                terminal.enter(passphrase)
        terminal.read_until("Written to keys.txt")
    assert not any(passphrase in terminal.seen for passphrase in typed.values()), "it is not echoed"
    with Terminal([str(ONECARD), "card", "custody", "verify", "keys.txt"], environment, tmp_path) as terminal:
        for name, passphrase in typed.items():
            terminal.read_until(f"Passphrase of {name}:")
            terminal.enter(passphrase)
        terminal.read_until("Anna, Ben")


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, command: list[str], environment: dict[str, str], directory: Path) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            ["/usr/bin/setsid", "--ctty", "--wait", *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environment,
            cwd=directory,
        )
        os.close(theirs)
        self.seen = ""
        self._read = 0

    def read_until(self, text: str) -> None:
        while text not in self.seen[self._read :]:
            assert select.select([self._ours], [], [], 20)[0], f"no {text!r} after {self.seen!r}"
            self.seen += os.read(self._ours, 4096).decode()
        self._read = self.seen.index(text, self._read) + len(text)

    def enter(self, text: str) -> None:
        os.write(self._ours, f"{text}\n".encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error:
            self._process.kill()
        self._process.wait(timeout=20)
        os.close(self._ours)
        assert error or self._process.returncode == 0, self.seen
