"""Overrides: what was booked against a rule in a period, why and by whom, each with the way to its appointment."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.analytics.queries import list_overrides, list_report_choices
from clinic_core.analytics.schemas import OverrideKind, OverrideRow, OverridesRequest
from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import date_text, datetime_text
from clinic_core.ui.appointment_panel import draw_panel, open_panel
from clinic_core.ui.export import draw_export
from clinic_core.ui.figure_rows import PATIENT_PAGE
from clinic_core.ui.page import open_page
from clinic_core.ui.report_filters import draw_period_filters, period_export
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted, draw_explanation
from clinic_core.ui.wording import plain

page = open_page("Overrides", Permission.REPORT_VIEW)

PAGE_SIZE = 50
PAGER, PERSON = "overrides_page", "overrides_person"
EVERY_KIND, EVERYBODY = "Every kind", "Everybody"
locale = page.actor.settings.locale


def back_to_first_page() -> None:
    """Callback of the filters."""
    st.session_state[PAGER] = 0


choices = page.read(list_report_choices)
person: UUID | None = st.session_state.get(PERSON)
bar = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
with bar:
    period = draw_period_filters(choices, key="overrides")
    kind: OverrideKind | None = st.selectbox(
        "Overridden",
        [None, *OverrideKind],
        format_func=lambda one: one.label if one else EVERY_KIND,
        key="overrides_kind",
        on_change=back_to_first_page,
    )
wanted = OverridesRequest(
    **dict(period),
    kind=kind,
    overridden_by_user_id=person,
    limit=PAGE_SIZE,
    offset=int(st.session_state.get(PAGER, 0)) * PAGE_SIZE,
)
found = page.read(list_overrides, wanted)
names: dict[UUID | None, str] = {None: EVERYBODY, **{each.id: each.name for each in found.by_person if each.id}}
names.setdefault(person, "Nobody in this period")
with bar:
    st.selectbox("By", list(names), format_func=lambda one: names[one], key=PERSON, on_change=back_to_first_page)
with page.actions:
    draw_export(period_export("overrides", period, kind=kind, by=person))
first_day, last_day = (date_text(day, locale) for day in (period.first_day, period.last_day))
st.caption(f"Appointments from {first_day} to {last_day}, by the day on which they begin, those ahead included.")
with st.container(horizontal=True, gap="medium"):
    st.metric("Overridden appointments", found.appointments, width="content")
    for each in filter(found.by_kind.get, OverrideKind):
        st.metric(each.label, found.by_kind[each], width="content")
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    by_person = " · ".join(f"{each.name} {each.appointments}" for each in found.by_person)
    st.caption(plain(f"By person: {by_person or 'nobody'}. An appointment may be of several kinds."), width="content")
    with st.popover("Definition", icon=":material/info:", type="tertiary"):
        draw_explanation(found.explanation, locale)
row = show_table(
    found.rows,
    [
        Column[OverrideRow](lambda one: datetime_text(one.starts_at, zone(one.timezone), locale), "Start"),
        Column[OverrideRow]("kinds_text", "Overridden"),
        Column[OverrideRow]("reason", "Reason", width="medium"),
        Column[OverrideRow]("overridden_by", "By"),
        Column[OverrideRow]("practitioner", "Practitioner"),
        Column[OverrideRow]("patient_code", "Patient"),
        Column[OverrideRow]("patient_name", "Name"),
        Column[OverrideRow]("location", "Location"),
        Column[OverrideRow]("status", "Status"),
    ],
    key=f"overrides_{wanted.offset}",
    select=True,
    wording=Wording(locale),
    empty="Nothing was booked against a rule in this period, with these filters.",
)
st.caption(counted(found.count, "row"))
draw_pager(found.count, page_size=PAGE_SIZE, key=PAGER)
if row is not None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(f"{row.patient_code} · {row.kinds_text}"), width="content")
        if page.actor.can(Permission.APPOINTMENT_READ):
            st.button("Open appointment", icon=":material/event:", on_click=open_panel, args=(row.id,))
        if page.actor.can(Permission.PATIENT_READ) and st.button("Open patient", icon=":material/person:"):
            page.go(PATIENT_PAGE, patient=row.patient_id)
draw_panel(page)
