"""The one validator (S5): everything that is in the way of a time, how grave it is, and who may lift it with a reason.

Form, drag, series, portal and import ask here. Whether a practitioner, a room or a piece of equipment is free is
decided by PostgreSQL when the booking is written (S4); this says it in words before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.access import Actor, Permission
from clinic_core.errors import BookingConflict, Obstacle
from clinic_core.kit.calendar import local_date, overlaps, range_bounds, subtract
from clinic_core.kit.clock import now
from clinic_core.kit.formats import minutes_text
from clinic_core.scheduling.availability import opening_spans, working_spans
from clinic_core.scheduling.conflict_facts import LONGEST_REACH, Facts, Hours, Taken, WantedTime, gather_facts
from clinic_core.scheduling.conflict_telling import Words, is_outsider, told
from clinic_core.scheduling.reach import reaches
from clinic_core.vocabulary import ConflictKind, ResourceType, Severity

__all__ = [
    "LONGEST_REACH",
    "RESERVED",
    "Reasons",
    "Settled",
    "WantedTime",
    "can_lift",
    "find_obstacles",
    "refusal",
    "settle",
]

RESERVED = "reservation_no_overlap"
"""The constraint that refuses what this did not see; its handler asks here again."""

WALK_IN = timedelta(minutes=15)
"""A start not longer ago than this is not yet the past: the patient stands at the desk."""

_K = ConflictKind
_SEVERITY: Mapping[ConflictKind, Severity] = MappingProxyType(
    dict.fromkeys((_K.ROOM, _K.EQUIPMENT, _K.OUT_OF_SERVICE, _K.CLOSED), Severity.BLOCK)
    | dict.fromkeys(
        (_K.PRACTITIONER, _K.BUFFER, _K.PATIENT, _K.OUTSIDE_HOURS, _K.ABSENCE, _K.PAST, _K.NOTICE), Severity.OVERRIDE
    )
    | {_K.SAME_DAY: Severity.INFO}
)
_GRAVEST_FIRST = {severity: place for place, severity in enumerate((Severity.BLOCK, Severity.OVERRIDE, Severity.INFO))}


@dataclass(frozen=True)
class Reasons:
    """Why what is in the way shall be lifted, as far as somebody said."""

    double_book: str | None = None
    override: str | None = None


@dataclass(frozen=True)
class Settled:
    """What is kept with an appointment that was booked although something was in the way; nothing for a free time."""

    double_book_reason: str | None = None
    override_reason: str | None = None
    override_kinds: tuple[ConflictKind, ...] = ()

    @property
    def kinds(self) -> frozenset[ConflictKind]:
        """Everything that was lifted."""
        doubled = {ConflictKind.PRACTITIONER} if self.double_book_reason else set()
        return frozenset(self.override_kinds) | doubled


def find_obstacles(session: Session, actor: Actor, wanted: Sequence[WantedTime]) -> list[tuple[Obstacle, ...]]:
    """For each wanted time everything that is in the way, the gravest first; one query for all of them.

    The wanted times are not compared with each other; of each is told what concerns the actor. The caller holds the
    calendar lock where the answer must stand.
    """
    if not wanted:
        return []
    facts = gather_facts(session, wanted)
    return [told(actor, one, obstacles_of(actor, facts, n, one)) for n, one in enumerate(wanted)]


def settle(
    actor: Actor,
    wanted: WantedTime,
    obstacles: Sequence[Obstacle],
    reasons: Reasons,
    *,
    kept: Settled | None = None,
) -> Settled:
    """What has to be kept with the appointment, when every obstacle may be and is lifted.

    `kept` is what was lifted for the same time, practitioner and place before: it stays so, whoever asks now.

    Raises:
        BookingConflict: something blocks, no reason was given, or the actor may not lift it.
    """
    before = kept or Settled()
    kinds = {one.kind for one in obstacles if one.severity is not Severity.INFO}
    lifted = {kind for kind in kinds if _reason(kind, kinds, reasons) and _may_lift(actor, wanted, kind, kinds)}
    if kinds - lifted - before.kinds:
        raise refusal(actor, wanted, obstacles)
    others = tuple(sorted(kinds - {_K.PRACTITIONER}))
    double_book = reasons.double_book or before.double_book_reason
    override = reasons.override or before.override_reason or double_book
    return Settled(
        double_book_reason=double_book if _K.PRACTITIONER in kinds else None,
        override_reason=override if others else None,
        override_kinds=others,
    )


def refusal(actor: Actor, wanted: WantedTime, obstacles: Sequence[Obstacle]) -> BookingConflict:
    """The error that names everything that is in the way, as far as it concerns the actor."""
    in_the_way = [one for one in told(actor, wanted, obstacles) if one.severity is not Severity.INFO]
    if not in_the_way:
        return BookingConflict("The time was taken a moment ago; please choose another.")
    message = " ".join(dict.fromkeys(one.sentence for one in in_the_way))
    if not is_outsider(actor, wanted):
        message = f"The time is not free. {message}"
    return BookingConflict(message, obstacles=in_the_way, can_override=can_lift(actor, wanted, in_the_way))


def can_lift(actor: Actor, wanted: WantedTime, obstacles: Sequence[Obstacle]) -> bool:
    """Whether something is in the way and the actor may book all the same, with a reason."""
    kinds = {one.kind for one in obstacles if one.severity is not Severity.INFO}
    return (
        bool(kinds) and not is_outsider(actor, wanted) and all(_may_lift(actor, wanted, kind, kinds) for kind in kinds)
    )


class _Said(NamedTuple):
    """One thing in the way, before it is known to whom it is told."""

    kind: ConflictKind
    subject_id: UUID | None
    subject: str
    appointment_id: UUID | None
    sentence: str


def _reason(kind: ConflictKind, kinds: set[ConflictKind], reasons: Reasons) -> str | None:
    if kind is _K.PRACTITIONER:
        return reasons.double_book
    if kind is _K.BUFFER and _K.PRACTITIONER in kinds:
        return reasons.override or reasons.double_book
    return reasons.override


def _may_lift(actor: Actor, wanted: WantedTime, kind: ConflictKind, kinds: set[ConflictKind]) -> bool:
    """A second booking lies over the buffers too; apart from that each kind needs its own permission."""
    if _SEVERITY[kind] is Severity.BLOCK:
        return False
    doubles = kind is _K.PRACTITIONER or (kind is _K.BUFFER and _K.PRACTITIONER in kinds)
    permission = Permission.APPOINTMENT_DOUBLE_BOOK if doubles else Permission.APPOINTMENT_OVERRIDE
    return reaches(
        actor, permission, practitioner_id=wanted.practitioner_user_id, location_id=wanted.clinic_location_id
    )


def obstacles_of(actor: Actor, facts: Facts, n: int, wanted: WantedTime) -> tuple[Obstacle, ...]:
    """All that the facts say about the wanted time at place `n` of those they were gathered for.

    To be settled, not to be shown: who does not reach the calendar is `told` less.
    """
    place = facts.places[wanted.clinic_location_id]
    words = Words(actor, place)
    found = [
        *_taken(facts, n, wanted, words),
        *_patient_taken(facts, n, wanted, words, place),
        *_not_working(facts, wanted, words, place),
        *_away(facts, wanted, words),
        *_too_early(actor, wanted),
    ]
    obstacles = [
        Obstacle(
            kind=one.kind,
            severity=_SEVERITY[one.kind],
            subject_id=one.subject_id,
            subject=one.subject,
            appointment_id=one.appointment_id,
            sentence=one.sentence,
        )
        for one in found
    ]
    return tuple(sorted(obstacles, key=lambda one: _GRAVEST_FIRST[one.severity]))


def _taken(facts: Facts, n: int, wanted: WantedTime, words: Words) -> Iterator[_Said]:
    order = {subject: at for at, subject in enumerate((wanted.practitioner_user_id, *wanted.resource_ids))}
    near = [one for one in facts.taken[n] if overlaps((wanted.starts_at, wanted.until), (one.starts_at, one.until))]
    for taken in sorted(near, key=lambda one: (order[one.subject_id], one.starts_at, one.appointment_id)):
        thing = facts.things.get(taken.subject_id)
        if thing is not None:
            name = thing.name
            said = _K.ROOM if thing.type is ResourceType.ROOM else _K.EQUIPMENT
        else:
            name = facts.people[taken.subject_id][0].display_name
            said = _K.PRACTITIONER if _meet(wanted, taken) else _K.BUFFER
        if said is _K.BUFFER:
            sentence = f"{name} has an appointment {words.span(taken.starts_at, taken.ends_at)}{_gap(wanted, taken)}."
        else:
            sentence = f"{name} is taken {words.span(taken.starts_at, taken.until)}."
        yield _Said(said, taken.subject_id, name, taken.appointment_id, sentence)


def _gap(wanted: WantedTime, taken: Taken) -> str:
    """Whose buffer is in the way: that after the appointment before, or that after the wanted time."""
    if taken.starts_at < wanted.starts_at:
        return f" and {_length(taken.until - taken.ends_at)} kept free after it"
    return f"; the {_length(wanted.until - wanted.ends_at)} kept free after this one would run into it"


def _length(buffer: timedelta) -> str:
    return minutes_text(int(buffer.total_seconds()) // 60)


def _meet(wanted: WantedTime, taken: Taken) -> bool:
    """Whether the appointments themselves overlap, not only their buffers."""
    return overlaps((wanted.starts_at, wanted.ends_at), (taken.starts_at, taken.ends_at))


def _patient_taken(facts: Facts, n: int, wanted: WantedTime, words: Words, place: Hours) -> Iterator[_Said]:
    day = local_date(wanted.starts_at, place.zone)
    for taken in sorted(facts.same_day[n], key=lambda one: (one.starts_at, one.appointment_id)):
        when = words.span(taken.starts_at, taken.ends_at)
        if _meet(wanted, taken):
            yield _Said(_K.PATIENT, wanted.patient_id, "Patient", taken.appointment_id, words.at_once(when))
        elif local_date(taken.starts_at, place.zone) == day:
            yield _Said(_K.SAME_DAY, wanted.patient_id, "Patient", taken.appointment_id, words.same_day(when))


def _not_working(facts: Facts, wanted: WantedTime, words: Words, place: Hours) -> Iterator[_Said]:
    """Outside the rota of the practitioner, or the hours of the place; where neither is known nothing is said."""
    during = (wanted.starts_at, wanted.ends_at)
    person, rules = facts.people[wanted.practitioner_user_id]
    name, at = person.display_name, place.place.name
    when = words.span(*during)
    for closed, called in place.closures:
        if overlaps(during, range_bounds(closed.first, closed.last, place.zone)):
            sentence = f"{at} is closed on {words.day(wanted.starts_at)}: {called}."
            yield _Said(_K.CLOSED, wanted.clinic_location_id, at, None, sentence)
    if rules:
        here = [rule for rule in rules if rule.clinic_location_id == wanted.clinic_location_id]
        if subtract([during], working_spans(here, place.zone, during=during)):
            sentence = f"{name} does not work at {at} {when}."
            yield _Said(_K.OUTSIDE_HOURS, wanted.practitioner_user_id, name, None, sentence)
            return
    if place.opening and subtract([during], opening_spans(place.opening, place.zone, during=during)):
        sentence = f"{at} is not open {when}."
        yield _Said(_K.OUTSIDE_HOURS, wanted.clinic_location_id, at, None, sentence)


def _away(facts: Facts, wanted: WantedTime, words: Words) -> Iterator[_Said]:
    subjects = {wanted.practitioner_user_id, *wanted.resource_ids}
    for away in sorted(facts.away, key=lambda one: (one.starts_at, one.subject_id)):
        if away.subject_id not in subjects:
            continue
        when = words.away(away.starts_at, away.ends_at, facts.zones)
        if away.subject_id in facts.things:
            if overlaps((wanted.starts_at, wanted.until), (away.starts_at, away.ends_at)):
                name = facts.things[away.subject_id].name
                yield _Said(_K.OUT_OF_SERVICE, away.subject_id, name, None, f"{name} is out of service {when}.")
        elif overlaps((wanted.starts_at, wanted.ends_at), (away.starts_at, away.ends_at)):
            name = facts.people[away.subject_id][0].display_name
            yield _Said(_K.ABSENCE, away.subject_id, name, None, f"{name} is away {when}.")


def _too_early(actor: Actor, wanted: WantedTime) -> Iterator[_Said]:
    instant, is_patient = now(), is_outsider(actor, wanted)
    notice = timedelta(minutes=actor.settings.online_notice_minutes)
    if is_patient and instant < wanted.starts_at < instant + notice:
        hours = f"{notice.total_seconds() / 3600:g}"
        sentence = f"Please book at least {hours} hours ahead, or call the clinic."
        yield _Said(_K.NOTICE, None, "", None, sentence)
    elif wanted.starts_at < instant - (timedelta() if is_patient else WALK_IN):
        yield _Said(_K.PAST, None, "", None, "The time lies in the past.")
