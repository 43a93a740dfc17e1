"""What was confirmed stays: the server is killed in the middle of a thousand bookings, and while invoices go out."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Actor, perform, unit_of_work
from clinic_core.billing.queries import number_proof
from clinic_core.billing.schemas import IssueInvoice, ProveNumbers
from clinic_core.billing.service import issue_invoice
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import dispose_engines
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import Unavailable
from clinic_core.kit.clock import now
from clinic_core.models import Appointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.settings import settings
from tests.billing.arrange import draft, read
from tests.factories import MONDAY, make_clinic, make_patient
from tests.scheduling.arrange import booking, drift
from tests.servers import kill

BOOKINGS = 1_000
INVOICES = 200
SECONDS = 50


class Done(NamedTuple):
    """The ids of what was confirmed, and how many calls found no server."""

    confirmed: list[UUID]
    unavailable: int


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database."""


@pytest.fixture
def production(own_server: Callable[[], EmbeddedPostgres]) -> Iterator[EmbeddedPostgres]:
    """A migrated server with production settings that the engines of this process find as any program would."""
    server = own_server()
    server.start()
    upgrade(server.url(DatabaseRole.OWNER))
    before = {name: os.environ.pop(name, None) for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "CLINIC_DATA_DIR")}
    os.environ["CLINIC_DATA_DIR"] = str(server.root)
    settings.cache_clear()
    dispose_engines()
    yield server
    dispose_engines()
    del os.environ["CLINIC_DATA_DIR"]
    os.environ.update({name: value for name, value in before.items() if value is not None})
    settings.cache_clear()


def work_off(tasks: Sequence[Callable[[], UUID]], server: EmbeddedPostgres, *, killed_after: int, clients: int) -> Done:
    """What several clients got who share the tasks while the server is killed."""
    confirmed: list[UUID] = []
    unavailable: list[Unavailable] = []
    half_way = threading.Event()

    def work_through(share: int) -> None:
        for task in tasks[share::clients]:
            try:
                confirmed.append(task())
            except Unavailable as error:
                unavailable.append(error)
            if len(confirmed) >= killed_after:
                half_way.set()

    threads = [threading.Thread(target=work_through, args=(share,)) for share in range(clients)]
    for thread in threads:
        thread.start()
    assert half_way.wait(SECONDS)
    kill(server.status().pid)
    for thread in threads:
        thread.join(SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    assert unavailable
    assert len(confirmed) > killed_after
    return Done(confirmed, len(unavailable))


@pytest.mark.durability
def test_no_confirmed_booking_is_lost_when_the_server_is_killed(production: EmbeddedPostgres) -> None:
    clinic = make_clinic()
    actor, patient = clinic.actor("assistant"), make_patient(clinic)
    requests = [
        booking(
            clinic,
            patient_id=patient,
            starts_at=MONDAY + timedelta(minutes=5 * n),
            ends_at=MONDAY + timedelta(minutes=5 * n + 5),
            resource_ids=(clinic.room,),
        )
        for n in range(BOOKINGS)
    ]
    tasks = [partial(_id_of, actor, book_appointment, request) for request in requests]
    done = work_off(tasks, production, killed_after=300, clients=8)

    with unit_of_work(actor) as work:
        stored = set(work.session.scalars(select(col(Appointment.id))))
    assert set(done.confirmed) <= stored
    assert len(stored) <= len(done.confirmed) + done.unavailable
    assert drift(clinic) == 0


@pytest.mark.durability
def test_numbers_have_no_gap_when_the_server_is_killed_while_32_people_issue(production: EmbeddedPostgres) -> None:
    clinic = make_clinic()
    manager, patient = clinic.actor("manager"), make_patient(clinic)
    drafts = [draft(clinic, patient).id for _ in range(INVOICES)]
    tasks = [partial(_id_of, manager, issue_invoice, IssueInvoice(invoice_id=each)) for each in drafts]
    done = work_off(tasks, production, killed_after=60, clients=32)

    left = [each for each in drafts if read(clinic, each).number is None]
    assert not set(left) & set(done.confirmed)
    for each in left:  # what the crash undid takes the next numbers
        perform(manager, issue_invoice, IssueInvoice(invoice_id=each))
    found = perform(manager, number_proof, ProveNumbers(series="INV", year=now().year))
    assert (found.first, found.last, found.count, found.missing, found.duplicates) == (1, INVOICES, INVOICES, (), ())


def _id_of(actor: Actor, use_case: Callable[..., Any], request: BaseModel) -> UUID:
    done: UUID = perform(actor, use_case, request).id
    return done
