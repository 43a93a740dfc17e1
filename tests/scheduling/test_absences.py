"""Absences and outages: who records and changes them, who is told why, and that no booking slips past."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.errors import BookingConflict, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.calendar import range_bounds, zone
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.queries import displaced_appointments, list_absences, list_outages, working_hours
from clinic_core.scheduling.schemas import (
    AbsenceSaved,
    AddAbsence,
    AddClosure,
    AddOutage,
    AppointmentRow,
    ChangeAbsence,
    ChangeOutage,
    GetWorkingHours,
    ListAbsences,
    ListDisplaced,
    ListOutages,
    OutageSaved,
    RemoveAbsence,
    RemoveOutage,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_closure,
    add_outage,
    book_appointment,
    change_absence,
    change_outage,
    remove_absence,
    remove_outage,
)
from clinic_core.vocabulary import AbsenceKind, ConflictKind, Scope
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.absence_arrange import AROUND, HOURS, away, broken, rescope
from tests.scheduling.arrange import audited, book, booking

Attempt = Callable[[], object]


def test_an_absence_has_a_kind_and_counts_who_is_booked_then(clinic: Clinic) -> None:
    book(clinic), book(clinic, 2), book(clinic, 9)
    saved = away(clinic, kind=AbsenceKind.SICK, reason="Flu", request_id=new_id())
    assert (saved.kind, saved.label, saved.reason, saved.displaced) == (AbsenceKind.SICK, "Sick", "Flu", 2)
    assert ("absence", "insert", clinic.users["manager"]) in [row[:3] for row in audited(clinic, "absence.add")]


def test_kind_and_reason_are_told_to_planners_and_oneself_others_see_away(clinic: Clinic) -> None:
    away(clinic, kind=AbsenceKind.SICK, reason="Surgery", by="practitioner")

    def told(by: str) -> list[tuple[str, str]]:
        rows = perform(clinic.actor(by), list_absences, ListAbsences(**AROUND))
        return [(row.label, row.reason) for row in rows]

    assert told("manager") == told("practitioner") == [("Sick", "Surgery")]
    assert told("assistant") == told("second_practitioner") == [("Away", "")]
    shown = perform(
        clinic.actor("assistant"),
        working_hours,
        GetWorkingHours(clinic_location_id=clinic.main, first=date(2031, 3, 3), last=date(2031, 3, 3)),
    )
    assert [(row.kind, row.reason) for row in shown.absences] == [(None, "")]


def test_who_plans_a_location_knows_why_its_people_are_away_and_others_not(clinic: Clinic) -> None:
    away(clinic, reason="Surgery")
    rescope(clinic, Scope.LOCATION)
    rows = perform(clinic.actor("manager"), list_absences, ListAbsences(**AROUND))
    assert [row.reason for row in rows] == ["Surgery"]
    rescope(clinic, Scope.OWN)
    assert [row.reason for row in perform(clinic.actor("manager"), list_absences, ListAbsences(**AROUND))] == [""]


def test_an_absence_is_changed_and_taken_back_and_a_stale_form_is_refused(clinic: Clinic) -> None:
    book(clinic, 9)
    saved = away(clinic)
    change = ChangeAbsence(
        absence_id=saved.id,
        starts_at=MONDAY + 8 * HOURS,
        ends_at=MONDAY + 12 * HOURS,
        kind=AbsenceKind.TRAINING,
        version=saved.version,
    )
    changed = perform(clinic.actor("practitioner"), change_absence, change)
    assert (changed.kind, changed.starts_at, changed.displaced) == (AbsenceKind.TRAINING, MONDAY + 8 * HOURS, 1)
    with pytest.raises(StaleEdit):
        perform(clinic.actor("manager"), change_absence, change)
    perform(clinic.actor("manager"), remove_absence, RemoveAbsence(absence_id=saved.id))
    assert perform(clinic.actor("manager"), list_absences, ListAbsences(**AROUND)) == []
    assert perform(clinic.actor("manager"), displaced_appointments, ListDisplaced()).total == 0


@pytest.mark.parametrize(
    ("zone_name", "days", "when"),
    [
        ("Europe/Berlin", 1, "all day on 3 Mar 2031"),
        ("Europe/Berlin", 3, "all day from 3 Mar 2031 to 5 Mar 2031"),
        ("America/New_York", 1, "all day on 3 Mar 2031 (America/New_York)"),
        ("Asia/Tokyo", 1, "from 16:00 on 2 Mar 2031 to 16:00 on 3 Mar 2031"),
    ],
)
def test_days_off_are_told_as_days_and_of_which_place_they_are(
    clinic: Clinic, zone_name: str, days: int, when: str
) -> None:
    first = MONDAY.date()
    span = range_bounds(first, first + timedelta(days=days - 1), zone(zone_name))
    absence = AddAbsence(user_id=clinic.users["practitioner"], starts_at=span.start, ends_at=span.end)
    perform(clinic.actor("manager"), add_absence, absence)
    with pytest.raises(BookingConflict, match=re.escape(f"Practitioner is away {when}.")):
        book(clinic)


def test_the_own_scope_cannot_touch_a_colleagues_absence(clinic: Clinic) -> None:
    saved = away(clinic)
    change = ChangeAbsence(
        absence_id=saved.id, starts_at=saved.starts_at, ends_at=saved.ends_at, kind=AbsenceKind.SICK, version=1
    )
    colleague, assistant = clinic.actor("second_practitioner"), clinic.actor("assistant")
    unknown: list[Attempt] = [
        lambda: perform(colleague, change_absence, change),
        lambda: perform(colleague, remove_absence, RemoveAbsence(absence_id=saved.id)),
        lambda: away(clinic, by="second_practitioner"),
    ]
    denied: list[Attempt] = [
        lambda: perform(assistant, change_absence, change),
        lambda: away(clinic, by="assistant"),
    ]
    for attempts, refusal in ((unknown, NotFound), (denied, PermissionDenied)):
        for attempt in attempts:
            with pytest.raises(refusal):
                attempt()
    assert perform(clinic.actor("manager"), change_absence, change).version == 2


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "sentence"),
    [
        (MONDAY, MONDAY, "after the start"),
        (MONDAY, MONDAY + timedelta(days=3 * 365), "two years"),
        (datetime.max.replace(tzinfo=UTC) - HOURS, datetime.max.replace(tzinfo=UTC), "outside the calendar"),
    ],
)
def test_an_absence_that_cannot_be_gets_a_sentence(starts_at: datetime, ends_at: datetime, sentence: str) -> None:
    for make in (
        lambda: AddAbsence(user_id=new_id(), starts_at=starts_at, ends_at=ends_at),
        lambda: AddOutage(resource_id=new_id(), starts_at=starts_at, ends_at=ends_at),
    ):
        with pytest.raises(InvalidInput, match=sentence):
            make()


def test_an_absence_sent_twice_is_one(clinic: Clinic) -> None:
    request_id = new_id()
    assert away(clinic, request_id=request_id).id == away(clinic, request_id=request_id).id
    assert len(perform(clinic.actor("manager"), list_absences, ListAbsences(**AROUND))) == 1
    with pytest.raises(Conflict, match="already sent"):
        away(clinic, 1, request_id=request_id)


def test_absences_and_outages_of_another_clinic_do_not_exist(clinic: Clinic) -> None:
    other = make_clinic()
    theirs, room = away(other), broken(other)
    admin = clinic.actor("admin")
    absence = ChangeAbsence(
        absence_id=theirs.id, starts_at=theirs.starts_at, ends_at=theirs.ends_at, kind=AbsenceKind.SICK, version=1
    )
    outage = ChangeOutage(outage_id=room.id, starts_at=room.starts_at, ends_at=room.ends_at, version=1)
    attempts: list[Attempt] = [
        lambda: perform(admin, change_absence, absence),
        lambda: perform(admin, remove_absence, RemoveAbsence(absence_id=theirs.id)),
        lambda: perform(admin, change_outage, outage),
        lambda: perform(admin, remove_outage, RemoveOutage(outage_id=room.id)),
        lambda: broken(clinic, resource_id=other.room),
        lambda: away(clinic, user_id=other.users["practitioner"]),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert perform(admin, list_absences, ListAbsences(**AROUND)) == []
    assert perform(admin, list_outages, ListOutages(**AROUND)) == []


def test_a_closure_counts_who_is_booked_on_its_days_on_the_wall(clinic: Clinic) -> None:
    late = datetime(2031, 3, 4, 22, 30, tzinfo=UTC)  # 23:30 on the 4th in Berlin
    book(clinic), book(clinic, starts_at=late, ends_at=late + HOURS / 4)
    book(clinic, starts_at=late + HOURS, ends_at=late + 2 * HOURS)
    day = AddClosure(name="Holiday", starts_on=date(2031, 3, 4), ends_on=date(2031, 3, 4))
    assert perform(clinic.actor("manager"), add_closure, day).displaced == 1
    assert perform(clinic.actor("manager"), displaced_appointments, ListDisplaced()).total == 1


@pytest.mark.parametrize("what", ["absence", "outage"])
def test_a_booking_racing_with_an_absence_is_counted_or_refused(clinic: Clinic, what: str) -> None:
    """64 at once: of 63 bookings each was made before the absence and is on the list, or is refused for it."""
    assistant, manager = clinic.actor("assistant"), clinic.actor("manager")
    patients = [make_patient(clinic) for _ in range(63)]
    gate = Barrier(64)

    def book_one(at: int) -> AppointmentRow | BookingConflict:
        request = booking(
            clinic, starts_at=slot(at / 6)[0], ends_at=slot(at / 6, minutes=10)[1], patient_id=patients[at],
            resource_ids=(clinic.room,),
        )  # fmt: skip
        gate.wait(60)
        try:
            return perform(assistant, book_appointment, request)
        except BookingConflict as refused:
            return refused

    def record() -> AbsenceSaved | OutageSaved:
        starts_at, ends_at = MONDAY, MONDAY + 24 * HOURS
        gate.wait(60)
        if what == "outage":
            request = AddOutage(resource_id=clinic.room, starts_at=starts_at, ends_at=ends_at)
            return perform(manager, add_outage, request)
        absent = AddAbsence(user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at)
        return perform(manager, add_absence, absent)

    with ThreadPoolExecutor(64) as pool:
        saved = pool.submit(record)
        answers = list(pool.map(book_one, range(63)))
    booked: set[UUID] = {one.id for one in answers if isinstance(one, AppointmentRow)}
    kinds = {obstacle.kind for one in answers if isinstance(one, BookingConflict) for obstacle in one.obstacles}
    assert kinds <= {ConflictKind.ABSENCE if what == "absence" else ConflictKind.OUT_OF_SERVICE}
    listed = [
        row.appointment.id
        for offset in (0, 50)
        for row in perform(manager, displaced_appointments, ListDisplaced(limit=50, offset=offset)).rows
    ]
    assert set(listed) == booked
    assert saved.result().displaced == len(listed) == len(booked)
