"""The work-list of appointments that cannot take place: another time, a colleague, or cancelled, one press each."""

from collections.abc import Callable
from typing import NoReturn
from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.access.organization import OrganizationSettings
from clinic_core.notifications.schemas import CancelDisplaced, HandOverDisplaced, MoveDisplaced, Rebooked
from clinic_core.notifications.service import cancel_displaced, hand_over_displaced, move_displaced
from clinic_core.scheduling.queries import colleagues_free, displaced_appointments, propose_times
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    Colleague,
    FindWays,
    ListDisplaced,
    PractitionerRow,
    SlotRow,
)
from clinic_core.scheduling.schemas.displaced import PAGE_OF_DISPLACED
from clinic_core.ui.absence_outcomes import draw_outcomes, remember, when_text
from clinic_core.ui.appointment_words import cancelled_text, handed_over_text, moved_text
from clinic_core.ui.forms import reason_field
from clinic_core.ui.nav import may_open
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.states import draw_empty
from clinic_core.ui.status import draw_status
from clinic_core.ui.tables import draw_pager
from clinic_core.ui.wording import plain

REBOOK_PAGE = "pages/front_desk/rebook.py"
WORK_LIST = "Work-list"
AWAY_REASON = "Practitioner is away"
Said = Callable[[AppointmentRow, OrganizationSettings], str]
_PAGE = "rebook_page"
_OPEN = "rebook_open"


def draw_work_list(page: Page, people: list[PractitionerRow]) -> None:
    """The rows by start, ten at a time; the first one, or the one that was chosen, shows its ways out."""
    names = {row.id: row.name for row in people}
    asked = page.id("practitioner")
    chosen = st.selectbox(
        "Practitioner",
        [None, *names],
        index=[None, *names].index(asked) if asked in names else 0,
        format_func=lambda found: names[found] if found else "Everybody",
        key="rebook_practitioner",
        width=280,
    )
    offset = int(st.session_state.get(_PAGE, 0)) * PAGE_OF_DISPLACED
    request = ListDisplaced(practitioner_ids=(chosen,) if chosen else (), offset=offset)
    found = page.read(displaced_appointments, request)
    if not found.rows and found.total:
        st.session_state[_PAGE] = 0
        st.rerun()
    draw_outcomes(page)
    if not found.rows:
        draw_empty(
            "Every appointment ahead can take place as booked.",
            "Appointments come here when an absence, a closure, an outage of a room or new working hours meet them.",
        )
        return
    st.caption(f"{displaced_text(found.total)} as booked. Each patient gets one message.")
    open_id: UUID | None = st.session_state.get(_OPEN)
    if open_id not in {row.appointment.id for row in found.rows}:
        open_id = found.rows[0].appointment.id
    said = ""
    for row in found.rows:
        why = " ".join(obstacle.sentence for obstacle in row.obstacles)
        if why != said:
            st.markdown(f":orange[{plain(why)}]")
        said = why
        _draw_row(page, row.appointment, is_open=row.appointment.id == open_id)
    draw_pager(found.total, page_size=PAGE_OF_DISPLACED, key=_PAGE)


def show_displaced(page: Page, displaced: int, *, practitioner_id: UUID | None = None) -> NoReturn:
    """After hours, absences or closures were saved: the work-list where it concerns somebody, else the page anew."""
    if displaced and may_open(page.actor, Permission.APPOINTMENT_MANAGE):
        page.tell(f"Saved. {displaced_text(displaced)} as booked.")
        st.session_state.pop("rebook_practitioner", None)
        st.session_state["rebook_part"] = WORK_LIST
        page.go(REBOOK_PAGE, practitioner=practitioner_id)
    st.rerun()


def displaced_text(displaced: int) -> str:
    """How many appointments cannot take place."""
    return f"{displaced} appointment{'' if displaced == 1 else 's'} cannot take place"


def _draw_row(page: Page, row: AppointmentRow, *, is_open: bool) -> None:
    with st.container(border=is_open, gap="xsmall", key=f"displaced_{row.id}"):
        is_asked = _draw_facts(page, row, is_open=is_open)
        if is_open:
            _draw_ways(page, row)
    if is_asked:
        page.go(PATIENT_PAGE, patient=row.patient_id)


