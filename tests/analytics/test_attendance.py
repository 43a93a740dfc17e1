"""No-show and cancellation rates, and exactly the appointments behind them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.analytics.queries import list_no_show, no_show_rate
from clinic_core.analytics.schemas import NoShow, PeriodFilter, PeriodRowsRequest
from clinic_core.errors import PermissionDenied
from clinic_core.vocabulary import AppointmentStatus
from tests.analytics.test_utilization import MONDAY, at, book
from tests.factories import Clinic, make_clinic

S = AppointmentStatus


def rate(clinic: Clinic, role: str = "manager", first: date = MONDAY, last: date = MONDAY) -> NoShow:
    return perform(clinic.actor(role), no_show_rate, PeriodFilter(first_day=first, last_day=last))


def fill(clinic: Clinic, *statuses: AppointmentStatus, who: str = "practitioner") -> None:
    for hour, status in enumerate(statuses):
        book(clinic, at(MONDAY, f"{8 + hour:02}:00"), at(MONDAY, f"{8 + hour:02}:30"), status=status, who=who)


def test_the_rate_is_no_shows_over_attended_plus_no_shows(clinic: Clinic) -> None:
    fill(clinic, S.NO_SHOW, S.COMPLETED, S.ARRIVED, S.IN_PROGRESS, S.CANCELLED, S.BOOKED, S.CONFIRMED)
    found = rate(clinic)
    assert (found.no_show, found.attended, found.rate) == (1, 3, Decimal("0.25"))
    assert (found.appointments, found.cancelled_early, found.unclosed) == (7, 1, 2)
    assert found.cancellation_rate == Decimal("0.142857")


def test_with_nobody_expected_the_rate_is_not_given(clinic: Clinic) -> None:
    assert rate(clinic).rate is None


def test_cancellations_are_told_apart(clinic: Clinic) -> None:
    fill(clinic, S.CANCELLED, S.CANCELLED, S.CANCELLED)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "update appointment set cancelled_late = starts_at = :first,"
                " cancelled_by = case when starts_at = :second then 'clinic' else 'patient' end"
                " where organization_id = :organization"
            ),
            {"first": at(MONDAY, "08:00"), "second": at(MONDAY, "09:00"), "organization": clinic.organization_id},
        )
    found = rate(clinic)
    assert (found.cancelled_late, found.cancelled_by_clinic, found.cancelled_early) == (1, 1, 1)


def test_each_location_has_its_own_days(clinic: Clinic) -> None:
    """23:30 on Monday in New York is 05:30 on Tuesday in Berlin."""
    late = at(MONDAY + timedelta(days=1), "05:30")
    book(clinic, late, late + timedelta(minutes=30), status=S.NO_SHOW, location_id=clinic.branch)
    book(clinic, late, late + timedelta(minutes=30), status=S.NO_SHOW, who="second_practitioner")
    assert rate(clinic).no_show == 1
    assert rate(clinic, first=MONDAY + timedelta(days=1), last=MONDAY + timedelta(days=1)).no_show == 1


def test_deleted_appointments_and_other_organisations_are_not_counted(clinic: Clinic) -> None:
    fill(make_clinic(), S.NO_SHOW)
    fill(clinic, S.NO_SHOW)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update appointment set deleted_at = now() where organization_id = :id"),
            {"id": clinic.organization_id},
        )
    assert rate(clinic).appointments == 0


def test_the_rows_are_the_appointments_of_the_rate_missed_first(clinic: Clinic) -> None:
    fill(clinic, S.COMPLETED, S.NO_SHOW, S.CANCELLED, S.BOOKED)
    wanted = PeriodRowsRequest(first_day=MONDAY, last_day=MONDAY)
    page = perform(clinic.actor("manager"), list_no_show, wanted)
    assert [row.status for row in page.rows] == [S.NO_SHOW, S.COMPLETED]
    assert page.count == rate(clinic).no_show + rate(clinic).attended
    assert page.rows[0].patient_name == "Ada Demo"


def test_a_practitioner_sees_the_own_rate_only(clinic: Clinic) -> None:
    fill(clinic, S.NO_SHOW)
    fill(clinic, S.NO_SHOW, who="second_practitioner")
    assert rate(clinic, "practitioner").no_show == 1
    assert rate(clinic, "assistant").no_show == 2
    with pytest.raises(PermissionDenied):
        rate(clinic, "patient")
