"""Refunds: what was asked for and waits for a second person, what became of it, and whether two are needed."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import count_refund_requests, list_refund_requests
from clinic_core.billing.schemas import ListRefundRequests, RefundFilter, SetFourEyes
from clinic_core.billing.service import set_four_eyes
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import open_page
from clinic_core.ui.refund_requests import RECEIPT_PAGE, draw_open_requests, refund_request_columns
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tables import Wording, draw_pager, show_table
from clinic_core.vocabulary import RefundStatus

page = open_page("Refunds", Permission.BILLING_REFUND, Permission.BILLING_APPROVE, Permission.BILLING_COLLECT)

PAGE_SIZE = 50
MOST_OPEN = 200
PAGER = "refunds_page"

settings = page.actor.settings


def save_rule() -> None:
    """Callback: what the toggle says holds from now on."""
    required = bool(st.session_state["refunds_four_eyes"])
    request = SetFourEyes(required=required, request_id=page.request_id("four_eyes"))
    done = "Every refund now needs a second person." if required else "Refunds no longer need a second person."
    page.run_for_next(set_four_eyes, request, done=done)


if page.actor.can(Permission.SETTINGS_MANAGE):
    st.toggle(
        "Every refund needs a second person",
        value=settings.four_eyes_refunds,
        key="refunds_four_eyes",
        on_change=save_rule,
        help="Who asks for a refund can't approve it. The change is kept in the audit log.",
    )
elif settings.four_eyes_refunds:
    st.caption("Every refund needs a second person: who asks for it does not approve it.")

st.subheader("Waiting for a decision", anchor=False)
waiting = page.read(list_refund_requests, ListRefundRequests(open_only=True, limit=MOST_OPEN))
draw_open_requests(page, waiting, linked=True)
if not waiting:
    draw_empty("No refund waits for a decision.", "A refund is asked for on the page of its receipt.")

st.subheader("All requests", anchor=False)
total = page.read(count_refund_requests, RefundFilter())
offset = min(int(st.session_state.get(PAGER, 0)), max(0, total - 1) // PAGE_SIZE) * PAGE_SIZE
rows = page.read(list_refund_requests, ListRefundRequests(offset=offset, limit=PAGE_SIZE))
chosen = show_table(
    [row for row in rows if row.status is not RefundStatus.REQUESTED],
    refund_request_columns(),
    key=f"refunds_{offset}",
    select=True,
    wording=Wording(settings.locale, reader_zone()),
    empty="Nothing was decided yet.",
)
draw_pager(total, page_size=PAGE_SIZE, key=PAGER)
if total:
    with page.actions:
        draw_export(Export("refund-requests", {}))
if chosen is not None:
    page.go(RECEIPT_PAGE, receipt=chosen.receipt_id)
