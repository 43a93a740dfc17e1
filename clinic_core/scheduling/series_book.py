"""A new series before it is booked: what it says, and the dates that one transaction books."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.errors import Conflict, InvalidInput, Obstacle
from clinic_core.kit.recurrence import Occurrence, parse_rrule
from clinic_core.models import Appointment, AppointmentSeries, Patient
from clinic_core.scheduling.bookable import find_bookable, find_resources
from clinic_core.scheduling.conflicts import WantedTime
from clinic_core.scheduling.reach import MANAGE, KnownPatient, is_own_patient, reaches
from clinic_core.scheduling.schemas.series import MOST_AT_ONCE, ChosenDate, SeriesChanges, SeriesWish
from clinic_core.scheduling.series import FOREVER, Terms, by_whole_days, check_start, date_obstacles, horizon
from clinic_core.vocabulary import DateChoice, SeriesReach

_MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Opening:
    """The dates of a series that are booked now, and until when all of its dates are dealt with then."""

    dates: tuple[Occurrence, ...]
    until: datetime

    @property
    def has_more(self) -> bool:
        """Whether the horizon job has dates left to book."""
        return self.until < FOREVER


@dataclass(frozen=True)
class BookedDate:
    """One date as chosen, and what is in its way."""

    date: Occurrence
    wanted: WantedTime
    chosen: ChosenDate | None
    obstacles: tuple[Obstacle, ...] = field(default=())


def series_refusal(actor: Actor, patient: Patient | KnownPatient | None, *calendars: tuple[UUID, UUID]) -> str | None:
    """Why the actor may not make or change a series on those calendars, as a sentence; None where it is allowed.

    A calendar is that of a practitioner at a location.
    """
    if patient is not None and is_own_patient(actor, patient):
        return "Series are booked and changed by the clinic; please call the front desk."
    for practitioner_id, location_id in calendars:
        if not reaches(actor, MANAGE, practitioner_id=practitioner_id, location_id=location_id):
            return "This calendar is not yours to book; ask the front desk there."
    return None


def changed_calendars(
    series: AppointmentSeries, anchor: Appointment, reach: SeriesReach, changes: SeriesChanges | None = None
) -> set[tuple[UUID, UUID]]:
    """The calendars that a change of a series touches by its terms, old and new."""
    terms: Appointment | AppointmentSeries = anchor if reach is SeriesReach.THIS else series
    found = {
        (anchor.practitioner_user_id, anchor.clinic_location_id),
        (terms.practitioner_user_id, terms.clinic_location_id),
    }
    if changes is not None:
        found.add(
            (
                changes.practitioner_user_id or terms.practitioner_user_id,
                changes.clinic_location_id or terms.clinic_location_id,
            )
        )
    return found


def wished_terms(session: Session, actor: Actor, wish: SeriesWish, patient_id: UUID) -> Terms:
    """What the new series says.

    Raises:
        NotFound, InvalidInput: as for booking; and for a start that is not the first date of its own rule.
    """
    bookable = find_bookable(
        session,
        wish.clinic_location_id,
        practitioner_id=wish.practitioner_user_id,
        service_id=wish.product_service_id,
    )
    find_resources(session, bookable.location, wish.resource_ids)
    terms = Terms(
        patient_id=patient_id,
        practitioner_user_id=wish.practitioner_user_id,
        clinic_location_id=wish.clinic_location_id,
        product_service_id=wish.product_service_id,
        resource_ids=wish.resource_ids,
        duration_minutes=wish.duration_minutes,
        buffer_minutes=bookable.service.buffer_minutes if bookable.service else 0,
        case_id=None,
        note="",
        rrule=by_whole_days(wish.rrule, wish.starts_at_wall),
        starts_at_wall=wish.starts_at_wall,
        timezone=bookable.location.timezone,
        exdates=wish.exdates,
    )
    check_start(terms, actor.settings.locale)
    return terms


def opening_dates(actor: Actor, terms: Terms) -> Opening:
    """The dates up to the horizon, at most `MOST_AT_ONCE`.

    Raises:
        InvalidInput: every date is skipped.
    """
    first = terms.open_dates(limit=1)
    if not first:
        raise InvalidInput("Every date of this series is skipped; nothing would be booked.")
    end = horizon(actor, first[0].instant)
    dates = terms.open_dates(before=end, limit=MOST_AT_ONCE + 1)
    if len(dates) > MOST_AT_ONCE:
        return Opening(tuple(dates[:MOST_AT_ONCE]), dates[MOST_AT_ONCE].instant)
    left = terms.open_dates(after=end, limit=1)
    return Opening(tuple(dates), end if left else FOREVER)


def chosen_dates(
    session: Session, actor: Actor, terms: Terms, dates: Sequence[Occurrence], choices: Sequence[ChosenDate] = ()
) -> list[BookedDate]:
    """The dates that are not skipped, each as chosen, with everything that is in its way.

    Raises:
        Conflict: a choice names a date that the series does not have (any more).
    """
    named = {one.original_starts_at: one for one in choices}
    if named.keys() - {date.instant for date in dates}:
        raise Conflict("The dates of this series have changed since the preview; look at them again.")
    booked = [
        _chosen(terms, date, named.get(date.instant))
        for date in dates
        if date.instant not in named or named[date.instant].choice is not DateChoice.SKIP
    ]
    found = date_obstacles(session, actor, [one.wanted for one in booked])
    return [
        BookedDate(one.date, one.wanted, one.chosen, obstacles) for one, obstacles in zip(booked, found, strict=True)
    ]


def number_of_dates(terms: Terms) -> int | None:
    """How many dates the rule names, skipped ones included; None without an end."""
    rule = parse_rrule(terms.rrule)
    if rule.count is None and rule.until is None:
        return None
    return len(terms.dates(limit=_MOST_COUNTED)) if rule.count is None or rule.until is not None else rule.count


def _chosen(terms: Terms, date: Occurrence, chosen: ChosenDate | None) -> BookedDate:
    if chosen is None or chosen.choice is not DateChoice.OTHER_TIME or chosen.starts_at is None:
        return BookedDate(date, terms.wanted(date.instant), chosen)
    return BookedDate(date, terms.wanted(chosen.starts_at, resource_ids=chosen.resource_ids), chosen)
