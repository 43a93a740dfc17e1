"""What runs in the background, and how often. A new job is a line in `TASKS`, a regular one also in `PERIODIC`.

Bodies are use cases of the features, done as the clinic's own software for one organisation at a time; they are
written so that doing them twice does no harm, because a job whose worker died is done again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from clinic_core.access import Actor, perform
from clinic_core.notifications.jobs import DELIVER_DUE
from clinic_core.notifications.schemas import DeliverDue
from clinic_core.notifications.service import deliver_due


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


TASKS: tuple[Task, ...] = (Task(DELIVER_DUE, _deliver),)

PERIODIC: tuple[Periodic, ...] = (Periodic(DELIVER_DUE, "* * * * *"),)
