"""The form of the waiting list: who waits, for what, and what they prefer."""

from datetime import timedelta
from uuid import UUID

import streamlit as st

from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient
from clinic_core.scheduling.queries import list_practitioners, list_services_for_booking
from clinic_core.scheduling.schemas import (
    AddToWaitingList,
    ChangeWaiting,
    ListPractitioners,
    ListServices,
    LocationRow,
    WaitingRow,
)
from clinic_core.scheduling.service import add_to_waiting_list, change_waiting
from clinic_core.ui.forms import choice_field, chosen, date_field, long_text_field
from clinic_core.ui.opening_hours import WEEKDAYS
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import pick_patient
from clinic_core.ui.waiting_list_words import wish_text
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Urgency

_OPEN = "waiting_form"
_USUAL_MINUTES = 30


def begin_waiting(patient_id: UUID | None = None) -> None:
    """Open the form for a patient, or to choose one; also a callback of buttons."""
    end_waiting()
    st.session_state[_OPEN] = patient_id


def begin_change(row: WaitingRow) -> None:
    """Callback: open the form on somebody who waits."""
    end_waiting()
    st.session_state[_OPEN] = row


def end_waiting() -> None:
    """Close the form and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith(_OPEN)]:
        del st.session_state[key]


def draw_waiting_form(page: Page, location: LocationRow) -> None:
    """The form, when it is open."""
    if _OPEN in st.session_state:
        _dialog(page, location)


@st.dialog("Waiting list", width="medium", dismissible=False, icon=":material/hourglass_top:")
def _dialog(page: Page, location: LocationRow) -> None:
    opened: WaitingRow | UUID | None = st.session_state[_OPEN]
    row = opened if isinstance(opened, WaitingRow) else None
    patient_id = _draw_patient(page, opened)
    fields = _draw_wish(page, location, row)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key=f"{_OPEN}_cancel"):
            end_waiting()
            st.rerun()
        if not st.button("Save" if row else "Add", type="primary", key=f"{_OPEN}_save"):
            return

    def added() -> AddToWaitingList:
        who = chosen(patient_id, field="patient")
        return AddToWaitingList.model_validate({**fields, "patient_id": who, "request_id": page.request_id("wait")})

    if row is None:
        saved = page.run(add_to_waiting_list, added)
        if saved is not None:
            page.tell(f"The patient is on the waiting list: {wish_text(saved, page.actor.settings)}.")
    else:
        once = page.request_id(f"wait/{row.id}")
        changed = {**fields, "entry_id": row.id, "version": row.version, "request_id": once}
        saved = page.run(change_waiting, lambda: ChangeWaiting.model_validate(changed), done="The entry is changed.")
    if saved is not None:
        end_waiting()
        st.rerun()


def _draw_patient(page: Page, opened: WaitingRow | UUID | None) -> UUID | None:
    if isinstance(opened, WaitingRow):
        st.text_input("Patient", value=opened.patient_name, disabled=True, key=f"{_OPEN}_named")
        return opened.patient_id
    if opened is None:
        return pick_patient(page.actor, key=f"{_OPEN}_patient")
    patient = page.read(get_patient, GetPatient(patient_id=opened))
    st.text_input("Patient", value=plain(patient.name), disabled=True, key=f"{_OPEN}_named")
    return opened


def _draw_wish(page: Page, location: LocationRow, row: WaitingRow | None) -> dict[str, object]:
    services = {found.id: found for found in page.read(list_services_for_booking, ListServices())}
    place_id = row.clinic_location_id if row else location.id
    people = page.read(list_practitioners, ListPractitioners(clinic_location_id=place_id))
    names = {found.id: found.name for found in people}
    # A pair of columns for each line, so that they stay level and a phone keeps their order.
    left, right = st.columns(2)
    with left:
        offered = {found.id: found.name for found in services.values()}
        service_id = _select("Service", offered, "service", row.product_service_id if row else None)
    with right:
        usual = services[service_id].duration_minutes if service_id in services else _USUAL_MINUTES
        kept = row.duration_minutes if row and row.product_service_id == service_id else usual
        minutes = st.number_input(
            "Minutes", min_value=5, max_value=720, step=5, value=kept, key=f"{_OPEN}_minutes_{service_id}"
        )
    left, right = st.columns(2)
    with left:
        practitioner_id = _select("Practitioner", names, "practitioner", row.practitioner_user_id if row else None)
    with right:
        urgency = choice_field("Urgency", Urgency, key=f"{_OPEN}_urgency", value=row.urgency if row else None)
    fields = _draw_when(row)
    note = long_text_field("Note", key=f"{_OPEN}_note", value=row.note if row else "", height=72)
    return {
        "clinic_location_id": place_id,
        "product_service_id": service_id,
        "duration_minutes": int(minutes),
        "practitioner_user_id": practitioner_id,
        "urgency": urgency,
        "note": note,
        **fields,
    }


def _draw_when(row: WaitingRow | None) -> dict[str, object]:
    days = st.multiselect(
        "Weekdays",
        list(range(1, 8)),
        default=list(row.weekdays) if row else [],
        format_func=lambda day: WEEKDAYS[day - 1],
        key=f"{_OPEN}_days",
        placeholder="Any day",
    )
    step = timedelta(minutes=15)
    left, right = st.columns(2)
    with left:
        time_from = st.time_input("From", value=row.time_from if row else None, key=f"{_OPEN}_from", step=step)
    with right:
        time_to = st.time_input("To", value=row.time_to if row else None, key=f"{_OPEN}_to", step=step)
    left, right = st.columns(2)
    with left:
        earliest = date_field("Not before", key=f"{_OPEN}_earliest", value=row.earliest_on if row else None)
    with right:
        latest = date_field("Not after", key=f"{_OPEN}_latest", value=row.latest_on if row else None)
    return {
        "weekdays": tuple(days),
        "time_from": time_from,
        "time_to": time_to,
        "earliest_on": earliest,
        "latest_on": latest,
    }


def _select(label: str, names: dict[UUID, str], key: str, value: UUID | None) -> UUID | None:
    """One of the named, or none: it does not matter."""
    ids = list(names)
    return st.selectbox(
        label,
        ids,
        index=ids.index(value) if value in names else None,
        format_func=lambda found: names[found],
        key=f"{_OPEN}_{key}",
        placeholder="Any",
    )
