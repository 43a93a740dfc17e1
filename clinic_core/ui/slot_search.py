"""Find a time: the next free times by practitioner, part of day and weekday, as buttons."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from uuid import UUID

import streamlit as st

from clinic_core.access import perform
from clinic_core.errors import ClinicError
from clinic_core.kit.calendar import day_bounds, local_date
from clinic_core.kit.clock import now
from clinic_core.kit.formats import day_text, time_text
from clinic_core.scheduling.queries import find_slots, list_practitioners
from clinic_core.scheduling.schemas import FindSlots, ListPractitioners, LocationRow, ResourceNeed, SlotRow
from clinic_core.scheduling.schemas.checks import SLOT_DAYS, SLOT_LIMIT
from clinic_core.ui.forms import date_field
from clinic_core.ui.location import place_of, today_at
from clinic_core.ui.opening_hours import WEEKDAYS
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_refusal
from clinic_core.ui.wording import plain

ANSWERS = 5
_PARTS: dict[str, tuple[time | None, time | None]] = {
    "Any time": (None, None),
    "Morning": (None, time(12)),
    "Afternoon": (time(12), time(17)),
    "Evening": (time(17), None),
}


@dataclass(frozen=True)
class SlotWish:
    """What a time is looked for; `needs` None means what the service requires, and for a move what it has anyway."""

    service_id: UUID | None = None
    minutes: int | None = None
    practitioner_id: UUID | None = None
    patient_id: UUID | None = None
    moved_appointment_id: UUID | None = None
    resource_ids: tuple[UUID, ...] = ()
    needs: tuple[ResourceNeed, ...] | None = None
    first_day: date | None = None


def draw_slot_search(page: Page, location: LocationRow, wish: SlotWish, *, key: str = "slots") -> SlotRow | None:
    """The filters and the next five free times; the one that was clicked, in the run of the click."""
    practitioners = page.read(list_practitioners, ListPractitioners(clinic_location_id=location.id))
    names = {row.id: row.name for row in practitioners}
    today = today_at(location)
    who, when, part_of_day, which_days = st.columns(4)
    with who:
        chosen = st.multiselect(
            "With",
            list(names),
            default=[wish.practitioner_id] if wish.practitioner_id in names else [],
            format_func=lambda found: names[found],
            key=f"{key}_people",
            placeholder="Anybody",
        )
    with when:
        first = date_field("From", key=f"{key}_from", value=max(wish.first_day or today, today), earliest=today)
    with which_days:
        days = st.multiselect(
            "Weekdays",
            list(range(1, 8)),
            format_func=lambda day: WEEKDAYS[day - 1],
            key=f"{key}_days",
            placeholder="Any day",
        )
    with part_of_day:
        part = st.selectbox("Part of day", list(_PARTS), key=f"{key}_part")
    starts_from = now() if first is None or first <= today else day_bounds(first, place_of(location)).start
    earliest, latest = _PARTS[part]
    fields = {
        "clinic_location_id": location.id,
        "product_service_id": wish.service_id,
        "duration_minutes": wish.minutes,
        "practitioner_ids": tuple(chosen),
        "resource_ids": wish.resource_ids,
        "needs": wish.needs,
        "starts_from": starts_from,
        "weekdays": tuple(days),
        "time_from": earliest,
        "time_to": latest,
        "patient_id": wish.patient_id,
        "moved_appointment_id": wish.moved_appointment_id,
        "limit": st.session_state.get(f"{key}_limit", ANSWERS),
    }
    return _draw_answers(page, location, FindSlots.model_validate(fields), key)


def _draw_answers(page: Page, location: LocationRow, request: FindSlots, key: str) -> SlotRow | None:
    try:
        found = perform(page.actor, find_slots, request)
    except ClinicError as error:
        draw_refusal(error)
        return None
    if not found:
        last = local_date(request.starts_from + timedelta(days=SLOT_DAYS), place_of(location))
        st.caption(f"Nothing is free until {day_text(last, page.actor.settings.locale)}; ask for less, or for others.")
        return None
    clicked = None
    with st.container(horizontal=True, gap="small"):
        for number, slot in enumerate(found):
            if st.button(_label(page, location, slot), key=f"{key}_slot_{number}"):
                clicked = slot
        if len(found) == request.limit < SLOT_LIMIT:
            more = (key, request.limit)
            st.button("Later times", key=f"{key}_later", type="tertiary", on_click=_ask_for_more, args=more)
    return clicked


def _label(page: Page, location: LocationRow, slot: SlotRow) -> str:
    place = place_of(location)
    day = day_text(local_date(slot.starts_at, place), page.actor.settings.locale)
    rooms = [plain(resource.name) for resource in slot.resources]
    return " · ".join((f"**{day}, {time_text(slot.starts_at, place)}**", plain(slot.practitioner), *rooms))


def _ask_for_more(key: str, shown: int) -> None:
    st.session_state[f"{key}_limit"] = min(shown + ANSWERS, SLOT_LIMIT)
