"""Made-up clinics for the slot finder, drawn at random and written straight into the tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from clinic_core.access import owner_work
from clinic_core.kit.calendar import from_wall
from clinic_core.kit.ids import new_id
from clinic_core.models import (
    Absence,
    Appointment,
    AppointmentResource,
    LocationClosure,
    LocationHours,
    LocationResource,
    PractitionerProfile,
    ProductService,
    ResourceOutage,
    ServiceRequirement,
)
from clinic_core.scheduling.schemas import AvailabilityRule, FindSlots, WeeklyAvailability
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ResourceType
from tests.factories import Clinic, make_patient

BERLIN = ZoneInfo("Europe/Berlin")
# The Thursdays before the clocks go forward, before they go back, and of an ordinary week.
FIRST_DAYS = (date(2031, 3, 27), date(2031, 10, 23), date(2031, 6, 5))
PEOPLE = ("practitioner", "second_practitioner")
MINUTE = timedelta(minutes=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Booked:
    """An appointment of the world; `things` are places in the list of rooms and equipment."""

    person: int
    at_branch: bool
    starts_at: datetime
    minutes: int
    buffer: int
    things: tuple[int, ...]
    is_cancelled: bool
    of_patient: bool

    @property
    def visit(self) -> Span:
        """Without the buffer."""
        return self.starts_at, self.starts_at + self.minutes * MINUTE

    @property
    def reserved(self) -> Span:
        """With the buffer."""
        return self.starts_at, self.starts_at + (self.minutes + self.buffer) * MINUTE


@dataclass(frozen=True)
class World:
    """What a clinic of the tests looks like; rotas are (weekday, from, to, every weeks, valid from)."""

    first: date
    rotas: tuple[tuple[tuple[int, time, time, int, date | None], ...] | None, ...]
    hours: tuple[tuple[int, time, time], ...]
    absences: tuple[tuple[int, Span], ...]
    outages: tuple[tuple[int, Span], ...]
    closures: tuple[tuple[date, bool], ...]
    booked: tuple[Booked, ...]
    needs: tuple[tuple[ResourceType, str], ...]
    minutes: int
    buffer: int
    wish: dict[str, object] = field(hash=False)


THINGS = (
    ("Room 1", ResourceType.ROOM, "treatment"),
    ("Room 2", ResourceType.ROOM, ""),
    ("Room 3", ResourceType.ROOM, "Treatment"),
    ("Ultrasound", ResourceType.EQUIPMENT, "imaging"),
)


def _span(start: int, length: int) -> tuple[time, time]:
    """From so many minutes after midnight on, within the day."""
    end = min(start + length, 23 * 60 + 55)
    return time(start // 60, start % 60), time(end // 60, end % 60)


_SPANS = st.builds(_span, st.integers(0, 220).map(lambda n: n * 5), st.sampled_from((35, 120, 245, 480, 600)))
_EVERY_DAY = tuple((day, time(7), time(19)) for day in range(1, 8))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Small clinics of ten days at most, dense enough that free times are rare in some and plenty in others."""
    first = draw(st.sampled_from(FIRST_DAYS))
    midnight = from_wall(datetime.combine(first, time()), BERLIN).instant
    instants = st.integers(0, 10 * 24 * 12).map(lambda n: midnight + n * 5 * MINUTE)
    weekdays = st.integers(1, 7)
    some_hours = st.lists(st.tuples(weekdays, _SPANS).map(lambda made: (made[0], *made[1])), max_size=9).map(tuple)
    longer = st.tuples(instants, st.integers(1, 400)).map(lambda made: (made[0], made[0] + made[1] * 5 * MINUTE))
    rule = st.tuples(weekdays, _SPANS, st.sampled_from((1, 1, 2)), st.sampled_from((None, None, first + timedelta(2))))
    rules = st.lists(rule.map(lambda r: (r[0], *r[1], *r[2:])), min_size=4, max_size=10).map(tuple)
    taken = st.builds(
        Booked,
        person=st.integers(0, 1),
        at_branch=st.booleans() if draw(st.booleans()) else st.just(value=False),
        starts_at=instants,
        minutes=st.sampled_from((10, 20, 30, 55, 90, 600)),
        buffer=st.sampled_from((0, 0, 5, 15)),
        things=st.sets(st.integers(0, 3), max_size=2).map(lambda found: tuple(sorted(found))),
        is_cancelled=st.sampled_from((False, False, False, True)),
        of_patient=st.booleans(),
    )
    first_time, last_time = draw(
        st.sampled_from(((None, None), (None, None), (time(9), None), (None, time(13)), (time(8), time(12))))
    )
    return World(
        first=first,
        rotas=tuple(draw(st.one_of(st.none(), st.just(()), rules, rules)) for _ in PEOPLE),
        hours=draw(st.one_of(st.just(()), st.just(_EVERY_DAY), some_hours)),
        absences=tuple(draw(st.lists(st.tuples(st.integers(0, 1), longer), max_size=3))),
        outages=tuple(draw(st.lists(st.tuples(st.integers(0, 3), longer), max_size=2))),
        closures=tuple(
            draw(st.lists(st.tuples(st.integers(0, 9).map(lambda n: first + timedelta(n)), st.booleans()), max_size=2))
        ),
        booked=tuple(draw(st.lists(taken, max_size=25))),
        needs=tuple(
            draw(
                st.sets(
                    st.sampled_from(
                        (
                            (ResourceType.ROOM, ""),
                            (ResourceType.ROOM, "treatment"),
                            (ResourceType.EQUIPMENT, "imaging"),
                        )
                    )
                )
            )
        ),
        minutes=draw(st.sampled_from((10, 30, 45, 120))),
        buffer=draw(st.sampled_from((0, 10))),
        wish={
            "starts_from": midnight + draw(st.integers(0, 3 * 24 * 60)) * MINUTE,
            "days": draw(st.integers(2, 9)),
            "weekdays": tuple(draw(st.one_of(st.just(()), st.just(()), st.sets(weekdays, max_size=4)))),
            "time_from": first_time,
            "time_to": last_time,
            "step_minutes": draw(st.sampled_from((5, 15, 20, 45, 60))),
            "limit": draw(st.integers(1, 9)),
            "resource_ids": (0,) if draw(st.integers(0, 4)) == 0 else (),
        },
    )


