"""Invoiced and collected, never mixed, and exactly the papers behind each; exports; the dashboard in one reading."""

import csv
import io
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text

from clinic_core.access import perform, unit_of_work
from clinic_core.analytics.queries import list_collected, list_invoiced, list_report_choices, overview, revenue
from clinic_core.analytics.queries.overview import compared_days
from clinic_core.analytics.schemas import (
    Comparison,
    OutstandingRowsRequest,
    OverviewRequest,
    PeriodFilter,
    PeriodRowsRequest,
    Revenue,
)
from clinic_core.analytics.service import export_collected, export_credit, export_invoiced, export_outstanding
from clinic_core.errors import PermissionDenied
from clinic_core.kit.tables import Table
from tests.analytics.ledger import Ledger
from tests.factories import Clinic, make_patient

D = Decimal
JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 31)


def earned(clinic: Clinic, first: date = JANUARY, last: date = MARCH) -> Revenue:
    return perform(clinic.actor("manager"), revenue, PeriodFilter(first_day=first, last_day=last))


@pytest.fixture
def books(clinic: Clinic) -> Ledger:
    """100 issued in January, 60 in March; 80 received in February; 30 credited and 10 paid back in March."""
    ledger, ada = Ledger(clinic), make_patient(clinic)
    first = ledger.issue(ada, "100.00", date(2026, 1, 31))
    ledger.issue(ada, "60.00", date(2026, 3, 1), practitioner_id=clinic.users["practitioner"])
    receipt = ledger.receive(ada, "80.00", date(2026, 2, 28), {first: D("70.00")})
    ledger.credit(first, D("30.00"), date(2026, 3, 31))
    ledger.refund(receipt, D("10.00"), date(2026, 3, 15))
    return ledger


def test_invoiced_goes_by_issue_date_and_collected_by_day_of_receipt(clinic: Clinic, books: Ledger) -> None:
    found = earned(clinic)
    assert (found.invoiced, found.collected) == (D("130.00"), D("70.00"))
    assert [(f"{each.month:%m}", each.invoiced, each.collected) for each in found.months] == [
        ("01", D("100.00"), D("0.00")),
        ("02", D("0.00"), D("80.00")),
        ("03", D("30.00"), D("-10.00")),
    ]


def test_the_period_is_cut_to_the_day(clinic: Clinic, books: Ledger) -> None:
    assert earned(clinic, date(2026, 2, 1), date(2026, 3, 30)).invoiced == D("60.00")


def test_the_rows_sum_to_the_figures(clinic: Clinic, books: Ledger) -> None:
    wanted = PeriodRowsRequest(first_day=JANUARY, last_day=MARCH)
    invoiced = perform(clinic.actor("manager"), list_invoiced, wanted)
    assert sum(row.amount for row in invoiced.rows) == invoiced.total == D("130.00")
    collected = perform(clinic.actor("manager"), list_collected, wanted)
    assert sum(row.amount for row in collected.rows) == collected.total == D("70.00")


def test_with_a_practitioner_collected_is_not_given_and_has_no_rows(clinic: Clinic, books: Ledger) -> None:
    whose = PeriodRowsRequest(first_day=JANUARY, last_day=MARCH, practitioner_user_id=clinic.users["practitioner"])
    found = perform(clinic.actor("manager"), revenue, whose)
    assert (found.invoiced, found.collected) == (D("60.00"), None)
    assert perform(clinic.actor("manager"), list_collected, whose).rows == ()


def test_revenue_is_for_those_who_may_see_financial_reports(clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("assistant"), revenue, PeriodFilter(first_day=JANUARY, last_day=MARCH))


@pytest.mark.parametrize(
    ("export", "column", "total", "request_"),
    [
        (export_outstanding, "Balance", "60.00", OutstandingRowsRequest()),
        (export_credit, "Credit", "0.00", OutstandingRowsRequest()),
        (export_invoiced, "Amount", "130.00", PeriodRowsRequest(first_day=JANUARY, last_day=MARCH)),
        (export_collected, "Amount", "70.00", PeriodRowsRequest(first_day=JANUARY, last_day=MARCH)),
    ],
)
def test_an_export_is_the_rows_of_the_figure_and_is_audited(
    clinic: Clinic, books: Ledger, export: object, column: str, total: str, request_: object
) -> None:
    manager = clinic.actor("manager")
    table: Table = perform(manager, export, request_)  # type: ignore[arg-type]
    content = table.csv()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert sum((D(row[column]) for row in rows), D("0.00")) == D(total)
    with unit_of_work(clinic.actor("owner")) as work:
        events = work.session.execute(
            text("select actor_user_id, diff_json from audit_log where action = 'exported'")
        ).all()
    assert [(event.actor_user_id, event.diff_json["rows"]) for event in events] == [(manager.user_id, len(rows))]


def test_the_dashboard_shows_money_to_managers_and_work_to_practitioners(clinic: Clinic, books: Ledger) -> None:
    march = OverviewRequest(first_day=date(2026, 3, 1), last_day=MARCH)
    seen = perform(clinic.actor("manager"), overview, march)
    assert seen.outstanding is not None
    assert seen.outstanding_before is not None
    assert seen.revenue is not None
    assert (seen.before_first_day, seen.before_last_day) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (seen.outstanding.net, seen.outstanding_before.net) == (D("60.00"), D("20.00"))
    assert seen.revenue.invoiced == D("30.00")
    own = perform(clinic.actor("practitioner"), overview, march)
    assert (own.outstanding, own.aging, own.revenue) == (None, None, None)
    assert own.utilization.by_practitioner == ()


@pytest.mark.parametrize(
    ("first", "last", "compare", "expected"),
    [
        ("2026-03-01", "2026-03-31", Comparison.PREVIOUS_PERIOD, ("2026-02-01", "2026-02-28")),
        ("2026-01-01", "2026-03-31", Comparison.PREVIOUS_PERIOD, ("2025-10-01", "2025-12-31")),
        ("2026-11-01", "2026-11-22", Comparison.PREVIOUS_PERIOD, ("2026-10-01", "2026-10-22")),
        ("2026-03-01", "2026-03-30", Comparison.PREVIOUS_PERIOD, ("2026-02-01", "2026-02-28")),
        ("2026-03-10", "2026-03-16", Comparison.PREVIOUS_PERIOD, ("2026-03-03", "2026-03-09")),
        ("2024-02-29", "2024-02-29", Comparison.PREVIOUS_YEAR, ("2023-02-28", "2023-02-28")),
    ],
)
def test_a_period_is_compared_with_its_like(
    first: str, last: str, compare: Comparison, expected: tuple[str, str]
) -> None:
    request = OverviewRequest(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last), compare=compare)
    assert tuple(day.isoformat() for day in compared_days(request)) == expected


def test_the_filters_offer_what_the_reader_reaches(clinic: Clinic) -> None:
    offered = perform(clinic.actor("practitioner"), list_report_choices)
    assert [each.name for each in offered.practitioners] == ["Practitioner"]
    offered = perform(clinic.actor("assistant"), list_report_choices)
    assert [each.name for each in offered.locations] == ["Main street"]
    offered = perform(clinic.actor("manager"), list_report_choices)
    assert [each.name for each in offered.locations] == ["Harbour", "Main street"]
