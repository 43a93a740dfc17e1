"""What billing takes and what it gives: inputs of its use cases, filters of its lists, frozen rows.

Amounts are `Decimal` in the organisation's currency, rates are fractions (0.19 is 19 per cent). The readers of
fields refuse what no column can hold with a sentence; whether ids exist and are the actor's is for the service.
"""

from clinic_core.billing.schemas.catalogue import (
    CatalogueRow,
    CreateCatalogueItem,
    GetCatalogueItem,
    ListCatalogue,
    SetCatalogueItemActive,
    UpdateCatalogueItem,
)
from clinic_core.billing.schemas.documents import (
    CorrectionRow,
    DisplayStatus,
    GetInvoice,
    InvoiceDetail,
    InvoiceFilter,
    InvoiceHead,
    InvoiceLineRow,
    InvoiceRow,
    ListInvoices,
    NumberProof,
    OfPatient,
    Party,
    PatientBalance,
    PaymentRow,
    ProveNumbers,
    TaxRow,
)
from clinic_core.billing.schemas.drafts import (
    BillTo,
    DeleteDraft,
    DraftInvoice,
    DraftLine,
    IssueInvoice,
    UpdateDraft,
)
from clinic_core.billing.schemas.receipts import (
    GetReceipt,
    ListReceipts,
    ReceiptDetail,
    ReceiptFilter,
    ReceiptHead,
    ReceiptRow,
    RecordReceipt,
)

__all__ = [
    "BillTo",
    "CatalogueRow",
    "CorrectionRow",
    "CreateCatalogueItem",
    "DeleteDraft",
    "DisplayStatus",
    "DraftInvoice",
    "DraftLine",
    "GetCatalogueItem",
    "GetInvoice",
    "GetReceipt",
    "InvoiceDetail",
    "InvoiceFilter",
    "InvoiceHead",
    "InvoiceLineRow",
    "InvoiceRow",
    "IssueInvoice",
    "ListCatalogue",
    "ListInvoices",
    "ListReceipts",
    "NumberProof",
    "OfPatient",
    "Party",
    "PatientBalance",
    "PaymentRow",
    "ProveNumbers",
    "ReceiptDetail",
    "ReceiptFilter",
    "ReceiptHead",
    "ReceiptRow",
    "RecordReceipt",
    "SetCatalogueItemActive",
    "TaxRow",
    "UpdateCatalogueItem",
    "UpdateDraft",
]
