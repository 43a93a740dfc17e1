"""Taking a payment: the open invoices ticked oldest first, the amount, the method, and the receipt to print."""

from collections.abc import Sequence
from datetime import time
from decimal import Decimal
from uuid import UUID

import streamlit as st

from clinic_core.billing.queries import open_invoices
from clinic_core.billing.schemas import InvoiceRow, OfPatient, RecordReceipt
from clinic_core.billing.service import record_receipt
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import amount, date_text, money, plain_amount
from clinic_core.ui.forms import amount_of, choice_field, date_field, instant_of, number_field, text_field
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import PaymentMethod

_OPEN = "payment_patient"
_NOON = time(12)


def begin_payment(patient_id: UUID) -> None:
    """Callback: open the dialog for a patient, with nothing left in it."""
    end_payment()
    st.session_state[_OPEN] = patient_id


def end_payment() -> None:
    """Callback: close the dialog."""
    for key in [key for key in st.session_state if str(key).startswith("payment_")]:
        del st.session_state[key]


def draw_payment(page: Page, timezone: str) -> None:
    """The dialog, if it is open; `timezone` is that of the location at which the money is taken."""
    patient_id: UUID | None = st.session_state.get(_OPEN)
    if patient_id is not None:
        _dialog(page, patient_id, timezone)


@st.dialog("Take payment", dismissible=False, icon=":material/payments:")
def _dialog(page: Page, patient_id: UUID, timezone: str) -> None:
    settings = page.actor.settings
    today = local_date(now(), zone(timezone))
    invoices = page.read(open_invoices, OfPatient(patient_id=patient_id))
    ticked = [row for row in invoices if st.checkbox(_line(row, page), value=True, key=f"payment_tick_{row.id}")]
    if not invoices:
        st.caption("No invoice is open; what is taken is kept as credit.")
    owed = sum((row.balance for row in ticked), Decimal(0))
    st.markdown(f"Open: **{plain(money(owed, settings.currency, settings.locale))}**")
    # A key of its own for every choice of invoices, so that the amount follows the ticks until it is typed.
    typed = number_field("Amount", key=f"payment_amount_{_key(ticked)}", value=plain_amount(owed) if owed else "")
    method = choice_field("Method", PaymentMethod, key="payment_method")
    day = date_field("Received", key="payment_day", value=today)
    reference = text_field("Reference", key="payment_reference")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="payment_cancel"):
            end_payment()
            st.rerun()
        pressed = st.button("Take payment", type="primary", key="payment_take")
    if not pressed:
        return

    def request() -> RecordReceipt:
        return RecordReceipt(
            patient_id=patient_id,
            amount=amount_of(typed),
            method=method,
            received_at=now() if day == today else instant_of(day, _NOON, zone(timezone)),
            reference=reference,
            invoice_ids=tuple(row.id for row in ticked),
            request_id=page.request_id("payment"),
        )

    if page.run(record_receipt, request, done="Receipt {number} is recorded.") is not None:
        end_payment()
        st.rerun()


def _line(row: InvoiceRow, page: Page) -> str:
    due = f", due {date_text(row.due_on, page.actor.settings.locale)}" if row.due_on else ""
    return f"{row.number}: {amount(row.balance, page.actor.settings.locale)}{due} · {row.display_status.label.lower()}"


def _key(ticked: Sequence[InvoiceRow]) -> str:
    return "_".join(row.id.hex[-6:] for row in ticked)
