"""Refunds that were asked for: the open ones with what the person may do about them, and what became of the others."""

from collections.abc import Sequence

import streamlit as st

from clinic_core.billing.schemas import DecideRefund, RefundRequestRow, WithdrawRefund
from clinic_core.billing.service import decide_refund, withdraw_refund
from clinic_core.kit.formats import datetime_text, money
from clinic_core.ui.forms import text_field
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column
from clinic_core.ui.wording import plain

RECEIPT_PAGE = "pages/billing/receipts.py"


def draw_open_requests(page: Page, rows: Sequence[RefundRequestRow], *, linked: bool = False) -> None:
    """One box each: what is asked for and why, by whom and when; `linked` ones lead to their receipt."""
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"refund_request_{row.id}"):
            _draw_words(page, row)
            _draw_steps(page, row, linked=linked)


def refund_request_columns() -> list[Column[RefundRequestRow]]:
    """The columns of what was asked for and decided."""
    return [
        Column[RefundRequestRow]("status", "Status"),
        Column[RefundRequestRow]("receipt_number", "Receipt"),
        Column[RefundRequestRow]("patient_name", "Patient", width="medium"),
        Column[RefundRequestRow]("patient_code", "Code"),
        Column[RefundRequestRow]("reason", "Reason", width="medium"),
        Column[RefundRequestRow]("asked_by", "Asked by"),
        Column[RefundRequestRow]("decided_by", "Decided by"),
        Column[RefundRequestRow]("decided_at", "Decided"),
        Column[RefundRequestRow]("decision_note", "Note"),
        Column[RefundRequestRow]("refund_number", "Refund"),
        Column[RefundRequestRow]("amount", "Amount"),
    ]


def _draw_words(page: Page, row: RefundRequestRow) -> None:
    settings = page.actor.settings
    amount = money(row.amount, settings.currency, settings.locale)
    asked = datetime_text(row.asked_at, reader_zone(), settings.locale)
    who = f"{row.patient_name}, {row.patient_code}"
    st.markdown(f"**{plain(amount)}** back by {row.method.label.lower()} · {plain(who)} · {plain(row.location_name)}")
    st.markdown(plain(f"“{row.reason}”"))
    facts = [f"Asked by {row.asked_by or 'the system'}, {asked}"]
    facts += [f"reference {row.reference}"] if row.reference else []
    st.caption(plain(" · ".join(facts)))
    if row.left < row.amount:
        left = money(row.left, settings.currency, settings.locale)
        st.warning(plain(f"The receipt has only {left} left, so this cannot be approved."), icon=":material/warning:")


def _draw_steps(page: Page, row: RefundRequestRow, *, linked: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if row.may_decide:
            _draw_decision(page, row)
        if row.may_withdraw and st.button("Withdraw", key=f"refund_withdraw_{row.id}"):
            _withdraw(page, row)
        label = f"Receipt {row.receipt_number}"
        if linked and st.button(label, key=f"refund_open_{row.id}", type="tertiary"):
            page.go(RECEIPT_PAGE, receipt=row.receipt_id)


def _draw_decision(page: Page, row: RefundRequestRow) -> None:
    with st.popover("Decide", icon=":material/how_to_reg:"):
        note = text_field("Note", key=f"refund_note_{row.id}", limit=500)
        with st.container(horizontal=True, gap="small"):
            approved = st.button("Approve", type="primary", key=f"refund_approve_{row.id}")
            declined = st.button("Decline", key=f"refund_decline_{row.id}")
    if not (approved or declined):
        return

    def request() -> DecideRefund:
        return DecideRefund(
            refund_request_id=row.id,
            approve=approved,
            note=note,
            version=row.version,
            request_id=page.request_id(f"refund_{'approve' if approved else 'decline'}_{row.id}"),
        )

    done = "The refund is approved and recorded." if approved else "The refund is declined."
    if page.run(decide_refund, request, done=done) is not None:
        st.rerun()


def _withdraw(page: Page, row: RefundRequestRow) -> None:
    request = WithdrawRefund(
        refund_request_id=row.id, version=row.version, request_id=page.request_id(f"refund_withdraw_{row.id}")
    )
    if page.run(withdraw_refund, request, done="The request for a refund is withdrawn.") is not None:
        st.rerun()
