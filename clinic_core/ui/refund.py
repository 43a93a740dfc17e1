"""Giving money of a receipt back: at once, or asked for where a second person must agree."""

import streamlit as st

from clinic_core.access import Actor, Permission
from clinic_core.billing.queries import list_refund_requests
from clinic_core.billing.schemas import ListRefundRequests, ReceiptDetail, RefundReceipt, RequestRefund
from clinic_core.billing.service import refund_receipt, request_refund
from clinic_core.kit.formats import plain_amount
from clinic_core.ui.forms import amount_of, choice_field, number_field, reason_field, text_field
from clinic_core.ui.page import Page
from clinic_core.ui.refund_requests import draw_open_requests
from clinic_core.vocabulary import PaymentMethod, ReceiptKind

NEEDS_CONSENT = "Somebody else must approve it before the money is given back."


def draw_refund(page: Page, receipt: ReceiptDetail) -> None:
    """What was asked for of this receipt, then the form for what no invoice has of it."""
    actor = page.actor
    if receipt.kind is ReceiptKind.REFUND or not _may_see(actor):
        return
    asked = page.read(list_refund_requests, ListRefundRequests(receipt_id=receipt.id, open_only=True))
    draw_open_requests(page, asked)
    if not receipt.credit or asked:
        return
    if actor.can(Permission.BILLING_REFUND) and not actor.settings.four_eyes_refunds:
        with st.popover("Refund", icon=":material/currency_exchange:"):
            _draw_giving(page, receipt)
    elif actor.can(Permission.BILLING_REFUND, Permission.BILLING_COLLECT):
        with st.popover("Ask for a refund", icon=":material/currency_exchange:"):
            _draw_asking(page, receipt)


def _draw_giving(page: Page, receipt: ReceiptDetail) -> None:
    typed, method, reference = _draw_money(receipt)

    def request() -> RefundReceipt:
        return RefundReceipt(
            receipt_id=receipt.id,
            amount=amount_of(typed),
            method=method,
            reference=reference,
            request_id=page.request_id("refund"),
        )

    pressed = st.button("Refund", type="primary", key="refund_give")
    if pressed and page.run(refund_receipt, request, done="Refund {number} is recorded.") is not None:
        st.rerun()


def _draw_asking(page: Page, receipt: ReceiptDetail) -> None:
    st.caption(NEEDS_CONSENT)
    typed, method, reference = _draw_money(receipt)
    reason = reason_field(key="refund_reason")

    def request() -> RequestRefund:
        return RequestRefund(
            receipt_id=receipt.id,
            amount=amount_of(typed),
            method=method,
            reference=reference,
            reason=reason,
            request_id=page.request_id("refund"),
        )

    pressed = st.button("Ask for approval", type="primary", key="refund_ask")
    if pressed and page.run(request_refund, request, done="The refund waits for approval.") is not None:
        st.rerun()


def _draw_money(receipt: ReceiptDetail) -> tuple[str, PaymentMethod, str]:
    typed = number_field("Amount", key="refund_amount", value=plain_amount(receipt.credit))
    method = choice_field("Method", PaymentMethod, key="refund_method", value=receipt.method)
    return typed, method, text_field("Reference", key="refund_reference")


def _may_see(actor: Actor) -> bool:
    return actor.can(Permission.BILLING_REFUND, Permission.BILLING_COLLECT, Permission.BILLING_APPROVE)
