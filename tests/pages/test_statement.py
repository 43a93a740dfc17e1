"""Statements in the browser: from the patient and from what is outstanding to the account on the screen and its PDF."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from clinic_core.ui.nav import NAV_PAGES
from clinic_core.ui.statement import StatementPeriod, days_of
from tests.analytics.ledger import Ledger
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

STATEMENT, PATIENT, OUTSTANDING = (
    "pages/billing/statement.py",
    "pages/front_desk/patient.py",
    "pages/analytics/outstanding.py",
)
TODAY = date.today()  # noqa: DTZ011 (any zone's day will do)


@pytest.fixture
def ada(clinic: Clinic) -> UUID:
    """Owes 50.00 for 800 days and 70.00 of a new invoice; 30.00 of what she paid is not used."""
    books, patient_id = Ledger(clinic), make_patient(clinic)
    books.issue(patient_id, "50.00", TODAY - timedelta(days=800))
    paid = books.issue(patient_id, "100.00", TODAY - timedelta(days=3))
    books.receive(patient_id, "60.00", TODAY - timedelta(days=2), {paid: Decimal("30.00")})
    return patient_id


def metrics(app: object) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}  # type: ignore[attr-defined]


def links(app: object) -> dict[str, str]:
    return {each.proto.label: each.proto.url for each in app.get("link_button")}  # type: ignore[attr-defined]


@pytest.mark.parametrize("role", ["owner", "manager", "assistant"])
def test_the_account_is_shown_with_what_is_to_be_paid(role: str, clinic: Clinic, ada: UUID, open_app: Open) -> None:
    app = open_app(role, STATEMENT, patient=ada)
    assert not app.exception
    shown = metrics(app)
    assert (shown["To be paid"], shown["Overdue"], shown["Balance"]) == ("€90.00", "€20.00", "€90.00")
    assert "Billed to others" not in shown
    assert "€50.00" in sentences(app)
    assert [len(table.value) for table in app.dataframe] == [2]
    app.radio(key="statement_view").set_value("Open invoices").run()
    shown = metrics(app)
    assert (shown["90+ days"], shown["0–30 days"]) == ("€50.00", "€70.00")
    assert [len(table.value) for table in app.dataframe] == [2]


def test_the_links_carry_the_period_and_no_name(clinic: Clinic, ada: UUID, open_app: Open) -> None:
    app = open_app("manager", STATEMENT, patient=ada)
    first = days_of(StatementPeriod.LAST_12_MONTHS, TODAY)[0]
    assert links(app)["PDF"] == f"/docs/statement/{ada}.pdf?from={first}"
    assert links(app)["CSV"] == f"/docs/statement.csv?patient={ada}&from={first}"
    app.selectbox(key="statement_period").select(StatementPeriod.EVERYTHING).run()
    assert links(app)["PDF"] == f"/docs/statement/{ada}.pdf"
    assert [len(table.value) for table in app.dataframe] == [3]


def test_chosen_days_show_the_account_as_it_was(clinic: Clinic, ada: UUID, open_app: Open) -> None:
    app = open_app("manager", patient=ada)
    app.switch_page(STATEMENT).run()
    app.selectbox(key="statement_period").select(StatementPeriod.CHOSEN_DAYS).run()
    app.date_input(key="statement_from").set_value(None)
    app.date_input(key="statement_to").set_value(TODAY - timedelta(days=100)).run()
    assert not app.exception
    assert metrics(app)["To be paid"] == "€50.00"
    app.date_input(key="statement_from").set_value(TODAY).run()
    assert "before it begins" in sentences(app)
    app.date_input(key="statement_to").set_value(TODAY + timedelta(days=9)).run()
    assert "lies in the future" in sentences(app)


def test_the_patients_page_offers_the_paper_and_the_screen(clinic: Clinic, ada: UUID, open_app: Open) -> None:
    app = open_app("manager")
    app.query_params["patient"] = str(ada)
    app.switch_page(PATIENT).run()
    app.radio(key="patient_part").set_value("Billing").run()
    app.selectbox(key="record_statement_period").select(StatementPeriod.EVERYTHING).run()
    assert links(app)["PDF"] == f"/docs/statement/{ada}.pdf"
    app.button(key="record_statement_open").click().run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Statement"]
    assert app.selectbox(key="statement_period").value is StatementPeriod.EVERYTHING


def test_a_practitioner_is_offered_no_statement(clinic: Clinic, ada: UUID, open_app: Open) -> None:
    app = open_app("practitioner", PATIENT, patient=ada)
    app.radio(key="patient_part").set_value("Billing").run()
    assert not app.exception
    assert "record_statement_period" not in [box.key for box in app.selectbox]
    assert "does not exist" in sentences(open_app("practitioner", STATEMENT, patient=ada))


@pytest.mark.parametrize("as_of", [None, TODAY - timedelta(days=100)])
def test_one_click_leads_from_the_debtor_to_the_statement_of_that_day(
    as_of: date | None, clinic: Clinic, ada: UUID, open_app: Open
) -> None:
    app = open_app("manager")
    app.switch_page(OUTSTANDING).run()
    app.date_input(key="outstanding_as_of").set_value(as_of).run()
    owed = metrics(app)["Gross"]
    app.session_state["outstanding_debtors"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    assert [title.value for title in app.title] == ["Statement"]
    assert metrics(app)["Open invoices"] == owed == ("€50.00" if as_of else "€120.00")
    assert f"/docs/statement/{ada}.pdf" in links(app)["PDF"]


def test_the_statement_is_no_entry_of_the_menu_and_says_where_it_opens_from(clinic: Clinic, open_app: Open) -> None:
    assert [page.listed for page in NAV_PAGES if page.path == STATEMENT] == [False]
    assert "No patient is chosen." in sentences(open_app("manager", STATEMENT))


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        (StatementPeriod.LAST_12_MONTHS, "2027-02-01", None),
        (StatementPeriod.THIS_YEAR, "2028-01-01", None),
        (StatementPeriod.EVERYTHING, None, None),
        (StatementPeriod.CHOSEN_DAYS, "2027-02-01", "2028-02-29"),
    ],
)
def test_a_period_is_named_by_its_days(period: StatementPeriod, first: str | None, last: str | None) -> None:
    found = days_of(period, date(2028, 2, 29))
    assert found == tuple(day and date.fromisoformat(day) for day in (first, last))
