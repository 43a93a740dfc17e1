"""Billing's writes: the catalogue, drafts, issuing, money taken, corrections."""

from clinic_core.billing.service.catalogue import (
    create_catalogue_item,
    set_catalogue_item_active,
    update_catalogue_item,
)
from clinic_core.billing.service.corrections import apply_credit, refund_receipt, write_off
from clinic_core.billing.service.credit_notes import credit_invoice
from clinic_core.billing.service.drafts import delete_draft, draft_invoice, update_draft
from clinic_core.billing.service.issue import issue_invoice
from clinic_core.billing.service.receipts import record_receipt

__all__ = [
    "apply_credit",
    "create_catalogue_item",
    "credit_invoice",
    "delete_draft",
    "draft_invoice",
    "issue_invoice",
    "record_receipt",
    "refund_receipt",
    "set_catalogue_item_active",
    "update_catalogue_item",
    "update_draft",
    "write_off",
]
