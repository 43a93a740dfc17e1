"""All tables, one file per aggregate: columns, constraints and relations, nothing else."""

from clinic_core.models.appointment import (
    Appointment,
    AppointmentEvent,
    AppointmentFee,
    AppointmentResource,
    IcsFeed,
    Reservation,
)
from clinic_core.models.audit import AuditLog, AuditSeal
from clinic_core.models.batch import DocumentBatch, DocumentBatchItem, PaymentReminder, ReminderHold
from clinic_core.models.catalogue import ProductPrice, ProductService
from clinic_core.models.clinical import ClinicalCase, Visit, VisitEvent, VisitRevision
from clinic_core.models.closing import Closing
from clinic_core.models.identity import (
    AppUser,
    AssistantProfile,
    PermissionRow,
    PractitionerProfile,
    Role,
    RolePermission,
    UserLocation,
    UserRole,
)
from clinic_core.models.invoice import Adjustment, DocumentEvent, Invoice, InvoiceLine
from clinic_core.models.location import (
    Absence,
    LocationClosure,
    LocationHours,
    LocationResource,
    ResourceOutage,
    ServiceRequirement,
)
from clinic_core.models.notification import Notification
from clinic_core.models.organization import ClinicLocation, NumberSeries, Organization, OrganizationLogo
from clinic_core.models.patient import ExternalReference, Patient
from clinic_core.models.receipt import Payment, Receipt, RefundRequest
from clinic_core.models.request import Draft, Request
from clinic_core.models.series import AppointmentSeries, AppointmentSeriesGap, AppointmentSeriesResource
from clinic_core.models.session import BreakGlassGrant, OneTimeLink, SignInAttempt, UserSession
from clinic_core.models.waiting_list import WaitingListEntry, WaitingListOffer

__all__ = [
    "Absence",
    "Adjustment",
    "AppUser",
    "Appointment",
    "AppointmentEvent",
    "AppointmentFee",
    "AppointmentResource",
    "AppointmentSeries",
    "AppointmentSeriesGap",
    "AppointmentSeriesResource",
    "AssistantProfile",
    "AuditLog",
    "AuditSeal",
    "BreakGlassGrant",
    "ClinicLocation",
    "ClinicalCase",
    "Closing",
    "DocumentBatch",
    "DocumentBatchItem",
    "DocumentEvent",
    "Draft",
    "ExternalReference",
    "IcsFeed",
    "Invoice",
    "InvoiceLine",
    "LocationClosure",
    "LocationHours",
    "LocationResource",
    "Notification",
    "NumberSeries",
    "OneTimeLink",
    "Organization",
    "OrganizationLogo",
    "Patient",
    "Payment",
    "PaymentReminder",
    "PermissionRow",
    "PractitionerProfile",
    "ProductPrice",
    "ProductService",
    "Receipt",
    "RefundRequest",
    "ReminderHold",
    "Request",
    "Reservation",
    "ResourceOutage",
    "Role",
    "RolePermission",
    "ServiceRequirement",
    "SignInAttempt",
    "UserLocation",
    "UserRole",
    "UserSession",
    "Visit",
    "VisitEvent",
    "VisitRevision",
    "WaitingListEntry",
    "WaitingListOffer",
]
