"""What was attended is charged once, whoever writes the line: two papers never ask money for one visit."""

from typing import NamedTuple
from uuid import UUID

import psycopg
import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import list_uninvoiced
from clinic_core.billing.schemas import OfPatient
from tests.billing.arrange import attended, draft, issued, line
from tests.db.test_documents import as_app, refused
from tests.factories import Clinic, make_patient
from tests.harness import Database

WRITE = """
    insert into invoice_line (id, organization_id, invoice_id, position, item_type, description, qty, unit_price,
      discount_rate, tax_rate, net, product_service_id, visit_id, appointment_id)
    values (gen_random_uuid(), %(organization)s, %(invoice)s, 9, %(type)s, 'Once more', 1, 1, 0, 0, 1, %(service)s,
      %(visit)s, %(appointment)s)
"""


class Seen(NamedTuple):
    """A patient who was seen: the visit and the appointment are the same thing."""

    patient: UUID
    visit: UUID
    appointment: UUID


@pytest.fixture
def seen(clinic: Clinic) -> Seen:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    (row,) = perform(clinic.actor("manager"), list_uninvoiced, OfPatient(patient_id=patient))
    assert row.visit_id == visit
    assert row.appointment_id is not None
    return Seen(patient, visit, row.appointment_id)


def values(clinic: Clinic, invoice: UUID, **fields: object) -> dict[str, object]:
    empty = {"visit": None, "appointment": None, "type": "service", "service": clinic.service}
    return {**empty, "organization": clinic.organization_id, "invoice": invoice, **fields}


@pytest.mark.parametrize("again", ["visit", "appointment"])
@pytest.mark.parametrize("first", ["visit_id", "appointment_id"])
def test_a_second_paper_for_it_is_refused_whichever_way_it_is_named(
    database: Database, clinic: Clinic, seen: Seen, first: str, again: str
) -> None:
    ids = {"visit": seen.visit, "appointment": seen.appointment}
    issued(clinic, seen.patient, line(clinic, **{first: ids[first.removesuffix("_id")]}))
    other = draft(clinic, seen.patient).id
    assert refused(database, clinic, WRITE, values(clinic, other, **{again: ids[again]})) == "invoice_line_charged_once"
    move = "update invoice_line set visit_id = %(visit)s where invoice_id = %(invoice)s"
    assert refused(database, clinic, move, values(clinic, other, visit=seen.visit)) == "invoice_line_charged_once"


def test_more_lines_of_one_paper_and_goods_of_another_are_no_second_charge(
    database: Database, clinic: Clinic, seen: Seen
) -> None:
    first, other = draft(clinic, seen.patient, visit_ids=(seen.visit,)).id, draft(clinic, seen.patient).id
    with as_app(database, clinic) as connection:
        connection.execute(WRITE, values(clinic, first, appointment=seen.appointment))
        connection.execute(WRITE, values(clinic, other, visit=seen.visit, type="product"))
        turn = "update invoice_line set item_type = 'service' where invoice_id = %(invoice)s and visit_id = %(visit)s"
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(turn, values(clinic, other, visit=seen.visit))


@pytest.mark.race
def test_of_two_who_write_at_once_the_second_waits_and_is_refused(
    database: Database, clinic: Clinic, seen: Seen
) -> None:
    first, other = draft(clinic, seen.patient).id, draft(clinic, seen.patient).id
    with as_app(database, clinic) as one, as_app(database, clinic) as two:
        one.execute(WRITE, values(clinic, first, visit=seen.visit))
        two.execute("set local lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            two.execute(WRITE, values(clinic, other, appointment=seen.appointment))
        one.commit()
    assert refused(database, clinic, WRITE, values(clinic, other, appointment=seen.appointment)) == (
        "invoice_line_charged_once"
    )
