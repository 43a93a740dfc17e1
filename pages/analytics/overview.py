"""The dashboard: the clinic's figures with their change, what they mean, and exactly the rows behind each."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.analytics.queries import list_report_choices, overview
from clinic_core.analytics.schemas import Overview, OverviewRequest
from clinic_core.ui.charts import draw_aging, draw_heat_map, draw_revenue
from clinic_core.ui.export import draw_export
from clinic_core.ui.figure_rows import (
    PAGER,
    draw_collected_rows,
    draw_invoiced_rows,
    draw_no_show_rows,
    draw_utilization_rows,
)
from clinic_core.ui.overview_tiles import comparison_text, overview_tiles
from clinic_core.ui.page import open_page
from clinic_core.ui.report_filters import draw_report_filters, open_receivables, period_export, receivables_export
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tiles import draw_tile

page = open_page("Overview", Permission.REPORT_VIEW)

SHOWN = "overview_rows"
TITLES = {"invoiced": "Invoiced", "collected": "Collected", "utilization": "Utilization", "no_show": "No-show"}
settings = page.actor.settings
is_financial = page.actor.can(Permission.REPORT_FINANCIAL)


def open_rows(key: str) -> None:
    """Callback: show the rows of that tile; a second click on the same closes them."""
    st.session_state[SHOWN] = None if st.session_state.get(SHOWN) == key else key
    st.session_state[PAGER] = 0


@st.fragment
def draw_rows(key: str, request: OverviewRequest, seen: Overview) -> None:
    """The rows behind one tile."""
    st.subheader(TITLES[key], anchor=False)
    if key == "utilization":
        draw_utilization_rows(seen.utilization, settings.locale)
    elif key == "no_show":
        draw_no_show_rows(page, request)
    elif key == "invoiced":
        draw_invoiced_rows(page, request)
    else:
        draw_collected_rows(page, request)


@st.fragment
def draw_work_charts(seen: Overview) -> None:
    """Utilization by weekday and hour."""
    st.subheader("Utilization by weekday and hour", anchor=False)
    if seen.utilization.by_hour:
        draw_heat_map(seen.utilization.by_hour, settings.locale, key="overview_heat")
    else:
        draw_empty("Nobody has working hours in this period.", "Weekly hours are set in Admin, Users and roles.")


choices = page.read(list_report_choices)
request = draw_report_filters(choices, key="overview")
if st.session_state.get(SHOWN) == "outstanding":
    st.session_state[SHOWN] = None
    open_receivables(page, request, choices)
seen = page.read(overview, request)
financial = (
    receivables_export("outstanding", request, choices, label="Outstanding invoices"),
    period_export("invoiced", request, label="Invoiced"),
    period_export("collected", request, label="Collected"),
)
with page.actions:
    draw_export(*(financial if is_financial else ()), period_export("no-show", request, label="Attended and missed"))

tiles = overview_tiles(seen, settings)
for column, tile in zip(st.columns(len(tiles)), tiles, strict=True):
    with column:
        draw_tile(tile, settings.locale, rows="Rows", open_rows=open_rows)
st.caption(comparison_text(seen, settings))

shown = st.session_state.get(SHOWN)
if shown in TITLES and (is_financial or shown in {"utilization", "no_show"}):
    draw_rows(shown, request, seen)

if seen.aging is None or seen.revenue is None:
    draw_work_charts(seen)
    st.stop()
left, right = st.columns(2)
with left:
    st.subheader("Outstanding by days since due", anchor=False)
    bucket = draw_aging(seen.aging, settings.locale, key="overview_aging")
    st.caption("A click on a bar opens its invoices.")
with right:
    draw_work_charts(seen)
st.subheader("Invoiced and collected by month", anchor=False)
draw_revenue(seen.revenue, settings.locale, key="overview_revenue")
if bucket is not None:
    open_receivables(page, request, choices, bucket=bucket)
