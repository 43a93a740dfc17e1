"""Dates of series that could not be booked, as the desk's work-list shows them."""

from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.kit.formats import person_name
from clinic_core.models import (
    AppointmentSeries,
    AppointmentSeriesGap,
    AppointmentSeriesResource,
    AppUser,
    Patient,
    ProductService,
)
from clinic_core.scheduling.schemas import SeriesGapRow
from clinic_core.vocabulary import ConflictKind

OPEN_GAP: ColumnElement[bool] = col(AppointmentSeriesGap.resolved_at).is_(None)


def gap_rows(
    session: Session, *conditions: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[SeriesGapRow]:
    """The dates for which the conditions hold, the next first; the caller brings the actor's scope along."""
    statement = (
        select(AppointmentSeriesGap, AppointmentSeries, Patient, col(AppUser.display_name), col(ProductService.name))
        .join(AppointmentSeries, col(AppointmentSeries.id) == col(AppointmentSeriesGap.series_id))
        .join(Patient, col(Patient.id) == col(AppointmentSeries.patient_id))
        .join(AppUser, col(AppUser.id) == col(AppointmentSeries.practitioner_user_id))
        .outerjoin(ProductService, col(ProductService.id) == col(AppointmentSeries.product_service_id))
        .where(*conditions)
        .order_by(col(AppointmentSeriesGap.original_starts_at), col(AppointmentSeriesGap.id))
        .offset(offset)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    found = session.execute(statement).all()
    resources = _resources(session, {series.id for _, series, *_ in found})
    return [
        SeriesGapRow(
            id=gap.id,
            series_id=series.id,
            patient_id=patient.id,
            patient_name=person_name(patient.first_name, patient.last_name, patient.preferred_name),
            patient_code=patient.code,
            practitioner_user_id=series.practitioner_user_id,
            practitioner=practitioner,
            clinic_location_id=series.clinic_location_id,
            timezone=series.timezone,
            service=service or "",
            product_service_id=series.product_service_id,
            duration_minutes=series.duration_minutes,
            resource_ids=resources.get(series.id, ()),
            original_starts_at=gap.original_starts_at,
            kinds=tuple(ConflictKind(kind) for kind in gap.kinds_json),
            resolved_at=gap.resolved_at,
            appointment_id=gap.appointment_id,
        )
        for gap, series, patient, practitioner, service in found
    ]


def _resources(session: Session, series_ids: set[UUID]) -> dict[UUID, tuple[UUID, ...]]:
    statement = (
        select(
            col(AppointmentSeriesResource.series_id),
            func.array_agg(col(AppointmentSeriesResource.resource_id)),
        )
        .where(col(AppointmentSeriesResource.series_id).in_(series_ids))
        .group_by(col(AppointmentSeriesResource.series_id))
    )
    return {series_id: tuple(sorted(ids)) for series_id, ids in session.execute(statement)} if series_ids else {}
