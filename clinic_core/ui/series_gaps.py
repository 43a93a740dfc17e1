"""The work-list of dates of series that could not be booked when their turn came: another time, or let be."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from clinic_core.scheduling.queries import count_series_gaps, find_date_alternatives, list_series_gaps
from clinic_core.scheduling.schemas import (
    FindDateAlternatives,
    ListSeriesGaps,
    LocationRow,
    ResolveGap,
    SeriesGapRow,
    SlotRow,
)
from clinic_core.scheduling.service import resolve_gap
from clinic_core.ui.booking_fields import ask
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.series_dates import when_text
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain

GAPS = "Dates of series"
_SHOWN = 10


def draw_series_gaps(page: Page, location: LocationRow) -> None:
    """The next dates of that location's series that wait, each with the nearest free times as buttons."""
    gaps = page.read(list_series_gaps, ListSeriesGaps(clinic_location_id=location.id, limit=_SHOWN))
    if not gaps:
        draw_empty("Every date of a series is booked.", "Dates that are not free when their turn comes appear here.")
        return
    number = page.read(count_series_gaps, ListSeriesGaps(clinic_location_id=location.id))
    if number > len(gaps):
        st.caption(f"The next {len(gaps)} of {number} dates.")
    for gap in gaps:
        with st.container(border=True, gap="small"):
            _draw(page, gap)


def _draw(page: Page, gap: SeriesGapRow) -> None:
    locale = page.actor.settings.locale
    st.markdown(
        f":material/event_repeat: **{plain(when_text(gap.original_starts_at, gap.timezone, locale))}**"
        f" · {plain(gap.patient_name)} · {gap.patient_code}"
    )
    what = " · ".join(part for part in (gap.service, gap.practitioner) if part)
    st.caption(plain(f"{what} · in the way: {', '.join(kind.label.lower() for kind in gap.kinds)}"))
    asked = FindDateAlternatives(
        clinic_location_id=gap.clinic_location_id,
        practitioner_user_id=gap.practitioner_user_id,
        starts_at=gap.original_starts_at,
        duration_minutes=gap.duration_minutes,
        patient_id=gap.patient_id,
        resource_ids=gap.resource_ids,
        product_service_id=gap.product_service_id,
    )
    found = ask(page, find_date_alternatives, lambda: asked)
    if isinstance(found, str) or not found:
        st.caption(plain(found) if isinstance(found, str) and found else "Nothing is free around that date.")
        found = []
    _draw_ways(page, gap, found)


def _draw_ways(page: Page, gap: SeriesGapRow, slots: Sequence[SlotRow]) -> None:
    locale = page.actor.settings.locale
    with st.container(horizontal=True, gap="small"):
        for place, slot in enumerate(slots):
            label = when_text(slot.starts_at, gap.timezone, locale)
            if st.button(label, icon=":material/event_available:", key=f"gap_{gap.id}_{place}"):
                _resolve(page, gap.id, slot)
        if st.button("Patient", icon=":material/person:", key=f"gap_{gap.id}_patient"):
            page.go(PATIENT_PAGE, patient=gap.patient_id)
        if st.button("Leave it out", icon=":material/event_busy:", key=f"gap_{gap.id}_let_be"):
            _resolve(page, gap.id, None)


def _resolve(page: Page, gap_id: UUID, slot: SlotRow | None) -> None:
    request = ResolveGap(
        gap_id=gap_id,
        starts_at=slot.starts_at if slot else None,
        resource_ids=slot.resource_ids if slot else None,
        request_id=page.request_id(f"gap/{gap_id}/{slot.starts_at if slot else 'let_be'}"),
    )
    done = "The date is booked." if slot else "The date is left out."
    if page.run(resolve_gap, request, done=done) is not None:
        st.rerun()
