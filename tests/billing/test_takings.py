"""Takings by method: what came in, what was paid back, in whose reach, and the same in the shell and as a file."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from typer.testing import CliRunner

from clinic_core.access import perform
from clinic_core.billing.queries import export_takings, list_receipts, takings
from clinic_core.billing.schemas import ListReceipts, RefundReceipt, TakingsRequest
from clinic_core.billing.service import record_receipt, refund_receipt
from clinic_core.cli.main import app
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.clock import frozen_at
from clinic_core.vocabulary import PaymentMethod
from tests.billing.arrange import audited, receipt
from tests.factories import Clinic, make_patient

NOON = datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
DAY = date(2026, 11, 18)


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """50 and 30 in cash, 20 by card at Main street; 5 of the cash paid back by transfer; 7 in cash at Harbour."""
    patient, manager = make_patient(clinic), clinic.actor("manager")
    with frozen_at(NOON):
        first = perform(manager, record_receipt, receipt(patient, "50", clinic_location_id=clinic.main))
        perform(manager, record_receipt, receipt(patient, "30", clinic_location_id=clinic.main))
        card = receipt(patient, "20", clinic_location_id=clinic.main, method=PaymentMethod.CARD)
        perform(manager, record_receipt, card)
        perform(manager, record_receipt, receipt(patient, "7", clinic_location_id=clinic.branch))
        back = RefundReceipt(receipt_id=first.id, amount=Decimal("5"), method=PaymentMethod.TRANSFER)
        perform(manager, refund_receipt, back)
    return clinic


def of(clinic: Clinic, role: str = "manager", **fields: object) -> dict[str, tuple[str, str, str, int]]:
    request = TakingsRequest.model_validate({"first_day": DAY, "last_day": DAY, **fields})
    found = perform(clinic.actor(role), takings, request)
    rows = {
        each.method.value: (f"{each.received}", f"{each.paid_back}", f"{each.net}", each.count)
        for each in found.methods
    }
    assert found.net == sum((each.net for each in found.methods), Decimal(0)) == found.received - found.paid_back
    assert found.count == sum(each.count for each in found.methods)
    return rows


def test_takings_are_what_came_in_and_what_was_paid_back_by_method(busy: Clinic) -> None:
    assert of(busy, clinic_location_id=busy.main) == {
        "cash": ("80.00", "0.00", "80.00", 2),
        "card": ("20.00", "0.00", "20.00", 1),
        "transfer": ("0.00", "5.00", "-5.00", 1),
    }
    assert of(busy)["cash"] == ("87.00", "0.00", "87.00", 3)
    assert of(busy, first_day=date(2026, 11, 19), last_day=date(2026, 11, 30)) == {}


def test_who_works_at_one_location_sees_its_takings_only(busy: Clinic) -> None:
    assert of(busy, "assistant")["cash"] == ("80.00", "0.00", "80.00", 2)
    with pytest.raises(NotFound, match="location"):
        of(busy, "assistant", clinic_location_id=busy.branch)
    assert of(busy, "practitioner") == {}


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(InvalidInput, match="ends"):
        TakingsRequest(first_day=DAY, last_day=date(2026, 11, 17))


def test_the_receipts_behind_are_those_of_the_list_and_the_file_sums_to_the_net(busy: Clinic) -> None:
    manager = busy.actor("manager")
    behind = perform(manager, list_receipts, ListReceipts(received_from=DAY, received_to=DAY))
    content = perform(manager, export_takings, TakingsRequest(first_day=DAY, last_day=DAY)).csv()
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert sorted(row["Number"] for row in rows) == sorted(row.number for row in behind)
    assert sum(Decimal(row["Amount"]) for row in rows) == Decimal("102.00")
    assert ("receipt", "export", busy.users["manager"]) in audited(busy, "takings.export")


def test_the_shell_prints_the_same_figures(busy: Clinic) -> None:
    arguments = ["report", "takings", "--organization", busy.name, "--from", "2026-11-18", "--to", "2026-11-18"]
    found = json.loads(CliRunner().invoke(app, [*arguments, "--location", "Main street", "--json"]).stdout)
    assert (found["received"], found["paid_back"], found["net"], found["count"]) == ("100.00", "5.00", "95.00", 4)
    assert found["methods"][0] == {
        "method": "cash",
        "received": "80.00",
        "paid_back": "0.00",
        "net": "80.00",
        "count": 2,
    }
    said = CliRunner().invoke(app, arguments).stdout
    assert "Cash: €87.00 (3)" in said
    assert "Net: €102.00" in said