def _draw_facts(page: Page, row: AppointmentRow, *, is_open: bool) -> bool:
    """One line about the appointment; whether the patient was asked for."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{plain(when_text(row, page.actor.settings.locale))}**", width=170)
        with st.container(width=180):
            is_asked = st.button(plain(row.patient_name), key=f"displaced_patient_{row.id}", type="tertiary")
        with st.container(width=100):
            draw_status(row.status)
        facts = (row.service, row.practitioner, row.location, *(one.name for one in row.resources))
        st.caption(plain(" · ".join(part for part in facts if part)), width="stretch")
        if not is_open:
            st.button("Show ways", key=f"displaced_open_{row.id}", on_click=_open, args=(row.id,))
    return is_asked


def _open(appointment_id: UUID) -> None:
    st.session_state[_OPEN] = appointment_id


def _draw_ways(page: Page, row: AppointmentRow) -> None:
    ways = FindWays(appointment_id=row.id)
    slots, colleagues = page.read(propose_times, ways), page.read(colleagues_free, ways)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for at, slot in enumerate(slots):
            rooms = ", ".join(resource.name for resource in slot.resources)
            label = " · ".join(part for part in (when_text(slot, page.actor.settings.locale), rooms) if part)
            st.button(
                plain(label),
                key=f"slot_{row.id}_{at}",
                icon=":material/event_repeat:",
                on_click=_move,
                args=(page, row, slot),
            )
        for colleague in colleagues:
            st.button(
                plain(f"{colleague.practitioner}, same time"),
                key=f"colleague_{row.id}_{colleague.practitioner_user_id}",
                icon=":material/swap_horiz:",
                on_click=_hand_over,
                args=(page, row, colleague),
            )
        _draw_cancel(page, row)
    if not slots and not colleagues:
        st.caption("No free time and no free colleague was found; move it on the calendar, or cancel.")


def _move(page: Page, row: AppointmentRow, slot: SlotRow) -> None:
    """Callback: to the time that stood on the button, although another may be the next free one by now."""
    move = MoveDisplaced(
        appointment_id=row.id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        resource_ids=slot.resource_ids,
        version=row.version,
        request_id=page.request_id(f"move/{row.id}/{row.version}/{slot.starts_at:%Y%m%d%H%M}"),
    )
    _keep(page, row, page.run_for_next(move_displaced, move), moved_text)


def _hand_over(page: Page, row: AppointmentRow, colleague: Colleague) -> None:
    """Callback: to the colleague whose name stood on the button."""
    hand_over = HandOverDisplaced(
        appointment_id=row.id,
        practitioner_user_id=colleague.practitioner_user_id,
        version=row.version,
        request_id=page.request_id(f"hand/{row.id}/{row.version}/{colleague.practitioner_user_id}"),
    )
    _keep(page, row, page.run_for_next(hand_over_displaced, hand_over), handed_over_text)


def _draw_cancel(page: Page, row: AppointmentRow) -> None:
    with st.popover("Cancel", icon=":material/event_busy:"):
        reason_field(key=f"displaced_reason_{row.id}")
        st.button("Cancel appointment", key=f"displaced_cancel_{row.id}", on_click=_cancel, args=(page, row))


def _cancel(page: Page, row: AppointmentRow) -> None:
    """Callback: with the reason that is in the field by now."""
    reason = str(st.session_state.get(f"displaced_reason_{row.id}") or "").strip()
    cancelled = page.run_for_next(
        cancel_displaced,
        lambda: CancelDisplaced(
            appointment_id=row.id,
            reason=reason or AWAY_REASON,
            version=row.version,
            request_id=page.request_id(f"cancel/{row.id}/{row.version}"),
        ),
    )
    _keep(page, row, cancelled, cancelled_text)


def _keep(page: Page, row: AppointmentRow, result: Rebooked | None, said: Said) -> None:
    if result is not None:
        remember(page, row, result)
        page.tell(said(result.appointment, page.actor.settings))
