"""Crediting an issued invoice: as a whole or by line, with what that comes to before it is done."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import streamlit as st

from clinic_core.billing.queries import preview_credit
from clinic_core.billing.schemas import (
    CreditInvoice,
    CreditLine,
    CreditPreview,
    InvoiceDetail,
    InvoiceLineRow,
    PreviewCredit,
)
from clinic_core.billing.service import credit_invoice
from clinic_core.errors import InvalidInput
from clinic_core.kit.formats import money, plain_number, quantity
from clinic_core.ui.forms import number_field, quantity_of, reason_field
from clinic_core.ui.invoice_paper import draw_totals
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain

WHOLE, BY_LINE = "The whole invoice", "By line"

_OPEN = "credit_of"
_FIELD_WIDTH = 110


def begin_credit(invoice_id: UUID) -> None:
    """Callback: open the dialog for an invoice, with nothing left in it."""
    end_credit()
    st.session_state[_OPEN] = invoice_id


def end_credit() -> None:
    """Callback: close the dialog."""
    for key in [key for key in st.session_state if str(key).startswith("credit_")]:
        del st.session_state[key]


def draw_credit(page: Page, invoice: InvoiceDetail) -> None:
    """The dialog, if it is open for this invoice."""
    if st.session_state.get(_OPEN) == invoice.id:
        _dialog(page, invoice)


@st.dialog("Credit invoice", width="medium", dismissible=False, icon=":material/undo:")
def _dialog(page: Page, invoice: InvoiceDetail) -> None:
    choices = {WHOLE: _whole_words(invoice), BY_LINE: "Part of a line or of several; the invoice stays."}
    kind = st.radio("Take back", list(choices), captions=list(choices.values()), key="credit_kind")
    typed = _draw_lines(page, _left(invoice)) if kind == BY_LINE else None
    preview = None
    if typed is None or any(text.strip() not in {"", "0"} for text in typed.values()):
        preview = page.run(preview_credit, lambda: PreviewCredit(invoice_id=invoice.id, lines=_lines(typed)))
    if preview is not None:
        _draw_preview(page, preview)
    reason = reason_field(key="credit_reason")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="credit_cancel"):
            end_credit()
            st.rerun()
        # While the quantities cannot be right, the preview above says why.
        blocked = preview is None
        pressed = st.button("Issue credit note", type="primary", key="credit_issue", disabled=blocked)
    if not pressed:
        return

    def request() -> CreditInvoice:
        return CreditInvoice(
            invoice_id=invoice.id,
            lines=_lines(typed),
            reason=reason,
            version=invoice.version,
            request_id=page.request_id("credit"),
        )

    if page.run(credit_invoice, request, done="Credit note {number} is issued.") is not None:
        end_credit()
        st.rerun()


def _left(invoice: InvoiceDetail) -> list[InvoiceLineRow]:
    """The lines of which something is left."""
    return [line for line in invoice.lines if line.quantity != line.credited_quantity]


def _whole_words(invoice: InvoiceDetail) -> str:
    is_begun = any(line.credited_quantity for line in invoice.lines)
    return f"{'All that is left of it' if is_begun else 'Everything on it'}; the invoice is void and keeps its number."


def _draw_lines(page: Page, lines: Sequence[InvoiceLineRow]) -> dict[UUID, str]:
    """A quantity for each line, as typed."""
    locale = page.actor.settings.locale
    typed: dict[UUID, str] = {}
    for line in lines:
        left = line.quantity - line.credited_quantity
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            with st.container(width="stretch", gap=None):
                st.markdown(plain(line.description))
                st.caption(f"{quantity(left, locale)} of {quantity(line.quantity, locale)} left")
            with st.container(width=_FIELD_WIDTH):
                label = f"Quantity, line {line.position}"
                typed[line.id] = number_field(label, key=f"credit_line_{line.id}", value=plain_number(Decimal(0)))
    return typed


def _lines(typed: dict[UUID, str] | None) -> tuple[CreditLine, ...]:
    """The lines that are taken back; none stands for the whole invoice, and only where that was chosen.

    Raises: InvalidInput for a number that cannot be right, or when every line is left alone.
    """
    if typed is None:
        return ()
    asked = {line_id: quantity_of(text) for line_id, text in typed.items() if text.strip()}
    lines = tuple(CreditLine(line_id=line_id, quantity=value) for line_id, value in asked.items() if value)
    if not lines:
        raise InvalidInput("Type how much of at least one line is taken back.")
    return lines


def _draw_preview(page: Page, preview: CreditPreview) -> None:
    locale = page.actor.settings.locale
    draw_totals(page, preview.taxes, net=preview.net, total=preview.total, currency=preview.currency)
    words = f"The invoice then owes {money(preview.balance, preview.currency, locale)}."
    if preview.released:
        freed = money(preview.released, preview.currency, locale)
        words += f" {freed} that was paid becomes credit, to be put on other invoices or given back."
    st.info(plain(words), icon=":material/info:")
