"""The way into the background queue: a job is a row of the same transaction, so without a commit there is none.

Nothing here knows what a job does; the bodies are in `clinic_core.jobs.tasks`. The tables are those of procrastinate,
in the schema `queue`, without row-level security: a job carries ids only.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from psycopg import errors as pg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic_core.access import Work
from clinic_core.access.session import app_session
from clinic_core.kit.text import field_error

QUEUE = "clinic"
ORGANIZATION = "organization_id"
_QUEUED_TWICE = "procrastinate_jobs_queueing_lock_idx_v1"
_WAITING = text("select exists (select from queue.procrastinate_jobs where queueing_lock = :key and status = 'todo')")
_DEFER = text(
    "select queue.procrastinate_defer_jobs_v1(array["
    "row(:queue, :name, 0, null, :key, cast(:arguments as jsonb), cast(:at as timestamptz))"
    "]::queue.procrastinate_job_to_defer_v1[])"
)
_TO_DO = text(
    "select exists (select from queue.procrastinate_jobs"
    " where task_name = :name and status = 'todo' and args @> cast(:arguments as jsonb))"
)
_COUNT = text("select status::text, count(*) as jobs from queue.procrastinate_jobs group by status")
_AGAIN = text(
    "select queue.procrastinate_retry_job_v2(id, now(), null, null, null) from queue.procrastinate_jobs"
    " where status = 'failed' and queueing_lock is null"
)
_GIVE_UP = text("delete from queue.procrastinate_jobs where status = 'failed' and queueing_lock is not null")
STATUSES = ("todo", "doing", "failed")


def defer(
    work: Work,
    name: str,
    arguments: Mapping[str, UUID] | None = None,
    *,
    at: datetime | None = None,
    key: str | None = None,
) -> bool:
    """Queues a job of the actor's organisation in this transaction, to run after the commit, not before `at`.

    With a `key`, nothing is queued while a job of the organisation with the same key waits to begin; a transaction
    that is about to queue one is waited for. Returns whether a job was queued.

    Raises:
        InvalidInput: `at` has no zone.
    """
    if at is not None and at.tzinfo is None:
        raise field_error("at", "needs a time zone")
    organization_id = work.actor.organization_id
    ids = {**(arguments or {}), ORGANIZATION: organization_id}
    parameters = {
        "queue": QUEUE,
        "name": name,
        "key": None if key is None else f"{key} {organization_id}",
        "arguments": json.dumps({field: str(value) for field, value in ids.items()}),
        "at": at,
    }
    if key is not None and work.session.execute(_WAITING, {"key": parameters["key"]}).scalar_one():
        return False
    try:
        with work.session.begin_nested():
            work.session.execute(_DEFER, parameters)
    except IntegrityError as error:
        if isinstance(error.orig, pg.UniqueViolation) and error.orig.diag.constraint_name == _QUEUED_TWICE:
            return False
        raise
    return True


def is_queued(work: Work, name: str, arguments: Mapping[str, UUID]) -> bool:
    """Whether a job of that name with these ids waits to begin, or to be tried again."""
    ids = json.dumps({field: str(value) for field, value in arguments.items()})
    return bool(work.session.execute(_TO_DO, {"name": name, "arguments": ids}).scalar_one())


def count_jobs() -> dict[str, int]:
    """How many jobs of all organisations wait, run, or have failed for good.

    Raises:
        Unavailable: the database does not answer.
    """
    with app_session() as session:
        found = {str(row.status): int(row.jobs) for row in session.execute(_COUNT)}
    return {status: found.get(status, 0) for status in STATUSES}


def requeue_failed() -> int:
    """Gives each job that failed for good one more try; returns how many.

    Keyed ones are regular work that was queued anew since then, so their remains are only cleared away.
    """
    with app_session() as session:
        session.execute(_GIVE_UP)
        return len(session.execute(_AGAIN).all())
