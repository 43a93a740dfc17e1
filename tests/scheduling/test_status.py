"""Where an appointment stands: every step of the table and no other, cancelling, deleting, history."""

import re
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import (
    BookingConflict,
    Conflict,
    IllegalTransition,
    InvalidInput,
    NotFound,
    PermissionDenied,
    StaleEdit,
)
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment, ClinicalCase, Visit
from clinic_core.scheduling.queries import appointment_history, get_appointment, today_counts
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    ChangeStatus,
    DeleteAppointment,
    GetAppointment,
    ListDay,
    MoveAppointment,
)
from clinic_core.scheduling.service import cancel_appointment, change_status, delete_appointment, move_appointment
from clinic_core.scheduling.transitions import TRANSITIONS, check_transition, is_legal
from clinic_core.settings import PROJECT_ROOT
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic, make_patient, slot
from tests.scheduling.arrange import audited, book, drift

S = AppointmentStatus


def change(clinic: Clinic, row: AppointmentRow, status: str, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    request = ChangeStatus.model_validate({"appointment_id": row.id, "status": status, **fields})
    return perform(clinic.actor(by), change_status, request)


def begun(clinic: Clinic, row: AppointmentRow, status: str) -> AppointmentRow:
    """The status, recorded when the appointment has begun."""
    with frozen_at(row.starts_at):
        return change(clinic, row, status)


def cancel(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    values = {"appointment_id": row.id, "cancelled_by": CancelledBy.PATIENT, **fields}
    return perform(clinic.actor(by), cancel_appointment, CancelAppointment.model_validate(values))


def delete(clinic: Clinic, row: AppointmentRow, *, by: str = "assistant", **fields: Any) -> AppointmentRow:
    return perform(clinic.actor(by), delete_appointment, DeleteAppointment(appointment_id=row.id, **fields))


def document(clinic: Clinic, row: AppointmentRow) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        people: dict[str, Any] = {"patient_id": row.patient_id, "practitioner_user_id": row.practitioner_user_id}
        case = ClinicalCase(id=new_id(), organization_id=clinic.organization_id, opened_at=now(), **people)
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


def test_the_table_in_the_rules_is_the_table_in_the_code() -> None:
    page = (PROJECT_ROOT / "docs" / "rules" / "scheduling.md").read_text(encoding="utf-8").split("\n## ")[1]
    written = {
        AppointmentStatus(start.strip().replace(" ", "_").replace("-", "_")): frozenset(
            AppointmentStatus(word.strip().replace(" ", "_").replace("-", "_")) for word in following.split(",")
        )
        for start, following in re.findall(r"^\| ([a-z -]+) \| ([a-z ,-]+) \|$", page, re.MULTILINE)
        if start.strip() != "from"
    }
    assert written == dict(TRANSITIONS)


@pytest.mark.parametrize("current", S)
@pytest.mark.parametrize("wanted", S)
def test_only_steps_of_the_table_are_legal(current: AppointmentStatus, wanted: AppointmentStatus) -> None:
    if is_legal(current, wanted):
        check_transition(current, wanted)
    else:
        with pytest.raises(IllegalTransition, match=f"{current.label.lower()} cannot become {wanted.label.lower()}"):
            check_transition(current, wanted)


@given(st.lists(st.sampled_from(S), min_size=1, max_size=12))
def test_no_walk_leads_out_of_completed_but_back_to_in_progress(walk: list[AppointmentStatus]) -> None:
    legal = all(is_legal(one, other) for one, other in pairwise(walk))
    if legal and S.COMPLETED in walk[:-1]:
        assert walk[walk.index(S.COMPLETED) + 1] is S.IN_PROGRESS


def test_every_legal_step_is_taken_and_every_other_refused_by_the_use_case(clinic: Clinic) -> None:
    row = book(clinic)
    for current in S:
        for wanted in set(S) - {S.CANCELLED}:
            with owner_work("test.arrange", clinic.organization_id) as session:
                stored = session.get_one(Appointment, row.id)
                stored.status = current
                stored.cancelled_by = CancelledBy.CLINIC if current is S.CANCELLED else None
            if is_legal(current, wanted):
                assert begun(clinic, row, wanted).status is wanted
            else:
                with pytest.raises(IllegalTransition):
                    begun(clinic, row, wanted)
    assert drift(clinic) == 0


def test_a_change_of_status_is_stamped_and_audited(clinic: Clinic) -> None:
    row = book(clinic)
    arrived = change(clinic, row, "arrived", version=row.version)
    assert arrived.status_at is not None
    assert row.status_at is not None
    assert arrived.status_at > row.status_at
    update = next(row for row in audited(clinic, "appointment.change_status") if row[0] == "appointment")
    assert update[3]["status"] == ["booked", "arrived"]


def test_a_stale_list_changes_nothing(clinic: Clinic) -> None:
    row = book(clinic)
    change(clinic, row, "confirmed", by="manager")
    attempts: list[Callable[[], object]] = [
        lambda: change(clinic, row, "arrived", version=row.version),
        lambda: cancel(clinic, row, version=row.version),
        lambda: delete(clinic, row, version=row.version),
    ]
    for stale in attempts:
        with pytest.raises(StaleEdit, match="Manager"):
            stale()


def test_cancelling_needs_to_know_by_whom(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="Say who cancels"):
        change(clinic, book(clinic), "cancelled")


def test_a_cancelled_slot_can_be_booked_again(clinic: Clinic) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    cancelled = cancel(clinic, row, reason="Ill")
    assert (cancelled.status, cancelled.cancelled_by, cancelled.cancel_reason) == (S.CANCELLED, "patient", "Ill")
    book(clinic, resource_ids=(clinic.room,))
    assert drift(clinic) == 0


def test_what_was_cancelled_is_booked_again_only_where_the_time_is_free(clinic: Clinic) -> None:
    row = cancel(clinic, book(clinic, resource_ids=(clinic.room,)))
    taken = book(clinic, resource_ids=(clinic.room,))
    with pytest.raises(BookingConflict) as refused:
        change(clinic, row, "booked")
    assert [one.subject for one in refused.value.obstacles] == ["Room 1", "Practitioner"]
    cancel(clinic, taken)
    again = change(clinic, row, "booked")
    assert (again.status, again.cancelled_by, again.cancel_reason) == (S.BOOKED, None, "")
    assert drift(clinic) == 0


@pytest.mark.parametrize(
    ("hours_ahead", "by", "late", "expected"),
    [
        (25, CancelledBy.PATIENT, None, False),
        (23, CancelledBy.PATIENT, None, True),
        (1, CancelledBy.CLINIC, None, False),
        (25, CancelledBy.PATIENT, True, True),
        (1, CancelledBy.PATIENT, False, False),
    ],
)
def test_a_patient_cancels_late_within_a_day(
    clinic: Clinic, hours_ahead: int, by: CancelledBy, late: bool | None, expected: bool
) -> None:
    row = book(clinic)
    with frozen_at(MONDAY - timedelta(hours=hours_ahead)):
        assert cancel(clinic, row, cancelled_by=by, late=late).cancelled_late is expected


def test_a_no_show_keeps_its_time(clinic: Clinic) -> None:
    begun(clinic, book(clinic), "no_show")
    with pytest.raises(BookingConflict):
        book(clinic)


def test_a_no_show_is_recorded_only_when_the_appointment_has_begun(clinic: Clinic) -> None:
    row = book(clinic)
    early = row.starts_at - timedelta(seconds=1)
    with frozen_at(early), pytest.raises(Conflict, match="once the appointment has begun"):
        change(clinic, row, "no_show")


def test_a_documented_appointment_is_neither_cancelled_nor_deleted(clinic: Clinic) -> None:
    row = book(clinic)
    document(clinic, row)
    for refused in (cancel, delete):
        with pytest.raises(Conflict, match="visit was documented"):
            refused(clinic, row)
    with unit_of_work(clinic.actor("assistant")) as work:
        shown = get_appointment(work, GetAppointment(appointment_id=row.id))
    assert (shown.has_visit, shown.visit_status) == (True, "draft")


def test_a_deleted_appointment_frees_its_time_and_is_gone_from_lists(clinic: Clinic) -> None:
    row = book(clinic)
    assert delete(clinic, row).deleted_at is not None
    book(clinic)
    with unit_of_work(clinic.actor("assistant")) as work, pytest.raises(NotFound):
        get_appointment(work, GetAppointment(appointment_id=row.id))
    with pytest.raises(NotFound):
        delete(clinic, row)
    assert drift(clinic) == 0


def test_patients_confirm_and_cancel_but_record_nothing_else(clinic: Clinic) -> None:
    row = book(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    with pytest.raises(PermissionDenied):
        change(clinic, row, "arrived", by="patient")
    with pytest.raises(PermissionDenied):
        delete(clinic, row, by="patient")
    assert change(clinic, row, "confirmed", by="patient").status is S.CONFIRMED
    with frozen_at(MONDAY - timedelta(hours=1)):
        cancelled = cancel(clinic, row, by="patient", cancelled_by=CancelledBy.CLINIC, late=False)
    assert (cancelled.cancelled_by, cancelled.cancelled_late) == (CancelledBy.PATIENT, True)


def test_a_colleagues_and_another_clinics_appointment_do_not_exist(clinic: Clinic) -> None:
    mine, foreign = book(clinic), book(make_clinic())
    for row, who in ((mine, "second_practitioner"), (foreign, "owner")):
        with pytest.raises(NotFound):
            change(clinic, row, "arrived", by=who)
        with pytest.raises(NotFound):
            cancel(clinic, row, by=who)
        with pytest.raises(NotFound):
            delete(clinic, row, by=who)


def test_a_double_click_cancels_once(clinic: Clinic) -> None:
    row, request_id = book(clinic), new_id()
    first = cancel(clinic, row, request_id=request_id)
    assert cancel(clinic, row, request_id=request_id) == first


def test_the_history_tells_who_did_what_from_where_to_where(clinic: Clinic) -> None:
    row = book(clinic)
    starts_at, ends_at = slot(1)
    moved = MoveAppointment(
        appointment_id=row.id,
        starts_at=starts_at,
        ends_at=ends_at,
        version=row.version,
        practitioner_user_id=clinic.users["second_practitioner"],
    )
    perform(clinic.actor("manager"), move_appointment, moved)
    cancel(clinic, row)
    delete(clinic, row)
    with unit_of_work(clinic.actor("assistant")) as work:
        steps = appointment_history(work, GetAppointment(appointment_id=row.id))
    assert [(step.by, step.from_status, step.to_status, step.is_deleted) for step in steps] == [
        ("Assistant", None, S.BOOKED, False),
        ("Manager", S.BOOKED, S.BOOKED, False),
        ("Assistant", S.BOOKED, S.CANCELLED, False),
        ("Assistant", S.CANCELLED, S.CANCELLED, True),
    ]
    assert (steps[1].from_practitioner, steps[1].to_practitioner) == ("Practitioner", "Second Practitioner")
    assert (steps[1].from_starts_at, steps[1].to_starts_at) == (row.starts_at, starts_at)
    with unit_of_work(make_clinic().actor("owner")) as work, pytest.raises(NotFound):
        appointment_history(work, GetAppointment(appointment_id=row.id))


def test_the_counts_of_a_day_tell_who_waits_long(clinic: Clinic) -> None:
    change(clinic, book(clinic), "arrived")
    book(clinic, 1)
    book(clinic, 24)
    day = ListDay(clinic_location_id=clinic.main, day=MONDAY.date())
    with unit_of_work(clinic.actor("assistant")) as work:
        counts = today_counts(work, day)
        with frozen_at(now() + timedelta(minutes=16)):
            later = today_counts(work, day)
    assert (counts.total, counts.by_status[S.ARRIVED], counts.by_status[S.BOOKED]) == (2, 1, 1)
    assert (counts.waiting_long, later.waiting_long) == (0, 1)
