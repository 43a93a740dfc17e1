"""Writing an invoice: a new one for a patient, and a draft until it is issued."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from clinic_core.billing.queries import list_catalogue, list_uninvoiced
from clinic_core.billing.schemas import (
    BillTo,
    CatalogueRow,
    DeleteDraft,
    DraftInvoice,
    InvoiceDetail,
    InvoiceHead,
    IssueInvoice,
    ListCatalogue,
    OfPatient,
    UpdateDraft,
)
from clinic_core.billing.service import delete_draft, draft_invoice, issue_invoice, update_draft
from clinic_core.ui.forms import long_text_field, text_field
from clinic_core.ui.invoice_editor import EditorLine, draw_lines, line_of_attended, line_of_draft
from clinic_core.ui.location import current_location
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import pick_patient

LIST_PAGE = "pages/billing/invoices.py"
INVOICE_PAGE = "pages/billing/invoice.py"
_CATALOGUE_SHOWN = 200


def draw_patient_choice(page: Page) -> None:
    """The first step of an invoice that begins from nothing: whose it is."""
    patient_id = pick_patient(page.actor, key="invoice_patient")
    if st.button("Continue", type="primary", disabled=patient_id is None):
        page.go(INVOICE_PAGE, patient=patient_id)


def draw_new_invoice(page: Page, patient_id: UUID, appointment_id: UUID | None) -> None:
    """An invoice that is not saved yet; it begins with what was attended and is on no invoice.

    With `appointment_id` it begins with that appointment alone.
    """
    attended = page.read(list_uninvoiced, OfPatient(patient_id=patient_id))
    begun = [row for row in attended if appointment_id is None or row.appointment_id == appointment_id]
    key = f"invoice_new_{patient_id}_{appointment_id}"
    lines = _lines(key, lambda: [line_of_attended(row) for row in begun])
    draw_lines(page, lines, _catalogue(page), key=key)
    bill_to = draw_payer(None, key)

    def request() -> DraftInvoice:
        return DraftInvoice(
            patient_id=patient_id,
            lines=tuple(line.to_draft() for line in lines),
            bill_to=bill_to(),
            clinic_location_id=begun[0].clinic_location_id if begun else current_location().id,
            request_id=page.request_id(key),
        )

    if st.button("Save draft", type="primary", icon=":material/save:", key=f"{key}_save"):
        saved = page.run(draft_invoice, request, done="The draft is saved.")
        if saved is not None:
            del st.session_state[key]
            page.go(INVOICE_PAGE, invoice=saved.id)


def draw_draft(page: Page, invoice: InvoiceDetail) -> None:
    """A draft: its lines and payer to change, and the buttons that save, issue or throw it away."""
    key = f"invoice_draft_{invoice.id}_{invoice.version}"
    lines = _lines(key, lambda: [line_of_draft(row) for row in invoice.lines])
    draw_lines(page, lines, _catalogue(page), key=key)
    bill_to = draw_payer(invoice, key)

    def change() -> UpdateDraft:
        return UpdateDraft(
            invoice_id=invoice.id,
            lines=tuple(line.to_draft() for line in lines),
            bill_to=bill_to(),
            version=invoice.version,
            request_id=page.request_id(f"{key}_save"),
        )

    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        with st.popover("Delete draft", icon=":material/delete:"):
            st.caption("It never had a number, so none will be missing.")
            if st.button("Delete", key=f"{key}_delete"):
                _delete(page, invoice)
        save = st.button("Save draft", icon=":material/save:", key=f"{key}_save")
        issue = st.button("Issue invoice", type="primary", icon=":material/task_alt:", key=f"{key}_issue")
    if not (save or issue):
        return
    saved = page.run(update_draft, change, done="" if issue else "The draft is saved.")
    if saved is not None and issue:
        _issue(page, saved)
    if saved is not None:
        st.rerun()


def _issue(page: Page, saved: InvoiceHead) -> None:
    request = IssueInvoice(
        invoice_id=saved.id, version=saved.version, request_id=page.request_id(f"issue_{saved.id}_{saved.version}")
    )
    if page.run(issue_invoice, request, done="Invoice {number} is issued.") is None:
        st.stop()


def _delete(page: Page, invoice: InvoiceDetail) -> None:
    request = DeleteDraft(invoice_id=invoice.id, version=invoice.version, request_id=page.request_id("delete"))
    if page.run(delete_draft, request, done="The draft is deleted.") is not None:
        page.go(LIST_PAGE)


def _catalogue(page: Page) -> tuple[CatalogueRow, ...]:
    return page.read(list_catalogue, ListCatalogue(limit=_CATALOGUE_SHOWN))


def _lines(key: str, begin: Callable[[], list[EditorLine]]) -> list[EditorLine]:
    """The lines as typed so far, or those to begin with."""
    if key not in st.session_state:
        st.session_state[key] = begin()
    lines: list[EditorLine] = st.session_state[key]
    return lines


def draw_payer(invoice: InvoiceDetail | None, key: str) -> Callable[[], BillTo | None]:
    """Who pays: the patient, or somebody else with an address."""
    other = invoice is not None and not invoice.billed_to_patient
    known = invoice.bill_to if invoice is not None and other else None
    if not st.toggle("Bill to somebody other than the patient", value=other, key=f"{key}_other"):
        return lambda: None
    with st.container(horizontal=True):
        name = text_field("Name", key=f"{key}_name", value=known.name if known else "")
        reference = text_field("Reference", key=f"{key}_reference", value=known.reference if known else "")
    address = long_text_field("Address", key=f"{key}_address", value=known.address if known else "")
    return lambda: BillTo(name=name, address=address, reference=reference)
