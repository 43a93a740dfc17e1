"""Booking with what cannot be: times, notes, people, places and cases that are refused with a sentence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from clinic_core.access import owner_work
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.ids import new_id
from clinic_core.models import AppUser, ClinicalCase, ClinicLocation, LocationResource, Patient, ProductService
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.vocabulary import UserStatus
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import book, booking


def test_naive_reversed_and_endless_times_are_refused(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="time zone"):
        booking(clinic, starts_at=datetime(2031, 3, 3, 9), ends_at=datetime(2031, 3, 3, 10))  # noqa: DTZ001
    with pytest.raises(InvalidInput, match="after the start"):
        booking(clinic, starts_at=slot(1)[0], ends_at=slot(0)[0])
    with pytest.raises(InvalidInput, match="24 hours"):
        booking(clinic, starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=24, minutes=1))
    with pytest.raises(ValidationError):
        booking(clinic, starts_at="tomorrow", ends_at="later")
    with pytest.raises(InvalidInput, match="calendar"):
        booking(clinic, starts_at=datetime.max.replace(tzinfo=UTC), ends_at="9999-12-31T23:59:59.999999-05:00")


@pytest.mark.parametrize("note", ["a\0b", "x" * 10_000, "\x1b[31m"])
def test_a_note_that_cannot_be_stored_is_refused(clinic: Clinic, note: str) -> None:
    with pytest.raises(InvalidInput, match="Note must not"):
        booking(clinic, note=note)


def test_what_is_out_of_use_is_not_booked(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(AppUser, clinic.users["second_practitioner"]).status = UserStatus.INACTIVE
        session.get_one(ClinicLocation, clinic.branch).active = False
        session.get_one(LocationResource, clinic.second_room).active = False
        session.get_one(ProductService, clinic.service).active = False
    refusals: dict[str, dict[str, Any]] = {
        "does not work here": {"practitioner_user_id": clinic.users["second_practitioner"]},
        "takes no bookings": {"clinic_location_id": clinic.branch},
        "out of service": {"resource_ids": (clinic.second_room,)},
        "not offered": {"product_service_id": clinic.service},
        "is a product": {"product_service_id": clinic.product},
    }
    for sentence, fields in refusals.items():
        with pytest.raises(InvalidInput, match=sentence):
            book(clinic, by="owner", **fields)


def test_a_room_must_be_at_the_location(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="Room 1 is not at Harbour"):
        book(clinic, by="owner", clinic_location_id=clinic.branch, resource_ids=(clinic.room,))


@pytest.mark.parametrize(
    ("column", "sentence"),
    [("archived_at", "archived"), ("deleted_at", "deleted"), ("merged_into_id", "merged"), ("deceased_on", "died")],
)
def test_nobody_who_is_gone_is_booked(clinic: Clinic, column: str, sentence: str) -> None:
    patient, other = make_patient(clinic), make_patient(clinic)
    value = {"archived_at": MONDAY, "deleted_at": MONDAY, "merged_into_id": other, "deceased_on": MONDAY.date()}[column]
    with owner_work("test.arrange", clinic.organization_id) as session:
        setattr(session.get_one(Patient, patient), column, value)
    with pytest.raises(Conflict, match=sentence):
        book(clinic, patient_id=patient)


def test_another_patients_case_answers_like_an_unknown_one(clinic: Clinic) -> None:
    patient, case_id = make_patient(clinic), new_id()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            ClinicalCase(
                id=case_id,
                organization_id=clinic.organization_id,
                patient_id=patient,
                practitioner_user_id=clinic.users["practitioner"],
                opened_at=MONDAY,
            )
        )
    assert book(clinic, patient_id=patient, case_id=case_id).case_id == case_id
    for unknown in (case_id, new_id()):
        with pytest.raises(NotFound, match="This case does not exist"):
            book(clinic, 1, case_id=unknown)


@pytest.mark.parametrize(
    "field", ["patient_id", "practitioner_user_id", "clinic_location_id", "resource_ids", "product_service_id"]
)
def test_nothing_of_another_clinic_is_booked(clinic: Clinic, field: str) -> None:
    other = make_clinic()
    values: dict[str, Any] = {
        "patient_id": make_patient(other),
        "practitioner_user_id": other.users["practitioner"],
        "clinic_location_id": other.main,
        "resource_ids": (other.room,),
        "product_service_id": other.service,
    }
    with pytest.raises(NotFound):
        book(clinic, by="owner", **{field: values[field]})


def test_the_schema_refuses_fields_of_the_wrong_kind() -> None:
    with pytest.raises(ValidationError):
        BookAppointment.model_validate({"patient_id": "nobody"})
