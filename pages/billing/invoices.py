"""Invoices: what is open, overdue or still a draft, by period; the same list as a file."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import count_invoices, list_invoices
from clinic_core.billing.schemas import DisplayStatus, InvoiceFilter, ListInvoices
from clinic_core.ui.batches import begin_printing, draw_printing
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.forms import date_field
from clinic_core.ui.invoice_paper import invoice_columns
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import Wording, draw_pager, show_table

page = open_page("Invoices", Permission.BILLING_VIEW)

PAGE_SIZE = 50
PAGER = "invoices_page"
INVOICE_PAGE = "pages/billing/invoice.py"
NAMES = {"issued_from": "from", "issued_to": "to", "open_only": "open", "status": "status"}


def back_to_first_page() -> None:
    """Callback: another filter begins at the first page."""
    st.session_state[PAGER] = 0


with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    status = st.selectbox(
        "Status",
        list(DisplayStatus),
        index=None,
        format_func=lambda found: found.label,
        placeholder="All",
        key="invoices_status",
        on_change=back_to_first_page,
    )
    first_day = date_field("Issued from", key="invoices_from")
    last_day = date_field("Issued to", key="invoices_to")
    open_only = st.toggle("Open only", key="invoices_open", on_change=back_to_first_page)

wanted = InvoiceFilter(status=status, issued_from=first_day, issued_to=last_day, open_only=open_only)
parts = {NAMES[name]: value for name, value in wanted.model_dump(mode="json", exclude_defaults=True).items()}
with page.actions:
    draw_export(Export("invoices", parts))
    st.button("Print", icon=":material/print:", on_click=begin_printing, args=(wanted,), key="invoices_print")
    if page.actor.can(Permission.BILLING_MANAGE) and st.button("New invoice", type="primary", icon=":material/add:"):
        page.go(INVOICE_PAGE)

total = page.read(count_invoices, wanted)
offset = min(int(st.session_state.get(PAGER, 0)), max(0, total - 1) // PAGE_SIZE) * PAGE_SIZE
rows = page.read(list_invoices, ListInvoices(**dict(wanted), offset=offset, limit=PAGE_SIZE))
chosen = show_table(
    rows,
    invoice_columns(),
    key=f"invoices_{offset}",
    select=True,
    wording=Wording(page.actor.settings.locale),
    empty="No invoice passes these filters." if parts else "No invoice yet. It begins with a draft for a patient.",
)
draw_pager(total, page_size=PAGE_SIZE, key=PAGER)
draw_printing(page)
if chosen is not None:
    page.go(INVOICE_PAGE, invoice=chosen.id)
