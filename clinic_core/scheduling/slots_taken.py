"""What appointments take, read once for each window of days that the slot finder looks at.

By the b-tree indexes on the start: under row-level security `during &&` cannot use its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, select, union_all
from sqlalchemy.orm import Mapped, Session
from sqlmodel import col

from clinic_core.models import Appointment, AppointmentResource
from clinic_core.scheduling.conflict_facts import LONGEST_REACH
from clinic_core.scheduling.schemas import FindSlots
from clinic_core.scheduling.slots_known import Known
from clinic_core.scheduling.slots_times import MINUTE, Seconds
from clinic_core.vocabulary import AppointmentStatus


@dataclass(frozen=True)
class Taken:
    """What appointments take in a window, buffers included for practitioners and things, in seconds."""

    subjects: Mapping[UUID, list[Seconds]]
    patient: Sequence[Seconds]


def get_taken(session: Session, known: Known, request: FindSlots, window: Seconds) -> Taken:
    """What is taken where a start in the window could meet it, in one query."""
    since = datetime.fromtimestamp(window[0], known.place) - LONGEST_REACH
    until = datetime.fromtimestamp(window[1] + known.length.reserved, known.place)
    stands = (
        col(Appointment.starts_at) > since,
        col(Appointment.starts_at) < until,
        col(Appointment.deleted_at).is_(None),
        col(Appointment.status) != AppointmentStatus.CANCELLED,
        *([col(Appointment.id) != request.moved_appointment_id] if request.moved_appointment_id else []),
    )
    of_people = (
        _spans_of(col(Appointment.practitioner_user_id), with_buffer=True)
        .where(col(Appointment.practitioner_user_id).in_([person.id for person in known.people]), *stands)
        .group_by(col(Appointment.practitioner_user_id))
    )
    parts = [of_people]
    things = [thing.ref.id for thing in (*known.named, *known.pool)]
    if things:
        parts.append(
            _spans_of(col(AppointmentResource.resource_id), with_buffer=True)
            .join(AppointmentResource, col(AppointmentResource.appointment_id) == col(Appointment.id))
            .where(
                col(Appointment.clinic_location_id) == known.location_id,
                col(AppointmentResource.resource_id).in_(things),
                *stands,
            )
            .group_by(col(AppointmentResource.resource_id))
        )
    if request.patient_id is not None:
        parts.append(
            _spans_of(col(Appointment.patient_id), with_buffer=False)
            .where(col(Appointment.patient_id) == request.patient_id, *stands)
            .group_by(col(Appointment.patient_id))
        )
    found: dict[UUID, list[Seconds]] = {}
    for subject, starts, ends in session.execute(union_all(*parts)):
        found[subject] = list(zip(starts, ends, strict=True))
    patient = found.pop(request.patient_id, []) if request.patient_id else []
    return Taken(found, patient)


def _spans_of(subject: ColumnElement[UUID] | Mapped[UUID], *, with_buffer: bool) -> Select[UUID, Any, Any]:
    """Two arrays of numbers a subject: thousands of rows would cost more to carry over than to find."""
    epoch = func.extract("epoch", col(Appointment.starts_at)), func.extract("epoch", col(Appointment.ends_at))
    start = cast(func.floor(epoch[0]), BigInteger)
    end = cast(func.ceil(epoch[1]), BigInteger)
    until = end + col(Appointment.buffer_minutes) * MINUTE if with_buffer else end
    return select(subject, func.array_agg(start), func.array_agg(until)).select_from(Appointment)
