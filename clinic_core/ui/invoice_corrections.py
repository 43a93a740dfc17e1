"""Correcting an issued invoice: each with its reason, none of it by changing the paper."""

from collections.abc import Sequence

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import patient_balance
from clinic_core.billing.schemas import (
    ApplyCredit,
    CorrectionRow,
    InvoiceDetail,
    OfPatient,
    ReverseWriteOff,
    WriteOff,
)
from clinic_core.billing.service import apply_credit, reverse_write_off, write_off
from clinic_core.kit.formats import date_text, money, plain_amount
from clinic_core.ui.forms import amount_of, chosen, number_field, option_field, reason_field
from clinic_core.ui.invoice_credit import begin_credit, draw_credit
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus


def draw_corrections(page: Page, invoice: InvoiceDetail) -> None:
    """What may still be done to an issued invoice: use credit, credit it, write off what it owes, or undo that."""
    if invoice.kind is not InvoiceKind.INVOICE or invoice.status is not InvoiceStatus.ISSUED:
        return
    actor = page.actor
    with st.container(horizontal=True, gap="small"):
        if invoice.balance and actor.can(Permission.BILLING_COLLECT):
            _draw_use_of_credit(page, invoice)
        if actor.can(Permission.BILLING_MANAGE):
            st.button("Credit invoice", icon=":material/undo:", on_click=begin_credit, args=(invoice.id,))
        if invoice.balance and actor.can(Permission.BILLING_WRITE_OFF):
            with st.popover("Write off", icon=":material/money_off:"):
                _draw_write_off(page, invoice)
        taken_back = [row for row in invoice.corrections if row.can_be_taken_back]
        if taken_back and actor.can(Permission.BILLING_WRITE_OFF):
            with st.popover("Take write-off back", icon=":material/settings_backup_restore:"):
                _draw_taking_back(page, invoice, taken_back)
    if actor.can(Permission.BILLING_MANAGE):
        draw_credit(page, invoice)


def _draw_use_of_credit(page: Page, invoice: InvoiceDetail) -> None:
    found = page.read(patient_balance, OfPatient(patient_id=invoice.patient_id))
    if not found.credit:
        return
    request = ApplyCredit(
        patient_id=invoice.patient_id, invoice_ids=(invoice.id,), request_id=page.request_id("use_credit")
    )
    text = plain(money(found.credit, found.currency, page.actor.settings.locale))
    pressed = st.button(f"Use credit of {text}", icon=":material/savings:", key="use_credit")
    if pressed and page.run(apply_credit, request, done="The credit is put on the invoice.") is not None:
        st.rerun()


def _draw_write_off(page: Page, invoice: InvoiceDetail) -> None:
    typed = number_field("Amount", key="write_off_amount", value=plain_amount(invoice.balance))
    reason = reason_field(key="write_off_reason")

    def request() -> WriteOff:
        return WriteOff(
            invoice_id=invoice.id, amount=amount_of(typed), reason=reason, request_id=page.request_id("write_off")
        )

    pressed = st.button("Write off", type="primary", key="write_off_do")
    if pressed and page.run(write_off, request, done="The amount is written off.") is not None:
        st.rerun()


def _draw_taking_back(page: Page, invoice: InvoiceDetail, rows: Sequence[CorrectionRow]) -> None:
    locale = page.actor.settings.locale
    row = option_field(
        "Write-off",
        rows,
        key="taking_back_which",
        show=lambda one: f"{money(one.amount, invoice.currency, locale)} of {date_text(one.corrected_on, locale)}",
    )
    st.caption("The invoice owes the amount again from today on.")
    reason = reason_field(key="taking_back_reason")

    def request() -> ReverseWriteOff:
        return ReverseWriteOff(
            adjustment_id=chosen(row, field="write_off").id,
            reason=reason,
            request_id=page.request_id("taking_back"),
        )

    pressed = st.button("Take back", type="primary", key="taking_back_do")
    if pressed and page.run(reverse_write_off, request, done="The write-off is taken back.") is not None:
        st.rerun()
