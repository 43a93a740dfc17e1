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
from clinic_core.models.catalogue import ProductService
from clinic_core.models.clinical import ClinicalCase, Visit, VisitEvent, VisitRevision
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
from clinic_core.models.organization import ClinicLocation, NumberSeries, Organization
from clinic_core.models.patient import ExternalReference, Patient
from clinic_core.models.receipt import Payment, Receipt
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
    "Patient",
    "Payment",
    "PermissionRow",
    "PractitionerProfile",
    "ProductService",
    "Receipt",
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
