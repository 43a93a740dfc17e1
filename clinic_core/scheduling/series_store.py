"""Writing series in bulk: one statement each for all their appointments, so that these can trade places.

The caller holds the calendar lock. PostgreSQL fills `recurrence_json` and keeps history and reservations by statement.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, insert, text, update
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import (
    Appointment,
    AppointmentResource,
    AppointmentSeries,
    AppointmentSeriesGap,
    AppointmentSeriesResource,
)
from clinic_core.scheduling.conflicts import Settled, WantedTime
from clinic_core.scheduling.new_rows import NewAppointment, insert_appointments
from clinic_core.scheduling.series import Terms
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ConflictKind

_REPLACE = text(
    """
    update appointment a
    set series_id = v.series_id, original_starts_at = v.original_starts_at,
      starts_at = v.starts_at, ends_at = v.ends_at, practitioner_user_id = v.practitioner_user_id,
      clinic_location_id = v.clinic_location_id, product_service_id = v.product_service_id,
      buffer_minutes = v.buffer_minutes, note = v.note, double_book_reason = v.double_book_reason,
      override_reason = v.override_reason, override_kinds_json = v.override_kinds_json
    from jsonb_to_recordset(cast(:rows as jsonb)) as v(
      id uuid, series_id uuid, original_starts_at timestamptz, starts_at timestamptz, ends_at timestamptz,
      practitioner_user_id uuid, clinic_location_id uuid, product_service_id uuid, buffer_minutes int, note text,
      double_book_reason text, override_reason text, override_kinds_json jsonb)
    where a.organization_id = :organization_id and a.id = v.id
    """
)


@dataclass(frozen=True)
class NewOccurrence:
    """An appointment to be booked for a date of the rule."""

    original_starts_at: datetime
    wanted: WantedTime
    settled: Settled


@dataclass(frozen=True)
class Replaced:
    """How an appointment of a series shall stand from now on; None for the rooms keeps them."""

    id: UUID
    series_id: UUID
    original_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None
    buffer_minutes: int
    note: str
    settled: Settled
    given_back: tuple[UUID, ...] = ()
    taken: tuple[UUID, ...] = ()


def add_series(
    session: Session,
    actor: Actor,
    terms: Terms,
    *,
    materialised_until: datetime,
    split_from_id: UUID | None = None,
) -> AppointmentSeries:
    """A new series with the rooms and equipment that each of its appointments takes."""
    series = AppointmentSeries(
        organization_id=actor.organization_id,
        patient_id=terms.patient_id,
        practitioner_user_id=terms.practitioner_user_id,
        clinic_location_id=terms.clinic_location_id,
        product_service_id=terms.product_service_id,
        case_id=terms.case_id,
        note=terms.note,
        rrule=terms.rrule,
        starts_at_wall=terms.starts_at_wall,
        timezone=terms.timezone,
        duration_minutes=terms.duration_minutes,
        exdates_json=stored_walls(terms.exdates),
        split_from_id=split_from_id,
        materialised_until=materialised_until,
    )
    session.add(series)
    session.flush()
    session.add_all(
        AppointmentSeriesResource(organization_id=actor.organization_id, series_id=series.id, resource_id=resource_id)
        for resource_id in terms.resource_ids
    )
    session.flush()
    return series


def stored_walls(walls: Collection[datetime]) -> list[str]:
    """Skipped dates as they are kept with the rule: wall times, in order."""
    return [wall.isoformat(timespec="seconds") for wall in sorted(set(walls))]


def book_occurrences(
    session: Session, actor: Actor, series_id: UUID, terms: Terms, new: Sequence[NewOccurrence]
) -> tuple[UUID, ...]:
    """Books appointments of a series with their rooms, all in one statement."""
    if not new:
        return ()
    insert_appointments(
        session,
        [
            NewAppointment(
                organization_id=actor.organization_id,
                wanted=one.wanted,
                settled=one.settled,
                product_service_id=terms.product_service_id,
                case_id=terms.case_id,
                note=terms.note,
                series_id=series_id,
                original_starts_at=one.original_starts_at,
            )
            for one in new
        ],
    )
    return tuple(one.wanted.appointment_id for one in new)


def replace_occurrences(session: Session, actor: Actor, replaced: Sequence[Replaced]) -> None:
    """Gives appointments another time, place or series, all in one statement.

    Rooms of the old place go first and those of the new one come last: a room must be at the location.
    """
    for given_back in sorted({one.given_back for one in replaced if one.given_back}):
        ids = [one.id for one in replaced if one.given_back == given_back]
        session.execute(
            delete(AppointmentResource).where(
                col(AppointmentResource.appointment_id).in_(ids),
                col(AppointmentResource.resource_id).in_(given_back),
            )
        )
    if replaced:
        rows = json.dumps([_replaced_row(one) for one in replaced])
        session.execute(_REPLACE, {"rows": rows, "organization_id": actor.organization_id})
    _take(session, actor, [(one.id, one.taken) for one in replaced])
    session.expire_all()


def cancel_occurrences(
    session: Session, ids: Collection[UUID], *, cancelled_by: CancelledBy, reason: str, late: Collection[UUID] = ()
) -> None:
    """Calls appointments off, all in one statement, and frees their time."""
    if not ids:
        return
    session.execute(
        update(Appointment)
        .where(col(Appointment.id).in_(ids))
        .values(
            status=AppointmentStatus.CANCELLED,
            cancelled_by=cancelled_by,
            cancelled_late=col(Appointment.id).in_(late),
            cancel_reason=reason or None,
        )
        .execution_options(synchronize_session=False)
    )
    session.expire_all()


def add_gaps(
    session: Session, actor: Actor, series_id: UUID, gaps: Sequence[tuple[datetime, Collection[ConflictKind]]]
) -> None:
    """Keeps the dates that could not be booked for the desk."""
    session.add_all(
        AppointmentSeriesGap(
            organization_id=actor.organization_id,
            series_id=series_id,
            original_starts_at=original,
            kinds_json=sorted(kinds),
        )
        for original, kinds in gaps
    )
    session.flush()


def close_gaps(session: Session, series_id: UUID, since: datetime) -> None:
    """The dates from then on wait for nobody any more: the series ended, or another one took them over."""
    session.execute(
        update(AppointmentSeriesGap)
        .where(
            col(AppointmentSeriesGap.series_id) == series_id,
            col(AppointmentSeriesGap.original_starts_at) >= since,
            col(AppointmentSeriesGap.resolved_at).is_(None),
        )
        .values(resolved_at=now())
        .execution_options(synchronize_session=False)
    )


def _replaced_row(one: Replaced) -> dict[str, object]:
    return {
        "id": str(one.id),
        "series_id": str(one.series_id),
        "original_starts_at": one.original_starts_at.isoformat(),
        "starts_at": one.starts_at.isoformat(),
        "ends_at": one.ends_at.isoformat(),
        "practitioner_user_id": str(one.practitioner_user_id),
        "clinic_location_id": str(one.clinic_location_id),
        "product_service_id": str(one.product_service_id) if one.product_service_id else None,
        "buffer_minutes": one.buffer_minutes,
        "note": one.note,
        "double_book_reason": one.settled.double_book_reason,
        "override_reason": one.settled.override_reason,
        "override_kinds_json": list(one.settled.override_kinds),
    }


def _take(session: Session, actor: Actor, taken: Sequence[tuple[UUID, Sequence[UUID]]]) -> None:
    rows = [
        {
            "id": new_id(),
            "organization_id": actor.organization_id,
            "appointment_id": appointment_id,
            "resource_id": resource_id,
        }
        for appointment_id, resource_ids in sorted(taken)
        for resource_id in sorted(resource_ids)
    ]
    if rows:
        session.execute(insert(AppointmentResource).values(rows))
