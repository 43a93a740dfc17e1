"""Booking: who may, what is refused and how it is said, what is left in the tables and the audit log."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import ProductService
from clinic_core.scheduling.queries import get_appointment, list_appointments
from clinic_core.scheduling.schemas import GetAppointment, ListAppointments
from clinic_core.scheduling.service import book_appointment
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, booking, drift

OVERLAPS = json.loads((Path(__file__).parents[1] / "data" / "interval_overlap_cases.json").read_text())["cases"]
WHOLE = [case for case in OVERLAPS if isinstance(case["span_start"], int)]


def test_a_booking_holds_what_was_asked_for_and_is_audited(clinic: Clinic) -> None:
    row = book(
        clinic, resource_ids=(clinic.laser, clinic.room), product_service_id=clinic.service, note=" two\r\nlines "
    )
    assert (row.patient_name, row.practitioner, row.location, row.timezone) == (
        "Ada Demo",
        "Practitioner",
        "Main street",
        "Europe/Berlin",
    )
    assert (row.status, row.service, row.note, row.version) == ("booked", "Follow-up", "two\nlines", 1)
    assert [resource.name for resource in row.resources] == ["Room 1", "Laser"]
    rows = audited(clinic, "appointment.book")
    assert [(row[0], row[1]) for row in rows] == [
        ("appointment", "insert"),
        ("appointment_event", "insert"),
        ("appointment_resource", "insert"),
        ("appointment_resource", "insert"),
    ]
    assert {row[2] for row in rows} == {clinic.users["assistant"]}
    assert drift(clinic) == 0


def test_the_note_is_named_in_the_audit_but_never_copied(clinic: Clinic) -> None:
    book(clinic, note="needs a wheelchair")
    assert "wheelchair" not in str(audited(clinic, "appointment.book"))


def test_the_conflict_names_all_that_is_in_the_way_and_no_patient(clinic: Clinic) -> None:
    everything: dict[str, Any] = {"resource_ids": (clinic.room, clinic.laser)}
    first = book(clinic, **everything)
    with pytest.raises(BookingConflict) as refused:
        book(clinic, 0.25, **everything)
    obstacles = refused.value.obstacles
    assert sorted((one.subject, one.kind, one.appointment_id) for one in obstacles) == [
        ("Laser", "equipment", first.id),
        ("Practitioner", "practitioner", first.id),
        ("Room 1", "room", first.id),
    ]
    assert obstacles[-1].subject == "Practitioner"
    assert "Practitioner is taken from 10:00 to 10:30 on 3 Mar 2031." in refused.value.message
    assert "Ada" not in refused.value.message


def test_a_conflict_at_another_location_is_told_in_the_time_of_this_one(clinic: Clinic) -> None:
    book(clinic, by="owner", clinic_location_id=clinic.branch)
    with pytest.raises(BookingConflict, match="Practitioner is taken from 10:00 to 10:30"):
        book(clinic, by="owner")


def test_two_rooms_taken_by_two_appointments_are_both_named(clinic: Clinic) -> None:
    book(clinic, resource_ids=(clinic.room,))
    book(clinic, practitioner_user_id=clinic.users["second_practitioner"], resource_ids=(clinic.second_room,))
    with pytest.raises(BookingConflict) as refused:
        book(
            clinic,
            resource_ids=(clinic.room, clinic.second_room),
        )
    assert sorted(one.subject for one in refused.value.obstacles) == ["Practitioner", "Room 1", "Room 2"]


@pytest.mark.parametrize("case", WHOLE, ids=[case["message"] for case in WHOLE])
def test_a_booking_is_refused_exactly_where_times_overlap(clinic: Clinic, case: dict[str, int]) -> None:
    spans = [(case["span_start"], case["span_stop"]), (case["event_start"], case["event_stop"])]
    times: list[dict[str, Any]] = [
        {"starts_at": MONDAY + timedelta(minutes=a), "ends_at": MONDAY + timedelta(minutes=b)} for a, b in spans
    ]
    empty = next((time for time in times if time["starts_at"] == time["ends_at"]), None)
    if empty:
        with pytest.raises(InvalidInput, match="after the start"):
            booking(clinic, **empty)
        return
    first, second = (booking(clinic, **time) for time in times)
    perform(clinic.actor("assistant"), book_appointment, first)
    if case["result"]:
        with pytest.raises(BookingConflict):
            perform(clinic.actor("assistant"), book_appointment, second)
    else:
        perform(clinic.actor("assistant"), book_appointment, second)


def test_the_buffer_of_the_service_is_reserved_after_the_appointment(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).buffer_minutes = 10
    assert book(clinic, product_service_id=clinic.service).buffer_minutes == 10
    when = "Practitioner has an appointment from 10:00 to 10:30 on 3 Mar 2031"
    with pytest.raises(BookingConflict) as behind:
        book(clinic, 0.5)
    assert [one.sentence for one in behind.value.obstacles] == [f"{when} and 10 min kept free after it."]
    with pytest.raises(BookingConflict) as before:
        book(clinic, -0.5, product_service_id=clinic.service)
    run_into = "the 10 min kept free after this one would run into it"
    assert [one.sentence for one in before.value.obstacles] == [f"{when}; {run_into}."]
    book(clinic, 2 / 3)


def test_a_second_booking_of_a_practitioner_needs_permission_and_a_reason(clinic: Clinic) -> None:
    book(clinic)
    with pytest.raises(PermissionDenied, match="twice"):
        book(clinic, double_book_reason="Emergency")
    assert [row[1] for row in audited(clinic, "appointment.book")][-1] == "refused"
    with pytest.raises(BookingConflict):
        book(clinic, by="manager")
    squeezed = book(clinic, by="manager", double_book_reason="Emergency")
    assert (squeezed.double_booked, squeezed.double_book_reason) == (True, "Emergency")
    with pytest.raises(BookingConflict):
        book(clinic, by="manager")
    assert drift(clinic) == 0


def test_a_practitioner_may_double_book_the_own_calendar_only(clinic: Clinic) -> None:
    book(clinic)
    assert book(clinic, by="practitioner", double_book_reason="Emergency").double_booked
    with pytest.raises(PermissionDenied):
        book(clinic, by="second_practitioner", double_book_reason="Emergency")


def test_a_reason_to_double_book_is_dropped_where_the_time_is_free(clinic: Clinic) -> None:
    assert not book(clinic, by="manager", double_book_reason="Emergency").double_booked


def test_rooms_and_equipment_are_never_booked_twice(clinic: Clinic) -> None:
    book(clinic, resource_ids=(clinic.room,))
    with pytest.raises(BookingConflict) as refused:
        book(clinic, by="owner", resource_ids=(clinic.room,), double_book_reason="Emergency")
    assert [one.subject for one in refused.value.obstacles] == ["Room 1", "Practitioner"]
    assert not refused.value.can_override


@pytest.mark.parametrize(
    ("role", "fields", "error"),
    [
        ("assistant", {"clinic_location_id": "branch"}, PermissionDenied),
        ("practitioner", {"practitioner_user_id": "second_practitioner"}, PermissionDenied),
        ("manager", {"clinic_location_id": "branch"}, None),
        ("practitioner", {}, None),
        ("owner", {"practitioner_user_id": "assistant"}, NotFound),
    ],
)
def test_the_reach_of_the_actor_decides_whose_calendar_is_booked(
    clinic: Clinic, role: str, fields: dict[str, str], error: type[Exception] | None
) -> None:
    ids = {"branch": clinic.branch, **clinic.users}
    wanted: dict[str, Any] = {key: ids[value] for key, value in fields.items()}
    if error is None:
        assert book(clinic, by=role, **wanted).status == "booked"
    else:
        with pytest.raises(error):
            book(clinic, by=role, **wanted)


def test_an_assistant_books_no_patient_of_another_location(clinic: Clinic) -> None:
    stranger = make_patient(clinic, clinic_location_id=clinic.branch)
    with pytest.raises(NotFound, match="patient"):
        book(clinic, patient_id=stranger)
    assert book(clinic, by="manager", patient_id=stranger).patient_id == stranger
    assert book(clinic, 1, patient_id=stranger).status == "booked"


def test_patients_book_for_themselves_and_ahead_only(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    service = clinic.service
    assert book(clinic, by="patient", patient_id=me, product_service_id=service).patient_id == me
    with pytest.raises(NotFound):
        book(clinic, 1, by="patient", product_service_id=service)
    with frozen_at(MONDAY + timedelta(days=1)), pytest.raises(InvalidInput, match="ahead"):
        book(clinic, 2, by="patient", patient_id=me)


def test_a_double_click_books_once(clinic: Clinic) -> None:
    request = booking(clinic, request_id=new_id())
    first = perform(clinic.actor("assistant"), book_appointment, request)
    assert perform(clinic.actor("assistant"), book_appointment, request) == first
    with pytest.raises(Conflict, match="other content"):
        perform(clinic.actor("assistant"), book_appointment, request.model_copy(update={"note": "other"}))
    with unit_of_work(clinic.actor("assistant")) as work:
        period = ListAppointments(starts_from=MONDAY, starts_before=MONDAY + timedelta(days=1))
        assert [row.id for row in list_appointments(work, period)] == [first.id]


def test_a_refused_request_can_be_sent_again_once_the_time_is_free(clinic: Clinic) -> None:
    book(clinic)
    request = booking(clinic, request_id=new_id())
    with pytest.raises(BookingConflict):
        perform(clinic.actor("assistant"), book_appointment, request)
    other = request.model_copy(update={"starts_at": slot(3)[0], "ends_at": slot(3)[1]})
    assert perform(clinic.actor("assistant"), book_appointment, other).status == "booked"


def test_an_appointment_of_another_clinic_does_not_exist(clinic: Clinic) -> None:
    row = book(make_clinic())
    with unit_of_work(clinic.actor("owner")) as work, pytest.raises(NotFound):
        get_appointment(work, GetAppointment(appointment_id=row.id))
