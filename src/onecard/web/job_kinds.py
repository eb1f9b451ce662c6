"""What jobs a worker has to know for the console: those of the use cases, and the exports of its lists."""

from onecard.base.jobs.kinds import JobKind
from onecard.desk import job_kinds as desk
from onecard.web.kit.bulk_job import BULK_CHANGE
from onecard.web.kit.export import LIST_EXPORT
from onecard.web.pages import pages
from onecard.web.pages.system.audit_proof import AUDIT_VERIFY


def job_kinds() -> tuple[JobKind, ...]:
    """All kinds of jobs of the product."""
    pages()  # the lists that can be exported are those of the screens
    return (*desk.KINDS, LIST_EXPORT, BULK_CHANGE, AUDIT_VERIFY)
