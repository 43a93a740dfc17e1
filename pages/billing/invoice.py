"""One invoice: written and priced as a draft, issued with its number, then paid and printed."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import get_invoice
from clinic_core.billing.schemas import GetInvoice
from clinic_core.ui.invoice_corrections import draw_corrections
from clinic_core.ui.invoice_draft import draw_draft, draw_new_invoice, draw_patient_choice
from clinic_core.ui.invoice_paper import draw_head, draw_paper, draw_receipt_links
from clinic_core.ui.invoice_reminders import draw_reminders
from clinic_core.ui.page import open_page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.payment_dialog import begin_payment, draw_payment
from clinic_core.ui.states import draw_empty
from clinic_core.vocabulary import InvoiceStatus

page = open_page("Invoice", Permission.BILLING_VIEW)

LIST_PAGE = "pages/billing/invoices.py"

may_manage = page.actor.can(Permission.BILLING_MANAGE)
invoice_id = page.id("invoice")
patient_id = page.id("patient")

if invoice_id is None:
    if not may_manage:
        draw_empty("No invoice is chosen.", "Open one from the list of invoices.")
        if st.button("All invoices", icon=":material/receipt_long:"):
            page.go(LIST_PAGE)
    elif patient_id is None:
        draw_patient_choice(page)
    else:
        draw_new_invoice(page, patient_id, page.id("appointment"))
    st.stop()

invoice = page.read(get_invoice, GetInvoice(invoice_id=invoice_id))
is_draft = invoice.status is InvoiceStatus.DRAFT
draw_head(invoice, page.actor)
with page.actions:
    if page.actor.can(Permission.PATIENT_READ) and st.button("Patient", icon=":material/person:", type="tertiary"):
        page.go(PATIENT_PAGE, patient=invoice.patient_id)
    st.link_button("PDF", f"/docs/invoice/{invoice.id}.pdf", icon=":material/picture_as_pdf:", type="tertiary")
    if invoice.balance and page.actor.can(Permission.BILLING_COLLECT):
        st.button(
            "Take payment",
            type="primary",
            icon=":material/payments:",
            on_click=begin_payment,
            args=(invoice.patient_id,),
        )
if is_draft and may_manage:
    draw_draft(page, invoice)
else:
    draw_paper(page, invoice)
    draw_receipt_links(invoice)
    draw_reminders(page, invoice)
    draw_corrections(page, invoice)
    draw_payment(page, invoice.timezone)
