"""What was booked against a rule, why, and by whom (product specification A6, S5)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, SQLColumnExpression, cast, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.analytics.filters import (
    AnySelect,
    Filters,
    appointments_in_period,
    patient_columns,
    period_filters,
    with_name,
)
from clinic_core.analytics.schemas import OverrideKind, OverridePerson, OverrideRow, OverridesPage, OverridesRequest
from clinic_core.models import Appointment, AppointmentEvent, AppUser, ClinicLocation, Patient

DEFINITION = (
    "Appointments that were booked or moved against a rule, with a reason: a second booking of the practitioner,"
    " outside hours, during an absence, into a buffer, of a patient who is elsewhere, in the past or at short notice."
    " Cancelled ones are part of it, deleted ones are not. By whom: who last put the appointment where it is."
)
DATE_BASIS = "Start of the appointment on the location's clock."
SYSTEM = "system"

_Event = aliased(AppointmentEvent)
_Person = aliased(AppUser)


@query(Permission.REPORT_VIEW, name="report.overrides")
def list_overrides(work: Work, request: OverridesRequest) -> OverridesPage:
    """The overridden appointments of the period by start, and how many there are of each kind and by each person.

    Raises:
        InvalidInput: the period ends before it begins or is too long.
        NotFound: an unknown location or practitioner.
    """
    filters = period_filters(work.session, work.actor, Permission.REPORT_VIEW, request)
    counts = (func.count(), *(func.count().filter(_has(kind)) for kind in OverrideKind))
    total, *of_kinds = work.session.execute(_overridden(work, request, filters, *counts)).one()
    chosen = _chosen(request)
    counted = _overridden(work, request, filters, func.count()).where(*chosen)
    return OverridesPage(
        rows=_rows(work, request, filters, chosen),
        count=work.session.execute(counted).scalar_one(),
        appointments=total,
        by_kind=dict(zip(OverrideKind, of_kinds, strict=True)),
        by_person=_by_person(work, request, filters),
        explanation=filters.explain(DEFINITION, DATE_BASIS),
    )


def _overridden(
    work: Work, request: OverridesRequest, filters: Filters, *columns: SQLColumnExpression[Any]
) -> AnySelect:
    """The overridden appointments of the period, each with the step that put it where it is."""
    placed = _placed_last()
    statement = select(*columns).select_from(Appointment)
    found = appointments_in_period(statement, work.actor, request, filters)
    return (
        found.outerjoin(_Event, col(_Event.id) == placed)
        .outerjoin(_Person, col(_Person.id) == col(_Event.created_by))
        .where(or_(col(Appointment.override_reason).is_not(None), col(Appointment.double_book_reason).is_not(None)))
    )


def _placed_last() -> ScalarSelect[UUID]:
    """The last step that changed time, practitioner or place: the booking, or a move."""
    step = AppointmentEvent
    was = tuple_(
        col(step.from_starts_at),
        col(step.from_ends_at),
        col(step.from_practitioner_user_id),
        col(step.from_clinic_location_id),
    )
    now_is = tuple_(
        col(step.to_starts_at),
        col(step.to_ends_at),
        col(step.to_practitioner_user_id),
        col(step.to_clinic_location_id),
    )
    return (
        select(col(step.id))
        .where(
            col(step.organization_id) == col(Appointment.organization_id),
            col(step.appointment_id) == col(Appointment.id),
            was.is_distinct_from(now_is),
        )
        .order_by(col(step.created_at).desc(), col(step.id).desc())
        .limit(1)
        .correlate(Appointment)
        .scalar_subquery()
    )


def _has(kind: OverrideKind) -> ColumnElement[bool]:
    if kind is OverrideKind.DOUBLE_BOOKING:
        return col(Appointment.double_book_reason).is_not(None)
    return cast(col(Appointment.override_kinds_json), JSONB).contains([kind.value])


def _chosen(request: OverridesRequest) -> list[ColumnElement[bool]]:
    chosen = [_has(request.kind)] if request.kind else []
    if request.overridden_by_user_id is not None:
        chosen.append(col(_Event.created_by) == request.overridden_by_user_id)
    return chosen


def _by_person(work: Work, request: OverridesRequest, filters: Filters) -> tuple[OverridePerson, ...]:
    person = (col(_Event.created_by), col(_Person.display_name))
    statement = (
        _overridden(work, request, filters, *person, func.count())
        .group_by(*person)
        .order_by(func.count().desc(), col(_Person.display_name), col(_Event.created_by))
    )
    return tuple(
        OverridePerson(id=user_id, name=name or SYSTEM, appointments=count)
        for user_id, name, count in work.session.execute(statement)
    )


def _rows(
    work: Work, request: OverridesRequest, filters: Filters, chosen: Sequence[ColumnElement[bool]]
) -> tuple[OverrideRow, ...]:
    columns = (
        col(Appointment.id),
        col(Appointment.starts_at),
        col(ClinicLocation.timezone),
        col(ClinicLocation.name).label("location"),
        col(AppUser.display_name).label("practitioner"),
        col(Appointment.patient_id),
        col(Appointment.status),
        col(Appointment.override_kinds_json).label("lifted"),
        col(Appointment.override_reason),
        col(Appointment.double_book_reason),
        func.coalesce(col(_Person.display_name), SYSTEM).label("overridden_by"),
        func.coalesce(col(_Event.created_at), col(Appointment.created_at)).label("overridden_at"),
        *patient_columns(work.actor),
    )
    statement = (
        _overridden(work, request, filters, *columns)
        .join(Patient, col(Patient.id) == col(Appointment.patient_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .where(*chosen)
        .order_by(col(Appointment.starts_at), col(Appointment.id))
        .limit(request.limit)
        .offset(request.offset)
    )
    return tuple(_row(row) for row in work.session.execute(statement).mappings())


def _row(found: RowMapping) -> OverrideRow:
    kinds = [OverrideKind.DOUBLE_BOOKING] if found["double_book_reason"] is not None else []
    kinds += [OverrideKind(kind) for kind in found["lifted"]]
    reasons = dict.fromkeys(reason for reason in (found["double_book_reason"], found["override_reason"]) if reason)
    return OverrideRow.model_validate({**with_name(found), "kinds": kinds, "reason": " · ".join(reasons)})
