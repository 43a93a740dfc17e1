"""The waiting list: who is on it, who sees it, whom a free time is right for, and in which order."""

from datetime import date, time
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import Patient
from clinic_core.scheduling.queries import (
    count_waiting,
    get_waiting,
    list_waiting,
)
from clinic_core.scheduling.schemas import (
    BookFromWaitingList,
    ChangeWaiting,
    GetWaiting,
    ListWaiting,
    RemoveFromWaitingList,
    WaitingRow,
)
from clinic_core.scheduling.service import (
    book_from_waiting_list,
    change_waiting,
    remove_from_waiting_list,
)
from clinic_core.vocabulary import Urgency, WaitingStatus
from tests.factories import Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book
from tests.scheduling.waiting import wait


def listed(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> list[WaitingRow]:
    return perform(clinic.actor(by), list_waiting, ListWaiting.model_validate(fields))


def change(clinic: Clinic, row: WaitingRow, *, by: str = "assistant", **fields: Any) -> WaitingRow:
    values = {"entry_id": row.id, "clinic_location_id": clinic.main, "version": row.version, **fields}
    return perform(clinic.actor(by), change_waiting, ChangeWaiting.model_validate(values))


def remove(clinic: Clinic, row: WaitingRow, *, by: str = "assistant", **fields: Any) -> WaitingRow:
    return perform(clinic.actor(by), remove_from_waiting_list, RemoveFromWaitingList(entry_id=row.id, **fields))


def test_somebody_on_the_list_is_shown_with_what_they_want(clinic: Clinic) -> None:
    practitioner = clinic.users["practitioner"]
    row = wait(clinic, practitioner_user_id=practitioner, weekdays=(3, 1, 1), urgency="urgent", note="Mornings")
    assert (row.service, row.duration_minutes, row.practitioner) == ("Follow-up", 30, "Practitioner")
    assert (row.weekdays, row.urgency, row.note, row.location) == ((1, 3), Urgency.URGENT, "Mornings", "Main street")
    assert (row.status, row.offer, row.booked_for) == (WaitingStatus.WAITING, None, None)
    assert listed(clinic) == [row]
    assert audited(clinic, "waiting.add")[0][:3] == ("waiting_list_entry", "insert", clinic.users["assistant"])


def test_a_patient_waits_once_for_each_service(clinic: Clinic) -> None:
    patient_id = make_patient(clinic)
    first = wait(clinic, patient_id=patient_id)
    other = wait(clinic, patient_id=patient_id, product_service_id=None, duration_minutes=20)
    with pytest.raises(Conflict, match="waits for this service already"):
        wait(clinic, patient_id=patient_id)
    with pytest.raises(Conflict, match="waits for this service already"):
        change(clinic, other, product_service_id=clinic.service)
    remove(clinic, first)
    assert wait(clinic, patient_id=patient_id).id != first.id


def test_a_double_click_adds_one_entry(clinic: Clinic) -> None:
    request_id, patient_id = new_id(), make_patient(clinic)
    first = wait(clinic, patient_id=patient_id, request_id=request_id)
    assert wait(clinic, patient_id=patient_id, request_id=request_id) == first


@pytest.mark.parametrize(
    "fields",
    [
        {"time_from": "10:00", "time_to": "10:00"},
        {"earliest_on": "2031-03-04", "latest_on": "2031-03-03"},
        {"product_service_id": None},
    ],
)
def test_impossible_wishes_are_refused(clinic: Clinic, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        wait(clinic, **fields)
    assert listed(clinic) == []


def test_a_product_is_not_waited_for(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="only services"):
        wait(clinic, product_service_id=clinic.product)


@pytest.mark.parametrize("column", ["archived_at", "deceased_on", "deleted_at"])
def test_who_is_archived_deceased_or_deleted_is_left_out_everywhere(clinic: Clinic, column: str) -> None:
    row = wait(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        value = now().date() if column == "deceased_on" else now()
        setattr(session.get_one(Patient, row.patient_id), column, value)
    assert listed(clinic) == []
    assert perform(clinic.actor("manager"), count_waiting, ListWaiting()) == 0
    with pytest.raises(NotFound):
        perform(clinic.actor("manager"), get_waiting, GetWaiting(entry_id=row.id))
    with pytest.raises(Conflict):
        wait(clinic, patient_id=row.patient_id, product_service_id=None, duration_minutes=10)


def test_the_list_goes_by_urgency_then_by_time_of_waiting_and_is_filtered(clinic: Clinic) -> None:
    routine, urgent, soon = (wait(clinic, urgency=word) for word in ("routine", "urgent", "soon"))
    second = clinic.users["second_practitioner"]
    theirs = wait(clinic, practitioner_user_id=second)
    assert [row.id for row in listed(clinic)] == [urgent.id, soon.id, routine.id, theirs.id]
    assert [row.id for row in listed(clinic, urgencies=("soon",))] == [soon.id]
    assert theirs.id not in [row.id for row in listed(clinic, practitioner_user_id=clinic.users["practitioner"])]
    assert len(listed(clinic, practitioner_user_id=second)) == 4
    assert [row.id for row in listed(clinic, limit=1, offset=1)] == [soon.id]
    assert [row.id for row in listed(clinic, patient_id=soon.patient_id)] == [soon.id]
    assert perform(clinic.actor("assistant"), count_waiting, ListWaiting(limit=1)) == 4


def test_a_change_keeps_since_when_somebody_waits(clinic: Clinic) -> None:
    row = wait(clinic)
    changed = change(clinic, row, product_service_id=clinic.service, time_from="14:00", urgency="soon")
    assert (changed.waiting_since, changed.time_from, changed.urgency) == (row.waiting_since, time(14), Urgency.SOON)
    with pytest.raises(StaleEdit):
        change(clinic, row, product_service_id=clinic.service)
    assert remove(clinic, changed).status is WaitingStatus.REMOVED
    with pytest.raises(Conflict, match="removed already"):
        change(clinic, changed, product_service_id=clinic.service, version=changed.version + 1)


def test_the_list_follows_the_scope(clinic: Clinic) -> None:
    mine = wait(clinic, practitioner_user_id=clinic.users["practitioner"], by="practitioner")
    anybody = wait(clinic)
    elsewhere = wait(clinic, clinic_location_id=clinic.branch, by="manager")
    own = wait(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    seen = {role: {row.id for row in listed(clinic, by=role)} for role in ("manager", "assistant", "patient")}
    assert seen["manager"] == {mine.id, anybody.id, elsewhere.id, own.id}
    assert seen["assistant"] == {mine.id, anybody.id, own.id}
    assert seen["patient"] == {own.id}
    assert listed(make_clinic(), by="owner") == []


def test_who_may_keep_the_list(clinic: Clinic) -> None:
    second = clinic.users["second_practitioner"]
    patient_id = make_patient(clinic, user_id=clinic.users["patient"])
    refused: list[tuple[str, dict[str, Any]]] = [
        ("practitioner", {}),
        ("practitioner", {"practitioner_user_id": second}),
        ("assistant", {"clinic_location_id": clinic.branch}),
        ("patient", {"patient_id": patient_id}),
    ]
    for role, fields in refused:
        with pytest.raises(PermissionDenied):
            wait(clinic, by=role, **fields)
    row = wait(clinic)
    for actor in (clinic.actor("practitioner"), make_clinic().actor("owner")):
        with pytest.raises(NotFound):
            perform(actor, remove_from_waiting_list, RemoveFromWaitingList(entry_id=row.id))


def test_somebody_is_booked_from_the_list(clinic: Clinic) -> None:
    row = wait(clinic)
    starts_at, ends_at = slot()
    request = BookFromWaitingList(
        entry_id=row.id, practitioner_user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at
    )
    booked = perform(clinic.actor("assistant"), book_from_waiting_list, request)
    assert (booked.appointment.patient_id, booked.appointment.service) == (row.patient_id, "Follow-up")
    entry = perform(clinic.actor("assistant"), get_waiting, GetWaiting(entry_id=row.id))
    assert (entry.status, entry.appointment_id) == (WaitingStatus.BOOKED, booked.appointment.id)
    assert listed(clinic) == []
    with pytest.raises(Conflict, match="booked already"):
        perform(clinic.actor("assistant"), book_from_waiting_list, request)


def test_booking_from_the_list_never_takes_a_taken_time(clinic: Clinic) -> None:
    row = wait(clinic)
    book(clinic)
    starts_at, ends_at = slot()
    request = BookFromWaitingList(
        entry_id=row.id, practitioner_user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at
    )
    with pytest.raises(BookingConflict):
        perform(clinic.actor("assistant"), book_from_waiting_list, request)
    assert [found.status for found in listed(clinic)] == [WaitingStatus.WAITING]


def test_the_next_appointment_for_the_same_service_is_shown(clinic: Clinic) -> None:
    patient_id = make_patient(clinic)
    booked = book(clinic, 200, patient_id=patient_id, product_service_id=clinic.service)
    book(clinic, 100, patient_id=patient_id)
    assert wait(clinic, patient_id=patient_id).booked_for == booked.starts_at
    assert wait(clinic, patient_id=patient_id, product_service_id=None, duration_minutes=5).booked_for == slot(100)[0]


def test_a_wish_for_dates_is_kept_as_dates(clinic: Clinic) -> None:
    row = wait(clinic, earliest_on=date(2031, 3, 3), latest_on=date(2031, 4, 1))
    assert (row.earliest_on, row.latest_on) == (date(2031, 3, 3), date(2031, 4, 1))
