"""Series as they are stored: the terms of one, its appointments, and which of these no change of the series touches."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, or_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.models import (
    Appointment,
    AppointmentResource,
    AppointmentSeries,
    AppointmentSeriesResource,
    Invoice,
    InvoiceLine,
    ProductService,
    Visit,
)
from clinic_core.scheduling.charged import charging_line
from clinic_core.scheduling.reach import MANAGE, reaches
from clinic_core.scheduling.series import Terms
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.vocabulary import AppointmentStatus, ConflictKind


@dataclass(frozen=True)
class Held:
    """One appointment of a series as it stands, deleted and cancelled ones too."""

    id: UUID
    original_starts_at: datetime
    starts_at: datetime
    ends_at: datetime
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None
    buffer_minutes: int
    note: str
    status: AppointmentStatus
    double_book_reason: str | None
    override_reason: str | None
    override_kinds: tuple[ConflictKind, ...]
    is_deleted: bool
    is_invoiced: bool
    is_documented: bool
    resource_ids: tuple[UUID, ...]

    def differs_from(self, terms: Terms) -> bool:
        """Whether it is an exception: not when, with whom, where or what the series says, or against the rules."""
        return (
            self.starts_at != self.original_starts_at
            or self.ends_at - self.starts_at != timedelta(minutes=terms.duration_minutes)
            or self.practitioner_user_id != terms.practitioner_user_id
            or self.clinic_location_id != terms.clinic_location_id
            or self.product_service_id != terms.product_service_id
            or self.resource_ids != terms.resource_ids
            or self.override_reason is not None
            or self.double_book_reason is not None
        )

    def fixed_because(self, actor: Actor, at: datetime) -> str:
        """Why no change of the series touches it, as an end of "it is …"; empty when a change may."""
        if self.is_deleted:
            return "deleted"
        if self.status not in EXPECTED:
            return self.status.label.lower()
        if self.starts_at <= at:
            return "over"
        if self.is_invoiced:
            return "on an invoice"
        if self.is_documented:
            return "documented"
        if not reaches(actor, MANAGE, practitioner_id=self.practitioner_user_id, location_id=self.clinic_location_id):
            return "on a calendar that is not yours"
        return ""


def series_terms(session: Session, series: AppointmentSeries) -> Terms:
    """What a stored series says, with the buffer that its service has now."""
    resources = session.scalars(
        select(col(AppointmentSeriesResource.resource_id)).where(col(AppointmentSeriesResource.series_id) == series.id)
    )
    buffer_minutes = session.scalars(
        select(col(ProductService.buffer_minutes)).where(col(ProductService.id) == series.product_service_id)
    ).one_or_none()
    return Terms(
        patient_id=series.patient_id,
        practitioner_user_id=series.practitioner_user_id,
        clinic_location_id=series.clinic_location_id,
        product_service_id=series.product_service_id,
        resource_ids=tuple(sorted(resources)),
        duration_minutes=series.duration_minutes,
        buffer_minutes=buffer_minutes or 0,
        case_id=series.case_id,
        note=series.note,
        rrule=series.rrule,
        starts_at_wall=series.starts_at_wall,
        timezone=series.timezone,
        exdates=tuple(datetime.fromisoformat(wall) for wall in series.exdates_json),
    )


def held_appointments(session: Session, *conditions: ColumnElement[bool], limit: int | None = None) -> list[Held]:
    """The appointments of series for which the conditions hold, by the date that their rule gave them."""
    statement = (
        select(
            Appointment,
            _invoiced().label("is_invoiced"),
            _documented().label("is_documented"),
            _resources().label("resource_ids"),
        )
        .where(col(Appointment.series_id).is_not(None), *conditions)
        .order_by(col(Appointment.original_starts_at), col(Appointment.id))
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return [_held(*row) for row in session.execute(statement)]


def original_dates(session: Session, series_id: UUID) -> set[datetime]:
    """The dates of the rule that an appointment stands for, whatever became of it."""
    statement = select(col(Appointment.original_starts_at)).where(col(Appointment.series_id) == series_id)
    return {original for original in session.scalars(statement) if original is not None}


def exceptions(held: Collection[Held], terms: Terms) -> set[UUID]:
    """Those of the appointments that differ from what the series says."""
    return {one.id for one in held if one.differs_from(terms)}


def _held(appointment: Appointment, is_invoiced: bool, is_documented: bool, resources: Sequence[UUID] | None) -> Held:
    assert appointment.original_starts_at is not None  # noqa: S101 (a CHECK: it comes with the series)
    return Held(
        id=appointment.id,
        original_starts_at=appointment.original_starts_at,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        practitioner_user_id=appointment.practitioner_user_id,
        clinic_location_id=appointment.clinic_location_id,
        product_service_id=appointment.product_service_id,
        buffer_minutes=appointment.buffer_minutes,
        note=appointment.note,
        status=appointment.status,
        double_book_reason=appointment.double_book_reason,
        override_reason=appointment.override_reason,
        override_kinds=tuple(ConflictKind(kind) for kind in appointment.override_kinds_json),
        is_deleted=appointment.deleted_at is not None,
        is_invoiced=is_invoiced,
        is_documented=is_documented,
        resource_ids=tuple(sorted(resources or ())),
    )


def _visit_of_it() -> ColumnElement[bool]:
    return and_(
        col(Visit.organization_id) == col(Appointment.organization_id),
        col(Visit.appointment_id) == col(Appointment.id),
        col(Visit.deleted_at).is_(None),
    )


def _documented() -> ColumnElement[bool]:
    return exists().where(_visit_of_it()).correlate(Appointment)


def _invoiced() -> ColumnElement[bool]:
    visits = select(col(Visit.id)).where(_visit_of_it()).correlate(Appointment)
    return (
        exists()
        .where(
            col(Invoice.organization_id) == col(InvoiceLine.organization_id),
            charging_line(),
            col(InvoiceLine.organization_id) == col(Appointment.organization_id),
            or_(col(InvoiceLine.appointment_id) == col(Appointment.id), col(InvoiceLine.visit_id).in_(visits)),
        )
        .correlate(Appointment)
    )


def _resources() -> ScalarSelect[Sequence[UUID]]:
    return (
        select(func.array_agg(col(AppointmentResource.resource_id)))
        .where(
            col(AppointmentResource.organization_id) == col(Appointment.organization_id),
            col(AppointmentResource.appointment_id) == col(Appointment.id),
        )
        .correlate(Appointment)
        .scalar_subquery()
    )
