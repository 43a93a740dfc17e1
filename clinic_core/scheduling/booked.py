"""The row of an appointment just booked, from what was looked up for it: nothing is read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from clinic_core.access import Actor, Permission
from clinic_core.scheduling.bookable import Bookable, Thing
from clinic_core.scheduling.new_rows import NewAppointment, Written
from clinic_core.scheduling.reach import KnownPatient
from clinic_core.scheduling.rows import row_of
from clinic_core.scheduling.schemas import AppointmentRow, ResourceRef
from clinic_core.vocabulary import AppointmentStatus, ResourceType


@dataclass(frozen=True)
class NewBooking:
    """What a booking was made of, and what the database made of it."""

    patient: KnownPatient
    balance: Decimal | None
    bookable: Bookable
    resources: Sequence[Thing]
    new: NewAppointment
    written: Written


def new_appointment_row(actor: Actor, made_of: NewBooking) -> AppointmentRow:
    """An appointment just booked, from what was looked up for it; nobody can have written a visit or an invoice yet."""
    practitioner = made_of.bookable.practitioner
    resources = sorted(made_of.resources, key=lambda one: (one.type is ResourceType.EQUIPMENT, one.name, one.id))
    patient, location, service = made_of.patient, made_of.bookable.location, made_of.bookable.service
    new, wanted, settled, written = made_of.new, made_of.new.wanted, made_of.new.settled, made_of.written
    return row_of(
        actor,
        {
            "id": written.id,
            "patient_id": patient.id,
            "patient_alerts": patient.alerts_json,
            "patient_code": patient.code,
            "first_name": patient.first_name,
            "last_name": patient.last_name,
            "preferred_name": patient.preferred_name,
            "practitioner_user_id": wanted.practitioner_user_id,
            "practitioner": practitioner.display_name if practitioner else "",
            "clinic_location_id": location.id,
            "location": location.name,
            "timezone": location.timezone,
            "starts_at": wanted.starts_at,
            "ends_at": wanted.ends_at,
            "buffer_minutes": wanted.buffer_minutes,
            "status": AppointmentStatus.BOOKED,
            "status_at": written.status_at,
            "product_service_id": new.product_service_id,
            "service": service.name if service else "",
            "service_code": service.code if service else "",
            "service_color": service.color if service else "",
            "resources": tuple(ResourceRef(id=one.id, type=one.type, name=one.name) for one in resources),
            "case_id": new.case_id,
            "series_id": new.series_id,
            "original_starts_at": new.original_starts_at,
            "note": new.note,
            "cancelled_by": None,
            "cancelled_late": False,
            "cancel_reason": "",
            "is_own_reason": False,
            "double_book_reason": settled.double_book_reason or "",
            "override_reason": settled.override_reason or "",
            "override_kinds": settled.override_kinds,
            "is_imported": False,
            "visit_id": None,
            "visit_status": None,
            "invoiced": False if actor.can(Permission.BILLING_VIEW) else None,
            "patient_balance": made_of.balance,
            "is_own_note": True,
            "deleted_at": None,
            "created_at": written.created_at,
            "version": written.version,
        },
    )
