"""Checking out: the lines, what is paid and how, and one press that issues the invoice and takes the money."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import list_catalogue, list_uninvoiced
from clinic_core.billing.schemas import BillTo, CheckOut, CheckOutResult, HandedOver, ListCatalogue, OfPatient
from clinic_core.billing.service import check_out
from clinic_core.kit.formats import money
from clinic_core.patients.queries import get_patient
from clinic_core.patients.schemas import GetPatient
from clinic_core.ui.checkout_payment import Paying, draw_paying
from clinic_core.ui.invoice_draft import draw_payer
from clinic_core.ui.invoice_editor import EditorLine, draw_lines, line_of_attended, total_of
from clinic_core.ui.location import current_location
from clinic_core.ui.page import Page
from clinic_core.ui.patient_line import draw_patient_line
from clinic_core.ui.wording import plain

_OPEN = "checkout_patient"
_FIRST = "checkout_appointment"
_LINES = "checkout_lines"
_DONE = "checkout_done"
_CATALOGUE_SHOWN = 200


@dataclass(frozen=True)
class _Charged:
    """What the invoice is to be of: its lines as typed, where it belongs, and who pays."""

    lines: list[EditorLine]
    location_id: UUID
    total: Decimal | None
    bill_to: Callable[[], BillTo | None]


def begin_checkout(patient_id: UUID, appointment_id: UUID | None = None) -> None:
    """Callback: open the dialog for a patient; with an appointment, its location is that of the invoice."""
    end_checkout()
    st.session_state[_OPEN] = patient_id
    st.session_state[_FIRST] = appointment_id


def end_checkout() -> None:
    """Callback: close the dialog and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("checkout_")]:
        del st.session_state[key]


def draw_checkout(page: Page) -> None:
    """The dialog, if it is open."""
    patient_id: UUID | None = st.session_state.get(_OPEN)
    if patient_id is not None:
        _dialog(page, patient_id)


@st.dialog("Check out", width="large", dismissible=False, icon=":material/shopping_cart_checkout:")
def _dialog(page: Page, patient_id: UUID) -> None:
    done: CheckOutResult | None = st.session_state.get(_DONE)
    if done is not None:
        _draw_done(page, done)
        return
    draw_patient_line(page.read(get_patient, GetPatient(patient_id=patient_id)), page.actor)
    charged = _draw_charged(page, patient_id)
    paying = draw_paying(page, patient_id, charged.total if charged is not None else Decimal(0))

    def request(payments: Callable[[], tuple[HandedOver, ...]], *, is_issued: bool) -> CheckOut:
        return CheckOut(
            patient_id=patient_id,
            lines=tuple(line.to_draft() for line in charged.lines) if charged is not None else (),
            bill_to=charged.bill_to() if charged is not None else None,
            invoice_ids=paying.invoice_ids if is_issued else (),
            clinic_location_id=charged.location_id if charged is not None and charged.lines else current_location().id,
            payments=payments() if is_issued else (),
            apply_credit=is_issued and paying.uses_credit,
            issue=is_issued,
            request_id=page.request_id("checkout"),
        )

    pressed, kept = _draw_buttons(paying, writes=charged is not None and bool(charged.lines))
    if not (pressed or kept):
        return
    result = page.run(check_out, lambda: request(paying.payments, is_issued=pressed))
    if result is not None:
        st.session_state[_DONE] = result
        st.rerun()


def _draw_buttons(paying: Paying, *, writes: bool) -> tuple[bool, bool]:
    """Whether it is to be issued and paid, and whether it is to be kept as a draft."""
    word = "Issue and pay" if writes and paying.pays else "Issue, pay later" if writes else "Take payment"
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        if st.button("Cancel", key="checkout_cancel"):
            end_checkout()
            st.rerun()
        kept = writes and st.button("Keep as draft", key="checkout_keep")
        pressed = st.button(
            word,
            type="primary",
            icon=":material/task_alt:",
            key="checkout_issue",
            disabled=not (writes or (paying.invoice_ids and paying.pays)),
        )
    return pressed, kept


def _draw_charged(page: Page, patient_id: UUID) -> _Charged | None:
    """The lines, beginning with all that nothing charges for yet; None for who may not write invoices."""
    if not page.actor.can(Permission.BILLING_MANAGE):
        return None
    if _LINES not in st.session_state:
        found = page.read(list_uninvoiced, OfPatient(patient_id=patient_id))
        first = [row for row in found if row.appointment_id == st.session_state.get(_FIRST)] or list(found)
        st.session_state[_LINES] = [line_of_attended(row) for row in found]
        st.session_state["checkout_place"] = first[0].clinic_location_id if first else current_location().id
    lines: list[EditorLine] = st.session_state[_LINES]
    draw_lines(page, lines, page.read(list_catalogue, ListCatalogue(limit=_CATALOGUE_SHOWN)), key=_LINES)
    bill_to = draw_payer(None, "checkout_payer")
    return _Charged(lines, st.session_state["checkout_place"], total_of(lines), bill_to)


def _draw_done(page: Page, done: CheckOutResult) -> None:
    """What came of it, with the change in large figures, and the papers to print."""
    settings = page.actor.settings

    def said(value: Decimal) -> str:
        return plain(money(value, settings.currency, settings.locale))

    if done.change:
        st.metric("Change to give back", said(done.change))
    if done.invoice is not None and done.invoice.number:
        left = f", {said(done.invoice.balance)} still open" if done.invoice.balance else ", paid in full"
        st.markdown(f"Invoice {done.invoice.number} over {said(done.invoice.total)} is issued{left}.")
    elif done.invoice is not None:
        st.markdown(f"The draft over {said(done.invoice.total)} is kept; nothing was taken.")
    for receipt in done.receipts:
        how = receipt.method.label.lower()
        st.markdown(f"Receipt {receipt.number}: {said(receipt.amount)} by {how}.")
    if done.credit_used:
        st.markdown(f"Credit of {said(done.credit_used)} was used.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        papers = [(paper.number, "invoice", paper.id) for paper in (done.invoice,) if paper is not None]
        papers += [(receipt.number, "receipt", receipt.id) for receipt in done.receipts]
        for number, kind, row_id in papers:
            if number:
                label = f"{kind.capitalize()} {number}"
                st.link_button(label, f"/docs/{kind}/{row_id}.pdf", icon=":material/picture_as_pdf:")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Done", type="primary", key="checkout_close"):
            end_checkout()
            st.rerun()