@dataclass(frozen=True)
class Built:
    """A world in the database."""

    clinic: Clinic
    world: World
    things: tuple[UUID, ...]
    patient: UUID
    booked: tuple[Booked, ...]

    def request(self) -> FindSlots:
        """What the world's wish asks for."""
        values = {
            **self.world.wish,
            "clinic_location_id": self.clinic.main,
            "product_service_id": self.clinic.service,
            "patient_id": self.patient,
            "resource_ids": tuple(self.things[n] for n in self.world.wish["resource_ids"]),  # type: ignore[attr-defined]
        }
        return FindSlots.model_validate(values)


def build(clinic: Clinic, world: World) -> Built:
    """Writes the world straight into the tables of a fresh clinic."""
    things = tuple(new_id() for _ in THINGS)
    patient = make_patient(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        for one in (clinic.room, clinic.second_room, clinic.laser):
            session.delete(session.get_one(LocationResource, one))
        service = session.get_one(ProductService, clinic.service)
        service.duration_minutes, service.buffer_minutes = world.minutes, world.buffer
        session.flush()
        session.add_all(_rows(clinic, world, things))
        session.flush()
        kept = _book(session, clinic, world, things, patient)
    return Built(clinic, world, things, patient, kept)


def _rows(clinic: Clinic, world: World, things: Sequence[UUID]) -> Iterator[object]:
    org: dict[str, Any] = {"organization_id": clinic.organization_id}
    here: dict[str, Any] = {"clinic_location_id": clinic.main, **org}
    for thing_id, (name, kind, category) in zip(things, THINGS, strict=True):
        yield LocationResource(id=thing_id, type=kind, name=name, category=category, **here)
    for weekday, opens, closes in world.hours:
        yield LocationHours(weekday=weekday, opens=opens, closes=closes, **here)
    for person, (starts_at, ends_at) in world.absences:
        yield Absence(user_id=clinic.users[PEOPLE[person]], starts_at=starts_at, ends_at=ends_at, **org)
    for thing, (starts_at, ends_at) in world.outages:
        yield ResourceOutage(resource_id=things[thing], starts_at=starts_at, ends_at=ends_at, **org)
    for day, is_everywhere in world.closures:
        at = None if is_everywhere else clinic.main
        yield LocationClosure(clinic_location_id=at, starts_on=day, ends_on=day, name="Closed", **org)
    for kind, category in world.needs:
        yield ServiceRequirement(product_service_id=clinic.service, resource_type=kind, category=category, **org)


def _book(session: Session, clinic: Clinic, world: World, things: Sequence[UUID], patient: UUID) -> tuple[Booked, ...]:
    """Practitioners may be booked twice; rooms are left out where they would be. The rotas are written too."""
    for person, rota in zip(PEOPLE, world.rotas, strict=True):
        if rota is not None:
            profile = session.query(PractitionerProfile).filter_by(user_id=clinic.users[person]).one()
            rules = [_rule(clinic, *one) for one in rota]
            profile.availability_json = WeeklyAvailability(rules=tuple(rules)).to_json()
    other = make_patient(clinic)
    kept: list[Booked] = []
    for one in world.booked:
        free = () if one.at_branch else tuple(n for n in one.things if not _used(n, one, kept))
        made = Booked(**{**one.__dict__, "things": free})
        kept.append(made)
        row = Appointment(
            organization_id=clinic.organization_id,
            patient_id=patient if one.of_patient else other,
            practitioner_user_id=clinic.users[PEOPLE[one.person]],
            clinic_location_id=clinic.branch if one.at_branch else clinic.main,
            starts_at=one.starts_at,
            ends_at=one.visit[1],
            buffer_minutes=one.buffer,
            double_book_reason="Made up",
            status=AppointmentStatus.CANCELLED if one.is_cancelled else AppointmentStatus.BOOKED,
            cancelled_by=CancelledBy.CLINIC if one.is_cancelled else None,
        )
        session.add(row)
        session.flush()
        session.add_all(
            AppointmentResource(organization_id=clinic.organization_id, appointment_id=row.id, resource_id=things[n])
            for n in free
        )
        session.flush()
    return tuple(kept)


def _rule(clinic: Clinic, weekday: int, starts: time, ends: time, weeks: int, since: date | None) -> AvailabilityRule:
    return AvailabilityRule(
        clinic_location_id=clinic.main,
        weekday=weekday,
        starts=starts,
        ends=ends,
        every_weeks=weeks,
        anchor=date(2031, 3, 24) if weeks > 1 else None,
        valid_from=since,
    )


def _used(thing: int, one: Booked, kept: Sequence[Booked]) -> bool:
    return not one.is_cancelled and any(
        thing in other.things and not other.is_cancelled and meet(one.reserved, other.reserved) for other in kept
    )


def meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
