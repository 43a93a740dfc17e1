"""The closed vocabularies: every status, kind and method, once, in the words the clinic uses.

The value is what the database stores; `label` is what people read. Everything is imported from here.
"""

from clinic_core.vocabulary.billing import (
    AdjustmentKind,
    BatchKind,
    BatchStatus,
    ClosingKind,
    FeeKind,
    FeeStatus,
    InvoiceKind,
    InvoiceStatus,
    ItemType,
    PaymentMethod,
    ProductType,
    ReceiptKind,
    RefundStatus,
)
from clinic_core.vocabulary.choice import Choice
from clinic_core.vocabulary.clinical import CaseStatus, RevisionKind, VisitStatus
from clinic_core.vocabulary.notifications import (
    DeliveryError,
    NotificationChannel,
    NotificationStatus,
    NotificationType,
    WithdrawnReason,
)
from clinic_core.vocabulary.people import BaselineRole, ConsentKind, LinkPurpose, Scope, Sex, UserStatus
from clinic_core.vocabulary.scheduling import (
    AbsenceKind,
    AppointmentStatus,
    CancelledBy,
    ConflictKind,
    DateChoice,
    DateStatus,
    OfferStatus,
    ResourceType,
    SeriesReach,
    SeriesStep,
    Severity,
    Urgency,
    WaitingStatus,
)

__all__ = [
    "AbsenceKind",
    "AdjustmentKind",
    "AppointmentStatus",
    "BaselineRole",
    "BatchKind",
    "BatchStatus",
    "CancelledBy",
    "CaseStatus",
    "Choice",
    "ClosingKind",
    "ConflictKind",
    "ConsentKind",
    "DateChoice",
    "DateStatus",
    "DeliveryError",
    "FeeKind",
    "FeeStatus",
    "InvoiceKind",
    "InvoiceStatus",
    "ItemType",
    "LinkPurpose",
    "NotificationChannel",
    "NotificationStatus",
    "NotificationType",
    "OfferStatus",
    "PaymentMethod",
    "ProductType",
    "ReceiptKind",
    "RefundStatus",
    "ResourceType",
    "RevisionKind",
    "Scope",
    "SeriesReach",
    "SeriesStep",
    "Severity",
    "Sex",
    "Urgency",
    "UserStatus",
    "VisitStatus",
    "WaitingStatus",
    "WithdrawnReason",
]
