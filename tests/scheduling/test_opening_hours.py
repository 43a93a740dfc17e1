"""Opening hours: what lies outside them once they change, forms that are stale, bookings under way."""

from concurrent.futures import ThreadPoolExecutor
from datetime import time
from threading import Event

import pytest

from clinic_core.access import perform, unit_of_work
from clinic_core.errors import StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.queries import get_opening_hours
from clinic_core.scheduling.schemas import (
    DayHours,
    GetOpeningHours,
    OpeningHoursSaved,
    OpeningSpan,
    SetOpeningHours,
    UpdateLocation,
)
from clinic_core.scheduling.service import book_appointment, set_opening_hours, update_location
from tests.factories import Clinic
from tests.scheduling.arrange import book, booking

AFTERNOON = (OpeningSpan(weekday=1, opens=time(14), closes=time(18)),)


def save(clinic: Clinic, spans: tuple[OpeningSpan, ...] = AFTERNOON, **fields: object) -> OpeningHoursSaved:
    request = SetOpeningHours.model_validate({"clinic_location_id": clinic.main, "spans": spans, **fields})
    return perform(clinic.actor("owner"), set_opening_hours, request)


def stored(clinic: Clinic) -> DayHours:
    return perform(clinic.actor("owner"), get_opening_hours, GetOpeningHours(clinic_location_id=clinic.main))


def test_new_opening_hours_tell_how_many_appointments_lie_outside_them(clinic: Clinic) -> None:
    book(clinic), book(clinic, 1), book(clinic, 5)
    book(clinic, 2, by="manager", clinic_location_id=clinic.branch)
    assert save(clinic).displaced == 2
    assert save(clinic, ()).displaced == 0


def test_a_stale_form_changes_no_opening_hours_and_a_double_click_changes_them_once(clinic: Clinic) -> None:
    drawn, request_id = stored(clinic), new_id()
    first = save(clinic, version=drawn.version, request_id=request_id)
    assert save(clinic, version=drawn.version, request_id=request_id) == first
    assert (stored(clinic).version, stored(clinic).spans) == (first.version, AFTERNOON)
    with pytest.raises(StaleEdit, match="location was changed by"):
        save(clinic, (), version=drawn.version)
    assert stored(clinic).spans == AFTERNOON
    assert save(clinic, (), version=first.version).spans == ()


def test_the_form_of_a_location_knows_that_its_hours_were_changed(clinic: Clinic) -> None:
    drawn = stored(clinic)
    save(clinic)
    rename = UpdateLocation(
        clinic_location_id=clinic.main, name="Hill", timezone="Europe/Berlin", active=True, version=drawn.version
    )
    with pytest.raises(StaleEdit):
        perform(clinic.actor("owner"), update_location, rename)


def test_a_booking_under_way_is_counted(clinic: Clinic) -> None:
    desk, request, is_asking = clinic.actor("assistant"), booking(clinic), Event()

    def close_the_morning() -> int:
        is_asking.set()
        return save(clinic).displaced

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work(desk) as work:
            book_appointment(work, request)
            saved = pool.submit(close_the_morning)
            assert is_asking.wait(60)
        assert saved.result(60) == 1
