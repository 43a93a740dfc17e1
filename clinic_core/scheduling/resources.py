"""Which rooms and equipment an appointment takes; PostgreSQL keeps the reservations that follow from it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.kit.ids import new_id
from clinic_core.models import AppointmentResource


def taken_resources(session: Session, appointment_id: UUID) -> tuple[UUID, ...]:
    """What the appointment takes, in the order of the ids."""
    statement = select(col(AppointmentResource.resource_id)).where(
        col(AppointmentResource.appointment_id) == appointment_id
    )
    return tuple(sorted(session.scalars(statement)))


def take_resources(
    session: Session, organization_id: UUID, appointment_id: UUID, resource_ids: Collection[UUID]
) -> None:
    """The appointment takes these too, in one statement."""
    if resource_ids:
        session.execute(
            insert(AppointmentResource),
            [
                {
                    "id": new_id(),
                    "organization_id": organization_id,
                    "appointment_id": appointment_id,
                    "resource_id": resource_id,
                }
                for resource_id in sorted(resource_ids)
            ],
        )


def give_back_resources(session: Session, appointment_id: UUID, resource_ids: Collection[UUID]) -> None:
    """The appointment takes these no longer."""
    if resource_ids:
        session.execute(
            delete(AppointmentResource).where(
                col(AppointmentResource.appointment_id) == appointment_id,
                col(AppointmentResource.resource_id).in_(resource_ids),
            )
        )
