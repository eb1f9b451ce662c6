"""Jobs as they stand, and what they brought for whoever asked for them."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from onecard.base.db import SYSTEM, Row, Tx, load_queries
from onecard.base.errors import ConflictError, NotFoundError
from onecard.base.jobs import files, wording
from onecard.base.jobs.model import Job, State, StoredFile
from onecard.base.texts import say
from onecard.base.vault import Vault

_sql = load_queries("onecard.base.jobs")


async def get(tx: Tx, job_id: int) -> Job:
    """A job as it stands.

    Raises:
        NotFoundError: there is none.
    """
    row = await _sql.job(tx.connection, tenant_id=tx.tenant_id, id=job_id)
    if row is None:
        raise NotFoundError(say("There is no job {id}.", id=job_id))
    return await of_row(tx, row)


async def result(tx: Tx, vault: Vault, job_id: int) -> tuple[StoredFile, AsyncIterator[bytes]]:
    """The file a job made, and its bytes, which are read while the transaction is open.

    Raises:
        NotFoundError: no such job, no file, or it has expired.
        ConflictError: somebody else's: who asked had other rights to see people.
    """
    found = await get(tx, job_id)
    refuse_strangers(tx, found.asked_by)
    if found.result is None:
        raise NotFoundError(say("The job has no file, or it was kept long enough and is deleted."))
    return found.result, files.read(tx, vault, job_id=job_id, role="result")


async def detail(tx: Tx, vault: Vault, job_id: int) -> Any:
    """What the job left for whoever asked for it, e.g. the first wrong rows; None when nothing, or expired.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: somebody else's.
    """
    row = await _sql.detail(tx.connection, tenant_id=tx.tenant_id, id=job_id)
    if row is None:
        raise NotFoundError(say("There is no job {id}.", id=job_id))
    refuse_strangers(tx, row["asked_by"])
    if row["detail"] is None:
        return None
    return msgspec.json.decode(vault.unseal_bytes(int(tx.tenant_id or 0), row["detail"]))


def refuse_strangers(tx: Tx, asked_by: str) -> None:
    """Only who asked for a job sees what it brought.

    Raises:
        ConflictError: the transaction is somebody else's.
    """
    if str(tx.actor) not in {asked_by, str(SYSTEM)}:
        raise ConflictError(say("Only who started the job may see its files."))


async def of_row(tx: Tx, row: Row) -> Job:
    """A row of the table as a job, with its files."""
    values = {name: row[name] for name in Job.__dataclass_fields__ if name not in {"input", "result"}}
    found = _sql.files(tx.connection, tenant_id=tx.tenant_id, job_id=row["id"])
    stored = {
        file["role"]: StoredFile(file["name"], file["media_type"], file["size"]) async for file in found
    }
    values |= {name: wording.load(row[name]) for name in ("title", "step", "sentence")}
    values |= {name: msgspec.json.decode(row[name]) for name in ("params", "outcome")}
    return Job(
        **(values | {"state": State(row["state"])}), input=stored.get("input"), result=stored.get("result")
    )
