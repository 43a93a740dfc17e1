"""The plan of the demo clinic: possible, lively, and the same for the same seed and moment."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest

from clinic_core.kit.calendar import local_date, overlaps, to_wall
from clinic_core.seed.demo_appointment import PRACTITIONERS, PlannedAppointment, place
from clinic_core.seed.demo_bills import WHOLE, plan_bills, plan_corrections, plan_credits
from clinic_core.seed.demo_charts import plan_visits
from clinic_core.seed.demo_clinic import CATALOGUE, CONSULTING, LOCATIONS, STAFF, TREATMENT, Shift
from clinic_core.seed.demo_plan import AHEAD_DAYS, PAST_DAYS, DemoPlan, plan_weeks
from clinic_core.seed.demo_series import SERIES
from clinic_core.vocabulary import AbsenceKind, AppointmentStatus, BaselineRole, PaymentMethod
from tests.seed.conftest import AS_OF

SUNDAY_OF_THE_CLOCKS = datetime(2027, 3, 28, 9, 0, tzinfo=UTC)
EVERY_WEEKDAY = [AS_OF + timedelta(days=days) for days in range(7)]


def kept(plan: DemoPlan) -> list[PlannedAppointment]:
    return [one for one in plan.appointments if one.status is not AppointmentStatus.CANCELLED]


def day_of(one: PlannedAppointment) -> date:
    return local_date(one.starts_at, place(one.location))


def shift_of(one: PlannedAppointment) -> Shift | None:
    """The shift of the practitioner that the appointment lies in."""
    starts, ends = to_wall(one.starts_at, place(one.location)), to_wall(one.taken[1], place(one.location))
    for person in PRACTITIONERS:
        for shift in person.shifts:
            if (
                person.sign_in == one.practitioner
                and shift.location == one.location
                and starts.isoweekday() in shift.span.weekdays
                and shift.span.opens <= starts.time() < ends.time() <= shift.span.closes
            ):
                return shift
    return None


def test_one_seed_and_moment_make_one_plan(plan: DemoPlan) -> None:
    again = plan_weeks(7, AS_OF)
    visits = plan_visits(plan, 7)
    assert again == plan
    assert plan_visits(again, 7) == visits
    assert plan_bills(again, plan_visits(again, 7), 7) == plan_bills(plan, visits, 7)
    assert plan_credits(again, 7) == plan_credits(plan, 7)
    assert plan_weeks(8, AS_OF) != plan


def test_nobody_and_nothing_is_in_two_places(plan: DemoPlan) -> None:
    taken: dict[tuple[str, ...], list[tuple[datetime, datetime]]] = defaultdict(list)
    for one in kept(plan):
        taken["practitioner", one.practitioner].append(one.taken)
        taken["patient", str(one.patient)].append(one.taken)
        for thing in filter(None, (one.room, one.equipment)):
            taken["resource", one.location, thing].append(one.taken)
    clashes = [key for key, spans in taken.items() for one, other in pairwise(sorted(spans)) if one[1] > other[0]]
    assert clashes == []


def test_everybody_is_seen_within_the_shift_and_in_its_room(plan: DemoPlan) -> None:
    odd = [one for one in plan.appointments if (shift := shift_of(one)) is None or shift.room != one.room]
    assert odd == []


def test_everything_is_done_in_a_room_that_it_needs(plan: DemoPlan) -> None:
    rooms = {(location.key, name): category for location in LOCATIONS for name, category in location.rooms}
    assert {rooms[one.location, one.room] for one in plan.appointments if one.service.room} == {TREATMENT}
    assert CONSULTING in {rooms[one.location, one.room] for one in plan.appointments}


@pytest.mark.parametrize("as_of", [*EVERY_WEEKDAY, SUNDAY_OF_THE_CLOCKS], ids=lambda day: f"{day:%A %d %B}")
def test_nobody_is_expected_where_it_is_closed_or_by_who_is_away(as_of: datetime) -> None:
    plan = plan_weeks(7, as_of)
    closed = [one for one in plan.appointments if plan.away.is_closed(one.location, day_of(one))]
    absent = [
        one
        for one in kept(plan)
        for away in plan.away.absences
        if away.practitioner == one.practitioner and overlaps(one.taken, away.during)
    ]
    assert (closed, absent) == ([], [])
    assert {away.kind for away in plan.away.absences} == {
        AbsenceKind.HOLIDAY,
        AbsenceKind.TRAINING,
        AbsenceKind.BLOCKED,
    }
    assert not any(one.day == plan.today for one in plan.away.closures)
    assert any(one.day <= plan.today + timedelta(days=AHEAD_DAYS) for one in plan.away.closures)


@pytest.mark.parametrize("as_of", [*EVERY_WEEKDAY, SUNDAY_OF_THE_CLOCKS], ids=lambda day: f"{day:%A %d %B}")
def test_series_were_kept_so_far_and_their_dates_ahead_are_kept_free(as_of: datetime) -> None:
    plan = plan_weeks(7, as_of)
    assert len({one.patient for one in plan.series}) == len(SERIES)
    for series in plan.series:
        come = [one.starts_at for one in plan.appointments if one.series == series.rule.key]
        ahead = [one for one in series.appointments() if day_of(one) > plan.today]
        assert come == list(series.dates[: len(come)])
        assert len(come) + len(ahead) == len(series.dates)
        assert come
        assert ahead
        others = [one for one in kept(plan) if not one.series and one.practitioner == series.rule.practitioner]
        assert not any(overlaps(one.taken, other.taken) for one in ahead for other in others)
        assert {to_wall(one, place(series.rule.location)).time() for one in series.dates} == {series.rule.at}


def test_one_series_is_half_done_and_one_meets_a_holiday(plan: DemoPlan) -> None:
    ten, without_end = plan.series[:2]
    assert sum(one <= AS_OF for one in ten.dates) == 5
    holiday = next(away.during for away in plan.away.absences if away.kind is AbsenceKind.HOLIDAY)
    assert any(holiday.start <= one < holiday.end for one in without_end.dates)


def test_it_reaches_from_three_months_back_to_four_weeks_ahead(plan: DemoPlan) -> None:
    days = {day_of(one) for one in plan.appointments if not plan.patients[one.patient].is_former}
    today = AS_OF.date()
    assert min(days) == today - timedelta(days=PAST_DAYS)
    assert today + timedelta(days=AHEAD_DAYS - 3) <= max(days) <= today + timedelta(days=AHEAD_DAYS)


def test_some_came_once_before_and_never_again(plan: DemoPlan) -> None:
    former = [one for one in plan.appointments if plan.patients[one.patient].is_former]
    assert len({one.patient for one in former}) == len(former) == 8
    assert max(day_of(one) for one in former) < plan.today - timedelta(days=PAST_DAYS)
    assert min(day_of(one) for one in former) > plan.today - timedelta(days=330)


def test_about_seven_tenths_of_the_working_time_are_booked(plan: DemoPlan) -> None:
    today = AS_OF.date()
    worked = sum(
        (datetime.combine(date.min, shift.span.closes) - datetime.combine(date.min, shift.span.opens)).seconds
        for days in range(1, PAST_DAYS + 1)
        for person in PRACTITIONERS
        for shift in person.shifts
        if (today - timedelta(days=days)).isoweekday() in shift.span.weekdays
    )
    past = [one for one in kept(plan) if one.starts_at.date() < today]
    booked = sum((one.ends_at - one.starts_at).total_seconds() for one in past)
    assert 0.65 < booked / worked < 0.78


@pytest.mark.parametrize("as_of", EVERY_WEEKDAY, ids=lambda day: f"{day:%A}")
def test_every_day_of_the_week_has_a_waiting_room(as_of: datetime) -> None:
    lively = plan_weeks(7, as_of)
    today = [one for one in lively.appointments if local_date(one.starts_at, place(one.location)) == as_of.date()]
    statuses = Counter(one.status for one in today)
    assert statuses[AppointmentStatus.ARRIVED] >= 2
    assert statuses[AppointmentStatus.COMPLETED] >= 1
    assert all(one.status_at and one.status_at < as_of for one in today if one.status is AppointmentStatus.ARRIVED)


def test_whoever_is_late_was_expected_a_little_while_ago() -> None:
    expected = {AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED}
    seen = 0
    for as_of in EVERY_WEEKDAY:
        plan = plan_weeks(7, as_of)
        begun = [one for one in plan.appointments if day_of(one) == plan.today and one.starts_at < as_of]
        late = [one for one in begun if one.status in expected]
        assert all(timedelta(minutes=2) <= as_of - one.starts_at <= timedelta(minutes=45) for one in late)
        seen += len(late)
    assert seen >= len(EVERY_WEEKDAY) // 2


def test_no_outcome_comes_before_its_time(plan: DemoPlan) -> None:
    over = {AppointmentStatus.COMPLETED, AppointmentStatus.NO_SHOW}
    assert [one for one in plan.appointments if one.status in over and one.starts_at > AS_OF] == []
    assert [one for one in plan.appointments if one.status_at and one.status_at > AS_OF] == []
    assert [one for one in plan.appointments if one.cancelled_late and one.starts_at - (one.status_at or AS_OF)
            >= timedelta(hours=24)] == []  # fmt: skip


def test_past_visits_left_open_missed_and_called_off_are_there_to_be_worked_on(plan: DemoPlan) -> None:
    past = Counter(one.status for one in plan.appointments if one.ends_at < AS_OF)
    assert past[AppointmentStatus.BOOKED] == 2
    assert past[AppointmentStatus.NO_SHOW] > 20
    assert past[AppointmentStatus.CANCELLED] > 40
    assert any(one.cancelled_late for one in plan.appointments)


def test_notes_are_signed_unsigned_amended_and_missing(plan: DemoPlan) -> None:
    visits = plan_visits(plan, 7)
    completed = [one for one in plan.appointments if one.status is AppointmentStatus.COMPLETED]
    assert 0 < len(completed) - len(visits) < 30
    assert 2 < sum(not visit.is_signed for visit in visits) < 40
    assert 3 < sum(visit.is_amended for visit in visits) < 20


def test_bills_are_drafted_paid_in_full_in_part_and_not_at_all(plan: DemoPlan) -> None:
    visits = plan_visits(plan, 7)
    bills = plan_bills(plan, visits, 7)
    issued = [bill for bill in bills if bill.issue_at]
    assert 0 < len(bills) - len(issued) < 20
    assert {payment.method for bill in issued for payment in bill.payments} >= {
        PaymentMethod.CARD,
        PaymentMethod.CASH,
        PaymentMethod.TRANSFER,
        PaymentMethod.INSURANCE,
    }
    unpaid = [bill for bill in issued if not bill.payments]
    assert any(len(bill.payments) == 1 and bill.payments[0].share < WHOLE for bill in issued)
    ages = {min((AS_OF - bill.issue_at).days // 30, 4) for bill in unpaid if bill.issue_at}
    assert ages >= {0, 1, 2, 4}
    charged = [index for bill in bills for index in bill.appointments]
    assert len(charged) == len(set(charged))
    assert len(visits) - len(charged) > 0
    assert all(payment.at <= AS_OF for bill in bills for payment in bill.payments)


@pytest.mark.parametrize("as_of", EVERY_WEEKDAY)
def test_every_day_of_the_week_has_a_bill_in_every_state(as_of: datetime) -> None:
    plan = plan_weeks(7, as_of)
    bills = plan_bills(plan, plan_visits(plan, 7), 7)
    corrections = plan_corrections(bills)
    assert any(bill.issue_at is None for bill in bills)
    corrected = [*corrections.taken_back, corrections.taken_back_and_refunded, corrections.written_off]
    corrected += [corrections.credited_in_part]
    assert len(set(corrected)) == 5
    assert all(bills[index].issue_at for index in corrected)
    assert not bills[corrections.written_off].payments


def test_every_role_works_here_and_contacts_reach_nobody(plan: DemoPlan) -> None:
    assert {person.role for person in STAFF} == set(BaselineRole) - {BaselineRole.PATIENT}
    assert len(PRACTITIONERS) == 4
    assert len({location.timezone for location in LOCATIONS}) == 2
    assert len({item.tax_rate for item in CATALOGUE}) == 3
    reserved = ("+49 30 23125 ", "+44 1632 960")
    assert all(patient.phone.startswith(reserved) for patient in plan.patients if patient.phone)
    assert all(patient.email.endswith("@example.org") for patient in plan.patients if patient.email)
    scripts = {min(ord(sign) for sign in patient.last_name) // 256 for patient in plan.patients}
    assert len(scripts) >= 6


def test_names_are_all_different(plan: DemoPlan) -> None:
    assert len({(patient.first_name, patient.last_name) for patient in plan.patients}) == len(plan.patients)


def test_a_plan_across_the_change_of_clocks_keeps_wall_time() -> None:
    spring = plan_weeks(7, datetime(2027, 4, 6, 9, 0, tzinfo=UTC))
    before = [one for one in spring.appointments if one.starts_at.date() < date(2027, 3, 28)]
    assert all(shift_of(one) for one in spring.appointments)
    assert min(to_wall(one.starts_at, place(one.location)).time() for one in before) == time(8)
