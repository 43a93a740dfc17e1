"""`clinic report`: the JSON that scripts rely on, names as filters, and the exit codes."""

import json
from datetime import date
from decimal import Decimal

import pytest
from typer.testing import CliRunner, Result

from clinic_core.cli.main import app
from tests.analytics.ledger import Ledger
from tests.analytics.test_utilization import MONDAY, at, book, works
from tests.factories import Clinic, make_patient


def report(clinic: Clinic, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", arguments[0], "--organization", clinic.name, *arguments[1:]])


def printed(clinic: Clinic, *arguments: str) -> dict[str, object]:
    result = report(clinic, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.fixture
def books(clinic: Clinic) -> Ledger:
    ledger, ada = Ledger(clinic), make_patient(clinic)
    invoice = ledger.issue(ada, "100.10", date(2026, 1, 10))
    ledger.issue(ada, "20.00", date(2026, 1, 10), location_id=clinic.branch)
    ledger.receive(ada, "40.00", date(2026, 2, 1), {invoice: Decimal("30.00")})
    return ledger


def test_outstanding_prints_money_as_decimal_strings(clinic: Clinic, books: Ledger) -> None:
    now = printed(clinic, "outstanding")
    assert (now["gross"], now["credit"], now["net"], now["invoices"]) == ("90.10", "10.00", "80.10", 2)
    then = printed(clinic, "outstanding", "--as-of", "2026-01-31")
    assert then == {
        "as_of": "2026-01-31",
        "gross": "120.10",
        "credit": "0.00",
        "net": "120.10",
        "invoices": 2,
        "currency": "EUR",
    }


def test_aging_adds_the_buckets(clinic: Clinic, books: Ledger) -> None:
    found = printed(clinic, "aging", "--as-of", "2026-03-10", "--location", "main STREET")
    assert found["buckets"] == {"0-30": "0.00", "31-60": "70.10", "61-90": "0.00", "90+": "0.00"}
    assert found["gross"] == "70.10"


def test_utilization_and_no_show_print_rates_as_numbers_or_null(clinic: Clinic) -> None:
    works(clinic, "practitioner", (1, "09:00", "17:00"))
    book(clinic, at(MONDAY, "09:00"), at(MONDAY, "11:00"))
    days = ("--from", MONDAY.isoformat(), "--to", MONDAY.isoformat())
    found = printed(clinic, "utilization", *days, "--practitioner", "Practitioner")
    assert (found["booked_minutes"], found["available_minutes"], found["rate"]) == (120, 480, 0.25)
    assert printed(clinic, "utilization", *days, "--practitioner", "Second Practitioner")["rate"] is None
    found = printed(clinic, "no-show", *days)
    assert (found["no_show"], found["attended"], found["rate"]) == (0, 1, 0.0)


def test_revenue_prints_its_months(clinic: Clinic, books: Ledger) -> None:
    found = printed(clinic, "revenue", "--from", "2026-01-01", "--to", "2026-02-28")
    assert (found["invoiced"], found["collected"]) == ("120.10", "40.00")
    assert found["months"] == [
        {"month": "2026-01", "invoiced": "120.10", "collected": "0.00"},
        {"month": "2026-02", "invoiced": "0.00", "collected": "40.00"},
    ]


def test_people_read_amounts_as_the_organisation_writes_them(clinic: Clinic, books: Ledger) -> None:
    assert "Net: €80.10" in report(clinic, "outstanding").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("outstanding", "--location", "Nowhere"),
        ("outstanding", "--as-of", "2999-01-01"),
        ("utilization", "--from", "2026-02-01", "--to", "2026-01-01"),
    ],
)
def test_a_refusal_is_a_sentence_and_exit_code_1(clinic: Clinic, arguments: tuple[str, ...]) -> None:
    result = report(clinic, *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.strip().endswith(".")


def test_an_unknown_organisation_is_refused(clinic: Clinic) -> None:
    result = CliRunner().invoke(app, ["report", "outstanding", "--organization", "Nobody"])
    assert (result.exit_code, result.stderr.strip()) == (1, "There is no organisation named “Nobody”.")


def test_wrong_usage_is_exit_code_2(clinic: Clinic) -> None:
    assert report(clinic, "outstanding", "--as-of", "yesterday").exit_code == 2
    assert CliRunner().invoke(app, ["report", "outstanding"]).exit_code == 2
