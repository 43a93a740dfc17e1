"""The dialog in which appointments of a series are called off: this one, this and following, all future."""

from uuid import UUID

import streamlit as st

from clinic_core.notifications.service import cancel_series_with_reminders
from clinic_core.scheduling.queries import get_series, preview_series_cancel
from clinic_core.scheduling.schemas import CalledOffRow, CancelSeries, GetSeries, PreviewSeriesCancel
from clinic_core.ui.forms import choice_field, reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.series_dates import when_text
from clinic_core.ui.series_reach import KEY, close_series, draw_reach, series_title
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import CancelledBy

_AHEAD = "Nothing of this series lies ahead that could be called off."


@st.dialog("Cancel the series", width="medium", dismissible=False, icon=":material/event_busy:")
def draw_end(page: Page, appointment_id: UUID) -> None:
    """Which appointments are called off, by whom and why."""
    series = page.read(get_series, GetSeries(appointment_id=appointment_id, limit=1))
    st.markdown(f":material/event_repeat: **{plain(series_title(series))}**")
    reach = draw_reach()
    preview = page.read(preview_series_cancel, PreviewSeriesCancel(appointment_id=appointment_id, reach=reach))
    found = preview.rows
    locale = page.actor.settings.locale
    if found:
        st.markdown(f"**{len(found)} {'appointment is' if len(found) == 1 else 'appointments are'} cancelled:**")
        columns = [Column[CalledOffRow](lambda one: when_text(one.starts_at, preview.timezone, locale), "Date")]
        show_table(found, [*columns, Column("practitioner", "With")], key=f"{KEY}_ends", wording=Wording(locale))
    else:
        st.caption(_AHEAD)
    by = choice_field("Called off by", CancelledBy, key=f"{KEY}_by")
    reason = reason_field(key=f"{KEY}_reason")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Close", key=f"{KEY}_close"):
            close_series()
            st.rerun()
        pressed = st.button("Cancel appointments", type="primary", key=f"{KEY}_end", disabled=not found)
    if not pressed:
        return

    def request() -> CancelSeries:
        return CancelSeries(
            appointment_id=appointment_id,
            reach=reach,
            cancelled_by=by,
            reason=reason,
            version=preview.version,
            request_id=page.request_id(f"series/end/{appointment_id}"),
        )

    if page.run(cancel_series_with_reminders, request, done="{summary}.") is not None:
        close_series()
        st.rerun()
