"""The rows behind a figure of the dashboard, paged; a click opens the document or the patient."""

from collections.abc import Sequence

import streamlit as st

from clinic_core.access import Permission
from clinic_core.analytics.queries import list_collected, list_invoiced, list_no_show
from clinic_core.analytics.schemas import (
    CollectedRow,
    InvoicedRow,
    NoShowRow,
    OverviewRequest,
    PeriodRowsRequest,
    Utilization,
    WorkedMinutes,
)
from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import Locale, datetime_text, minutes_text, money, rate_text
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted

INVOICE_PAGE = "pages/billing/invoice.py"
PATIENT_PAGE = "pages/front_desk/patient.py"
PAGE_SIZE = 50
PAGER = "figure_rows_page"
LOCATION, AMOUNT = "Location", "Amount"


def draw_utilization_rows(found: Utilization, locale: Locale) -> None:
    """Booked and working time by practitioner, location and room; the first two each sum to the figure."""
    columns = [
        Column[WorkedMinutes](lambda row: minutes_text(row.booked_minutes), "Booked", right=True),
        Column[WorkedMinutes](lambda row: minutes_text(row.available_minutes), "Working time", right=True),
        Column[WorkedMinutes](lambda row: rate_text(row.rate, locale), "Utilization", right=True),
        Column[WorkedMinutes](lambda row: minutes_text(row.outside_minutes), "Outside working time", right=True),
    ]
    groups: dict[str, Sequence[WorkedMinutes]] = {
        "Practitioner": found.by_practitioner,
        LOCATION: found.by_location,
        "Room": found.by_room,
    }
    for title, rows in groups.items():
        named = Column[WorkedMinutes]("name", title, width="medium")
        show_table(rows, [named, *columns], key=f"rows_{title}", empty=f"{title}: no working time and nothing booked.")


def draw_no_show_rows(page: Page, request: OverviewRequest) -> None:
    """The visits of the rate, the missed ones first."""
    locale = page.actor.settings.locale
    found = page.read(list_no_show, _page_of(request))
    chosen = show_table(
        found.rows,
        [
            Column[NoShowRow](
                lambda row: datetime_text(row.starts_at, zone(row.timezone), locale), "Start", width="medium"
            ),
            Column[NoShowRow]("location", LOCATION),
            Column[NoShowRow]("practitioner", "Practitioner"),
            Column[NoShowRow]("patient_code", "Patient"),
            Column[NoShowRow]("patient_name", "Name"),
            Column[NoShowRow]("status", "Status"),
        ],
        key="rows_visits",
        select=page.actor.can(Permission.PATIENT_READ),
        wording=Wording(locale),
        empty="Nobody was seen or missed in this period.",
    )
    draw_pager(found.count, page_size=PAGE_SIZE, key=PAGER)
    if chosen is not None:
        page.go(PATIENT_PAGE, patient=chosen.patient_id)


def draw_invoiced_rows(page: Page, request: OverviewRequest) -> None:
    """The documents issued in the period; a click opens one."""
    settings = page.actor.settings
    found = page.read(list_invoiced, _page_of(request))
    chosen = show_table(
        found.rows,
        [
            Column[InvoicedRow]("number", "Number"),
            Column[InvoicedRow]("kind", "Kind"),
            Column[InvoicedRow]("issued_on", "Issued"),
            Column[InvoicedRow]("patient_code", "Patient"),
            Column[InvoicedRow]("patient_name", "Name"),
            Column[InvoicedRow]("location", LOCATION),
            Column[InvoicedRow]("amount", f"{AMOUNT} ({settings.currency})"),
        ],
        key="rows_invoiced",
        select=page.actor.can(Permission.BILLING_VIEW),
        wording=Wording(settings.locale),
        empty="Nothing was issued in this period.",
    )
    st.caption(f"Sum of {counted(found.count, 'document')}: {money(found.total, settings.currency, settings.locale)}")
    draw_pager(found.count, page_size=PAGE_SIZE, key=PAGER)
    if chosen is not None:
        page.go(INVOICE_PAGE, invoice=chosen.id)


def draw_collected_rows(page: Page, request: OverviewRequest) -> None:
    """The receipts and refunds of the period; a click opens the patient."""
    settings = page.actor.settings
    found = page.read(list_collected, _page_of(request))
    chosen = show_table(
        found.rows,
        [
            Column[CollectedRow]("number", "Number"),
            Column[CollectedRow]("kind", "Kind"),
            Column[CollectedRow]("method", "Method"),
            Column[CollectedRow]("received_on", "Received"),
            Column[CollectedRow]("patient_code", "Patient"),
            Column[CollectedRow]("patient_name", "Name"),
            Column[CollectedRow]("location", LOCATION),
            Column[CollectedRow]("amount", f"{AMOUNT} ({settings.currency})"),
        ],
        key="rows_collected",
        select=page.actor.can(Permission.PATIENT_READ),
        wording=Wording(settings.locale),
        empty="No receipts in this period, or a practitioner is chosen: receipts belong to patients.",
    )
    st.caption(f"Sum of {counted(found.count, 'receipt')}: {money(found.total, settings.currency, settings.locale)}")
    draw_pager(found.count, page_size=PAGE_SIZE, key=PAGER)
    if chosen is not None:
        page.go(PATIENT_PAGE, patient=chosen.patient_id)


def _page_of(request: OverviewRequest) -> PeriodRowsRequest:
    offset = int(st.session_state.get(PAGER, 0)) * PAGE_SIZE
    return PeriodRowsRequest(**request.model_dump(exclude={"compare"}), limit=PAGE_SIZE, offset=offset)
