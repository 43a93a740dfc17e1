"""Finding a patient while typing: from the sidebar of every page, and inside forms."""

from collections.abc import Sequence
from uuid import UUID

import streamlit as st

from clinic_core.access import Actor, perform
from clinic_core.errors import ClinicError
from clinic_core.patients.queries import search_patients
from clinic_core.patients.schemas import PatientSummary, SearchPatients
from clinic_core.ui.page import go
from clinic_core.ui.patient_line import born_text
from clinic_core.ui.session import current_actor
from clinic_core.ui.states import draw_refusal
from clinic_core.ui.wording import plain

PATIENT_PAGE = "pages/front_desk/patient.py"
SHORTEST = 2
_HITS = 6
_JUMP = "jump_search"
_CHOSEN = "jump_chosen"


@st.fragment
def draw_jump_search() -> None:
    """The search in the sidebar: type, and open the patient with one click."""
    chosen = st.session_state.pop(_CHOSEN, None)
    if chosen is not None:
        go(PATIENT_PAGE, patient=chosen)
    typed = st.text_input(
        "Find a patient",
        key=_JUMP,
        type="search",
        live="300ms",
        placeholder="Name, birth date, phone, code",
        icon=":material/search:",
    )
    if len(typed.strip()) < SHORTEST:
        return
    found = _search(typed)
    for row in found:
        st.button(
            plain(f"{row.name} · {row.code}"),
            key=f"jump_{row.id}",
            on_click=_choose,
            args=(row.id,),
            width="stretch",
            help=born_text(row.dob, current_actor()),
        )
    if not found:
        st.caption("Nobody found. Part of a name or a date such as 1980-03-12 will do.")


def pick_patient(actor: Actor, *, key: str) -> UUID | None:
    """Find and choose one patient in a form; the best match is chosen until another is."""
    typed = st.text_input(
        "Patient", key=f"{key}_text", type="search", live="300ms", placeholder="Name, birth date, phone, code"
    )
    if len(typed.strip()) < SHORTEST:
        return None
    found = _search(typed)
    if not found:
        st.caption("Nobody found.")
        return None
    lines = {row.id: _line(row, actor) for row in found}
    return st.radio(
        "Matches", list(lines), format_func=lambda row_id: lines[row_id], key=f"{key}_hit", label_visibility="collapsed"
    )


def _line(row: PatientSummary, actor: Actor) -> str:
    alerts = f" :orange[{plain('! ' + ', '.join(row.alerts))}]" if row.alerts else ""
    return f"**{plain(row.name)}** · {born_text(row.dob, actor)} · {row.code}{alerts}"


def _search(typed: str) -> Sequence[PatientSummary]:
    try:
        return perform(current_actor(), search_patients, SearchPatients(text=typed[:200], limit=_HITS))
    except ClinicError as error:
        draw_refusal(error)
        return []


def _choose(patient_id: UUID) -> None:
    st.session_state[_CHOSEN] = patient_id
    st.session_state[_JUMP] = ""
