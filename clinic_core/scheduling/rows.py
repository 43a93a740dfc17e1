"""From the table `appointment` to what leaves the core, in one statement however many there are.

Plain columns, not entities: a day of a location is read at every click, and making objects of its rows by way of the
unit of work cost three times as much as finding them.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Enum,
    String,
    and_,
    cast,
    exists,
    func,
    null,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col
from sqlmodel.sql.sqltypes import UTCDateTime

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope
from clinic_core.db.base import AMOUNT
from clinic_core.errors import NotFound
from clinic_core.kit.formats import person_name
from clinic_core.models import (
    Appointment,
    AppointmentEvent,
    AppointmentResource,
    AppUser,
    ClinicLocation,
    Invoice,
    InvoiceLine,
    LocationResource,
    Patient,
    ProductService,
    Visit,
)
from clinic_core.scheduling.charged import charging_line
from clinic_core.scheduling.reach import reads_as_staff
from clinic_core.scheduling.schemas import AppointmentRow, ResourceRef
from clinic_core.vocabulary import AppointmentStatus

_OWN = (
    "id", "patient_id", "practitioner_user_id", "clinic_location_id", "starts_at", "ends_at", "buffer_minutes",
    "status", "status_at", "product_service_id", "case_id", "series_id", "original_starts_at", "note", "cancelled_by",
    "cancelled_late", "deleted_at", "created_at", "version",
)  # fmt: skip
"""What a row takes from its appointment under the same name."""
_UNTOLD: Mapping[str, object] = MappingProxyType(
    {"patient_alerts": (), "double_book_reason": "", "override_reason": "", "override_kinds": ()}
)


def appointment_rows(
    session: Session, actor: Actor, *conditions: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[AppointmentRow]:
    """The appointments for which the conditions hold, by start; the caller brings the actor's scope along."""
    statement = (
        select(
            *_COLUMNS,
            _is_own_reason(actor).label("is_own_reason"),
            (col(Appointment.note_by) == actor.user_id).label("is_own_note"),
            _invoiced(actor).label("invoiced"),
            balance_of_patient(actor).label("patient_balance"),
        )
        .select_from(Appointment)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .outerjoin(
            Visit,
            and_(
                col(Visit.organization_id) == col(Appointment.organization_id),
                col(Visit.appointment_id) == col(Appointment.id),
                col(Visit.deleted_at).is_(None),
            ),
        )
        .where(*conditions)
        .order_by(col(Appointment.starts_at), col(Appointment.id))
        .offset(offset)
        .limit(limit)
    )
    session.flush()
    found = session.connection().execute(statement)
    names = tuple(found.keys())
    return [_read_row(actor, dict(zip(names, row, strict=True))) for row in found.all()]


def appointment_row(session: Session, actor: Actor, appointment_id: UUID) -> AppointmentRow:
    """One appointment that the caller knows to be in reach.

    Raises:
        NotFound: there is none with that id.
    """
    for row in appointment_rows(session, actor, col(Appointment.id) == appointment_id):
        return row
    raise NotFound("This appointment does not exist.")


def balance_of_patient(actor: Actor) -> ColumnElement[Decimal | None]:
    """What the patient of the query around it owes; NULL where the actor may not see money."""
    if not actor.can(Permission.BILLING_VIEW):
        return cast(null(), AMOUNT)
    owed = select(func.coalesce(func.sum(Invoice.balance), Decimal("0.00"))).where(
        col(Invoice.organization_id) == col(Patient.organization_id),
        col(Invoice.patient_id) == col(Patient.id),
        col(Invoice.balance) > 0,
        invoices_in_scope(actor, Permission.BILLING_VIEW),
    )
    return owed.correlate(Patient).scalar_subquery()


def _as_read(name: str) -> ColumnElement[Any]:
    """A column of the appointment as the driver reads it; instants and words are converted once, by the row."""
    column = SQLModel.metadata.tables["appointment"].c[name]
    if isinstance(column.type, UTCDateTime):
        return type_coerce(column, DateTime(timezone=True)).label(name)
    return type_coerce(column, String).label(name) if isinstance(column.type, Enum) else column


def _json_text(column: Any) -> ColumnElement[str | None]:
    """A list that is mostly empty, to be read only where it is not."""
    return func.nullif(cast(column, String), "[]")


