"""What an actor reaches with a billing permission: patients, locations, and documents under lock.

A row out of scope answers like an unknown one.
"""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, or_, select, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel, col

from clinic_core.access import Actor, Permission
from clinic_core.access.scope import invoices_in_scope, patients_in_scope, receipts_in_scope
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.models import ClinicLocation, Invoice
from clinic_core.vocabulary import Scope

ASK_FOR_REFUND = (Permission.BILLING_REFUND, Permission.BILLING_COLLECT)

_TABLES = SQLModel.metadata.tables
_PATIENT = select(_TABLES["patient"].c.id).where(
    _TABLES["patient"].c.id == bindparam("patient_id"), _TABLES["patient"].c.deleted_at.is_(None)
)
_PLACE = text("select id, timezone from clinic_location where id = :location_id")

_INVOICES = (
    select(Invoice)
    .where(col(Invoice.id) == any_(bindparam("ids", type_=ARRAY(Uuid))))
    .order_by(col(Invoice.id))
    .with_for_update(key_share=True, of=Invoice)
    .execution_options(populate_existing=True)
)


class Place(NamedTuple):
    """The location of a document, and the time zone by which its days are counted."""

    id: UUID
    timezone: str


def receipts_reached(actor: Actor, *permissions: Permission) -> ColumnElement[bool]:
    """Which rows of `receipt` the actor reaches with any of the permissions."""
    return or_(*(receipts_in_scope(actor, permission) for permission in permissions))


def patient_in_reach(session: Session, actor: Actor, permission: Permission, patient_id: UUID) -> None:
    """Refuses a patient whom the actor does not reach with the permission.

    Raises:
        NotFound: no such patient, deleted, or out of scope.
    """
    found = session.execute(_PATIENT.where(patients_in_scope(actor, permission)), {"patient_id": patient_id})
    if found.one_or_none() is None:
        raise NotFound("This patient does not exist.")


def location_in_reach(
    session: Session, actor: Actor, permission: Permission, *, chosen: UUID | None, derived: UUID | None
) -> Place:
    """The location of a document: the chosen one, else the derived one, else the actor's only one.

    Raises:
        InvalidInput: none is chosen and none follows.
        NotFound: no such location, or out of scope.
    """
    only = next(iter(actor.location_ids)) if len(actor.location_ids) == 1 else None
    location_id = chosen or derived or only
    if location_id is None:
        raise InvalidInput(
            "Choose the location this belongs to.", fields={"clinic_location_id": "Choose the location."}
        )
    location = session.execute(_PLACE, {"location_id": location_id}).one_or_none()
    if location is None or (actor.scope(permission) is Scope.LOCATION and location_id not in actor.location_ids):
        raise NotFound("This location does not exist.")
    return Place(*location)


def invoice_in_reach(session: Session, actor: Actor, permission: Permission, invoice_id: UUID) -> Invoice:
    """The document as it is now, not locked, if the actor reaches it with the permission.

    Raises:
        NotFound: no such document, or out of scope.
    """
    invoice = session.scalars(
        select(Invoice)
        .where(col(Invoice.id) == invoice_id, invoices_in_scope(actor, permission))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if invoice is None:
        raise NotFound("This invoice does not exist.")
    return invoice


def locked_invoices(
    session: Session, actor: Actor, permission: Permission, invoice_ids: Collection[UUID]
) -> dict[UUID, Invoice]:
    """The invoices, locked in id order until the end of the transaction so that no two callers wait in a circle.

    Raises:
        NotFound: one of them does not exist or is out of scope.
    """
    statement = _INVOICES.where(invoices_in_scope(actor, permission))
    found = session.scalars(statement, {"ids": list(invoice_ids)})
    invoices = {invoice.id: invoice for invoice in found}
    if len(invoices) < len(set(invoice_ids)):
        raise NotFound("This invoice does not exist." if len(invoice_ids) == 1 else "One invoice does not exist.")
    return invoices


def today_at(session: Session, location_id: UUID) -> date:
    """The date at the location now."""
    timezone = session.scalars(select(col(ClinicLocation.timezone)).where(col(ClinicLocation.id) == location_id)).one()
    return local_date(now(), zone(timezone))


def latest_today(session: Session) -> date:
    """The date at the organisation's locations now; where they disagree the later one.

    So nothing that is dated today anywhere is left out of what ends today.
    """
    zones = session.scalars(select(col(ClinicLocation.timezone)).distinct())
    return max((local_date(now(), zone(name)) for name in zones), default=now().date())
