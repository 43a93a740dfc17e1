"""A whole day of a practitioner who cannot come: a plan for every appointment, changed where wanted, done in one go."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

import streamlit as st

from clinic_core.kit.calendar import day_bounds, zone
from clinic_core.kit.formats import Locale, time_text
from clinic_core.notifications.schemas import CancelDisplaced, HandOverDisplaced, MoveDisplaced, SettleDay
from clinic_core.notifications.service import settle_day
from clinic_core.scheduling.queries import list_absences, plan_day
from clinic_core.scheduling.schemas import (
    AddAbsence,
    ListAbsences,
    LocationRow,
    PlanDay,
    PlannedRow,
    PractitionerRow,
)
from clinic_core.scheduling.service import add_absence
from clinic_core.scheduling.transitions import ATTENDED
from clinic_core.ui.absence_outcomes import draw_outcomes, remember, when_text
from clinic_core.ui.absence_rebook import AWAY_REASON
from clinic_core.ui.availability_people import planned_by
from clinic_core.ui.forms import date_field, text_field
from clinic_core.ui.location import place_of, today_at
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.status import draw_status
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AbsenceKind

Step = MoveDisplaced | HandOverDisplaced | CancelDisplaced
Way = tuple[Literal["move", "hand_over", "cancel", "leave"], UUID | None]

MOVE: Way = ("move", None)
CANCEL: Way = ("cancel", None)
LEAVE: Way = ("leave", None)
_REASON = "away_reason"
_WAY_WIDTH = 345
WAYS = ("Move to the next free times", "Hand over, move the rest", "Cancel all")


def draw_whole_day(page: Page, location: LocationRow, people: list[PractitionerRow]) -> None:
    """Who cannot come and when; then a line for each appointment with what shall become of it."""
    names = {row.id: row.name for row in people}
    today = today_at(location)
    ids = list(names)
    own = next((at for at, found in enumerate(ids) if found == page.actor.user_id), 0)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        with st.container(width=260):
            who = st.selectbox(
                "Practitioner", ids, index=own, format_func=lambda found: names[found], key="away_practitioner"
            )
        with st.container(width=150):
            day = date_field("Day", key="away_day", value=today) or today
        with st.container(width=170):
            earliest = date_field("New times from", key=f"away_earliest_{day}", value=day + timedelta(days=1))
    _draw_absence(page, location, who, day, may_record=who in {row.id for row in planned_by(page.actor, people)})
    draw_outcomes(page)
    request = PlanDay(practitioner_user_id=who, day=day, clinic_location_id=location.id, earliest=earliest)
    planned = page.read(plan_day, request)
    if not planned:
        draw_empty("Nothing is booked there on that day that could still be moved.", "Choose another day or person.")
        return
    wish = st.radio("For all", WAYS, horizontal=True, key="away_wish")
    chosen = {row.appointment.id: _draw_line(page, row, WAYS.index(wish)) for row in planned}
    if CANCEL in chosen.values():
        text_field("Reason kept with cancelled ones", key=_REASON, value=AWAY_REASON, limit=300)
    _draw_settle(page, planned, chosen)


def _draw_absence(page: Page, location: LocationRow, who: UUID, day: date, *, may_record: bool) -> None:
    """Whether the absence is known, so that nobody is booked there again; recorded here by who plans the rota."""
    during = day_bounds(day, place_of(location))
    known = ListAbsences(user_ids=(who,), starts_before=during.end, ends_after=during.start)
    if page.read(list_absences, known):
        st.caption(":material/check: The absence is recorded; nobody is booked there without a reason.")
    elif not may_record:
        st.caption("The absence is not recorded yet; ask who plans the rota, so that nobody is booked there again.")
    elif st.button("Record the day as sick", icon=":material/sick:", key="away_record"):
        absence = AddAbsence(
            user_id=who,
            starts_at=during.start,
            ends_at=during.end,
            kind=AbsenceKind.SICK,
            request_id=page.request_id(f"sick/{who}/{day}"),
        )
        if page.run(add_absence, absence, done="The absence is recorded.") is not None:
            st.rerun()


def _draw_settle(page: Page, planned: Sequence[PlannedRow], chosen: dict[UUID, Way]) -> None:
    counts = [sum(way[0] == kind for way in chosen.values()) for kind in ("move", "hand_over", "cancel", "leave")]
    words = ("moved", "handed over", "cancelled", "left as they are")
    said = ", ".join(f"{count} {word}" for count, word in zip(counts, words, strict=True) if count)
    st.caption(f"{said}. Each patient whose appointment changes gets one message.")
    total = len(planned) - counts[-1]
    label = f"Rebook {total} appointment{'' if total == 1 else 's'}"
    st.button(
        label,
        type="primary",
        key="away_settle",
        disabled=not total,
        on_click=_settle,
        args=(page, planned, chosen),
    )


def _settle(page: Page, planned: Sequence[PlannedRow], chosen: dict[UUID, Way]) -> None:
    """Callback: what stood on the screen, although the next free times may be others by now."""
    reason = str(st.session_state.get(_REASON) or "").strip() or AWAY_REASON
    before = {row.appointment.id: row.appointment for row in planned}
    steps = [_step(row, chosen[row.appointment.id], reason) for row in planned]
    # As versions change with every step that was done, a press on the same screen is the same request, a later one not.
    screen = "/".join(f"{row.appointment.id} {row.appointment.version}" for row in planned)
    request = SettleDay(steps=tuple(step for step in steps if step), request_id=page.request_id(f"settle/{screen}"))
    for outcome in settle_day(page.actor, request):
        remember(page, before[outcome.appointment_id], outcome)


def _draw_line(page: Page, row: PlannedRow, wish: int) -> Way:
    appointment = row.appointment
    ways = {way: _label(row, way, page.actor.settings.locale) for way in _ways(row)}
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"away_{appointment.id}"):
        st.markdown(f"**{time_text(appointment.starts_at, zone(appointment.timezone))}**", width=44)
        with st.container(width=190):
            st.markdown(plain(appointment.patient_name))
        with st.container(width=100):
            draw_status(appointment.status)
        with st.container(width=150, gap=None):
            st.caption(plain(appointment.service))
            if appointment.status in ATTENDED:
                st.markdown(":small[:orange[is here already]]")
        # Wide enough for the time on a phone too, where it then has a line of its own.
        with st.container(width=_WAY_WIDTH):
            return st.selectbox(
                f"What becomes of {time_text(appointment.starts_at, zone(appointment.timezone))}",
                list(ways),
                index=list(ways).index(_default(row, wish)),
                format_func=lambda way: ways[way],
                key=f"away_way_{wish}_{appointment.id}_{appointment.version}",
                label_visibility="collapsed",
            )


def _ways(row: PlannedRow) -> list[Way]:
    moves: list[Way] = [MOVE] if row.slot else []
    hands: list[Way] = [("hand_over", colleague.practitioner_user_id) for colleague in row.colleagues]
    return [*moves, *hands, CANCEL, LEAVE]


def _default(row: PlannedRow, wish: int) -> Way:
    """What is suggested for all; who is here already is spoken to first, so nothing is chosen for them."""
    if row.appointment.status in ATTENDED:
        return LEAVE
    if WAYS[wish] == WAYS[2]:
        return CANCEL
    if WAYS[wish] == WAYS[1] and row.colleague_id:
        return ("hand_over", row.colleague_id)
    return MOVE if row.slot else LEAVE


def _label(row: PlannedRow, way: Way, locale: Locale) -> str:
    kind, colleague_id = way
    if kind == "move" and row.slot:
        rooms = ", ".join(resource.name for resource in row.slot.resources)
        return f"Move to {when_text(row.slot, locale)}{f' ({rooms})' if rooms else ''}"
    if kind == "hand_over":
        name = next(one.practitioner for one in row.colleagues if one.practitioner_user_id == colleague_id)
        return f"Hand over to {name}, same time"
    return "Cancel" if kind == "cancel" else "Leave as it is"


def _step(row: PlannedRow, way: Way, reason: str) -> Step | None:
    appointment = row.appointment
    kind, colleague_id = way
    if kind == "move" and row.slot:
        return MoveDisplaced(
            appointment_id=appointment.id,
            starts_at=row.slot.starts_at,
            ends_at=row.slot.ends_at,
            resource_ids=row.slot.resource_ids,
            version=appointment.version,
        )
    if kind == "hand_over" and colleague_id:
        return HandOverDisplaced(
            appointment_id=appointment.id, practitioner_user_id=colleague_id, version=appointment.version
        )
    if kind == "cancel":
        return CancelDisplaced(appointment_id=appointment.id, reason=reason, version=appointment.version)
    return None
