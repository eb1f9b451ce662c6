"""All kinds of jobs that use cases bring; a worker has them beside the exports of the console's lists."""

from onecard.desk import import_job, photo_job

KINDS = (*import_job.KINDS, *photo_job.KINDS)
