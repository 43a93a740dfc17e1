"""The filters of the recall list, and the address of the same list as a file."""

from collections.abc import Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.queries import list_locations, list_practitioners, list_services_for_booking
from clinic_core.scheduling.schemas import ListLocations, ListPractitioners, ListRecall, ListServices
from clinic_core.ui.export import Export
from clinic_core.ui.forms import chosen
from clinic_core.ui.page import Page
from clinic_core.vocabulary import Scope
from clinic_core.web.exports import RECALL

PAGER = "recall_page"
PAGE_SIZE = 50


class _Named(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of a shorter month."""
    count = day.year * 12 + day.month - 1 - months
    first = date(count // 12, count % 12 + 1, 1)
    following = date((count + 1) // 12, (count + 1) % 12 + 1, 1)
    return first.replace(day=min(day.day, (following - first).days))


def draw_recall_filters(page: Page, today: date) -> ListRecall:
    """The row of filters: when last seen, at first three to twelve months ago; where, by whom and for what."""
    everywhere = page.actor.scope(Permission.APPOINTMENT_READ) is Scope.ORGANISATION
    places = [row for row in page.read(list_locations, ListLocations()) if everywhere or row.is_mine]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        first = st.date_input(
            "Last seen from", months_before(today, 12), key="recall_from", format="YYYY-MM-DD", on_change=_first_page
        )
        last = st.date_input(
            "Last seen to", months_before(today, 3), key="recall_to", format="YYYY-MM-DD", on_change=_first_page
        )
        location_id = _one_or_all("Location", "All locations", places)
        people = page.read(list_practitioners, ListPractitioners())
        practitioner_id = _one_or_all("Practitioner", "All practitioners", people)
        service_id = _one_or_all("Service", "All services", page.read(list_services_for_booking, ListServices()))
    return ListRecall(
        seen_from=chosen(first, field="last_seen_from"),
        seen_to=chosen(last, field="last_seen_to"),
        clinic_location_id=location_id,
        practitioner_user_id=practitioner_id,
        product_service_id=service_id,
        limit=PAGE_SIZE,
        offset=int(st.session_state.get(PAGER, 0)) * PAGE_SIZE,
    )


def recall_export(request: ListRecall) -> Export:
    """The file with the whole list."""
    found = request.model_dump(mode="json", exclude_none=True)
    return Export("recall", {part: found[field] for part, field in RECALL.items() if field in found})


def _one_or_all(label: str, everything: str, rows: Sequence[_Named]) -> UUID | None:
    names: dict[UUID | None, str] = {None: everything, **{row.id: row.name for row in rows}}
    key = f"recall_{label.lower()}"
    return st.selectbox(label, list(names), format_func=lambda one: names[one], key=key, on_change=_first_page)


def _first_page() -> None:
    st.session_state[PAGER] = 0
