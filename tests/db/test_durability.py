"""What was confirmed stays: the server is killed in the middle of a thousand bookings."""

import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import perform, unit_of_work
from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import dispose_engines
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.errors import Unavailable
from clinic_core.models import Appointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.settings import settings
from tests.factories import MONDAY, make_clinic, make_patient
from tests.scheduling.arrange import booking, drift
from tests.servers import kill

BOOKINGS = 1_000
CLIENTS = 8
KILLED_AFTER = 300
SECONDS = 50


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
    confirmed: list[UUID] = []
    unavailable: list[Unavailable] = []
    half_way = threading.Event()

    def work_through(share: int) -> None:
        for request in requests[share::CLIENTS]:
            try:
                confirmed.append(perform(actor, book_appointment, request).id)
            except Unavailable as error:
                unavailable.append(error)
            if len(confirmed) >= KILLED_AFTER:
                half_way.set()

    clients = [threading.Thread(target=work_through, args=(share,)) for share in range(CLIENTS)]
    for client in clients:
        client.start()
    assert half_way.wait(SECONDS)
    kill(production.status().pid)
    for client in clients:
        client.join(SECONDS)
    assert not any(client.is_alive() for client in clients)

    with unit_of_work(actor) as work:
        stored = set(work.session.scalars(select(col(Appointment.id))))
    assert set(confirmed) <= stored
    assert unavailable
    assert len(stored) <= len(confirmed) + len(unavailable)
    assert len(confirmed) > KILLED_AFTER
    assert drift(clinic) == 0
