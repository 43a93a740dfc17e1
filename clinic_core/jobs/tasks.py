"""What runs in the background, and how often. A new job is a line in `TASKS`, a regular one also in `PERIODIC`.

Bodies are use cases of the features, done as the clinic's own software for one organisation at a time, or look after
its files; they are written so that doing them twice does no harm, because a job whose worker died is done again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from clinic_core.access import Actor, perform
from clinic_core.billing.jobs import MAKE_BATCH, PURGE_BATCHES, SWEEP_BATCHES
from clinic_core.jobs.batches import make_batch, purge_batches, sweep
from clinic_core.notifications.jobs import DELIVER_DUE, PURGE_OUTBOX
from clinic_core.notifications.outbox import purge_outbox
from clinic_core.notifications.schemas import DeliverDue
from clinic_core.notifications.service import deliver_due, extend_series_with_reminders
from clinic_core.scheduling.jobs import EXPIRE_OFFERS, EXTEND_SERIES
from clinic_core.scheduling.schemas import ExpireOffers, ExtendSeries
from clinic_core.scheduling.service import expire_offers

_LOG = logging.getLogger("clinic_core.jobs")


@dataclass(frozen=True)
class Task:
    """Work for one organisation, under the name by which `queue.defer` asks for it; `run` gets the ids deferred."""

    name: str
    run: Callable[[Actor, Mapping[str, UUID]], None]


@dataclass(frozen=True)
class Periodic:
    """A task that every organisation needs regularly; `cron` has five fields and is read in UTC."""

    name: str
    cron: str


def _deliver(actor: Actor, _ids: Mapping[str, UUID]) -> None:
    while perform(actor, deliver_due, DeliverDue()).has_more:
        pass


def _expire_offers(actor: Actor, _ids: Mapping[str, UUID]) -> None:
    while perform(actor, expire_offers, ExpireOffers()).has_more:
        pass


def _extend_series(actor: Actor, _ids: Mapping[str, UUID]) -> None:
    while perform(actor, extend_series_with_reminders, ExtendSeries()).series_id is not None:
        pass


def _purge_outbox(actor: Actor, _ids: Mapping[str, UUID]) -> None:
    deleted = purge_outbox(actor.organization_id)
    if deleted:
        _LOG.info("task=%s deleted=%d", PURGE_OUTBOX, deleted)


TASKS: tuple[Task, ...] = (
    Task(DELIVER_DUE, _deliver),
    Task(EXPIRE_OFFERS, _expire_offers),
    Task(EXTEND_SERIES, _extend_series),
    Task(MAKE_BATCH, make_batch),
    Task(PURGE_BATCHES, purge_batches),
    Task(PURGE_OUTBOX, _purge_outbox),
    Task(SWEEP_BATCHES, sweep),
)

PERIODIC: tuple[Periodic, ...] = (
    Periodic(DELIVER_DUE, "* * * * *"),
    Periodic(EXPIRE_OFFERS, "*/5 * * * *"),
    Periodic(EXTEND_SERIES, "10 1 * * *"),
    Periodic(SWEEP_BATCHES, "*/15 * * * *"),
    Periodic(PURGE_BATCHES, "0 3 * * *"),
    Periodic(PURGE_OUTBOX, "20 3 * * *"),
)
