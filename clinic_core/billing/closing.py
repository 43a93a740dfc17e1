"""What a day at a location comes to: takings, and what is to be looked at before it is signed (B10)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, func, or_, select
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.billing.schemas import (
    ClosingHead,
    CountedMethod,
    DayFigures,
    MethodTakings,
    MonthFigures,
    OpenPoint,
    OpenPointKind,
)
from clinic_core.billing.status import is_appointment_charged, is_charged
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import Span, day_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import person_name
from clinic_core.kit.money import ZERO
from clinic_core.models import Appointment, ClinicLocation, Closing, Invoice, InvoiceLine, Patient, Receipt, Visit
from clinic_core.vocabulary import AppointmentStatus, ClosingKind, InvoiceStatus, PaymentMethod, ReceiptKind, Scope

_UNFINISHED = (
    AppointmentStatus.BOOKED,
    AppointmentStatus.CONFIRMED,
    AppointmentStatus.ARRIVED,
    AppointmentStatus.IN_PROGRESS,
)
_IS_REFUND = col(Receipt.kind) == ReceiptKind.REFUND


def place_to_close(session: Session, actor: Actor, permission: Permission, location_id: UUID) -> ClinicLocation:
    """The location, if the actor's permission reaches all that happens there.

    Raises:
        NotFound: no such location, or not the actor's.
    """
    found = session.scalars(select(ClinicLocation).where(col(ClinicLocation.id) == location_id)).one_or_none()
    if found is None or not reaches_place(actor, permission, location_id):
        raise NotFound("This location does not exist.")
    return found


def reaches_place(actor: Actor, permission: Permission, location_id: UUID | None) -> bool:
    """Whether the permission reaches the whole location; None is the whole organisation."""
    scope = actor.scope(permission)
    return scope is Scope.ORGANISATION or (scope is Scope.LOCATION and location_id in actor.location_ids)


def takings_where(session: Session, *conditions: ColumnElement[bool]) -> tuple[MethodTakings, ...]:
    """The receipts that meet the conditions, summed by method in the order of the vocabulary."""
    found = session.execute(
        select(
            col(Receipt.method),
            func.coalesce(func.sum(col(Receipt.amount)).filter(~_IS_REFUND), ZERO),
            func.coalesce(func.sum(col(Receipt.amount)).filter(_IS_REFUND), ZERO),
            func.count(),
        )
        .where(*conditions)
        .group_by(col(Receipt.method))
    )
    rows = {
        method: MethodTakings(
            method=method, received=received, paid_back=paid_back, net=received - paid_back, count=count
        )
        for method, received, paid_back, count in found
    }
    return tuple(rows[method] for method in PaymentMethod if method in rows)


def takings_of_day(session: Session, location_id: UUID, day: date) -> tuple[MethodTakings, ...]:
    """All money of a day at a location by method."""
    return takings_where(session, col(Receipt.clinic_location_id) == location_id, col(Receipt.received_on) == day)


def day_figures(
    currency: str,
    takings: Sequence[MethodTakings],
    points: Sequence[OpenPoint],
    counted: Mapping[PaymentMethod, Decimal],
) -> DayFigures:
    """The figures of a day with what was counted; cash is always among the methods."""
    taken = {each.method: each for each in takings}
    methods = tuple(
        _counted(method, taken.get(method), counted.get(method))
        for method in PaymentMethod
        if method in taken or method in counted or method is PaymentMethod.CASH
    )
    number = {kind: sum(point.kind is kind for point in points) for kind in OpenPointKind}
    return DayFigures(
        currency=currency,
        methods=methods,
        expected=_total(each.expected for each in methods),
        counted=_total(each.counted for each in methods),
        difference=_total(each.difference for each in methods),
        unfinished=number[OpenPointKind.UNFINISHED],
        uninvoiced=number[OpenPointKind.UNINVOICED],
        drafts=number[OpenPointKind.DRAFT],
    )


def open_points(session: Session, place: ClinicLocation, day: date) -> tuple[OpenPoint, ...]:
    """What the day leaves open at the location: no final status, attended and uninvoiced, drafts begun till then."""
    span = day_bounds(day, zone(place.timezone))
    status = case((col(Appointment.status).in_(_UNFINISHED), OpenPointKind.UNFINISHED.value)).label("kind")
    of_day = _of_day(col(Appointment.clinic_location_id), col(Appointment.starts_at), place, span)
    uninvoiced = and_(
        col(Appointment.status) == AppointmentStatus.COMPLETED,
        ~is_appointment_charged(),
    )
    appointments = session.execute(
        select(col(Appointment.id), col(Appointment.starts_at), col(Appointment.status), Patient, status)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .where(of_day, col(Appointment.deleted_at).is_(None), or_(status.is_not(None), uninvoiced))
    )
    points = [
        _point(OpenPointKind(kind or OpenPointKind.UNINVOICED), row_id, at, patient, status=found)
        for row_id, at, found, patient, kind in appointments
    ]
    visits = session.execute(
        select(col(Visit.id), col(Visit.visited_at), Patient)
        .join(Patient, col(Patient.id) == col(Visit.patient_id))
        .where(
            _of_day(col(Visit.clinic_location_id), col(Visit.visited_at), place, span),
            col(Visit.appointment_id).is_(None),
            col(Visit.deleted_at).is_(None),
            ~is_charged(col(InvoiceLine.visit_id) == col(Visit.id)),
        )
    )
    points += [_point(OpenPointKind.UNINVOICED, row_id, at, patient) for row_id, at, patient in visits]
    drafts = session.execute(
        select(col(Invoice.id), col(Invoice.created_at), Patient)
        .join(Patient, col(Patient.id) == col(Invoice.patient_id))
        .where(
            col(Invoice.clinic_location_id) == place.id,
            col(Invoice.status) == InvoiceStatus.DRAFT,
            col(Invoice.created_at) < span.end,
        )
    )
    points += [_point(OpenPointKind.DRAFT, row_id, at or now(), patient) for row_id, at, patient in drafts]
    order = list(OpenPointKind)
    return tuple(sorted(points, key=lambda point: (order.index(point.kind), point.at, point.id)))


def closing_head(closing: Closing) -> ClosingHead:
    """A closing with the figures that were signed."""
    kind = DayFigures if closing.kind is ClosingKind.DAY else MonthFigures
    return ClosingHead(
        id=closing.id,
        kind=closing.kind,
        clinic_location_id=closing.clinic_location_id,
        starts_on=closing.starts_on,
        ends_on=closing.ends_on,
        note=closing.note,
        figures=kind.model_validate(closing.figures_json),
        version=closing.version,
    )


def _of_day(location_id: Mapped[UUID], at: Mapped[datetime], place: ClinicLocation, span: Span) -> ColumnElement[bool]:
    return and_(location_id == place.id, at >= span.start, at < span.end)


def _point(
    kind: OpenPointKind, row_id: UUID, at: datetime, patient: Patient, *, status: AppointmentStatus | None = None
) -> OpenPoint:
    return OpenPoint(
        id=row_id,
        kind=kind,
        patient_id=patient.id,
        patient_name=person_name(patient.first_name, patient.last_name, patient.preferred_name),
        patient_code=patient.code,
        at=at,
        status=status,
    )


def _counted(method: PaymentMethod, taken: MethodTakings | None, counted: Decimal | None) -> CountedMethod:
    expected = taken.net if taken else ZERO
    return CountedMethod(
        method=method,
        received=taken.received if taken else ZERO,
        paid_back=taken.paid_back if taken else ZERO,
        count=taken.count if taken else 0,
        expected=expected,
        counted=counted,
        difference=None if counted is None else counted - expected,
    )


def _total(amounts: Iterable[Decimal | None]) -> Decimal:
    return sum((amount for amount in amounts if amount is not None), ZERO)
