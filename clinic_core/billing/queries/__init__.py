"""Billing's reads: documents, receipts, balances, the catalogue, the proof of numbers."""

from clinic_core.billing.queries.batches import (
    count_batches,
    count_printable,
    get_batch,
    kept_batches,
    list_batches,
)
from clinic_core.billing.queries.catalogue import (
    export_catalogue,
    get_catalogue_item,
    list_catalogue,
    price_history,
)
from clinic_core.billing.queries.closing import count_closings, day_to_close, list_closings, month_to_close
from clinic_core.billing.queries.closing_exports import (
    export_closed_days,
    export_closed_months,
    export_roll_forward,
)
from clinic_core.billing.queries.credit_notes import preview_credit
from clinic_core.billing.queries.documents import (
    count_invoices,
    export_invoices,
    export_open_items,
    get_invoice,
    list_invoices,
    open_invoices,
    print_invoice,
)
from clinic_core.billing.queries.invoice_reminders import list_invoice_reminders
from clinic_core.billing.queries.numbers import export_numbers, list_number_series, number_proof
from clinic_core.billing.queries.paper_settings import get_paper_settings, sample_invoice
from clinic_core.billing.queries.radar import export_radar, list_radar, sum_radar
from clinic_core.billing.queries.receipts import (
    count_receipts,
    export_receipts,
    get_receipt,
    list_receipts,
    patient_balance,
    print_receipt,
)
from clinic_core.billing.queries.refunds import count_refund_requests, export_refund_requests, list_refund_requests
from clinic_core.billing.queries.reminder_runs import (
    list_reminder_runs,
)
from clinic_core.billing.queries.reminders import (
    export_due_reminders,
    export_unreminded,
    list_due_reminders,
    list_paying_patients,
    list_unreminded,
    preview_letter,
)
from clinic_core.billing.queries.statements import export_statement, get_statement, print_statement
from clinic_core.billing.queries.takings import export_takings, takings
from clinic_core.billing.queries.uninvoiced import export_uninvoiced, list_uninvoiced

__all__ = [
    "count_batches",
    "count_closings",
    "count_invoices",
    "count_printable",
    "count_receipts",
    "count_refund_requests",
    "day_to_close",
    "export_catalogue",
    "export_closed_days",
    "export_closed_months",
    "export_due_reminders",
    "export_invoices",
    "export_numbers",
    "export_open_items",
    "export_radar",
    "export_receipts",
    "export_refund_requests",
    "export_roll_forward",
    "export_statement",
    "export_takings",
    "export_uninvoiced",
    "export_unreminded",
    "get_batch",
    "get_catalogue_item",
    "get_invoice",
    "get_paper_settings",
    "get_receipt",
    "get_statement",
    "kept_batches",
    "list_batches",
    "list_catalogue",
    "list_closings",
    "list_due_reminders",
    "list_invoice_reminders",
    "list_invoices",
    "list_number_series",
    "list_paying_patients",
    "list_radar",
    "list_receipts",
    "list_refund_requests",
    "list_reminder_runs",
    "list_uninvoiced",
    "list_unreminded",
    "month_to_close",
    "number_proof",
    "open_invoices",
    "patient_balance",
    "preview_credit",
    "preview_letter",
    "price_history",
    "print_invoice",
    "print_receipt",
    "print_statement",
    "sample_invoice",
    "sum_radar",
    "takings",
]
