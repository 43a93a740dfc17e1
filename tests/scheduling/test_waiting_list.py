"""The waiting list: who is on it, who sees it, whom a free time is right for, and in which order."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.models import Absence, Patient
from clinic_core.scheduling.queries import (
    count_waiting,
    freed_slots,
    get_appointment,
    get_waiting,
    list_waiting,
    matches_for_slot,
)
from clinic_core.scheduling.schemas import (
    BookFromWaitingList,
    CancelAppointment,
    ChangeWaiting,
    DeleteAppointment,
    GetAppointment,
    GetWaiting,
    ListFreed,
    ListWaiting,
    MatchesForSlot,
    MoveAppointment,
    RemoveFromWaitingList,
    WaitingMatch,
    WaitingRow,
)
from clinic_core.scheduling.service import (
    book_from_waiting_list,
    cancel_appointment,
    change_waiting,
    delete_appointment,
    move_appointment,
    remove_from_waiting_list,
)
from clinic_core.vocabulary import CancelledBy, Urgency, WaitingStatus
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book
from tests.scheduling.waiting import wait


def listed(clinic: Clinic, *, by: str = "assistant", **fields: Any) -> list[WaitingRow]:
    return perform(clinic.actor(by), list_waiting, ListWaiting.model_validate(fields))


def change(clinic: Clinic, row: WaitingRow, *, by: str = "assistant", **fields: Any) -> WaitingRow:
    values = {"entry_id": row.id, "clinic_location_id": clinic.main, "version": row.version, **fields}
    return perform(clinic.actor(by), change_waiting, ChangeWaiting.model_validate(values))


def remove(clinic: Clinic, row: WaitingRow, *, by: str = "assistant", **fields: Any) -> WaitingRow:
    return perform(clinic.actor(by), remove_from_waiting_list, RemoveFromWaitingList(entry_id=row.id, **fields))


def matches(
    clinic: Clinic, hours: float = 0, *, minutes: int = 30, by: str = "assistant", **fields: Any
) -> list[WaitingMatch]:
    starts_at, ends_at = slot(hours, minutes=minutes)
    values = {
        "clinic_location_id": clinic.main,
        "practitioner_user_id": clinic.users["practitioner"],
        "starts_at": starts_at,
        "ends_at": ends_at,
        **fields,
    }
    return perform(clinic.actor(by), matches_for_slot, MatchesForSlot.model_validate(values))


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
    with pytest.raises(Conflict, match="waits for Follow-up already"):
        wait(clinic, patient_id=patient_id)
    with pytest.raises(Conflict, match="waits for Follow-up already"):
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
    assert matches(clinic) == []
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


@pytest.mark.parametrize(
    ("wish", "fits"),
    [
        ({}, True),
        ({"weekdays": (1,)}, True),
        ({"weekdays": (2, 3)}, False),
        ({"time_from": "10:00"}, True),
        ({"time_from": "10:05"}, False),
        ({"time_to": "10:30"}, True),
        ({"time_to": "10:25"}, False),
        ({"earliest_on": "2031-03-03"}, True),
        ({"earliest_on": "2031-03-04"}, False),
        ({"latest_on": "2031-03-03"}, True),
        ({"latest_on": "2031-03-02"}, False),
        ({"duration_minutes": 31}, False),
    ],
)
def test_a_time_is_right_by_day_and_time_on_the_wall_and_by_length(
    clinic: Clinic, wish: dict[str, Any], fits: bool
) -> None:
    """The free time is Monday from 10:00 to 10:30 in Berlin."""
    wait(clinic, **wish)
    assert bool(matches(clinic)) is fits


def test_a_longer_time_is_used_where_the_wish_begins(clinic: Clinic) -> None:
    wait(clinic, time_from="11:00")
    (match,) = matches(clinic, minutes=120)
    assert (match.starts_at, match.ends_at) == (slot(1)[0], slot(1)[1])


def test_a_time_that_has_begun_is_used_from_the_next_five_minutes(clinic: Clinic) -> None:
    wait(clinic)
    with frozen_at(MONDAY + timedelta(minutes=12)):
        (match,) = matches(clinic, minutes=60)
        assert match.starts_at == MONDAY + timedelta(minutes=15)
        assert matches(clinic) == []


def test_only_who_wants_that_practitioner_or_anybody_is_matched(clinic: Clinic) -> None:
    anybody = wait(clinic)
    wait(clinic, practitioner_user_id=clinic.users["second_practitioner"])
    wait(clinic, clinic_location_id=clinic.branch, by="manager")
    assert [match.entry.id for match in matches(clinic)] == [anybody.id]


def test_matches_rank_by_urgency_then_days_of_waiting_then_fit(clinic: Clinic) -> None:
    anybody = wait(clinic)
    short = wait(clinic, product_service_id=None, duration_minutes=10)
    wanted = wait(clinic, practitioner_user_id=clinic.users["practitioner"])
    urgent = wait(clinic, urgency="urgent")
    ranked = [match.entry.id for match in matches(clinic)]
    assert ranked == [urgent.id, wanted.id, anybody.id, short.id]


def test_who_could_not_be_booked_is_not_matched(clinic: Clinic) -> None:
    busy = wait(clinic)
    book(clinic, patient_id=busy.patient_id, practitioner_user_id=clinic.users["second_practitioner"])
    assert matches(clinic) == []
    wait(clinic)
    assert len(matches(clinic)) == 1
    with owner_work("test.arrange", clinic.organization_id) as session:
        starts_at, ends_at = slot()
        org = clinic.organization_id
        away = Absence(organization_id=org, user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at)
        session.add(away)
    assert matches(clinic) == []


def test_matches_are_for_calendars_that_the_reader_sees(clinic: Clinic) -> None:
    wait(clinic)
    assert len(matches(clinic, by="practitioner")) == 1
    assert matches(clinic, by="patient") == []
    with pytest.raises(NotFound):
        matches(clinic, clinic_location_id=new_id())


@pytest.mark.parametrize("way", ["cancelled", "moved", "deleted"])
def test_a_freed_time_names_whom_it_is_right_for(clinic: Clinic, way: str) -> None:
    row = wait(clinic)
    booked = book(clinic)
    assert freed(clinic) == []
    give_back(clinic, booked.id, way)
    (found,) = freed(clinic)
    assert (found.practitioner, found.starts_at, found.ends_at) == ("Practitioner", *slot())
    assert [match.entry.id for match in found.matches] == [row.id]
    book(clinic)
    assert freed(clinic) == []


def freed(clinic: Clinic, **fields: Any) -> list[Any]:
    return perform(clinic.actor("assistant"), freed_slots, ListFreed(clinic_location_id=clinic.main, **fields))


def give_back(clinic: Clinic, appointment_id: Any, way: str) -> None:
    actor = clinic.actor("assistant")
    if way == "cancelled":
        request = CancelAppointment(appointment_id=appointment_id, cancelled_by=CancelledBy.PATIENT)
        perform(actor, cancel_appointment, request)
    elif way == "deleted":
        perform(actor, delete_appointment, DeleteAppointment(appointment_id=appointment_id))
    else:
        row = perform(actor, get_appointment, GetAppointment(appointment_id=appointment_id))
        starts_at, ends_at = slot(5)
        move = MoveAppointment(appointment_id=row.id, starts_at=starts_at, ends_at=ends_at, version=row.version)
        perform(actor, move_appointment, move)


def test_what_was_given_back_long_ago_or_lies_in_the_past_is_not_shown(clinic: Clinic) -> None:
    wait(clinic)
    give_back(clinic, book(clinic).id, "cancelled")
    with frozen_at(now() + timedelta(days=8)):
        assert freed(clinic) == []
        assert len(freed(clinic, days_back=30)) == 1
    with frozen_at(MONDAY + timedelta(hours=1)):
        assert freed(clinic, days_back=60) == []


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
