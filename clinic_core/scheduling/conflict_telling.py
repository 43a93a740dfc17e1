"""What is in the way, as it is told: to the clinic all of it, to patients what is theirs and that it is not free."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from clinic_core.access import Actor
from clinic_core.errors import Obstacle
from clinic_core.kit.calendar import local_date, whole_days, zone_of_days
from clinic_core.kit.formats import date_text, time_text
from clinic_core.scheduling.conflict_facts import Hours, WantedTime
from clinic_core.scheduling.reach import MANAGE, books_for_oneself, reaches
from clinic_core.vocabulary import ConflictKind, Severity

_EVERYBODY = frozenset({ConflictKind.PAST, ConflictKind.NOTICE, ConflictKind.CLOSED})
_ONESELF = frozenset({ConflictKind.PATIENT, ConflictKind.SAME_DAY})
_NOT_FREE = Obstacle(
    kind=ConflictKind.PRACTITIONER,
    severity=Severity.BLOCK,
    subject_id=None,
    subject="",
    appointment_id=None,
    sentence="This time is not free; please choose another.",
)


class Words:
    """Times in the words of the location and the organisation, and the patient's own appointments to who asks."""

    def __init__(self, actor: Actor, place: Hours) -> None:
        self._zone = place.zone
        self._locale = actor.settings.locale
        self._is_oneself = books_for_oneself(actor)

    def day(self, instant: datetime) -> str:
        """The date on the wall."""
        return date_text(local_date(instant, self._zone), self._locale)

    def span(self, starts_at: datetime, ends_at: datetime) -> str:
        """From … to … on …, with both dates where it runs over midnight."""
        start, end = time_text(starts_at, self._zone), time_text(ends_at, self._zone)
        if self.day(starts_at) == self.day(ends_at):
            return f"from {start} to {end} on {self.day(starts_at)}"
        return f"from {start} on {self.day(starts_at)} to {end} on {self.day(ends_at)}"

    def away(self, starts_at: datetime, ends_at: datetime, zones: Sequence[ZoneInfo]) -> str:
        """From … to … as `span`; whole days as days, and where they are those of another place, of which."""
        others = sorted(zones, key=lambda found: found.key)
        found = zone_of_days(starts_at, ends_at, (self._zone, *others))
        days = whole_days(starts_at, ends_at, found) if found else None
        if found is None or days is None:
            return self.span(starts_at, ends_at)
        first, last = (date_text(day, self._locale) for day in days)
        where = "" if found == self._zone else f" ({found.key})"
        return f"all day on {first}{where}" if first == last else f"all day from {first} to {last}{where}"

    def at_once(self, when: str) -> str:
        """Another appointment of the patient at that time."""
        return f"{'You have' if self._is_oneself else 'The patient has'} another appointment {when}."

    def same_day(self, when: str) -> str:
        """Another appointment of the patient on that day."""
        return f"{'You come' if self._is_oneself else 'The patient comes'} on the same day already, {when}."


def is_outsider(actor: Actor, wanted: WantedTime) -> bool:
    """Whether the actor does not reach the calendar: a patient, or somebody who keeps another one."""
    return not reaches(
        actor, MANAGE, practitioner_id=wanted.practitioner_user_id, location_id=wanted.clinic_location_id
    )


def told(actor: Actor, wanted: WantedTime, obstacles: Sequence[Obstacle]) -> tuple[Obstacle, ...]:
    """What of it the actor is told; who does not reach the calendar learns neither who is in the way nor why.

    Taken, away, outside hours, out of service: one obstacle stands for all of it. Closed days, the notice and the past
    are no secret, and patients know their own appointments. What was told once is told the same again.
    """
    if not is_outsider(actor, wanted):
        return tuple(obstacles)
    known = _EVERYBODY | _ONESELF if books_for_oneself(actor) else _EVERYBODY
    own = [replace(one, subject_id=None, subject="", appointment_id=None) for one in obstacles if one.kind in known]
    is_taken = any(one.kind not in known and one.severity is not Severity.INFO for one in obstacles)
    return (_NOT_FREE, *own) if is_taken else tuple(own)
