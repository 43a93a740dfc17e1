"""Making a batch from its first paper to its file, and looking after the files of batches.

The clinic's software takes it up; the papers are made as whoever asked for them, so that nobody's batch reaches further
than they do.
"""

import errno
import logging
import time
from collections.abc import Mapping
from uuid import UUID

from clinic_core.access import Actor, load_actor, perform, unit_of_work
from clinic_core.billing.archive import batches_with_files, delete_folder
from clinic_core.billing.jobs import MAKE_BATCH, PURGE_BATCHES
from clinic_core.billing.queries import get_batch, kept_batches
from clinic_core.billing.schemas.batches import (
    FailBatch,
    FinishBatch,
    GetBatch,
    KeptBatches,
    MakePapers,
    SweepBatches,
)
from clinic_core.billing.service import fail_batch, finish_batch, sweep_batches
from clinic_core.errors import ConfigurationError, NotFound, NotSignedIn, PermissionDenied
from clinic_core.notifications.service import make_papers
from clinic_core.queue import defer

GONE = "Who asked for this print run can no longer sign in. Start a new one."
NOT_ALLOWED = "Who asked for this print run may no longer do that. Start a new one."
FULL = "The disk of the server is full. Try again when there is room; what was made is kept."
MISSING = "Papers of this print run are missing on the server. Try again, and they are made anew."
DAMAGED = "A paper of this print run is damaged on the server. Start a new one."
UNWRITABLE = "The server can't write its folder of papers. Try again when whoever runs it has put that right."
TURN_SECONDS = 30.0
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

_LOG = logging.getLogger("clinic_core.jobs")


def make_batch(actor: Actor, ids: Mapping[str, UUID]) -> None:
    """Makes the papers of a batch that are not made yet, and its file; what stands in the way is noted with it.

    After half a minute the next job goes on, so that a long batch leaves other work its turn, and whoever may no longer
    do it is noticed on the way.
    """
    batch_id = ids["batch_id"]
    try:
        batch = perform(actor, get_batch, GetBatch(batch_id=batch_id))
        if batch.is_under_way and not _make(load_actor(actor.organization_id, batch.actor_user_id), batch_id):
            with unit_of_work(actor) as work:
                defer(work, MAKE_BATCH, {"batch_id": batch_id})
    except NotSignedIn:
        _give_up(actor, batch_id, GONE)
    except (NotFound, PermissionDenied):
        _give_up(actor, batch_id, NOT_ALLOWED)
    except ConfigurationError:
        _give_up(actor, batch_id, DAMAGED)
    except OSError as error:
        _LOG.error("batch=%s outcome=failed error=%s", batch_id, errno.errorcode.get(error.errno or 0, "OSError"))
        _give_up(actor, batch_id, _sentence(error))


def purge_batches(actor: Actor, _ids: Mapping[str, UUID]) -> None:
    """Deletes the files of batches that were cancelled, have expired, or failed some days ago."""
    found = tuple(batches_with_files(actor.organization_id))
    kept = perform(actor, kept_batches, KeptBatches(batch_ids=found)) if found else frozenset()
    gone = [batch_id for batch_id in found if batch_id not in kept]
    for batch_id in gone:
        delete_folder(actor.organization_id, batch_id)
    if gone:
        _LOG.info("task=%s deleted=%d", PURGE_BATCHES, len(gone))


def sweep(actor: Actor, _ids: Mapping[str, UUID]) -> None:
    """Gives up the batches of which nothing was heard for long."""
    perform(actor, sweep_batches, SweepBatches())


def _make(maker: Actor, batch_id: UUID) -> bool:
    """Whether it came to the end of the batch."""
    until = time.monotonic() + TURN_SECONDS
    while not perform(maker, make_papers, MakePapers(batch_id=batch_id)).is_finished:
        if time.monotonic() >= until:
            return False
    perform(maker, finish_batch, FinishBatch(batch_id=batch_id))
    return True


def _give_up(actor: Actor, batch_id: UUID, problem: str) -> None:
    perform(actor, fail_batch, FailBatch(batch_id=batch_id, problem=problem))


def _sentence(error: OSError) -> str:
    if error.errno in _NO_ROOM:
        return FULL
    return MISSING if error.errno == errno.ENOENT else UNWRITABLE
