"""What is outstanding: debtors, open invoices and credit, as of any day, and who owes how long."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.analytics.queries import aging, list_credit, list_debtors, list_outstanding, list_report_choices
from clinic_core.analytics.schemas import (
    AgeBasis,
    AgeBucket,
    AgingRequest,
    CreditRow,
    DebtorRow,
    OutstandingRow,
    OutstandingRowsRequest,
)
from clinic_core.kit.formats import date_text, money
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.figure_rows import INVOICE_PAGE
from clinic_core.ui.forms import choice_field
from clinic_core.ui.page import open_page
from clinic_core.ui.report_filters import draw_location_filter, draw_practitioner_filter
from clinic_core.ui.statement import open_account
from clinic_core.ui.statement_run import begin_statements, draw_statements
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.tiles import counted, draw_explanation

page = open_page("Outstanding", Permission.REPORT_FINANCIAL)

PAGE_SIZE = 50
PAGER = "outstanding_page"
VIEWS = ("Debtors", "Invoices", "Credit")
NOTHING = "Nothing is outstanding with these filters."
settings = page.actor.settings
wording = Wording(settings.locale)
amount_heading = f"Balance ({settings.currency})"


def back_to_first_page() -> None:
    """Callback of the filters."""
    st.session_state[PAGER] = 0


def in_words(chosen: str) -> str:
    """The choice of an age."""
    return AgeBucket(chosen).label if chosen else "Every age"


choices = page.read(list_report_choices)
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    day = st.date_input(
        "As of",
        value=None,
        key="outstanding_as_of",
        max_value=choices.today,
        format="YYYY-MM-DD",
        help="The end of that day; empty means now.",
        on_change=back_to_first_page,
    )
    location_id = draw_location_filter(choices, key="outstanding")
    practitioner_id = draw_practitioner_filter(choices, key="outstanding")
    basis = choice_field("Days since", AgeBasis, key="outstanding_basis")
    age = st.selectbox(
        "Age", ["", *AgeBucket], format_func=in_words, key="outstanding_bucket", on_change=back_to_first_page
    )
wanted = AgingRequest(as_of=day, clinic_location_id=location_id, practitioner_user_id=practitioner_id, basis=basis)
found = page.read(aging, wanted)
figures = {"Gross": found.gross, "Credit": found.credit, "Net": found.net}
figures |= {each.bucket.label: each.amount for each in found.buckets}
with st.container(horizontal=True, gap="medium"):
    for label, value in figures.items():
        st.metric(label, money(value, settings.currency, settings.locale), width="content")
with st.container(horizontal=True, vertical_alignment="center", gap="small"):
    view = st.radio(
        "Show",
        VIEWS,
        horizontal=True,
        key="outstanding_view",
        label_visibility="collapsed",
        on_change=back_to_first_page,
        width="content",
    )
    st.caption(
        f"{counted(found.invoices, 'open invoice')} as of {date_text(found.as_of, settings.locale)}", width="content"
    )
    with st.popover("Definition", icon=":material/info:", type="tertiary"):
        draw_explanation(found.explanation, settings.locale)

rows_wanted = OutstandingRowsRequest(
    **dict(wanted),
    bucket=AgeBucket(age) if age else None,
    limit=PAGE_SIZE,
    offset=int(st.session_state.get(PAGER, 0)) * PAGE_SIZE,
)
address = rows_wanted.model_dump(mode="json", exclude={"limit", "offset", "patient_id"}, exclude_none=True)
names = {"clinic_location_id": "location", "practitioner_user_id": "practitioner"}
parts = {names.get(name, name): value for name, value in address.items()}
with page.actions:
    draw_export(
        Export("debtors", parts, "Debtors"),
        Export("outstanding", parts, "Open invoices"),
        Export("credit", parts, "Credit"),
    )
    if page.actor.can(Permission.BILLING_MANAGE):
        st.button(
            "Statements",
            icon=":material/request_quote:",
            on_click=begin_statements,
            args=(rows_wanted,),
            key="outstanding_statements",
        )

if view == "Debtors":
    debtors = page.read(list_debtors, rows_wanted)
    debtor = show_table(
        debtors.rows,
        [
            Column[DebtorRow]("patient_code", "Patient"),
            Column[DebtorRow]("patient_name", "Name", width="medium"),
            Column[DebtorRow]("invoices", "Invoices"),
            Column[DebtorRow]("oldest_on", "Oldest due"),
            Column[DebtorRow]("to_30", AgeBucket.TO_30.label),
            Column[DebtorRow]("to_60", AgeBucket.TO_60.label),
            Column[DebtorRow]("to_90", AgeBucket.TO_90.label),
            Column[DebtorRow]("over_90", AgeBucket.OVER_90.label),
            Column[DebtorRow]("balance", amount_heading),
        ],
        key="outstanding_debtors",
        select=page.actor.can(Permission.BILLING_VIEW, Permission.PATIENT_READ),
        wording=wording,
        empty=NOTHING,
    )
    count, total = debtors.count, debtors.total
    if debtor is not None:
        open_account(page, debtor.id, last_day=day)
elif view == "Invoices":
    invoices = page.read(list_outstanding, rows_wanted)
    invoice = show_table(
        invoices.rows,
        [
            Column[OutstandingRow]("number", "Invoice"),
            Column[OutstandingRow]("patient_code", "Patient"),
            Column[OutstandingRow]("patient_name", "Name", width="medium"),
            Column[OutstandingRow]("location", "Location"),
            Column[OutstandingRow]("issued_on", "Issued"),
            Column[OutstandingRow]("due_on", "Due"),
            Column[OutstandingRow]("days", "Days"),
            Column[OutstandingRow]("total", f"Total ({settings.currency})"),
            Column[OutstandingRow]("balance", amount_heading),
        ],
        key="outstanding_invoices",
        select=page.actor.can(Permission.BILLING_VIEW),
        wording=wording,
        empty=NOTHING,
    )
    count, total = invoices.count, invoices.total
    if invoice is not None:
        page.go(INVOICE_PAGE, invoice=invoice.id)
else:
    held = page.read(list_credit, rows_wanted)
    holder = show_table(
        held.rows,
        [
            Column[CreditRow]("patient_code", "Patient"),
            Column[CreditRow]("patient_name", "Name", width="medium"),
            Column[CreditRow]("receipts", "Receipts"),
            Column[CreditRow]("amount", f"Credit ({settings.currency})"),
        ],
        key="outstanding_credit",
        select=page.actor.can(Permission.BILLING_VIEW, Permission.PATIENT_READ),
        wording=wording,
        empty="No patient has money that is not applied to an invoice.",
    )
    count, total = held.count, held.total
    if holder is not None:
        open_account(page, holder.id, last_day=day)
st.caption(f"Sum of all {counted(count, 'row')}: {money(total, settings.currency, settings.locale)}")
draw_pager(count, page_size=PAGE_SIZE, key=PAGER)
draw_statements(page)
