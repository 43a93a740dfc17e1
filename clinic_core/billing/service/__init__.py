"""Billing's writes: the catalogue, drafts, issuing, money taken, corrections."""

from clinic_core.billing.service.batch_control import (
    cancel_batch,
    fail_batch,
    fetch_batch,
    retry_batch,
    start_document_batch,
    sweep_batches,
)
from clinic_core.billing.service.batches import (
    finish_batch,
    make_next_papers,
)
from clinic_core.billing.service.catalogue import (
    create_catalogue_item,
    set_catalogue_item_active,
    update_catalogue_item,
)
from clinic_core.billing.service.catalogue_import import (
    export_refused,
    import_catalogue,
    preview_catalogue_import,
    refused_rows,
)
from clinic_core.billing.service.checkout import check_out
from clinic_core.billing.service.closing import close_day, close_month, reopen_closing
from clinic_core.billing.service.corrections import apply_credit, reverse_write_off, write_off
from clinic_core.billing.service.credit_notes import credit_invoice
from clinic_core.billing.service.drafts import delete_draft, draft_invoice, update_draft
from clinic_core.billing.service.issue import issue_invoice
from clinic_core.billing.service.paper_settings import set_paper_settings
from clinic_core.billing.service.receipts import record_receipt
from clinic_core.billing.service.refunds import (
    decide_refund,
    refund_receipt,
    request_refund,
    set_four_eyes,
    withdraw_refund,
)
from clinic_core.billing.service.reminders import (
    hold_reminders,
    release_hold,
    set_reminder_steps,
    start_reminders,
)

__all__ = [
    "apply_credit",
    "cancel_batch",
    "check_out",
    "close_day",
    "close_month",
    "create_catalogue_item",
    "credit_invoice",
    "decide_refund",
    "delete_draft",
    "draft_invoice",
    "export_refused",
    "fail_batch",
    "fetch_batch",
    "finish_batch",
    "hold_reminders",
    "import_catalogue",
    "issue_invoice",
    "make_next_papers",
    "preview_catalogue_import",
    "record_receipt",
    "refund_receipt",
    "refused_rows",
    "release_hold",
    "reopen_closing",
    "request_refund",
    "retry_batch",
    "reverse_write_off",
    "set_catalogue_item_active",
    "set_four_eyes",
    "set_paper_settings",
    "set_reminder_steps",
    "start_document_batch",
    "start_reminders",
    "sweep_batches",
    "update_catalogue_item",
    "update_draft",
    "withdraw_refund",
    "write_off",
]
