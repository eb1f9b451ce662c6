"""Files of jobs: sealed pieces in the database, which any process can work on and nobody else can read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal, TypeAlias

from onecard.base.db import Tx, load_queries
from onecard.base.vault import Vault

_sql = load_queries("onecard.base.jobs")
_PIECE = 1_000_000  # bytes, below the column's limit with what sealing adds

Role: TypeAlias = Literal["input", "result"]


async def store(
    tx: Tx, vault: Vault, *, job_id: int, role: Role, name: str, media_type: str, path: Path
) -> int:
    """Keep a file, instead of the one that has this role already; returns its size in bytes."""
    await _sql.delete_file(tx.connection, tenant_id=tx.tenant_id, job_id=job_id, role=role)
    size = (await asyncio.to_thread(path.stat)).st_size
    await _sql.insert_file(
        tx.connection, tenant_id=tx.tenant_id, job_id=job_id, role=role, name=name, media_type=media_type,
        size=size,
    )  # fmt: skip
    for position in range(-(-size // _PIECE)):
        box = await asyncio.to_thread(_sealed, vault, int(tx.tenant_id or 0), path, position)
        await _sql.insert_piece(
            tx.connection, tenant_id=tx.tenant_id, job_id=job_id, role=role, position=position, box=box
        )
    return int(size)


def _sealed(vault: Vault, tenant_id: int, path: Path, position: int) -> bytes:
    with path.open("rb") as file:
        file.seek(position * _PIECE)
        return vault.seal_bytes(tenant_id, file.read(_PIECE))


async def read(tx: Tx, vault: Vault, *, job_id: int, role: Role) -> AsyncIterator[bytes]:
    """The bytes of a file in pieces; none when there is no such file (any more)."""
    position = 0
    while True:
        box = await _sql.piece(
            tx.connection, tenant_id=tx.tenant_id, job_id=job_id, role=role, position=position
        )
        if box is None:
            return
        yield await asyncio.to_thread(vault.unseal_bytes, int(tx.tenant_id or 0), box)
        position += 1


async def fetch(tx: Tx, vault: Vault, *, job_id: int, role: Role, path: Path) -> None:
    """Write a file's bytes to `path`."""
    with path.open("wb") as file:
        async for piece in read(tx, vault, job_id=job_id, role=role):
            await asyncio.to_thread(file.write, piece)
