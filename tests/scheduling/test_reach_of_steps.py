"""What no step and no look may reach: who is gone, what the clinic recorded, appointments out of scope."""

from datetime import date

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.errors import Conflict, NotFound, PermissionDenied
from clinic_core.models import Patient
from clinic_core.scheduling.queries import get_appointment
from clinic_core.scheduling.schemas import CancelAppointment, ChangeStatus, GetAppointment
from clinic_core.scheduling.service import cancel_appointment, change_status
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import Clinic, make_patient
from tests.scheduling.arrange import book
from tests.scheduling.conflict_arrange import check


def test_nothing_is_booked_again_for_who_has_died(clinic: Clinic) -> None:
    row = book(clinic)
    off = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, off)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(Patient, row.patient_id).deceased_on = date(2026, 1, 1)
    again = ChangeStatus(appointment_id=row.id, status=AppointmentStatus.BOOKED)
    with pytest.raises(Conflict, match="has died"):
        perform(clinic.actor("assistant"), change_status, again)


def test_patients_do_not_confirm_away_that_they_arrived(clinic: Clinic) -> None:
    row = book(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    arrived = ChangeStatus(appointment_id=row.id, status=AppointmentStatus.ARRIVED)
    perform(clinic.actor("assistant"), change_status, arrived)
    with pytest.raises(PermissionDenied, match="Only the clinic"):
        perform(
            clinic.actor("patient"),
            change_status,
            ChangeStatus(appointment_id=row.id, status=AppointmentStatus.CONFIRMED),
        )
    found = perform(clinic.actor("assistant"), get_appointment, GetAppointment(appointment_id=row.id))
    assert found.status is AppointmentStatus.ARRIVED


def test_a_time_is_not_checked_for_an_appointment_out_of_reach(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    elsewhere = book(clinic, by="manager", clinic_location_id=clinic.branch)
    for role, patient in (("patient", me), ("assistant", me), ("second_practitioner", me)):
        with pytest.raises(NotFound, match="appointment"):
            check(clinic, by=role, patient_id=patient, appointment_id=elsewhere.id)
    assert check(clinic, by="manager", patient_id=me, appointment_id=elsewhere.id).is_free
