"""Billing's reads: documents, receipts, balances, the catalogue, the proof of numbers."""

from clinic_core.billing.queries.catalogue import get_catalogue_item, list_catalogue
from clinic_core.billing.queries.documents import (
    count_invoices,
    export_invoices,
    get_invoice,
    list_invoices,
    open_invoices,
    print_invoice,
)
from clinic_core.billing.queries.numbers import number_proof
from clinic_core.billing.queries.receipts import (
    count_receipts,
    get_receipt,
    list_receipts,
    patient_balance,
    print_receipt,
)
from clinic_core.billing.queries.uninvoiced import list_uninvoiced

__all__ = [
    "count_invoices",
    "count_receipts",
    "export_invoices",
    "get_catalogue_item",
    "get_invoice",
    "get_receipt",
    "list_catalogue",
    "list_invoices",
    "list_receipts",
    "list_uninvoiced",
    "number_proof",
    "open_invoices",
    "patient_balance",
    "print_invoice",
    "print_receipt",
]
