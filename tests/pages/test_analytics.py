"""The dashboard, the page of what is outstanding and the audit viewer, as people of each role see them."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from clinic_core.kit.clock import frozen_at
from clinic_core.ui.report_filters import Period, whole_days_of
from tests.analytics.ledger import Ledger
from tests.analytics.test_utilization import at, book, works
from tests.factories import MONDAY, Clinic, make_patient
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book as book_at

OVERRIDES = "pages/analytics/overrides.py"
OVERVIEW, OUTSTANDING, AUDIT = (
    "pages/analytics/overview.py",
    "pages/analytics/outstanding.py",
    "pages/admin/audit_log.py",
)


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """Owed 120.00, of which 50.00 is long overdue; 30.00 of credit; one appointment last week."""
    books, ada = Ledger(clinic), make_patient(clinic)
    today = date.today()  # noqa: DTZ011 (any zone's day will do)
    books.issue(ada, "50.00", today - timedelta(days=200))
    paid = books.issue(ada, "100.00", today - timedelta(days=3))
    books.receive(ada, "60.00", today - timedelta(days=2), {paid: Decimal("30.00")})
    works(clinic, "practitioner", *((day, "09:00", "17:00") for day in range(1, 8)))
    day = today - timedelta(days=1)
    book(clinic, at(day, "09:00"), at(day, "11:00"))
    return clinic


def metrics(app: object) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}  # type: ignore[attr-defined]


def test_a_manager_sees_money_and_work_on_the_dashboard(busy: Clinic, open_app: Open) -> None:
    app = open_app("manager", OVERVIEW)
    assert not app.exception
    app.selectbox(key="overview_period").select(app.selectbox(key="overview_period").options[2]).run()
    shown = metrics(app)
    assert shown["Outstanding, net"] == "€90.00"
    assert shown["Invoiced"] == "€100.00"
    assert shown["Collected"] == "€60.00"
    assert shown["No-show"] == "0%"
    assert "1 document by issue date" in sentences(app)


@pytest.mark.parametrize("key", ["invoiced", "collected", "utilization", "no_show"])
def test_a_tile_opens_its_rows_and_closes_them_again(busy: Clinic, open_app: Open, key: str) -> None:
    app = open_app("manager", OVERVIEW)
    before = len(app.dataframe)
    app.button(key=f"tile_{key}").click().run()
    assert not app.exception
    assert len(app.dataframe) > before or "Sum of" in sentences(app) or "no working time" in sentences(app)
    app.button(key=f"tile_{key}").click().run()
    assert len(app.dataframe) == before


def test_a_practitioner_sees_the_own_work_and_no_money(busy: Clinic, open_app: Open) -> None:
    app = open_app("practitioner", OVERVIEW)
    assert not app.exception
    assert set(metrics(app)) == {"Utilization", "No-show"}


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (Period.THIS_MONTH, "2031-11-01", "2031-11-30"),
        (Period.LAST_MONTH, "2031-10-01", "2031-10-31"),
        (Period.THIS_QUARTER, "2031-10-01", "2031-12-31"),
        (Period.THIS_YEAR, "2031-01-01", "2031-12-31"),
        (Period.LAST_30_DAYS, "2031-10-15", "2031-11-13"),
        (Period.NEXT_4_WEEKS, "2031-11-13", "2031-12-10"),
    ],
)
def test_a_period_of_what_is_booked_ends_with_its_last_day(period: Period, first: str, last: str) -> None:
    found = whole_days_of(period, date(2031, 11, 13))
    assert found == (date.fromisoformat(first), date.fromisoformat(last))


def test_the_overrides_of_this_month_are_those_ahead_too_and_the_page_says_so(clinic: Clinic, open_app: Open) -> None:
    with frozen_at(MONDAY - timedelta(days=1)):
        book_at(clinic, 24)
        book_at(clinic, 24, by="manager", double_book_reason="Emergency")
        app = open_app("manager", OVERRIDES)
    assert metrics(app)["Overridden appointments"] == "1"
    assert "Appointments from 1 Mar 2031 to 31 Mar 2031" in sentences(app)


def test_what_is_outstanding_is_shown_by_debtor_invoice_and_credit(busy: Clinic, open_app: Open) -> None:
    app = open_app("manager", OUTSTANDING)
    assert not app.exception
    shown = metrics(app)
    assert (shown["Gross"], shown["Credit"], shown["Net"]) == ("€120.00", "€30.00", "€90.00")
    assert shown["90+ days"] == "€50.00"
    for view, expected in (
        ("Debtors", "Sum of all 1 row: €120.00"),
        ("Invoices", "Sum of all 2 rows: €120.00"),
        ("Credit", "Sum of all 1 row: €30.00"),
    ):
        app.radio(key="outstanding_view").set_value(view).run()
        assert not app.exception
        assert expected in sentences(app)


def test_a_bucket_shows_its_invoices_only(busy: Clinic, open_app: Open) -> None:
    app = open_app("manager", OUTSTANDING)
    app.selectbox(key="outstanding_bucket").select("90+ days").run()
    assert "Sum of all 1 row: €50.00" in sentences(app)


@pytest.mark.parametrize("role", ["practitioner", "assistant", "patient", None])
def test_money_pages_are_closed_to_others(busy: Clinic, open_app: Open, role: str | None) -> None:
    app = open_app(role, OUTSTANDING)
    assert not app.exception
    assert not app.metric


def test_the_log_is_shown_filtered_and_row_by_row(busy: Clinic, open_app: Open) -> None:
    app = open_app("owner", AUDIT)
    assert not app.exception
    everything = app.dataframe[0].value
    app.text_input(key="audit_use_case").set_value("nothing.like.it").run()
    assert "No entry matches" in sentences(app)
    app.text_input(key="audit_use_case").set_value("").run()
    assert len(app.dataframe[0].value) == len(everything)
    app.button(key="audit_older").click().run()
    assert not app.exception


def test_an_id_that_is_none_is_refused_with_a_sentence(clinic: Clinic, open_app: Open) -> None:
    app = open_app("owner", AUDIT)
    app.text_input(key="audit_id").set_value("abc").run()
    assert not app.exception
    assert "not the id of a row" in sentences(app)


@pytest.mark.parametrize("role", ["manager", "practitioner", "assistant", None])
def test_the_log_is_closed_to_others(clinic: Clinic, open_app: Open, role: str | None) -> None:
    app = open_app(role, AUDIT)
    assert not app.exception
    assert not app.dataframe
