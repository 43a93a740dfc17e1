"""Changing a series leaves alone what was attended, missed, cancelled, skipped, invoiced, past or changed by itself."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.schemas import DraftInvoice, DraftLine
from clinic_core.billing.service import draft_invoice
from clinic_core.errors import Conflict
from clinic_core.kit.calendar import from_wall
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import get_series
from clinic_core.scheduling.schemas import GetSeries
from clinic_core.vocabulary import AppointmentStatus, DateChoice, ItemType, SeriesStep
from tests.factories import Clinic
from tests.scheduling.series_arrange import (
    BERLIN,
    FUTURE,
    MONDAY_AT_TEN,
    THIS,
    call_off,
    change,
    chosen,
    extended,
    live,
    mondays,
    move,
    preview_change,
    repeat,
    rows,
    set_status,
    sound,
    walls,
)

wall = datetime.fromisoformat
START = datetime.fromisoformat("2031-03-01T08:00Z")
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(START):
        yield


def test_an_exception_keeps_its_changes_unless_it_is_ticked(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    move(clinic, rows(clinic)[3], 3 * HOUR)
    kept = change(clinic, booked[1], time_of_day=time(9))
    assert walls(clinic) == ["03-03 10:00", "03-10 09:00", "03-17 09:00", "03-24 13:00", "03-31 09:00"]
    assert booked[3] not in kept.changed
    exception = next(row for row in rows(clinic) if row.id == booked[3])
    assert exception.series_id == kept.id
    assert exception.original_starts_at == from_wall(wall("2031-03-24T09:00"), BERLIN).instant
    seen = preview_change(clinic, booked[1], time_of_day=time(8))
    assert [row.step for row in seen.rows if row.is_exception] == [SeriesStep.KEEP]
    change(clinic, booked[1], time_of_day=time(8), exceptions=(booked[3],))
    assert walls(clinic)[3] == "03-24 08:00"
    sound(clinic)


def test_an_appointment_with_a_colleague_or_in_another_room_is_an_exception(clinic: Clinic) -> None:
    booked = repeat(clinic, resource_ids=(clinic.room,)).booked
    found = rows(clinic)
    move(clinic, found[1], timedelta(), practitioner_user_id=clinic.users["second_practitioner"])
    move(clinic, found[2], timedelta(), resource_ids=(clinic.second_room,))
    change(clinic, booked[0], FUTURE, time_of_day=time(11))
    assert [row[-5:] for row in walls(clinic)] == ["11:00", "10:00", "10:00", "11:00", "11:00"]
    sound(clinic)


@pytest.mark.parametrize("status", ["arrived", "in_progress", "completed", "no_show", "cancelled"])
def test_what_was_attended_missed_or_cancelled_never_changes(clinic: Clinic, status: str) -> None:
    booked = repeat(clinic).booked
    set_status(clinic, booked[2], AppointmentStatus(status))
    before = next(row for row in rows(clinic) if row.id == booked[2])
    outcome = change(clinic, booked[1], time_of_day=time(11))
    after = next(row for row in rows(clinic) if row.id == booked[2])
    assert (after.starts_at, after.status, after.series_id, after.original_starts_at) == (
        before.starts_at,
        before.status,
        before.series_id,
        before.original_starts_at,
    )
    assert set(outcome.changed) == {booked[1], booked[3], booked[4]}
    assert extended(clinic) == 0
    assert len(rows(clinic)) == 5
    sound(clinic)


def test_what_is_past_never_changes(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    with frozen_at(START + 2 * WEEK + 4 * DAY):
        outcome = change(clinic, booked[0], time_of_day=time(11))
        assert walls(clinic) == [*mondays(3), *mondays(5, time(11))[3:]]
        assert set(outcome.changed) == set(booked[3:])
        with pytest.raises(Conflict, match="is over"):
            change(clinic, booked[0], THIS, time_of_day=time(12))
    with frozen_at(START + 9 * WEEK), pytest.raises(Conflict, match="lies ahead"):
        change(clinic, booked[4], FUTURE, time_of_day=time(12))


def test_what_is_invoiced_never_changes(clinic: Clinic) -> None:
    booked = repeat(clinic).booked
    patient_id = perform(clinic.actor("assistant"), get_series, GetSeries(appointment_id=booked[0])).patient_id
    line = DraftLine(
        item_type=ItemType.FEE,
        description="Deposit",
        unit_price=Decimal(10),
        tax_rate=Decimal(0),
        appointment_id=booked[2],
    )
    perform(clinic.actor("manager"), draft_invoice, DraftInvoice(patient_id=patient_id, lines=(line,)))
    seen = preview_change(clinic, booked[1], time_of_day=time(11))
    assert [(row.step, row.why) for row in seen.rows if row.appointment_id == booked[2]] == [
        (SeriesStep.STAY, "on an invoice")
    ]
    change(clinic, booked[1], time_of_day=time(11))
    assert [row[-5:] for row in walls(clinic)] == ["10:00", "11:00", "10:00", "11:00", "11:00"]
    call_off(clinic, booked[0], FUTURE)
    assert [row.id for row in live(clinic)] == [booked[2]]
    assert extended(clinic) == 0
    sound(clinic)


def test_a_skipped_date_stays_skipped_and_a_cancelled_one_is_not_booked_again(clinic: Clinic) -> None:
    skip = chosen(from_wall(MONDAY_AT_TEN + 3 * WEEK, BERLIN).instant, DateChoice.SKIP)
    booked = repeat(clinic, "FREQ=WEEKLY", choices=(skip,)).booked
    call_off(clinic, booked[2], THIS)
    count = len(live(clinic))
    change(clinic, booked[0], FUTURE, time_of_day=time(11))
    assert len(live(clinic)) == count
    assert walls(clinic)[:4] == ["03-03 11:00", "03-10 11:00", "03-31 11:00", "04-07 11:00"]
    assert extended(clinic) == 0
    sound(clinic)
