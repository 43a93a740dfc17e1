"""The parts of a series: each change of several appointments leaves one that goes on from the one before (S6).

To the clinic they are one series with one count of dates; what is called off reaches over the parts.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, text
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.models import Appointment, AppointmentSeries, AppUser
from clinic_core.scheduling.reach import MANAGE, reaches
from clinic_core.scheduling.schemas import CalledOffRow
from clinic_core.scheduling.series_held import Held, held_appointments
from clinic_core.vocabulary import SeriesReach

_OTHER_PARTS = text(
    """
    with recursive earlier as (
      select s.id, s.split_from_id, 0 as step from appointment_series s where s.id = :series_id
      union all
      select s.id, s.split_from_id, e.step - 1
      from appointment_series s join earlier e on e.split_from_id = s.id where e.step > -200),
    later as (
      select s.id, 0 as step from appointment_series s where s.id = :series_id
      union all
      select s.id, l.step + 1
      from appointment_series s join later l on s.split_from_id = l.id where l.step < 200)
    select id, step from earlier where step < 0 union all select id, step from later where step > 0
    """
)


@dataclass(frozen=True)
class CallOff:
    """What is called off: `others` are the parts of the series beside its own that end too."""

    others: tuple[AppointmentSeries, ...]
    held: tuple[Held, ...]


def other_parts(session: Session, actor: Actor, series_id: UUID, reach: SeriesReach) -> tuple[AppointmentSeries, ...]:
    """The parts of that series on calendars of the actor that the reach is for beside its own, by id.

    *This and following* are the later ones, *all future* the earlier ones too, as far as dates of theirs lie ahead.
    """
    if reach is SeriesReach.THIS:
        return ()
    steps = session.execute(_OTHER_PARTS, {"series_id": series_id})
    ids = [part_id for part_id, step in steps if step > 0 or reach is SeriesReach.ALL_FUTURE]
    if not ids:
        return ()
    statement = select(AppointmentSeries).where(col(AppointmentSeries.id).in_(ids)).order_by(col(AppointmentSeries.id))
    return tuple(
        part
        for part in session.scalars(statement)
        if reaches(actor, MANAGE, practitioner_id=part.practitioner_user_id, location_id=part.clinic_location_id)
    )


def ahead_in_parts(
    session: Session, actor: Actor, parts: tuple[AppointmentSeries, ...], instant: datetime
) -> tuple[Held, ...]:
    """The appointments of these parts that lie ahead and are not fixed."""
    return _free(session, actor, instant, _ahead(parts, instant)) if parts else ()


def draft_call_off(
    session: Session, actor: Actor, anchor: Appointment, reach: SeriesReach, instant: datetime
) -> CallOff:
    """What calling off from that appointment on reaches; it is part of a series."""
    assert anchor.series_id is not None  # noqa: S101 (only appointments of series are asked about)
    if reach is SeriesReach.THIS:
        return CallOff((), _free(session, actor, instant, col(Appointment.id) == anchor.id))
    others = other_parts(session, actor, anchor.series_id, reach)
    own: ColumnElement[bool] = col(Appointment.series_id) == anchor.series_id
    if reach is SeriesReach.THIS_AND_FOLLOWING:
        own = and_(own, col(Appointment.original_starts_at) >= anchor.original_starts_at)
    else:
        own = and_(own, col(Appointment.starts_at) > instant)
    return CallOff(others, _free(session, actor, instant, or_(own, _ahead(others, instant))))


def called_off_rows(session: Session, held: Collection[Held]) -> tuple[CalledOffRow, ...]:
    """Appointments that would be called off as they leave the core, by time."""
    people = select(col(AppUser.id), col(AppUser.display_name)).where(
        col(AppUser.id).in_({one.practitioner_user_id for one in held})
    )
    names = dict(session.execute(people).all())
    return tuple(
        CalledOffRow(id=one.id, starts_at=one.starts_at, practitioner=names[one.practitioner_user_id])
        for one in sorted(held, key=lambda one: (one.starts_at, one.id))
    )


def _ahead(parts: tuple[AppointmentSeries, ...], instant: datetime) -> ColumnElement[bool]:
    return and_(col(Appointment.series_id).in_([part.id for part in parts]), col(Appointment.starts_at) > instant)


def _free(session: Session, actor: Actor, instant: datetime, condition: ColumnElement[bool]) -> tuple[Held, ...]:
    return tuple(one for one in held_appointments(session, condition) if not one.fixed_because(actor, instant))
