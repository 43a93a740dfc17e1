"""Moving an appointment without dragging it: one of the next free times, or any other time, practitioner and rooms."""

from collections.abc import Callable
from datetime import timedelta

import streamlit as st

from clinic_core.errors import BookingConflict
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.notifications.service import move_with_reminders
from clinic_core.scheduling.queries import list_locations, list_practitioners, list_resources
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    ListLocations,
    ListPractitioners,
    ListResources,
    LocationRow,
    MoveAppointment,
)
from clinic_core.ui.appointment_done import tell_done, way_back
from clinic_core.ui.appointment_words import moved_text
from clinic_core.ui.booking_fields import TakenTime
from clinic_core.ui.conflict_view import Choice, draw_conflict
from clinic_core.ui.forms import chosen, date_field, instant_of
from clinic_core.ui.page import Page
from clinic_core.ui.slot_search import SlotWish, draw_slot_search

_CONFLICT = "panel_conflict"

Asked = Callable[[], MoveAppointment]


def draw_move(page: Page, row: AppointmentRow, close: Callable[[], None]) -> None:
    """The form, when it is unfolded; a move that was made closes the panel."""
    form = st.expander("Move", key="panel_move_form", on_change="rerun")
    if not form.open:
        return
    with form:
        found = _draw_free_times(page, row)
        other = _draw_other_time(page, row)
        pressed = st.button("Move", key="panel_move")
        refused: BookingConflict | None = st.session_state.get(_CONFLICT)
        choice = draw_conflict(refused, key="panel_conflict_view", anyway="Move anyway") if refused else Choice()
    if choice.alternative is not None:
        free = choice.alternative
        found = TakenTime(free.practitioner_user_id, free.starts_at, free.ends_at, free.resource_ids)
    if found is not None:
        taken = found
        _move(page, row, lambda: _to(row, taken), close)
    elif pressed or choice.is_anyway:
        reasons = {"double_book_reason": choice.double_book_reason, "override_reason": choice.override_reason}
        _move(page, row, lambda: other().model_copy(update=reasons), close)


def _move(page: Page, row: AppointmentRow, asked: Asked, close: Callable[[], None]) -> None:
    def request() -> MoveAppointment:
        move = asked()
        return move.model_copy(update={"request_id": page.request_id(f"move/{move.appointment_id}")})

    answer = page.run_or_conflict(move_with_reminders, request)
    if isinstance(answer, BookingConflict):
        st.session_state[_CONFLICT] = answer
        st.rerun()
    if answer is not None:
        moved = answer.appointment
        tell_done(page, moved, moved_text(moved, page.actor.settings), back=way_back(row, moved))
        close()
        st.rerun()


def _draw_free_times(page: Page, row: AppointmentRow) -> TakenTime | None:
    location = _location(page, row)
    if location is None:
        return None
    wish = SlotWish(
        service_id=row.product_service_id,
        minutes=int((row.ends_at - row.starts_at).total_seconds()) // 60,
        practitioner_id=row.practitioner_user_id,
        patient_id=row.patient_id,
        moved_appointment_id=row.id,
        first_day=to_wall(row.starts_at, zone(row.timezone)).date(),
    )
    slot = draw_slot_search(page, location, wish, key="panel_slots")
    if slot is None:
        return None
    return TakenTime(slot.practitioner_user_id, slot.starts_at, slot.ends_at, slot.resource_ids)


def _location(page: Page, row: AppointmentRow) -> LocationRow | None:
    """The location of the appointment; None where it takes no bookings any more."""
    rows = page.read(list_locations, ListLocations())
    return next((found for found in rows if found.id == row.clinic_location_id), None)


def _draw_other_time(page: Page, row: AppointmentRow) -> Asked:
    place = zone(row.timezone)
    wall = to_wall(row.starts_at, place)
    people = page.read(list_practitioners, ListPractitioners(clinic_location_id=row.clinic_location_id))
    things = page.read(list_resources, ListResources(clinic_location_id=row.clinic_location_id))
    names = {found.id: found.name for found in people} | {found.id: found.name for found in things}
    ids = [found.id for found in people]
    st.caption("Or any other time:")
    left, right = st.columns(2)
    with left:
        day = date_field("Date", key="panel_day", value=wall.date())
        who = st.selectbox(
            "Practitioner",
            ids,
            index=ids.index(row.practitioner_user_id) if row.practitioner_user_id in ids else None,
            format_func=lambda found: names[found],
            key="panel_practitioner",
        )
    with right:
        clock = st.time_input("Time", value=wall.time(), key="panel_clock", step=timedelta(minutes=5))
        taken = st.multiselect(
            "Rooms and equipment",
            [found.id for found in things],
            default=[found for found in row.resource_ids if found in names],
            format_func=lambda found: names[found],
            key="panel_resources",
        )

    def asked() -> MoveAppointment:
        starts_at = instant_of(day, clock, place)
        return MoveAppointment(
            appointment_id=row.id,
            starts_at=starts_at,
            ends_at=starts_at + (row.ends_at - row.starts_at),
            practitioner_user_id=chosen(who, field="practitioner"),
            resource_ids=tuple(taken),
            version=row.version,
        )

    return asked


def _to(row: AppointmentRow, free: TakenTime) -> MoveAppointment:
    return MoveAppointment(
        appointment_id=row.id,
        starts_at=free.starts_at,
        ends_at=free.ends_at,
        practitioner_user_id=free.practitioner_id,
        resource_ids=free.resource_ids,
        version=row.version,
    )
