"""What is done about appointments that cannot take place: each way with one message, a day in one go."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import (
    CancelDisplaced,
    HandOverDisplaced,
    ListMessages,
    MoveDisplaced,
    NotificationRow,
    SettleDay,
)
from clinic_core.notifications.service import cancel_displaced, hand_over_displaced, move_displaced, settle_day
from clinic_core.scheduling.queries import displaced_appointments, get_appointment, plan_day, propose_times
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    ChangeStatus,
    FindWays,
    GetAppointment,
    ListDisplaced,
    PlanDay,
    PlannedRow,
)
from clinic_core.scheduling.service import change_status
from clinic_core.vocabulary import (
    AppointmentStatus,
    CancelledBy,
    NotificationStatus,
    NotificationType,
    WithdrawnReason,
)
from tests.factories import MONDAY, Clinic, make_clinic
from tests.notifications.test_reminders import reachable
from tests.scheduling.absence_arrange import HOURS, away
from tests.scheduling.arrange import audited, book, drift
from tests.scheduling.test_displaced import work_week

MOVED, CANCELLED = NotificationType.APPOINTMENT_MOVED, NotificationType.APPOINTMENT_CANCELLED


def messages(clinic: Clinic, appointment_id: UUID) -> list[NotificationRow]:
    return perform(clinic.actor("manager"), list_messages, ListMessages(appointment_id=appointment_id))


def to_tuesday(row: AppointmentRow, **fields: object) -> MoveDisplaced:
    day = timedelta(days=1)
    values = {"appointment_id": row.id, "starts_at": row.starts_at + day, "ends_at": row.ends_at + day}
    return MoveDisplaced.model_validate({**values, "version": row.version, **fields})


def test_a_move_to_a_proposed_time_tells_the_patient_once(clinic: Clinic) -> None:
    work_week(clinic, "practitioner")
    row = book(clinic, patient_id=reachable(clinic), resource_ids=(clinic.room,))
    away(clinic)
    assistant = clinic.actor("assistant")
    slot = perform(assistant, propose_times, FindWays(appointment_id=row.id))[0]
    request = MoveDisplaced(
        appointment_id=row.id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        resource_ids=slot.resource_ids,
        version=row.version,
        request_id=new_id(),
    )
    first = perform(assistant, move_displaced, request)
    assert perform(assistant, move_displaced, request) == first
    with pytest.raises(StaleEdit):
        perform(assistant, move_displaced, request.model_copy(update={"request_id": new_id()}))
    assert (first.appointment.starts_at, first.message.type) == (slot.starts_at, MOVED)
    assert [(one.type, one.status) for one in messages(clinic, row.id)] == [(MOVED, NotificationStatus.PLANNED)]
    assert perform(assistant, displaced_appointments, ListDisplaced()).total == 0
    assert "notification" in {entry[0] for entry in audited(clinic, "notification.moved")}
    assert drift(clinic) == 0


def test_a_colleague_takes_over_at_the_same_time_in_the_same_room(clinic: Clinic) -> None:
    row = book(clinic, patient_id=reachable(clinic), resource_ids=(clinic.room,))
    away(clinic)
    request = HandOverDisplaced(
        appointment_id=row.id,
        practitioner_user_id=clinic.users["second_practitioner"],
        version=row.version,
        request_id=new_id(),
    )
    handed = perform(clinic.actor("assistant"), hand_over_displaced, request)
    assert (handed.appointment.practitioner, handed.appointment.starts_at) == ("Second Practitioner", row.starts_at)
    assert handed.appointment.resource_ids == (clinic.room,)
    assert [one.type for one in messages(clinic, row.id)] == [MOVED]
    with pytest.raises(NotFound):
        perform(clinic.actor("practitioner"), hand_over_displaced, request.model_copy(update={"request_id": None}))


def test_a_cancellation_is_the_clinics_and_never_late(clinic: Clinic) -> None:
    row = book(clinic, patient_id=reachable(clinic))
    request = CancelDisplaced(appointment_id=row.id, reason="Ill", version=row.version, request_id=new_id())
    with frozen_at(MONDAY - HOURS):
        cancelled = perform(clinic.actor("assistant"), cancel_displaced, request).appointment
    assert (cancelled.cancelled_by, cancelled.cancelled_late, cancelled.cancel_reason) == (
        CancelledBy.CLINIC,
        False,
        "Ill",
    )
    assert [one.type for one in messages(clinic, row.id)] == [CANCELLED]
    with pytest.raises(InvalidInput, match="Reason is missing"):
        CancelDisplaced(appointment_id=row.id, reason=" ", version=1)


def test_who_had_arrived_is_expected_anew_after_a_move_but_not_after_a_change_of_hands(clinic: Clinic) -> None:
    assistant = clinic.actor("assistant")
    with frozen_at(MONDAY):
        rows = [
            perform(
                assistant,
                change_status,
                ChangeStatus(appointment_id=book(clinic, at).id, status=AppointmentStatus.ARRIVED),
            )
            for at in (0, 1)
        ]
        moved = perform(assistant, move_displaced, to_tuesday(rows[0]))
        second = clinic.users["second_practitioner"]
        hand_over = HandOverDisplaced(appointment_id=rows[1].id, practitioner_user_id=second, version=rows[1].version)
        handed = perform(assistant, hand_over_displaced, hand_over)
    assert (moved.appointment.status, handed.appointment.status) == (
        AppointmentStatus.BOOKED,
        AppointmentStatus.ARRIVED,
    )


def test_who_cannot_be_told_is_named_with_the_reason(clinic: Clinic) -> None:
    row = book(clinic)
    told = perform(clinic.actor("assistant"), move_displaced, to_tuesday(row)).message
    assert (told.status, told.withdrawn_reason) == (NotificationStatus.WITHDRAWN, WithdrawnReason.NO_ADDRESS)


def test_the_own_scope_and_other_clinics_touch_nothing(clinic: Clinic) -> None:
    row, other = book(clinic), make_clinic()
    for actor in (clinic.actor("second_practitioner"), clinic.actor("patient"), other.actor("owner")):
        second = clinic.users["second_practitioner"]
        with pytest.raises(NotFound):
            perform(actor, move_displaced, to_tuesday(row))
        with pytest.raises(NotFound):
            perform(actor, cancel_displaced, CancelDisplaced(appointment_id=row.id, reason="Ill", version=1))
        with pytest.raises(NotFound):
            perform(
                actor,
                hand_over_displaced,
                HandOverDisplaced(appointment_id=row.id, practitioner_user_id=second, version=1),
            )
    mine = perform(clinic.actor("practitioner"), move_displaced, to_tuesday(row))
    away_from_me = HandOverDisplaced(
        appointment_id=row.id,
        practitioner_user_id=clinic.users["second_practitioner"],
        version=mine.appointment.version,
    )
    with pytest.raises(PermissionDenied, match="not yours to book"):
        perform(clinic.actor("practitioner"), hand_over_displaced, away_from_me)


def steps_of(planned: list[PlannedRow]) -> tuple[MoveDisplaced | HandOverDisplaced | CancelDisplaced, ...]:
    """Moves for the first four, a colleague for the next three, the rest is cancelled."""
    steps: list[MoveDisplaced | HandOverDisplaced | CancelDisplaced] = []
    for at, row in enumerate(planned):
        keys: dict[str, Any] = {"appointment_id": row.appointment.id, "version": row.appointment.version}
        if at < 4 and row.slot:
            steps.append(MoveDisplaced(starts_at=row.slot.starts_at, ends_at=row.slot.ends_at, **keys))
        elif at < 7 and row.colleague_id:
            steps.append(HandOverDisplaced(practitioner_user_id=row.colleague_id, **keys))
        else:
            steps.append(CancelDisplaced(reason="Practitioner is ill", **keys))
    return tuple(steps)


def settled_day(clinic: Clinic) -> tuple[list[AppointmentRow], SettleDay]:
    work_week(clinic, "practitioner", "second_practitioner")
    rows = [book(clinic, at / 2, patient_id=reachable(clinic)) for at in range(10)]
    away(clinic)
    asked = PlanDay(practitioner_user_id=clinic.users["practitioner"], day=date(2031, 3, 3))
    planned = perform(clinic.actor("assistant"), plan_day, asked)
    return rows, SettleDay(steps=steps_of(planned), request_id=new_id())


def test_a_day_of_ten_is_settled_in_one_go_with_one_message_each_even_when_sent_twice(clinic: Clinic) -> None:
    rows, request = settled_day(clinic)
    assistant = clinic.actor("assistant")
    outcomes = settle_day(assistant, request)
    assert [one.refusal for one in outcomes] == [""] * 10
    again = settle_day(assistant, request)
    assert again == outcomes
    other_id = settle_day(assistant, request.model_copy(update={"request_id": new_id()}))
    assert all("changed by" in one.refusal for one in other_id)
    types = [[one.type for one in messages(clinic, row.id)] for row in rows]
    assert types == [[MOVED]] * 7 + [[CANCELLED]] * 3
    assert perform(assistant, displaced_appointments, ListDisplaced()).total == 0
    assert drift(clinic) == 0


def test_a_refused_step_leaves_the_others_alone_and_stays_on_the_list(clinic: Clinic) -> None:
    rows, request = settled_day(clinic)
    taken = request.steps[1]
    assert isinstance(taken, MoveDisplaced)
    book(clinic, starts_at=taken.starts_at, ends_at=taken.ends_at)
    outcomes = settle_day(clinic.actor("assistant"), request)
    refused = [one for one in outcomes if one.refusal]
    assert [one.appointment_id for one in refused] == [rows[1].id]
    assert "The time is not free" in refused[0].refusal
    assert messages(clinic, rows[1].id) == []
    left = perform(clinic.actor("assistant"), displaced_appointments, ListDisplaced())
    assert [row.appointment.id for row in left.rows] == [rows[1].id]


def test_a_day_names_each_appointment_once(clinic: Clinic) -> None:
    row = book(clinic)
    with pytest.raises(InvalidInput, match="one way only"):
        SettleDay(steps=(to_tuesday(row), CancelDisplaced(appointment_id=row.id, reason="Ill", version=1)))


def test_a_day_is_settled_only_where_it_is_the_actors(clinic: Clinic) -> None:
    row = book(clinic)
    outcomes = settle_day(clinic.actor("second_practitioner"), SettleDay(steps=(to_tuesday(row),)))
    assert [one.refusal for one in outcomes] == ["This appointment does not exist."]
    unchanged = perform(clinic.actor("assistant"), get_appointment, GetAppointment(appointment_id=row.id))
    assert unchanged.starts_at == row.starts_at
