"""The yardstick: pgbench's TPC-B-like transaction, on the ledger's server with the ledger's durability."""

import asyncio
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from onecard.base.errors import UnavailableError
from onecard.base.pgserver import SUPERUSER, EmbeddedPostgres, binaries
from onecard.bench.harness import Sample, percentile

DATABASE = "pgbench"
_CORES = os.cpu_count() or 1
_LOG_LATENCY_COLUMN = 2  # microseconds; the columns are client, transaction, time, script, epoch, µs


@dataclass(frozen=True, slots=True)
class Pgbench:
    """pgbench against one database of its own."""

    server: EmbeddedPostgres

    async def prepare(self, *, scale: int) -> None:
        """Make and fill the database (`scale` × 100,000 accounts), then warm it up."""
        connection = await asyncpg.connect(self.server.url(SUPERUSER))
        try:
            await connection.execute(f"create database {DATABASE}")
        finally:
            await connection.close()
        await self._pgbench("--initialize", "--quiet", f"--scale={scale}")

    async def run(self, *, clients: int, seconds: float) -> Sample:
        """TPC-B-like transactions by `clients` connections.

        Raises:
            UnavailableError: a client stopped or a transaction failed: the figure would be worth nothing.
        """
        with tempfile.TemporaryDirectory(prefix="onecard-pgbench-") as directory:
            prefix = Path(directory) / "log"
            output = await self._pgbench(
                f"--client={clients}",
                f"--jobs={min(clients, _CORES)}",
                f"--time={max(1, round(seconds))}",
                "--log",
                f"--log-prefix={prefix}",
            )
            latencies = sorted(_latencies_ms(Path(directory)))
        return Sample(read_tps(output), percentile(latencies, 0.5), percentile(latencies, 0.99))

    async def _pgbench(self, *arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        process = await asyncio.create_subprocess_exec(
            str(binaries() / "pgbench"), *arguments, self.server.url(SUPERUSER, DATABASE),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
        )  # fmt: skip
        try:
            out, err = await process.communicate()
        except asyncio.CancelledError:
            process.kill()
            await process.wait()
            raise
        if process.returncode != 0:
            last = (err.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
            message = f"pgbench stopped with status {process.returncode}: {last}"
            raise UnavailableError(message)
        return out.decode()


def read_tps(output: str) -> float:
    """Transactions per second from pgbench's report.

    Raises:
        UnavailableError: transactions failed (pgbench goes on without the client that met an error).
    """
    failed = re.search(r"number of failed transactions: (\d+)", output)
    tps = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    if tps is None or failed is None or int(failed[1]) > 0:
        message = f"pgbench's report is not usable: {output.strip()[-300:]!r}"
        raise UnavailableError(message)
    return float(tps[1])


def _latencies_ms(directory: Path) -> list[float]:
    return [
        int(line.split(b" ", _LOG_LATENCY_COLUMN + 1)[_LOG_LATENCY_COLUMN]) / 1000
        for file in directory.iterdir()
        for line in file.read_bytes().splitlines()
    ]
