"""What a change does with each appointment, as a rule for every series: nothing lost, nothing doubled."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from clinic_core.kit.ids import new_id
from clinic_core.kit.recurrence import Occurrence, expand
from clinic_core.scheduling.schemas.series import MOST_AT_ONCE
from clinic_core.scheduling.series import FOREVER, by_whole_days
from clinic_core.scheduling.series_change import Change, Story, new_dates_needed, plan_change
from clinic_core.scheduling.series_held import Held
from clinic_core.vocabulary import AppointmentStatus, SeriesStep

wall = datetime.fromisoformat
START = datetime(2031, 3, 3, 9, tzinfo=UTC)
KINDS = st.lists(st.sampled_from(["live", "exception", "ticked", "fixed", "skipped", "missing"]), max_size=90)


def dates(number: int, every: timedelta, start: datetime = START) -> list[Occurrence]:
    return [
        Occurrence((start + n * every).replace(tzinfo=None), start + n * every, shifted=False, repeated=False)
        for n in range(number)
    ]


def held(date: Occurrence) -> Held:
    return Held(
        id=new_id(),
        original_starts_at=date.instant,
        starts_at=date.instant,
        ends_at=date.instant + timedelta(minutes=30),
        practitioner_user_id=UUID(int=1),
        clinic_location_id=UUID(int=2),
        product_service_id=None,
        buffer_minutes=0,
        note="",
        status=AppointmentStatus.BOOKED,
        double_book_reason=None,
        override_reason=None,
        override_kinds=(),
        is_deleted=False,
        is_invoiced=False,
        is_documented=False,
        resource_ids=(),
    )


def planned(kinds: list[str], number: int, hours: int, until_days: int) -> tuple[Story, list[Occurrence], Change]:
    old = dates(len(kinds), timedelta(days=7))
    told = list(zip(old, kinds, strict=True))
    by_date = {date.instant: held(date) for date, kind in told if kind not in {"skipped", "missing"}}
    ids = {kind: {by_date[d.instant].id for d, k in told if k == kind} for kind in ("exception", "ticked", "fixed")}
    story = Story(
        held=by_date,
        fixed=dict.fromkeys(ids["fixed"], "over"),
        exceptions=ids["exception"] | ids["ticked"],
        ticked=ids["ticked"],
        skipped={date.instant for date, kind in told if kind == "skipped"},
    )
    new = dates(min(number, new_dates_needed(old)), timedelta(hours=hours), START + timedelta(hours=2))
    return story, new, plan_change(old, new, story, START + timedelta(days=until_days))


@given(KINDS, st.integers(0, 200), st.integers(1, 400), st.integers(0, 730))
def test_every_appointment_has_one_step_and_every_new_date_at_most_one(
    kinds: list[str], number: int, hours: int, until_days: int
) -> None:
    story, _, change = planned(kinds, number, hours, until_days)
    steps = [step for step in change.steps if step.held]
    assert sorted(step.held.id for step in steps if step.held) == sorted(one.id for one in story.held.values())
    taken = [step.date.wall for step in change.steps if step.date and step.kind is not SeriesStep.STAY]
    assert len(taken) == len(set(taken))
    assert not set(taken) & set(change.exdates)
    for step in steps:
        assert step.held is not None
        if step.held.id in story.fixed:
            assert step.kind is SeriesStep.STAY
        elif step.held.id in set(story.exceptions) - set(story.ticked):
            assert step.kind in {SeriesStep.KEEP, SeriesStep.CANCEL}
        else:
            assert step.kind in {SeriesStep.MOVE, SeriesStep.CANCEL}
        assert (step.kind is SeriesStep.CANCEL) <= (step.date is None)


@given(KINDS, st.integers(0, 200), st.integers(1, 400), st.integers(0, 730))
def test_every_date_before_the_bound_is_dealt_with_and_at_most_sixty_are_booked(
    kinds: list[str], number: int, hours: int, until_days: int
) -> None:
    _, new, change = planned(kinds, number, hours, until_days)
    dealt_with = {step.date.instant for step in change.steps if step.date} | {
        date.instant for date in new if date.wall in change.exdates
    }
    assert {date.instant for date in new if date.instant < change.materialised_until} <= dealt_with
    assert change.materialised_until is FOREVER or change.materialised_until in {date.instant for date in new}
    assert sum(step.kind is SeriesStep.BOOK for step in change.steps) <= MOST_AT_ONCE


@given(st.datetimes(wall("2031-01-01"), wall("2031-03-01")), st.integers(0, 23), st.integers(0, 23))
def test_an_end_by_whole_days_names_the_same_dates_and_holds_for_other_times(
    until: datetime, at: int, then: int
) -> None:
    start = wall("2031-01-01").replace(hour=at)
    rrule = f"FREQ=DAILY;UNTIL={until:%Y%m%dT%H%M%S}"
    whole = by_whole_days(rrule, start)
    found = expand(rrule, start, "UTC")
    assert expand(whole, start, "UTC") == found
    assert not found or len(expand(whole, start.replace(hour=then), "UTC")) == len(found)
