"""What an appointment is about, changed apart from its time; counts by day; first visits."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.calendar import from_wall, range_bounds, zone
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicalCase, ProductService, Visit
from clinic_core.scheduling.queries import count_by_day, first_visits
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    CountDays,
    DayTotal,
    EditAppointment,
    FindFirstVisits,
)
from clinic_core.scheduling.service import cancel_appointment, edit_appointment
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ProductType
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited, book

BERLIN = zone("Europe/Berlin")


def edit(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    request = EditAppointment.model_validate({"appointment_id": row.id, "version": row.version, **fields})
    return perform(clinic.actor(by), edit_appointment, request)


def other_service(clinic: Clinic, *, active: bool = True) -> Any:
    service_id = new_id()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            ProductService(
                id=service_id,
                organization_id=clinic.organization_id,
                code=f"S{service_id.hex[:6]}",
                name="Long visit",
                type=ProductType.SERVICE,
                unit_price=Decimal(100),
                tax_rate=Decimal(0),
                duration_minutes=60,
                buffer_minutes=15,
                active=active,
            )
        )
    return service_id


def document(clinic: Clinic, row: AppointmentRow) -> None:
    people: dict[str, Any] = {"patient_id": row.patient_id, "practitioner_user_id": row.practitioner_user_id}
    with owner_work("test.arrange", clinic.organization_id) as session:
        case = ClinicalCase(id=new_id(), organization_id=clinic.organization_id, opened_at=row.starts_at, **people)
        session.add(case)
        session.flush()
        session.add(
            Visit(
                organization_id=clinic.organization_id,
                case_id=case.id,
                clinic_location_id=row.clinic_location_id,
                appointment_id=row.id,
                visited_at=row.starts_at,
                **people,
            )
        )


def test_a_desk_note_is_written_and_audited_and_the_time_stays() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1, product_service_id=clinic.service)
    edited = edit(clinic, booked, note="Brings the referral")
    assert (edited.note, edited.product_service_id) == ("Brings the referral", clinic.service)
    assert (edited.starts_at, edited.ends_at) == (booked.starts_at, booked.ends_at)
    assert [(row[0], row[1]) for row in audited(clinic, "appointment.edit")] == [("appointment", "update")]


def test_what_is_not_given_stays_and_what_is_given_as_nothing_goes() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1, product_service_id=clinic.service, note="Key at the desk")
    without_service = edit(clinic, booked, product_service_id=None)
    assert (without_service.service, without_service.note) == ("", "Key at the desk")


def test_another_service_keeps_the_buffer_that_was_booked() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1, product_service_id=clinic.service)
    edited = edit(clinic, booked, product_service_id=other_service(clinic))
    assert (edited.service, edited.buffer_minutes) == ("Long visit", booked.buffer_minutes)


def test_a_service_that_is_not_offered_any_more_is_refused() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1)
    with pytest.raises(InvalidInput):
        edit(clinic, booked, product_service_id=other_service(clinic, active=False))


def test_a_stale_note_is_refused() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1)
    edit(clinic, booked, note="First")
    with pytest.raises(StaleEdit):
        edit(clinic, booked, note="Second")


def test_the_service_of_a_documented_appointment_stays_and_its_note_does_not() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1, product_service_id=clinic.service)
    document(clinic, booked)
    with pytest.raises(Conflict, match="its service is not changed any more"):
        edit(clinic, booked, product_service_id=None)
    assert edit(clinic, booked, note="Paid by the employer").note == "Paid by the employer"


def test_details_are_edited_by_who_may_move_the_appointment() -> None:
    clinic = make_clinic()
    booked = book(clinic, 1)
    assert edit(clinic, booked, by="practitioner", note="Mine").note == "Mine"
    with pytest.raises(NotFound):
        edit(clinic, booked, by="second_practitioner", note="Not mine")


def test_patients_write_no_desk_notes() -> None:
    clinic = make_clinic()
    own = make_patient(clinic, user_id=clinic.users["patient"])
    booked = book(clinic, 1, patient_id=own)
    with pytest.raises(PermissionDenied):
        edit(clinic, booked, by="patient", note="Hello")


def count(clinic: Clinic, first: date, last: date, **fields: Any) -> list[DayTotal]:
    bounds = range_bounds(first, last, BERLIN)
    request = CountDays(clinic_location_id=clinic.main, starts_from=bounds.start, starts_before=bounds.end, **fields)
    return perform(clinic.actor("assistant"), count_by_day, request)


def test_days_are_counted_on_the_wall_of_the_location() -> None:
    clinic = make_clinic()
    monday = MONDAY.date()
    late = from_wall(datetime.combine(monday, datetime.min.time()) - timedelta(minutes=30), BERLIN).instant
    book(clinic, starts_at=late, ends_at=late + timedelta(minutes=20))
    book(clinic, starts_at=late + timedelta(minutes=30), ends_at=late + timedelta(minutes=50))
    gone = book(clinic, 5)
    cancelled = CancelAppointment(appointment_id=gone.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, cancelled)

    found = count(clinic, monday - timedelta(days=1), monday + timedelta(days=1))
    assert [(total.day, total.total) for total in found] == [(monday - timedelta(days=1), 1), (monday, 1)]
    assert found[1].by_status == {AppointmentStatus.BOOKED: 1, AppointmentStatus.CANCELLED: 1}


def test_counts_follow_the_filters() -> None:
    clinic = make_clinic()
    book(clinic, 1, product_service_id=clinic.service)
    book(clinic, 1, practitioner_user_id=clinic.users["second_practitioner"])
    monday = MONDAY.date()
    assert [one.total for one in count(clinic, monday, monday, product_service_ids=(clinic.service,))] == [1]
    assert [one.total for one in count(clinic, monday, monday, practitioner_ids=(clinic.users["practitioner"],))] == [1]
    assert [one.total for one in count(clinic, monday, monday)] == [2]


def test_a_first_visit_has_nothing_before_it_but_what_did_not_take_place() -> None:
    clinic = make_clinic()
    patient_id = make_patient(clinic)
    missed = book(clinic, 0, patient_id=patient_id)
    first = book(clinic, 24, patient_id=patient_id)
    second = book(clinic, 48, patient_id=patient_id)
    cancelled = CancelAppointment(appointment_id=missed.id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_appointment, cancelled)
    asked = FindFirstVisits(appointment_ids=(missed.id, first.id, second.id))
    assert perform(clinic.actor("assistant"), first_visits, asked) == {missed.id, first.id}


def test_first_visits_out_of_reach_are_not_told() -> None:
    clinic, other = make_clinic(), make_clinic()
    booked = book(clinic, 1)
    asked = FindFirstVisits(appointment_ids=(booked.id,))
    assert perform(other.actor("assistant"), first_visits, asked) == frozenset()
