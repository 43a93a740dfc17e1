"""Receipts: money taken and given back, by day and method, each to be printed."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import count_receipts, get_receipt, list_receipts
from clinic_core.billing.schemas import GetReceipt, ListReceipts, PaymentRow, ReceiptFilter, ReceiptRow
from clinic_core.kit.formats import money
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.forms import date_field
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.refund import draw_refund
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import PaymentMethod

page = open_page("Receipts", Permission.BILLING_VIEW)

PAGE_SIZE = 50
PAGER = "receipts_page"
INVOICE_PAGE = "pages/billing/invoice.py"

settings = page.actor.settings
wording = Wording(settings.locale)
receipt_id = page.id("receipt")

if receipt_id is not None:
    receipt = page.read(get_receipt, GetReceipt(receipt_id=receipt_id))
    st.subheader(plain(f"{receipt.kind.label} {receipt.number}"), anchor=False)
    st.caption(plain(f"{receipt.patient_name}, {receipt.patient_code} · {receipt.method.label} · {receipt.reference}"))
    with page.actions:
        if st.button("All receipts", icon=":material/arrow_back:", type="tertiary"):
            page.go("pages/billing/receipts.py")
        if page.actor.can(Permission.PATIENT_READ) and st.button("Patient", icon=":material/person:", type="tertiary"):
            page.go(PATIENT_PAGE, patient=receipt.patient_id)
        st.link_button("PDF", f"/docs/receipt/{receipt.id}.pdf", icon=":material/picture_as_pdf:", type="tertiary")
    with st.container(horizontal=True, gap="medium"):
        for label, value in (
            ("Amount", receipt.amount),
            ("On invoices", receipt.allocated),
            ("Credit", receipt.credit),
        ):
            st.metric(label, money(value, receipt.currency, settings.locale), width="content")
    payment = show_table(
        receipt.payments,
        [Column[PaymentRow]("invoice_number", "Invoice"), Column[PaymentRow]("amount", "Amount")],
        key="receipt_payments",
        select=True,
        wording=wording,
        empty="No invoice got any of it; it is kept as credit.",
    )
    if payment is not None:
        page.go(INVOICE_PAGE, invoice=payment.invoice_id)
    draw_refund(page, receipt)
    st.stop()


def back_to_first_page() -> None:
    """Callback: another filter begins at the first page."""
    st.session_state[PAGER] = 0


with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    first_day = date_field("Received from", key="receipts_from")
    last_day = date_field("Received to", key="receipts_to")
    method = st.selectbox(
        "Method",
        list(PaymentMethod),
        index=None,
        format_func=lambda found: found.label,
        placeholder="All",
        key="receipts_method",
        on_change=back_to_first_page,
    )
    with_credit = st.toggle("With credit only", key="receipts_credit", on_change=back_to_first_page)
wanted = ReceiptFilter(received_from=first_day, received_to=last_day, method=method, with_credit_only=with_credit)
names = {"received_from": "from", "received_to": "to", "with_credit_only": "credit", "method": "method"}
parts = {names[name]: value for name, value in wanted.model_dump(mode="json", exclude_defaults=True).items()}
with page.actions:
    draw_export(Export("receipts", parts))
total = page.read(count_receipts, wanted)
offset = min(int(st.session_state.get(PAGER, 0)), max(0, total - 1) // PAGE_SIZE) * PAGE_SIZE
chosen = show_table(
    page.read(list_receipts, ListReceipts(**dict(wanted), offset=offset, limit=PAGE_SIZE)),
    [
        Column[ReceiptRow]("number", "Number"),
        Column[ReceiptRow]("kind", "Kind"),
        Column[ReceiptRow]("received_on", "Received"),
        Column[ReceiptRow]("patient_name", "Patient", width="medium"),
        Column[ReceiptRow]("patient_code", "Code"),
        Column[ReceiptRow]("location_name", "Location"),
        Column[ReceiptRow]("method", "Method"),
        Column[ReceiptRow]("reference", "Reference"),
        Column[ReceiptRow]("amount", "Amount"),
        Column[ReceiptRow]("credit", "Credit"),
    ],
    key=f"receipts_{offset}",
    select=True,
    wording=wording,
    empty="No receipt passes these filters. Payments are taken on the page of an invoice.",
)
draw_pager(total, page_size=PAGE_SIZE, key=PAGER)
if chosen is not None:
    page.go("pages/billing/receipts.py", receipt=chosen.id)
