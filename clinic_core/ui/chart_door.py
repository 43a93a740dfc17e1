"""The door of a chart: the red banner while the glass is broken, and the form that breaks it."""

from uuid import UUID

import streamlit as st

from clinic_core.clinical_docs.queries import chart_access
from clinic_core.clinical_docs.schemas import BreakGlass, ChartAccess, GetChart
from clinic_core.clinical_docs.service import break_glass
from clinic_core.kit.clock import now
from clinic_core.kit.formats import minutes_text
from clinic_core.ui.forms import reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain


def require_chart(page: Page, patient_id: UUID) -> ChartAccess:
    """Pass whoever may read the chart; others get the form, and the run ends."""
    access = page.read(chart_access, GetChart(patient_id=patient_id))
    draw_glass(access)
    if not access.may_read and not access.may_start:
        draw_closed(page, access)
        st.stop()
    return access


def draw_glass(access: ChartAccess) -> None:
    """The red banner, with the minutes that are left."""
    if access.glass_until is None:
        return
    left = max(1, round((access.glass_until - now()).total_seconds() / 60))
    st.error(
        f"You opened this chart outside the care team. Every access is on record; it closes in {minutes_text(left)}.",
        icon=":material/gpp_maybe:",
    )


def draw_closed(page: Page, access: ChartAccess) -> None:
    """Whose chart it is, why it is closed, and the form for a practitioner who needs it now."""
    st.markdown(f"**{plain(access.patient_name)}** {access.patient_code}")
    draw_empty("This chart belongs to the care team of the patient.", "You see it when you treat the patient.")
    if access.may_break_glass:
        draw_break_glass(page, access.patient_id)


def draw_break_glass(page: Page, patient_id: UUID) -> None:
    """The form that opens the chart for thirty minutes."""
    with st.form(f"glass_{patient_id.hex}"):
        reason = reason_field("Why you need this chart now", key=f"glass_reason_{patient_id.hex}")
        sent = st.form_submit_button("Open for 30 minutes", icon=":material/gpp_maybe:")
    if sent and page.run(break_glass, lambda: BreakGlass(patient_id=patient_id, reason=reason)) is not None:
        st.rerun()
