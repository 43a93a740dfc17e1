"""Missed charges: attended and not invoiced, invoiced and not attended, charged otherwise than the catalogue says."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import list_radar, sum_radar
from clinic_core.billing.schemas import ListRadar, RadarFilter, RadarKind, RadarRow
from clinic_core.kit.formats import money
from clinic_core.scheduling.queries import list_locations
from clinic_core.scheduling.schemas import ListLocations
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.forms import chosen, date_field
from clinic_core.ui.location import current_location, today_at
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted
from clinic_core.vocabulary import Scope

page = open_page("Missed charges", Permission.BILLING_MANAGE)

PAGE_SIZE = 50
PAGER = "radar_page"
INVOICE_PAGE = "pages/billing/invoice.py"
SENTENCES = {
    RadarKind.UNCHARGED: "Completed appointments and visits that no draft or invoice charges for; what was credited in"
    " full counts as not charged. The amount is the catalogue's price, net. A click drafts the invoice.",
    RadarKind.UNATTENDED: "Lines of issued invoices for services without a visit or an attended appointment, fees and"
    " what was credited in full left out. The amount is what is left of the line, net.",
    RadarKind.MISPRICED: "Lines of issued invoices with another unit price than the catalogue had at issue, discounts"
    " aside. The amount is what was charged above it, or below (negative), net.",
}
settings = page.actor.settings


def back_to_first_page() -> None:
    """Callback of the filters."""
    st.session_state[PAGER] = 0


today = today_at(current_location())
everywhere = page.actor.scope(Permission.BILLING_MANAGE) is Scope.ORGANISATION
places = [row for row in page.read(list_locations, ListLocations()) if everywhere or row.is_mine]
names: dict[UUID | None, str] = {None: "All locations", **{row.id: row.name for row in places}}
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    first_day = date_field("From", key="radar_from", value=today.replace(day=1))
    last_day = date_field("To", key="radar_to", value=today)
    place = st.selectbox(
        "Location", list(names), format_func=lambda one: names[one], key="radar_location", on_change=back_to_first_page
    )
wanted = RadarFilter(
    first_day=chosen(first_day, field="from"), last_day=chosen(last_day, field="to"), clinic_location_id=place
)
sums = {each.kind: each for each in page.read(sum_radar, wanted)}
with st.container(horizontal=True, gap="medium"):
    for each in sums.values():
        st.metric(
            each.kind.label, money(each.amount, settings.currency, settings.locale), width="content",
            delta=counted(each.count, "finding"), delta_color="off", delta_arrow="off",
        )  # fmt: skip
kind = RadarKind(
    st.radio(
        "List",
        [one.value for one in RadarKind],
        format_func=lambda one: RadarKind(one).label,
        horizontal=True,
        key="radar_kind",
        label_visibility="collapsed",
        on_change=back_to_first_page,
    )
)
parts = {"from": wanted.first_day, "to": wanted.last_day, "location": place}
with page.actions:
    draw_export(*(Export("missed-charges", {**parts, "kind": one.value}, one.label) for one in RadarKind))
st.caption(SENTENCES[kind])
total = sums[kind].count
offset = min(int(st.session_state.get(PAGER, 0)), max(0, total - 1) // PAGE_SIZE) * PAGE_SIZE
columns = [
    Column[RadarRow]("day", "Day"),
    Column[RadarRow]("patient_name", "Patient", width="medium"),
    Column[RadarRow]("patient_code", "Code"),
    Column[RadarRow]("description", "What", width="medium"),
    Column[RadarRow]("practitioner_name", "Practitioner"),
    Column[RadarRow]("location_name", "Location"),
]
if kind is not RadarKind.UNCHARGED:
    columns.append(Column[RadarRow]("invoice_number", "Invoice"))
if kind is RadarKind.MISPRICED:
    columns += [Column[RadarRow]("unit_price", "Charged"), Column[RadarRow]("catalogue_price", "Catalogue")]
found = show_table(
    page.read(list_radar, ListRadar(**dict(wanted), kind=kind, offset=offset, limit=PAGE_SIZE)),
    [*columns, Column[RadarRow]("amount", f"Amount ({settings.currency})")],
    key=f"radar_{kind}_{offset}",
    select=True,
    wording=Wording(settings.locale),
    empty="Nothing of this kind in the period.",
)
draw_pager(total, page_size=PAGE_SIZE, key=PAGER)
if found is not None and found.invoice_id is not None:
    page.go(INVOICE_PAGE, invoice=found.invoice_id)
elif found is not None:
    page.go(INVOICE_PAGE, patient=found.patient_id, appointment=found.appointment_id)
