"""Deleting, restoring, archiving, listing and opening patients."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import Conflict, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.patients.queries import list_patients
from clinic_core.patients.schemas import (
    GetPatient,
    ListPatients,
    PatientChange,
    PatientRow,
)
from clinic_core.patients.service import (
    archive_patient,
    delete_patient,
    open_patient,
    restore_patient,
    unarchive_patient,
)
from clinic_core.scheduling.schemas import CancelAppointment
from clinic_core.scheduling.service import cancel_appointment
from clinic_core.vocabulary import CancelledBy
from tests.factories import Clinic, make_clinic
from tests.patients.arrange import read, register, update
from tests.scheduling.arrange import audited, book


def test_a_patient_with_appointments_ahead_is_not_deleted(clinic: Clinic) -> None:
    row = register(clinic)
    appointment = book(clinic, patient_id=row.id)
    change = PatientChange(patient_id=row.id, version=row.version)
    with pytest.raises(Conflict, match="appointments ahead"):
        perform(clinic.actor("assistant"), delete_patient, change)
    cancel = CancelAppointment(appointment_id=appointment.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, cancel)
    assert perform(clinic.actor("assistant"), delete_patient, change).deleted_at is not None


def test_a_patient_with_an_open_balance_is_not_deleted(clinic: Clinic) -> None:
    row = register(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        values = {"o": clinic.organization_id, "p": row.id, "l": clinic.main, "i": new_id(), "n": new_id()}
        session.execute(
            text("insert into invoice (id, organization_id, patient_id, clinic_location_id) values (:i, :o, :p, :l)"),
            values,
        )
        session.execute(
            text(
                "insert into invoice_line (id, organization_id, invoice_id, position, item_type, description, qty,"
                " unit_price, net) values (:n, :o, :i, 1, 'fee', 'Fee', 1, 10, 10)"
            ),
            values,
        )
        session.execute(
            text(
                "update invoice set status = 'issued', number = 'X-1', series = 'X', series_year = 2026, sequence = 1,"
                " issued_at = now(), issued_on = current_date, currency = 'EUR', net = 10, total = 10,"
                """ totals_json = '{"net": "10.00", "tax": "0.00", "total": "10.00"}' where id = :i"""
            ),
            values,
        )
    assert read(clinic, row.id).balance == Decimal("10.00")
    with pytest.raises(Conflict, match="open balance"):
        perform(clinic.actor("assistant"), delete_patient, PatientChange(patient_id=row.id))


def test_a_deleted_patient_is_out_of_the_register_and_can_be_restored(clinic: Clinic) -> None:
    row = register(clinic)
    actor, change = clinic.actor("assistant"), PatientChange(patient_id=row.id)
    perform(actor, delete_patient, change)
    with unit_of_work(actor) as work:
        assert list_patients(work, ListPatients()).total == 0
        assert [row.id for row in list_patients(work, ListPatients(only_deleted=True)).rows] == [row.id]
    with pytest.raises(NotFound):
        read(clinic, row.id, by="manager")
    with pytest.raises(PermissionDenied), unit_of_work(clinic.actor("manager")) as work:
        list_patients(work, ListPatients(only_deleted=True))
    with pytest.raises(Conflict, match="restore"):
        update(clinic, row, version=row.version + 1, phone="030 5555")
    assert perform(actor, restore_patient, change).deleted_at is None
    with pytest.raises(Conflict, match="not deleted"):
        perform(actor, restore_patient, change)


def test_an_archived_patient_leaves_the_list_but_not_the_record(clinic: Clinic) -> None:
    row = register(clinic)
    actor, change = clinic.actor("assistant"), PatientChange(patient_id=row.id)
    assert perform(actor, archive_patient, change).is_archived
    with unit_of_work(actor) as work:
        assert list_patients(work, ListPatients()).total == 0
        assert list_patients(work, ListPatients(with_archived=True)).total == 1
    assert not perform(actor, unarchive_patient, change).is_archived


def test_the_register_is_paged_in_the_order_of_names(clinic: Clinic) -> None:
    for name in ("Zeta", "Ångström", "de Vries", "Angel", "Öz"):
        register(clinic, first_name="X", last_name=name)
    with unit_of_work(clinic.actor("manager")) as work:
        pages = [list_patients(work, ListPatients(offset=offset, limit=2)) for offset in (0, 2, 4)]
    assert [row.name for page in pages for row in page.rows] == [
        "X Angel",
        "X Ångström",
        "X de Vries",
        "X Öz",
        "X Zeta",
    ]
    assert {page.total for page in pages} == {5}


def test_opening_a_chart_is_audited_once_a_quarter_of_an_hour_and_person(clinic: Clinic) -> None:
    row, other = register(clinic), register(clinic)

    def opened(patient: PatientRow, by: str = "assistant") -> int:
        perform(clinic.actor(by), open_patient, GetPatient(patient_id=patient.id))
        return len(audited(clinic, "patient.open"))

    assert [opened(row), opened(row), opened(other), opened(row, "manager")] == [1, 1, 2, 3]
    with frozen_at(now() + timedelta(minutes=16)):
        assert opened(row) == 4
    assert audited(clinic, "patient.open")[0][:3] == ("patient", "chart_opened", clinic.users["assistant"])


def test_a_patient_of_another_clinic_does_not_exist(clinic: Clinic) -> None:
    stranger = register(make_clinic())
    change = PatientChange(patient_id=stranger.id)
    for use_case in (delete_patient, restore_patient, archive_patient, unarchive_patient):
        with pytest.raises(NotFound):
            perform(clinic.actor("owner"), use_case, change)
    with pytest.raises(NotFound):
        update(clinic, stranger, by="owner", phone="030 4444")
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), open_patient, GetPatient(patient_id=stranger.id))
    with pytest.raises(NotFound):
        read(clinic, stranger.id, by="owner")
