"""A change of a series before it is made: what it says then, and each appointment old and new with what is in the way.

Preview and edit draw the same draft, so that what is saved is what was seen.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.errors import Conflict, InvalidInput, Obstacle
from clinic_core.kit.calendar import from_wall, local_date, to_wall, zone
from clinic_core.kit.clock import now
from clinic_core.kit.recurrence import Occurrence, next_match, remaining
from clinic_core.kit.text import field_error
from clinic_core.models import Appointment, AppointmentSeries, AppointmentSeriesGap
from clinic_core.scheduling.bookable import find_bookable, find_resources
from clinic_core.scheduling.conflicts import WantedTime
from clinic_core.scheduling.schemas.series import ChosenDate, PreviewSeriesEdit, SeriesChanges
from clinic_core.scheduling.series import Terms, by_whole_days, check_start, date_obstacles, horizon
from clinic_core.scheduling.series_change import Change, Step, Story, new_dates_needed, plan_change
from clinic_core.scheduling.series_held import Held, exceptions, held_appointments, series_terms
from clinic_core.vocabulary import DateChoice, SeriesReach, SeriesStep

_MOST_OLD = 2_000
_TICK = timedelta(seconds=1)


@dataclass(frozen=True)
class Draft:
    """A change of a series; `split` is the first date that it is for, None when it is for one appointment only."""

    old: Terms
    new: Terms
    split: Occurrence | None
    change: Change


@dataclass(frozen=True)
class DraftRow:
    """One step with the time it asks for; `wanted` None asks for none, `is_same` for the one it has."""

    step: Step
    wanted: WantedTime | None = None
    is_same: bool = False
    chosen: ChosenDate | None = None
    obstacles: tuple[Obstacle, ...] = field(default=())


def first_date(terms: Terms, anchor: Appointment, reach: SeriesReach) -> Occurrence:
    """The first date of the series that a change of that reach is for; never one of the past.

    Raises:
        Conflict: the appointment is no date of the rule any more, or no date is left.
    """
    since = now()
    if reach is SeriesReach.THIS_AND_FOLLOWING and anchor.original_starts_at is not None:
        named = terms.dates(after=anchor.original_starts_at, limit=1)
        if not named or named[0].instant != anchor.original_starts_at:
            raise Conflict("This appointment is no date of its series any more; change it by itself.")
        since = max(since, anchor.original_starts_at)
    left = terms.dates(after=since, limit=1)
    if not left:
        raise Conflict("No date of this series lies ahead; there is nothing to change.")
    return left[0]


def draft_edit(
    session: Session, actor: Actor, series: AppointmentSeries, anchor: Appointment, request: PreviewSeriesEdit
) -> Draft:
    """The change as it stands now.

    Raises:
        InvalidInput: a start that does not fit the new rule; somebody or something that cannot be booked.
        NotFound: an unknown practitioner, location, room or service.
        Conflict: the appointment is fixed, or no date of the series lies ahead.
    """
    old = series_terms(session, series)
    if request.reach is SeriesReach.THIS:
        return _draft_of_one(session, actor, old, anchor, request.changes)
    split = first_date(old, anchor, request.reach)
    new = _new_terms(session, actor, old, split, request.changes)
    held = held_appointments(
        session, col(Appointment.series_id) == series.id, col(Appointment.original_starts_at) >= split.instant
    )
    dealt_with = _dealt_with(series, old, held, split)
    old_dates = old.dates(after=split.instant, before=dealt_with, limit=_MOST_OLD)
    instant = now()
    story = Story(
        held={one.original_starts_at: one for one in held},
        fixed={one.id: why for one in held if (why := one.fixed_because(actor, instant))},
        exceptions=exceptions(held, old),
        ticked=request.exceptions,
        skipped=_skipped(session, series, old, split, dealt_with),
    )
    new_dates = new.dates(limit=new_dates_needed(old_dates))
    change = plan_change(old_dates, new_dates, story, horizon(actor))
    return Draft(old, replace(new, exdates=change.exdates), split, change)


def draft_rows(session: Session, actor: Actor, draft: Draft, choices: Sequence[ChosenDate] = ()) -> list[DraftRow]:
    """The steps as chosen, each with what is in its way; appointments that leave their time are in nobody's.

    Raises:
        Conflict: a choice names a date that the change does not have (any more).
    """
    chosen = {one.original_starts_at: one for one in choices}
    rows = [row for step in draft.change.steps if (row := _row(draft, step, _choice(step, chosen))) is not None]
    if chosen:
        raise Conflict("The dates of this series have changed since the preview; look at them again.")
    asked = [place for place, row in enumerate(rows) if row.wanted is not None and not row.is_same]
    leaving = {row.step.held.id for row in rows if row.step.held and _leaves(row)}
    found = date_obstacles(session, actor, [row.wanted for row in rows if _asks(row) and row.wanted], freed=leaving)
    for place, obstacles in zip(asked, found, strict=True):
        rows[place] = replace(rows[place], obstacles=obstacles)
    return rows


def skipped_by_choice(draft: Draft, rows: Sequence[DraftRow]) -> tuple[datetime, ...]:
    """The dates that the new series skips: those of the change, and new ones that somebody does not want."""
    kept = {row.step.date.instant for row in rows if row.step.date}
    dropped = [
        step.date.wall
        for step in draft.change.steps
        if step.kind is SeriesStep.BOOK and step.date and step.date.instant not in kept
    ]
    return (*draft.change.exdates, *dropped)


def _asks(row: DraftRow) -> bool:
    return row.wanted is not None and not row.is_same


def _leaves(row: DraftRow) -> bool:
    return row.step.kind is SeriesStep.CANCEL or (row.step.kind is SeriesStep.MOVE and not row.is_same)


def _choice(step: Step, choices: dict[datetime, ChosenDate]) -> ChosenDate | None:
    return choices.pop(step.date.instant, None) if step.date else None


def _row(draft: Draft, step: Step, chosen: ChosenDate | None) -> DraftRow | None:
    """A date that is skipped leaves its appointment where it is; one that would be new is not booked."""
    if step.date is None or step.kind not in {SeriesStep.MOVE, SeriesStep.BOOK}:
        return DraftRow(step)
    if chosen is not None and chosen.choice is DateChoice.SKIP:
        return DraftRow(replace(step, kind=SeriesStep.KEEP, is_exception=True)) if step.held else None
    is_elsewhere = chosen is not None and chosen.choice is DateChoice.OTHER_TIME
    starts_at = chosen.starts_at if chosen and is_elsewhere and chosen.starts_at else step.date.instant
    wanted = draft.new.wanted(
        starts_at,
        appointment_id=step.held.id if step.held else None,
        resource_ids=chosen.resource_ids if chosen and is_elsewhere else None,
    )
    if step.held is None:
        return DraftRow(step, wanted, chosen=chosen)
    if draft.new.product_service_id == step.held.product_service_id:
        wanted = replace(wanted, buffer_minutes=step.held.buffer_minutes)
    return DraftRow(step, wanted, is_same=_is_same(wanted, step.held), chosen=chosen)


def _is_same(wanted: WantedTime, held: Held) -> bool:
    return (
        wanted.starts_at,
        wanted.ends_at,
        wanted.practitioner_user_id,
        wanted.clinic_location_id,
        wanted.buffer_minutes,
        wanted.resource_ids,
    ) == (
        held.starts_at,
        held.ends_at,
        held.practitioner_user_id,
        held.clinic_location_id,
        held.buffer_minutes,
        held.resource_ids,
    )


def _draft_of_one(session: Session, actor: Actor, old: Terms, anchor: Appointment, changes: SeriesChanges) -> Draft:
    """One appointment moves as any other and stays the date of the series that it was."""
    if changes.rrule is not None:
        raise field_error("rrule", "is that of several appointments; choose this and following, or all future")
    (held,) = held_appointments(session, col(Appointment.id) == anchor.id)
    why = held.fixed_because(actor, now())
    if why:
        raise Conflict(f"This appointment is {why}; it is not changed with its series.")
    present = replace(
        old,
        practitioner_user_id=held.practitioner_user_id,
        clinic_location_id=held.clinic_location_id,
        product_service_id=held.product_service_id,
        resource_ids=held.resource_ids,
        duration_minutes=int((held.ends_at - held.starts_at).total_seconds()) // 60,
        buffer_minutes=held.buffer_minutes,
        note=held.note,
    )
    new = _other_terms(session, present, changes)
    place = zone(new.timezone)
    wall = to_wall(held.starts_at, zone(old.timezone))
    wall = datetime.combine(changes.starts_on or wall.date(), changes.time_of_day or wall.time())
    date = Occurrence(wall, *from_wall(wall, place))
    step = Step(SeriesStep.MOVE, held, date, held.differs_from(old))
    return Draft(present, new, None, Change((step,), (), date.instant))


def _new_terms(session: Session, actor: Actor, old: Terms, split: Occurrence, changes: SeriesChanges) -> Terms:
    new = _other_terms(session, old, changes)
    rest = remaining(old.rrule, old.starts_at_wall, old.timezone, split.wall) or old.rrule
    rrule = by_whole_days(changes.rrule, split.wall) if changes.rrule else by_whole_days(rest, old.starts_at_wall)
    if changes.starts_on is not None and changes.starts_on < local_date(now(), zone(new.timezone)):
        raise field_error("starts_on", "has passed; choose a day that lies ahead")
    day = changes.starts_on or split.wall.date()
    start = datetime.combine(day, changes.time_of_day or old.starts_at_wall.time())
    if changes.starts_on is None:
        start = next_match(rrule, start) or start
    new = replace(new, rrule=rrule, starts_at_wall=start, exdates=())
    check_start(new, actor.settings.locale)
    return new


def _other_terms(session: Session, old: Terms, changes: SeriesChanges) -> Terms:
    """Practitioner, place, rooms, service, length and note as changed; rooms do not follow to another location."""
    location_id = changes.clinic_location_id or old.clinic_location_id
    practitioner_id = changes.practitioner_user_id or old.practitioner_user_id
    service_id = changes.product_service_id or old.product_service_id
    bookable = find_bookable(
        session,
        location_id,
        practitioner_id=practitioner_id if practitioner_id != old.practitioner_user_id else None,
        service_id=service_id if service_id != old.product_service_id else None,
    )
    is_elsewhere = location_id != old.clinic_location_id
    if changes.resource_ids is None and old.resource_ids and is_elsewhere:
        raise InvalidInput("Choose the rooms at the new location.", fields={"resource_ids": "Choose the rooms."})
    resource_ids = old.resource_ids if changes.resource_ids is None else changes.resource_ids
    find_resources(session, bookable.location, resource_ids, kept=old.resource_ids)
    return replace(
        old,
        practitioner_user_id=practitioner_id,
        clinic_location_id=location_id,
        product_service_id=service_id,
        resource_ids=resource_ids,
        duration_minutes=changes.duration_minutes or old.duration_minutes,
        buffer_minutes=bookable.service.buffer_minutes if bookable.service else old.buffer_minutes,
        note=old.note if changes.note is None else changes.note,
        timezone=bookable.location.timezone if is_elsewhere else old.timezone,
    )


def _dealt_with(series: AppointmentSeries, old: Terms, held: Sequence[Held], split: Occurrence) -> datetime:
    """Until when the old dates have a story: booked, skipped or waiting as a gap."""
    place = zone(old.timezone)
    last_skipped = max((from_wall(wall, place).instant for wall in old.exdates), default=split.instant)
    last_held = max((one.original_starts_at for one in held), default=split.instant)
    return max(series.materialised_until or split.instant, last_skipped + _TICK, last_held + _TICK)


def _skipped(
    session: Session, series: AppointmentSeries, old: Terms, split: Occurrence, before: datetime
) -> Collection[datetime]:
    named = old.dates(after=split.instant, before=before, limit=_MOST_OLD)
    left = old.open_dates(after=split.instant, before=before, limit=_MOST_OLD)
    let_be = session.scalars(
        select(col(AppointmentSeriesGap.original_starts_at)).where(
            col(AppointmentSeriesGap.series_id) == series.id,
            col(AppointmentSeriesGap.resolved_at).is_not(None),
            col(AppointmentSeriesGap.appointment_id).is_(None),
        )
    )
    return {one.instant for one in named} - {one.instant for one in left} | set(let_be)


def by_step(rows: Sequence[DraftRow]) -> Mapping[SeriesStep, list[DraftRow]]:
    """The rows by what becomes of them."""
    return {kind: [row for row in rows if row.step.kind is kind] for kind in SeriesStep}
