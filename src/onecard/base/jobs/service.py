"""Use cases of jobs: start, look, cancel, fetch the result."""

from collections.abc import Mapping
from typing import Any

import msgspec

from onecard.base.db import Tx, load_queries
from onecard.base.errors import ConflictError
from onecard.base.jobs import files, wording
from onecard.base.jobs.kinds import JobKind
from onecard.base.jobs.model import KEEP_DAYS, State, Upload
from onecard.base.jobs.reading import detail as detail
from onecard.base.jobs.reading import get as get
from onecard.base.jobs.reading import result as result
from onecard.base.texts import Text, say
from onecard.base.vault import Vault

_NAME_MOST = 120  # characters of a file's name, from its end
_sql = load_queries("onecard.base.jobs")


async def start(
    tx: Tx,
    vault: Vault,
    kind: JobKind,
    title: Text,
    params: Mapping[str, Any] | None = None,
    *,
    file: Upload | None = None,
) -> int:
    """Ask for a job; it exists, and a worker takes it up, once the caller's transaction commits.

    Args:
        tx: the tenant's transaction; its actor is who asks, and in whose name the work is done.
        vault: seals the file.
        kind: what is to be done.
        title: what it is, for people: the page of jobs shows it.
        params: JSON-able; no personal data, which belongs into the file.
        file: what the work is done with.

    Returns:
        The job's id.
    """
    tenant_id = int(tx.tenant_id or 0)
    job_id: int = await _sql.insert_job(
        tx.connection, tenant_id=tenant_id, kind=kind.name, title=wording.dump(title),
        params=msgspec.json.encode(params or {}).decode(), asked_by=str(tx.actor), asked_from=tx.actor.where,
        keep_days=KEEP_DAYS,
    )  # fmt: skip
    if file is not None:
        await files.store(
            tx,
            vault,
            job_id=job_id,
            role="input",
            name=_plain(file.name),
            media_type=file.media_type,
            path=file.path,
        )
    # one after the other of a kind, so that one tenant cannot take all workers
    lock = f"{tenant_id}:{kind.name}"
    await _sql.put_in_queue(tx.connection, lock=lock, tenant_id=tenant_id, job_id=job_id)
    return job_id


def _plain(name: str) -> str:
    """A stranger's name for a file without folders and invisible characters, and not endless."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    printable = "".join(character for character in last if character.isprintable())
    return printable[-_NAME_MOST:] or "file"


async def cancel(tx: Tx, job_id: int) -> State:
    """End a waiting job, or ask a running one to end; returns its state now.

    Raises:
        NotFoundError: there is none.
        ConflictError: it has ended already.
    """
    row = await _sql.cancel(tx.connection, tenant_id=tx.tenant_id, id=job_id)
    if row is None:
        await get(tx, job_id)
        raise ConflictError(say("The job has ended already."))
    return State(row["state"])
