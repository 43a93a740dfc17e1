"""Who was seen, has no next appointment, and should be asked back.

The visits of the period are read by the index on location and start; for each, the index on patient and start tells
whether anything came later. The cost follows the period, not the size of the history.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope, patients_in_scope
from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import range_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import person_name
from clinic_core.models import Appointment, AppUser, ClinicLocation, Patient, ProductService
from clinic_core.scheduling.schemas import ListRecall, RecallPage, RecallRow
from clinic_core.scheduling.transitions import ATTENDED, EXPECTED
from clinic_core.vocabulary import ConsentKind

LONGEST_PERIOD = timedelta(days=3660)

_Later = aliased(Appointment)


@query(Permission.APPOINTMENT_READ, name="recall.list")
def list_recall(work: Work, request: ListRecall) -> RecallPage:
    """Patients whose last attended visit lies in the period and who have no appointment ahead, longest unseen first.

    Left out are archived, deceased, deleted and merged patients. A later visit and an appointment ahead count
    wherever they are, also where the reader does not reach.

    Raises:
        InvalidInput: the period is longer than ten years, or lies outside the calendar.
    """
    due = (
        select(col(Appointment.id), col(Appointment.starts_at))
        .join(Patient, _of_patient())
        .where(*_conditions(work, request))
        .cte("due")
    )
    page = select(due.c.id).order_by(due.c.starts_at, due.c.id).offset(request.offset).limit(request.limit)
    count, ids = work.session.execute(
        select(select(func.count()).select_from(due).scalar_subquery(), func.array(page.scalar_subquery()))
    ).one()
    return RecallPage(rows=_rows(work, ids), count=count)


def _rows(work: Work, visit_ids: list[UUID]) -> tuple[RecallRow, ...]:
    """The rows of one page, whose visits are known to be in reach."""
    statement = (
        select(Appointment, Patient, ClinicLocation, col(AppUser.display_name), col(ProductService.name))
        .join(Patient, _of_patient())
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .where(col(Appointment.id).in_(visit_ids))
        .order_by(col(Appointment.starts_at), col(Appointment.id))
    )
    return tuple(_row(*row) for row in work.session.execute(statement).all())


def _conditions(work: Work, request: ListRecall) -> list[ColumnElement[bool]]:
    actor = work.actor
    conditions = [
        col(Appointment.organization_id) == actor.organization_id,
        col(Appointment.status).in_(ATTENDED),
        col(Appointment.deleted_at).is_(None),
        _in_period(work, request),
        appointments_in_scope(actor, Permission.APPOINTMENT_READ),
        patients_in_scope(actor, Permission.PATIENT_READ),
        col(Patient.deleted_at).is_(None),
        col(Patient.merged_into_id).is_(None),
        col(Patient.archived_at).is_(None),
        col(Patient.deceased_on).is_(None),
        ~_seen_or_expected_later(actor.organization_id),
    ]
    if request.practitioner_user_id is not None:
        conditions.append(col(Appointment.practitioner_user_id) == request.practitioner_user_id)
    if request.product_service_id is not None:
        conditions.append(col(Appointment.product_service_id) == request.product_service_id)
    return conditions


def _in_period(work: Work, request: ListRecall) -> ColumnElement[bool]:
    """Each location by its own days; the locations of one zone together."""
    if request.seen_to - request.seen_from > LONGEST_PERIOD:
        raise InvalidInput("The list covers at most ten years; choose a shorter period.")
    places = select(col(ClinicLocation.timezone), col(ClinicLocation.id))
    if request.clinic_location_id is not None:
        places = places.where(col(ClinicLocation.id) == request.clinic_location_id)
    by_zone: dict[str, list[UUID]] = {}
    for name, location_id in work.session.execute(places):
        by_zone.setdefault(name, []).append(location_id)
    spans = {name: range_bounds(request.seen_from, request.seen_to, zone(name)) for name in by_zone}
    return or_(
        false(),
        *(
            and_(
                col(Appointment.clinic_location_id).in_(by_zone[name]),
                col(Appointment.starts_at) >= span.start,
                col(Appointment.starts_at) < span.end,
            )
            for name, span in spans.items()
        ),
    )


def _seen_or_expected_later(organization_id: UUID) -> ColumnElement[bool]:
    return exists().where(
        col(_Later.organization_id) == organization_id,
        col(_Later.patient_id) == col(Appointment.patient_id),
        tuple_(col(_Later.starts_at), col(_Later.id)) > tuple_(col(Appointment.starts_at), col(Appointment.id)),
        col(_Later.deleted_at).is_(None),
        or_(
            col(_Later.status).in_(ATTENDED),
            and_(col(_Later.status).in_(EXPECTED), col(_Later.ends_at) > now()),
        ),
    )


def _of_patient() -> ColumnElement[bool]:
    return and_(
        col(Patient.organization_id) == col(Appointment.organization_id),
        col(Patient.id) == col(Appointment.patient_id),
    )


def _row(
    visit: Appointment, patient: Patient, location: ClinicLocation, practitioner: str, service: str | None
) -> RecallRow:
    granted, refused = (_decided(patient.consents_json, granted=answer) for answer in (True, False))
    return RecallRow(
        id=patient.id,
        code=patient.code,
        name=person_name(patient.first_name, patient.last_name, patient.preferred_name),
        appointment_id=visit.id,
        last_visit_at=visit.starts_at,
        timezone=location.timezone,
        location=location.name,
        practitioner_user_id=visit.practitioner_user_id,
        practitioner=practitioner,
        service=service or "",
        phone=str(patient.contact_json.get("phone") or ""),
        email=str(patient.contact_json.get("email") or ""),
        granted=granted,
        refused=refused,
    )


def _decided(consents: Mapping[str, Any], *, granted: bool) -> tuple[ConsentKind, ...]:
    return tuple(
        kind for kind in ConsentKind if kind.value in consents and bool(consents[kind.value].get("granted")) is granted
    )
