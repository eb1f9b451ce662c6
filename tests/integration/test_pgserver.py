"""The embedded PostgreSQL: start, stop, crash, adoption, and what stands in its way."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onecard.base import pgserver
from onecard.base.db import DURABLE_SETTINGS, connect
from onecard.base.embedded import Logins, prepare
from onecard.base.errors import UnavailableError
from onecard.base.pgserver import EmbeddedPostgres, directory_lock

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, in a directory with a blank and Chinese characters in its name."""
    server = EmbeddedPostgres(tmp_path / "校园 卡" / "data")
    yield server
    server.stop()


def ask(server: EmbeddedPostgres, statement: str) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(server.url())
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(run())


def keep_a_row(server: EmbeddedPostgres) -> None:
    ask(server, "create table kept as select 42 as x")


def test_data_survives_stop_and_start(server: EmbeddedPostgres) -> None:
    server.start()
    keep_a_row(server)
    server.stop()
    assert not server.is_running()
    server.start()
    assert ask(server, "select x from kept") == 42


def test_data_survives_kill_9(server: EmbeddedPostgres) -> None:
    server.start()
    keep_a_row(server)
    pid = server.pid()
    assert pid
    os.kill(pid, signal.SIGKILL)
    server.start()
    assert server.pid() != pid
    assert ask(server, "select x from kept") == 42


def test_starting_twice_starts_once(server: EmbeddedPostgres) -> None:
    server.start()
    pid = server.pid()
    server.start()
    assert server.pid() == pid


def test_a_killed_parents_server_is_adopted_and_stopped(server: EmbeddedPostgres) -> None:
    program = (
        "import os, sys; from pathlib import Path; from onecard.base.pgserver import EmbeddedPostgres;"
        "EmbeddedPostgres(Path(sys.argv[1])).start(); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(server.directory)], check=False)
    left_running = server.pid()
    assert left_running
    server.start()
    assert server.pid() == left_running
    assert ask(server, "select 1") == 1
    server.stop()
    assert server.pid() is None


def test_another_program_with_the_old_number_is_left_alone(server: EmbeddedPostgres) -> None:
    server.start()
    pid = server.pid()
    assert pid
    lock = server.cluster / "postmaster.pid"
    text = lock.read_text()
    server.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        lock.write_text(text.replace(str(pid), str(stranger.pid), 1))
        assert server.pid() is None
        server.stop()
        server.start()
        assert ask(server, "select 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_a_path_too_long_for_a_socket_works(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("d" * 100) / "data")
    assert server.directory not in server.socket_dir.parents
    try:
        server.start()
        assert ask(server, "select 1") == 1
    finally:
        server.stop()
    assert not server.socket_dir.exists()


def test_a_long_temporary_directory_works_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("t" * 90)))
    server = EmbeddedPostgres(tmp_path / ("d" * 100) / "data")
    try:
        server.start()
        assert ask(server, "select 1") == 1
    finally:
        server.stop()
    assert not server.socket_dir.exists()


@ROOT_ONLY
def test_a_socket_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / ("d" * 100) / "data")
    server.socket_dir.mkdir()
    os.chown(server.socket_dir, 12345, 12345)
    with pytest.raises(UnavailableError, match="belongs to somebody else"):
        server.start()
    server.socket_dir.rmdir()


def test_pg_variables_of_the_user_do_not_lead_astray(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGOPTIONS": "-c fsync=off"}.items():
        monkeypatch.setenv(name, value)
    server.start()
    monkeypatch.undo()
    assert ask(server, "select current_setting('fsync')") == "on"


def test_an_unusable_directory_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a directory")
    with pytest.raises(UnavailableError, match=rf"^The data directory {file}/data cannot be used: [^\n]+\.$"):
        EmbeddedPostgres(file / "data").start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_without_write_permission_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(UnavailableError, match=r"cannot be used: Permission denied\.$"):
        EmbeddedPostgres(tmp_path / "data").start()


def test_a_server_that_refuses_to_start_says_why(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgserver, "_LAUNCHES_MAX", 2)
    server.start()
    server.stop()
    with (server.cluster / "postgresql.conf").open("a") as file:
        file.write("work_mem = plenty\n")
    with pytest.raises(UnavailableError, match=r"did not start in .*: .*configuration file"):
        server.start()


def test_one_process_has_the_directory(tmp_path: Path) -> None:
    with directory_lock(tmp_path / "data"):
        second = directory_lock(tmp_path / "data")
        with pytest.raises(UnavailableError, match=rf"in use by process {os.getpid()};"):
            second.__enter__()
    with directory_lock(tmp_path / "data"):
        pass


@ROOT_ONLY
def test_roots_server_is_not_root(server: EmbeddedPostgres) -> None:
    server.start()
    status = Path(f"/proc/{server.pid()}/status").read_text()
    assert "\nUid:\t65534\t65534\t65534\t65534\n" in status
    assert "\nCapEff:\t0000000000000002\n" in status, "more than the right to pass closed directories"


@ROOT_ONLY
def test_roots_server_finds_programs_below_a_private_home() -> None:
    with tempfile.TemporaryDirectory() as private:
        program = Path(private, "program")
        program.write_text("")
        program.chmod(0o755)
        command = [*pgserver._account().prefix, "sh", "-c", f"test -x {program}"]
        assert subprocess.run(command, check=False).returncode == 0


def test_an_undurable_server_is_refused_by_name(server: EmbeddedPostgres) -> None:
    server.start()
    url = asyncio.run(prepare(server)).application
    for setting in DURABLE_SETTINGS:
        ask(server, f"alter system set {setting} = off")
        ask(server, "select pg_reload_conf()")
        with pytest.raises(UnavailableError, match=f"^The database has {setting} = off"):
            asyncio.run(_connect_until_refused(url))
        ask(server, f"alter system reset {setting}")
        ask(server, "select pg_reload_conf()")


async def _connect_until_refused(url: str) -> None:
    # a reload reaches the postmaster, and through it new sessions, a moment later
    async with asyncio.timeout(30):
        while True:
            await (await connect(url, size=1)).close()
            await asyncio.sleep(0.02)


async def test_a_powerful_login_is_refused(postgres: EmbeddedPostgres, urls: Logins) -> None:
    database = urls.owner.split("?", 1)[0].rsplit("/", 1)[1]
    for url in (postgres.url(database=database), urls.owner):
        with pytest.raises(UnavailableError, match="use onecard_app"):
            await connect(url, size=1)


async def test_no_server_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"^The database cannot be reached: [^\n]+\.$"):
        await connect(EmbeddedPostgres(tmp_path).url(), size=1)
