"""A series of appointments (S6): what it says of each of them, which dates its rule names, what is in their way.

The rule stands once, in `appointment_series`. Its time of day is wall time of the zone that the series was made with.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.errors import BookingConflict, InvalidInput, Obstacle
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import Locale, day_text
from clinic_core.kit.ids import new_id
from clinic_core.kit.recurrence import Occurrence, describe, format_rrule, next_match, occurrences, parse_rrule
from clinic_core.scheduling.conflicts import Reasons, Settled, WantedTime, can_lift, find_obstacles, refusal, settle
from clinic_core.scheduling.schemas.series import ChosenDate
from clinic_core.vocabulary import ConflictKind, DateChoice, DateStatus, Severity

FOREVER = datetime(9990, 1, 1, tzinfo=UTC)
"""`materialised_until` of a series whose rule names no date any more that was not dealt with."""

_LAST_SECOND = time(23, 59, 59)
_DAY = timedelta(days=1)
_NAMED = 6
_TAKEN = frozenset(
    {
        ConflictKind.PRACTITIONER,
        ConflictKind.ROOM,
        ConflictKind.EQUIPMENT,
        ConflictKind.PATIENT,
        ConflictKind.BUFFER,
    }
)


@dataclass(frozen=True)
class Terms:
    """What a series says of every appointment of it, and when they are."""

    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    product_service_id: UUID | None
    resource_ids: tuple[UUID, ...]
    duration_minutes: int
    buffer_minutes: int
    case_id: UUID | None
    note: str
    rrule: str
    starts_at_wall: datetime
    timezone: str
    exdates: tuple[datetime, ...] = ()

    def dates(self, *, limit: int, after: datetime | None = None, before: datetime | None = None) -> list[Occurrence]:
        """The dates that the rule names from `after` on and before `before`, skipped ones included."""
        return occurrences(self.rrule, self.starts_at_wall, self.timezone, after=after, before=before, limit=limit)

    def open_dates(
        self, *, limit: int, after: datetime | None = None, before: datetime | None = None
    ) -> list[Occurrence]:
        """As `dates`, without the skipped ones."""
        return occurrences(
            self.rrule,
            self.starts_at_wall,
            self.timezone,
            exdates=self.exdates,
            after=after,
            before=before,
            limit=limit,
        )

    def wanted(
        self, starts_at: datetime, *, appointment_id: UUID | None = None, resource_ids: tuple[UUID, ...] | None = None
    ) -> WantedTime:
        """The appointment of the series that begins then."""
        return WantedTime(
            appointment_id=appointment_id or new_id(),
            patient_id=self.patient_id,
            practitioner_user_id=self.practitioner_user_id,
            clinic_location_id=self.clinic_location_id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=self.duration_minutes),
            buffer_minutes=self.buffer_minutes,
            resource_ids=self.resource_ids if resource_ids is None else resource_ids,
        )


def horizon(actor: Actor, start: datetime | None = None) -> datetime:
    """Until when series are booked: so many days from now, or from a start that lies ahead."""
    instant = now()
    return max(instant, start or instant) + timedelta(days=actor.settings.series_horizon_days)


def by_whole_days(rrule: str, starts_at_wall: datetime) -> str:
    """The rule with an end date that holds whatever the time of day; it names the same dates.

    Otherwise a series moved from ten to eleven o'clock would lose its last date.
    """
    rule = parse_rrule(rrule)
    if rule.until is None or rule.until < starts_at_wall:
        return rrule
    last = rule.until.date() if rule.until.time() >= starts_at_wall.time() else rule.until.date() - _DAY
    return format_rrule(replace(rule, until=datetime.combine(last, _LAST_SECOND)))


def check_start(terms: Terms, locale: Locale) -> None:
    """Lets a start pass that is the first date of its own rule.

    Raises:
        InvalidInput: it is not, and the sentence names the next one that is; or the rule comes to no date at all.
    """
    match = next_match(terms.rrule, terms.starts_at_wall)
    if match is None or not terms.dates(limit=1):
        sentence = f"The rule “{describe(terms.rrule)}” comes to no date from this start on; change the rule."
        raise InvalidInput(sentence, fields={"rrule": sentence})
    if match != terms.starts_at_wall:
        sentence = (
            f"{day_text(terms.starts_at_wall.date(), locale)} is not a date of the rule “{describe(terms.rrule)}”;"
            f" the next one is {day_text(match.date(), locale)}."
        )
        raise InvalidInput(sentence, fields={"starts_at_wall": sentence})


def date_obstacles(
    session: Session, actor: Actor, wanted: Sequence[WantedTime], *, freed: Collection[UUID] = ()
) -> list[tuple[Obstacle, ...]]:
    """For each wanted time what is in the way, the wanted times themselves included.

    Appointments in `freed` give their present time up in the same transaction and are in nobody's way.
    """
    found = find_obstacles(session, actor, wanted)
    own = _own_overlaps(wanted)
    return [
        (*own[place], *(one for one in obstacles if one.appointment_id not in freed))
        for place, obstacles in enumerate(found)
    ]


def can_override(actor: Actor, wanted: WantedTime, obstacles: Sequence[Obstacle]) -> bool:
    """Whether something is in the way and the actor may book that date all the same, with a reason."""
    if any(one.severity is Severity.BLOCK for one in obstacles):
        return False
    return can_lift(actor, wanted, obstacles)


def status_of(obstacles: Sequence[Obstacle]) -> DateStatus:
    """Free, taken by something else, or a time at which nobody is there."""
    kinds = {one.kind for one in obstacles if one.severity is not Severity.INFO}
    if kinds & _TAKEN:
        return DateStatus.CONFLICT
    return DateStatus.NOT_AVAILABLE if kinds else DateStatus.FREE


def settle_dates(
    actor: Actor,
    wanted: Sequence[WantedTime],
    obstacles: Sequence[Sequence[Obstacle]],
    choices: Sequence[ChosenDate | None],
    place: str,
) -> list[Settled]:
    """What is kept with each appointment, when nothing is in the way that was not lifted by its choice.

    Raises:
        BookingConflict: names every date that is not as it was when it was chosen.
    """
    settled: list[Settled] = []
    refused: list[tuple[WantedTime, BookingConflict]] = []
    for one, in_the_way, chosen in zip(wanted, obstacles, choices, strict=True):
        try:
            settled.append(_settle(actor, one, in_the_way, chosen))
        except BookingConflict as conflict:
            refused.append((one, conflict))
    if refused:
        raise _refusal(actor, refused, place)
    return settled


def _settle(actor: Actor, wanted: WantedTime, obstacles: Sequence[Obstacle], chosen: ChosenDate | None) -> Settled:
    if chosen is None or chosen.choice not in {DateChoice.OVERRIDE, DateChoice.OTHER_TIME}:
        return settle(actor, wanted, obstacles, Reasons())
    kinds = {one.kind for one in obstacles if one.severity is not Severity.INFO}
    if chosen.seen is not None and not kinds <= set(chosen.seen):
        raise refusal(actor, wanted, obstacles)
    blocking = [one for one in obstacles if one.severity is Severity.BLOCK]
    if blocking:
        raise refusal(actor, wanted, blocking)
    return settle(actor, wanted, obstacles, Reasons(chosen.double_book_reason, chosen.override_reason))


def _refusal(actor: Actor, refused: Sequence[tuple[WantedTime, BookingConflict]], place: str) -> BookingConflict:
    lines = [
        f"{_when(wanted, place, actor.settings.locale)}: {conflict.message.removeprefix('The time is not free. ')}"
        for wanted, conflict in refused[:_NAMED]
    ]
    more = f" And {len(refused) - _NAMED} more dates." if len(refused) > _NAMED else ""
    return BookingConflict(
        f"Nothing was saved: {len(refused)} {'date is' if len(refused) == 1 else 'dates are'} not free as chosen. "
        + " ".join(lines)
        + more,
        obstacles=[one for _, conflict in refused for one in conflict.obstacles],
        can_override=all(conflict.can_override for _, conflict in refused),
    )


def _when(wanted: WantedTime, place: str, locale: Locale) -> str:
    wall = to_wall(wanted.starts_at, zone(place))
    return f"{day_text(wall.date(), locale)}, {wall:%H:%M}"


def _own_overlaps(wanted: Sequence[WantedTime]) -> list[tuple[Obstacle, ...]]:
    """Dates of one series that would run into each other: the later one is in its own way, and no reason lifts that."""
    found: list[tuple[Obstacle, ...]] = [() for _ in wanted]
    last: WantedTime | None = None
    for place in sorted(range(len(wanted)), key=lambda at: (wanted[at].starts_at, at)):
        one = wanted[place]
        if last is not None and one.starts_at < last.until:
            meets = one.starts_at < last.ends_at
            found[place] = (
                Obstacle(
                    kind=ConflictKind.PRACTITIONER if meets else ConflictKind.BUFFER,
                    severity=Severity.BLOCK,
                    subject_id=one.practitioner_user_id,
                    subject="This series",
                    appointment_id=None,
                    sentence="It would run into the date of the series before it.",
                ),
            )
        if last is None or one.until > last.until:
            last = one
    return found
