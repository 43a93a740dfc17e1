"""Utilization against a naive oracle that walks minute by minute, on ordinary days and on days the clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.analytics.queries import utilization
from clinic_core.analytics.schemas import PeriodFilter, Utilization
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.models import Absence, Appointment, LocationClosure, LocationHours
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import Clinic, make_clinic, make_patient

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = date(2026, 3, 2)
# The clocks in Berlin go forward on Sunday 29 March 2026 and back on Sunday 25 October 2026.
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)
MINUTE = timedelta(minutes=1)


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), BERLIN).astimezone(UTC)


def works(clinic: Clinic, who: str, *hours: tuple[int, str, str], location: UUID | None = None) -> None:
    """Weekly hours as (ISO weekday, from, to)."""
    rules = [
        f'{{"clinic_location_id": "{location or clinic.main}", "weekday": {day}, "starts": "{start}", "ends": "{end}"}}'
        for day, start, end in hours
    ]
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update practitioner_profile set availability_json = cast(:rules as jsonb) where user_id = :who"),
            {"rules": f"[{','.join(rules)}]", "who": clinic.users[who]},
        )


def book(
    clinic: Clinic,
    starts_at: datetime,
    ends_at: datetime,
    *,
    who: str = "practitioner",
    status: AppointmentStatus = AppointmentStatus.COMPLETED,
    patient_id: UUID | None = None,
    location_id: UUID | None = None,
    rooms: tuple[UUID, ...] = (),
) -> UUID:
    """An appointment as an import leaves it: it may overlap others."""
    appointment_id = new_id()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            Appointment(
                id=appointment_id,
                organization_id=clinic.organization_id,
                patient_id=patient_id or make_patient(clinic),
                practitioner_user_id=clinic.users[who],
                clinic_location_id=location_id or clinic.main,
                starts_at=starts_at,
                ends_at=ends_at,
                status=status,
                imported=True,
                cancelled_by=CancelledBy.PATIENT if status is AppointmentStatus.CANCELLED else None,
            )
        )
        session.flush()
        for room in rooms:
            session.execute(
                text(
                    "insert into appointment_resource (id, organization_id, appointment_id, resource_id)"
                    " values (:id, :organization, :appointment, :room)"
                ),
                {
                    "id": new_id(),
                    "organization": clinic.organization_id,
                    "appointment": appointment_id,
                    "room": room,
                },
            )
    return appointment_id


def measured(clinic: Clinic, first: date, last: date | None = None, **filters: UUID) -> Utilization:
    request = PeriodFilter(first_day=first, last_day=last or first, **filters)
    return perform(clinic.actor("manager"), utilization, request)


def minutes(found: Utilization) -> tuple[int, int, int]:
    return found.booked_minutes, found.available_minutes, found.outside_minutes


def test_booked_time_inside_working_time_counts_once_and_time_outside_apart(clinic: Clinic) -> None:
    works(clinic, "practitioner", (1, "09:00", "12:00"), (1, "13:00", "17:00"))
    book(clinic, at(MONDAY, "09:00"), at(MONDAY, "10:00"))
    book(clinic, at(MONDAY, "09:30"), at(MONDAY, "10:30"), status=AppointmentStatus.NO_SHOW)
    book(clinic, at(MONDAY, "16:30"), at(MONDAY, "18:00"))
    book(clinic, at(MONDAY, "14:00"), at(MONDAY, "15:00"), status=AppointmentStatus.CANCELLED)
    found = measured(clinic, MONDAY)
    assert minutes(found) == (90 + 30, 7 * 60, 60)
    assert found.rate == Decimal("0.285714")


def test_absences_and_closures_shorten_working_time(clinic: Clinic) -> None:
    works(clinic, "practitioner", (1, "09:00", "17:00"), (2, "09:00", "17:00"))
    with owner_work("test.arrange", clinic.organization_id) as session:
        here, who = clinic.organization_id, clinic.users["practitioner"]
        away = at(MONDAY, "09:00"), at(MONDAY, "11:00")
        session.add(Absence(organization_id=here, user_id=who, starts_at=away[0], ends_at=away[1]))
        tuesday = MONDAY + timedelta(days=1)
        session.add(LocationClosure(organization_id=here, starts_on=tuesday, ends_on=tuesday, name="Holiday"))
    book(clinic, at(MONDAY, "10:30"), at(MONDAY, "11:30"))
    assert minutes(measured(clinic, MONDAY, MONDAY + timedelta(days=6))) == (30, 6 * 60, 30)


def test_without_working_time_the_rate_is_not_given(clinic: Clinic) -> None:
    book(clinic, at(MONDAY, "09:00"), at(MONDAY, "10:00"))
    found = measured(clinic, MONDAY)
    assert (minutes(found), found.rate) == ((0, 0, 60), None)


@pytest.mark.parametrize(("day", "hours"), [(FORWARD, 4), (BACK, 6)])
def test_hours_over_a_clock_change_are_as_long_as_they_really_are(clinic: Clinic, day: date, hours: int) -> None:
    works(clinic, "practitioner", (7, "00:00", "05:00"))
    book(clinic, at(day, "00:00"), at(day, "05:00"))
    found = measured(clinic, day)
    assert minutes(found) == (hours * 60, hours * 60, 0)
    assert sum(cell.available_minutes for cell in found.by_hour) == hours * 60


def test_an_appointment_over_the_end_of_the_period_is_cut(clinic: Clinic) -> None:
    works(clinic, "practitioner", (1, "20:00", "00:00"), (2, "00:00", "04:00"))
    book(clinic, at(MONDAY, "23:00"), at(MONDAY + timedelta(days=1), "02:00"))
    assert minutes(measured(clinic, MONDAY)) == (60, 240, 0)
    assert minutes(measured(clinic, MONDAY + timedelta(days=1))) == (120, 240, 0)


def test_the_rows_by_practitioner_and_by_location_sum_to_the_figure(clinic: Clinic) -> None:
    works(clinic, "practitioner", (1, "09:00", "17:00"))
    works(clinic, "second_practitioner", (1, "09:00", "13:00"), location=clinic.branch)
    book(clinic, at(MONDAY, "09:00"), at(MONDAY, "10:00"))
    book(clinic, at(MONDAY, "15:00"), at(MONDAY, "16:00"), who="second_practitioner", location_id=clinic.branch)
    found = measured(clinic, MONDAY)
    for rows in (found.by_practitioner, found.by_location, found.by_hour):
        assert sum(row.booked_minutes for row in rows) == found.booked_minutes == 120
        assert sum(row.available_minutes for row in rows) == found.available_minutes
    assert {row.name: row.rate for row in found.by_practitioner} == {
        "Practitioner": Decimal("0.125"),
        "Second Practitioner": Decimal("0.25"),
    }
    assert minutes(measured(clinic, MONDAY, clinic_location_id=clinic.branch)) == (60, 240, 0)


def test_a_room_is_measured_against_the_hours_of_its_location(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            LocationHours(
                organization_id=clinic.organization_id,
                clinic_location_id=clinic.main,
                weekday=1,
                opens=time(8),
                closes=time(18),
            )
        )
    book(clinic, at(MONDAY, "09:00"), at(MONDAY, "14:00"), rooms=(clinic.room, clinic.laser))
    rooms = {row.name: (row.booked_minutes, row.available_minutes) for row in measured(clinic, MONDAY).by_room}
    assert rooms == {"Room 1": (300, 600), "Room 2": (0, 600)}


def test_a_practitioner_sees_the_own_time_and_an_assistant_that_of_the_own_location(clinic: Clinic) -> None:
    works(clinic, "practitioner", (1, "09:00", "17:00"))
    works(clinic, "second_practitioner", (1, "09:00", "13:00"), location=clinic.branch)
    period = PeriodFilter(first_day=MONDAY, last_day=MONDAY)
    own = perform(clinic.actor("practitioner"), utilization, period)
    assert [row.name for row in own.by_practitioner] == ["Practitioner"]
    here = perform(clinic.actor("assistant"), utilization, period)
    assert [row.name for row in here.by_location] == ["Main street"]
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("patient"), utilization, period)
    whose = period.model_copy(update={"practitioner_user_id": clinic.users["second_practitioner"]})
    with pytest.raises(NotFound):
        perform(clinic.actor("practitioner"), utilization, whose)
    there = period.model_copy(update={"clinic_location_id": clinic.branch})
    with pytest.raises(NotFound):
        perform(clinic.actor("assistant"), utilization, there)


def test_a_period_must_run_forward(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="before it begins"):
        measured(clinic, MONDAY, MONDAY - timedelta(days=1))


@dataclass(frozen=True)
class Naive:
    """Booked, available and outside minutes, found by looking at every minute of the period."""

    booked: int
    available: int
    outside: int


def naive(first: date, last: date, hours: list[tuple[int, str, str]], booked: list[tuple[datetime, datetime]]) -> Naive:
    instant = datetime.combine(first, time(), BERLIN).astimezone(UTC)
    end = datetime.combine(last + timedelta(days=1), time(), BERLIN).astimezone(UTC)
    counts = {"booked": 0, "available": 0, "outside": 0}
    while instant < end:
        wall = instant.astimezone(BERLIN)
        clock = f"{wall:%H:%M}"
        working = any(day == wall.isoweekday() and start <= clock < until for day, start, until in hours)
        taken = any(start <= instant < until for start, until in booked)
        counts["available"] += working
        counts["booked"] += working and taken
        counts["outside"] += taken and not working
        instant += MINUTE
    return Naive(**counts)


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(
    sunday=st.sampled_from([FORWARD, BACK, date(2026, 5, 3)]),
    morning=st.sampled_from(["00:30", "04:00", "09:15"]),
    spans=st.lists(st.tuples(st.integers(0, 3 * 24 * 4), st.integers(1, 40)), max_size=6),
)
def test_utilization_is_what_a_walk_through_every_minute_finds(
    sunday: date, morning: str, spans: list[tuple[int, int]]
) -> None:
    clinic = make_clinic()
    hours = [(day, start, end) for day in (6, 7, 1) for start, end in ((morning, "12:00"), ("13:00", "18:00"))]
    works(clinic, "practitioner", *hours)
    first, last = sunday - timedelta(days=1), sunday + timedelta(days=1)
    begin = datetime.combine(first, time(), BERLIN).astimezone(UTC) - timedelta(hours=5)
    patient_id = make_patient(clinic)
    booked = []
    for quarter, length in spans:
        span = begin + timedelta(minutes=15 * quarter), begin + timedelta(minutes=15 * (quarter + length))
        book(clinic, *span, patient_id=patient_id)
        booked.append(span)
    expected = naive(first, last, hours, booked)
    found = measured(clinic, first, last)
    assert minutes(found) == (expected.booked, expected.available, expected.outside)
    assert sum(cell.booked_minutes for cell in found.by_hour) == expected.booked