def _resources() -> ColumnElement[str | None]:
    """Rooms, then equipment, by name."""
    in_order = aggregate_order_by(
        func.jsonb_build_object(
            "id", col(LocationResource.id), "type", col(LocationResource.type), "name", col(LocationResource.name)
        ),
        col(LocationResource.type).desc(),
        col(LocationResource.name),
        col(LocationResource.id),
    )
    taken = (
        select(cast(func.jsonb_agg(in_order), String))
        .select_from(AppointmentResource)
        .join(LocationResource, col(LocationResource.id) == col(AppointmentResource.resource_id))
        .where(
            col(AppointmentResource.organization_id) == col(Appointment.organization_id),
            col(AppointmentResource.appointment_id) == col(Appointment.id),
        )
    )
    return taken.correlate(Appointment).scalar_subquery()


# What everybody may see, under the names of the fields; built once, as each reading would build it anew.
_LISTS = ("patient_alerts", "override_kinds")
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    *map(_as_read, _OWN),
    func.coalesce(col(Appointment.cancel_reason), "").label("cancel_reason"),
    func.coalesce(col(Appointment.double_book_reason), "").label("double_book_reason"),
    func.coalesce(col(Appointment.override_reason), "").label("override_reason"),
    _json_text(col(Appointment.override_kinds_json)).label("override_kinds"),
    col(Appointment.imported).label("is_imported"),
    col(Patient.first_name).label("first_name"),
    col(Patient.last_name).label("last_name"),
    col(Patient.preferred_name).label("preferred_name"),
    col(Patient.code).label("patient_code"),
    _json_text(col(Patient.alerts_json)).label("patient_alerts"),
    col(AppUser.display_name).label("practitioner"),
    col(ClinicLocation.name).label("location"),
    col(ClinicLocation.timezone).label("timezone"),
    func.coalesce(col(ProductService.name), "").label("service"),
    func.coalesce(col(ProductService.code), "").label("service_code"),
    func.coalesce(col(ProductService.color), "").label("service_color"),
    col(Visit.id).label("visit_id"),
    type_coerce(col(Visit.status), String).label("visit_status"),
    _resources().label("resources"),
)


def _invoiced(actor: Actor) -> ColumnElement[Any]:
    """Whether it or its visit is charged for; NULL where the actor may not see money."""
    if not actor.can(Permission.BILLING_VIEW):
        return null()
    of_this = or_(col(InvoiceLine.appointment_id) == col(Appointment.id), col(InvoiceLine.visit_id) == col(Visit.id))
    return (
        exists()
        .where(
            col(InvoiceLine.organization_id) == col(Appointment.organization_id),
            charging_line(),
            of_this,
            invoices_in_scope(actor, Permission.BILLING_VIEW),
        )
        .correlate(Appointment, Visit)
    )


def _is_own_reason(actor: Actor) -> ColumnElement[bool]:
    """Whether the reason of a cancellation is the actor's own words; asked only for who may not read the clinic's."""
    if reads_as_staff(actor, None):
        return true()
    who = (
        select(col(AppointmentEvent.created_by))
        .where(
            col(AppointmentEvent.organization_id) == col(Appointment.organization_id),
            col(AppointmentEvent.appointment_id) == col(Appointment.id),
            col(AppointmentEvent.to_status) == AppointmentStatus.CANCELLED,
            col(AppointmentEvent.from_status) != AppointmentStatus.CANCELLED,
        )
        .order_by(col(AppointmentEvent.created_at).desc(), col(AppointmentEvent.id))
        .limit(1)
    )
    return who.correlate(Appointment).scalar_subquery() == actor.user_id


def _read_row(actor: Actor, values: dict[str, Any]) -> AppointmentRow:
    for name in _LISTS:
        values[name] = json.loads(values[name]) if values[name] else ()
    values["resources"] = _refs(values["resources"]) if values["resources"] else ()
    return row_of(actor, values)


@lru_cache(maxsize=4096)
def _refs(stored: str) -> tuple[ResourceRef, ...]:
    """Rooms and equipment as PostgreSQL put them together; a day has few of them in hundreds of rows."""
    return tuple(ResourceRef.model_validate(one) for one in json.loads(stored))


def row_of(actor: Actor, values: dict[str, Any]) -> AppointmentRow:
    """The names of the patient become one; whatever is no field of a row is left behind.

    Patients are not shown what the clinic writes for itself (I3), only their own words.
    """
    values["patient_name"] = person_name(values["first_name"], values["last_name"], values["preferred_name"])
    if not reads_as_staff(actor, values["practitioner_user_id"]):
        values |= _UNTOLD
        values["cancel_reason"] = values["cancel_reason"] if values["is_own_reason"] else ""
        values["note"] = values["note"] if values["is_own_note"] else ""
    return AppointmentRow.model_validate(values)
