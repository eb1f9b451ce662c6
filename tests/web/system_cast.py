"""What tests of the system's pages share: a long audit, jobs to wait for, files to read back."""

import io
import re
import time
from typing import Any
from urllib.parse import unquote

import httpx
from python_calamine import CalamineWorkbook
from stage import Stage

from onecard.base.db import Actor, Database
from onecard.tenants import audit
from onecard.tenants.functions import F

DANGER = '=HYPERLINK("http://evil")'


def act(stage: Stage, who: str, rows: int, *, subject: str = DANGER) -> None:
    """Let somebody of the school do `rows` things that the audit keeps."""

    async def write(db: Database) -> None:
        actor = Actor("operator", stage.accounts[who], "10.0.0.7")
        async with db.tenant_tx(stage.tenants["8672"], actor) as tx:
            entries = (
                audit.Entry(
                    F.PEOPLE_CLASS_CHANGE, "class", subject, {"card_fee_fen": 1250}, {"card_fee_fen": number}
                )
                for number in range(rows)
            )
            await audit.write(tx, *entries)

    stage.run(write)


def job_of(answer: httpx.Response) -> str:
    """The address of the job an answer leads to."""
    assert answer.status_code == 303, answer.text
    assert re.fullmatch(r"/jobs/\d+", answer.headers["location"])
    return answer.headers["location"]


def ended(client: httpx.Client, job: str) -> str:
    """The job's page once it is over."""
    for _ in range(300):
        page = client.get(job).text
        if 'class="card job job-queued"' not in page and 'class="card job job-running"' not in page:
            return page
        time.sleep(0.05)
    message = "the job does not end"
    raise AssertionError(message)


def sheet(answer: httpx.Response) -> list[list[Any]]:
    """The rows of a workbook that was downloaded."""
    assert answer.status_code == 200, answer.text
    return CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()


def file_name(answer: httpx.Response) -> str:
    """What the browser saves it as."""
    return unquote(answer.headers["content-disposition"].partition("''")[2])
