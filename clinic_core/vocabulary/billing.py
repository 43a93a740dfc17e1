"""The catalogue, invoices, payments and fees."""

from clinic_core.vocabulary.choice import Choice


class FeeKind(Choice):
    """What a fee is for when no visit took place (B9)."""

    NO_SHOW = "no_show"
    LATE_CANCELLATION = "late_cancellation"


class FeeStatus(Choice):
    """Whether a fee is to be charged; withdrawn when the step that caused it was taken back."""

    PROPOSED = "proposed"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"


class ProductType(Choice):
    """What the catalogue sells."""

    SERVICE = "service"
    PRODUCT = "product"


class InvoiceKind(Choice):
    """A demand for money, or its correction."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class InvoiceStatus(Choice):
    """The stored status; part paid, paid, overdue and credited follow from the amounts (B4)."""

    DRAFT = "draft"
    ISSUED = "issued"
    VOID = "void"


class ItemType(Choice):
    """What a line charges for."""

    SERVICE = "service"
    PRODUCT = "product"
    VISIT = "visit"
    FEE = "fee"
    PACKAGE = "package"


class PaymentMethod(Choice):
    """How money was handed over."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    INSURANCE = "insurance"
    OTHER = "other"


class ReceiptKind(Choice):
    """Money taken, or money given back."""

    RECEIPT = "receipt"
    REFUND = "refund"


class RefundStatus(Choice):
    """Where the wish to give money back stands when a second person must agree (B4)."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ClosingKind(Choice):
    """What is closed: a day at one location, or a month of the whole organisation (B10)."""

    DAY = "day"
    MONTH = "month"


class BatchKind(Choice):
    """What a background batch puts into one archive."""

    STATEMENTS = "statements"
    REMINDERS = "reminders"
    DOCUMENTS = "documents"


class BatchStatus(Choice):
    """How far a background batch has come."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class AdjustmentKind(Choice):
    """What lowers a balance without money or a credit note."""

    WRITE_OFF = "write_off"
