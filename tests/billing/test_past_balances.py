"""What was owed on a past day is what the ledger says of it, also where money is dated before it could be taken."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.analytics.queries import aging, list_debtors, list_outstanding, outstanding
from clinic_core.analytics.schemas import AgingRequest, OutstandingRequest, OutstandingRowsRequest
from clinic_core.billing.queries import get_statement, month_to_close
from clinic_core.billing.schemas import MonthToClose, ReverseWriteOff, StatementRequest, WriteOff
from clinic_core.billing.service import record_receipt, reverse_write_off, write_off
from clinic_core.kit.clock import frozen_at
from tests.billing.arrange import priced, receipt
from tests.factories import Clinic, make_patient

LAST = date(2026, 10, 31)


def on(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 10, 0, tzinfo=UTC)


@pytest.fixture
def paid_late(clinic: Clinic) -> Clinic:
    """Written off in October, taken back in November, when money that came in between is entered with its own date."""
    patient, manager = make_patient(clinic), clinic.actor("manager")
    with frozen_at(on(10, 1)):
        invoice = priced(clinic, patient, "100.00")
        priced(clinic, patient, "30.00")
    with frozen_at(on(10, 10)):
        given_up = perform(manager, write_off, WriteOff(invoice_id=invoice.id, amount=Decimal(100), reason="Hardship"))
    with frozen_at(on(11, 3)):
        perform(manager, reverse_write_off, ReverseWriteOff(adjustment_id=given_up.id, reason="Paid after all"))
        money = receipt(patient, "100", received_at=on(10, 20), allocations=((invoice.id, Decimal(100)),))
        perform(manager, record_receipt, money)
    return clinic


def test_what_was_owed_at_the_end_of_a_month_is_what_its_roll_forward_says(paid_late: Clinic) -> None:
    manager = paid_late.actor("manager")
    with frozen_at(on(11, 4)):
        month = perform(manager, month_to_close, MonthToClose(year=2026, month=10)).figures
        found = perform(manager, outstanding, OutstandingRequest(as_of=LAST))
        today = perform(manager, outstanding, OutstandingRequest())
    assert (month.closing, month.credit_closing) == (Decimal(-70), Decimal(0))
    assert (found.gross, found.credit, found.net) == (month.closing, month.credit_closing, Decimal(-70))
    assert (today.gross, today.net) == (Decimal(30), Decimal(30))


def test_ages_rows_and_debtors_of_that_day_sum_to_it(paid_late: Clinic) -> None:
    manager = paid_late.actor("manager")
    with frozen_at(on(11, 4)):
        ages = perform(manager, aging, AgingRequest(as_of=LAST))
        rows = perform(manager, list_outstanding, OutstandingRowsRequest(as_of=LAST))
        debtors = perform(manager, list_debtors, OutstandingRowsRequest(as_of=LAST))
    assert sum(bucket.amount for bucket in ages.buckets) == ages.gross == Decimal(-70)
    assert sorted(row.balance for row in rows.rows) == [Decimal(-100), Decimal(30)]
    assert rows.total == debtors.total == Decimal(-70)


def test_a_statement_of_that_day_ends_at_what_its_invoices_come_to(paid_late: Clinic) -> None:
    manager = paid_late.actor("manager")
    with frozen_at(on(11, 4)):
        (debtor,) = perform(manager, list_debtors, OutstandingRowsRequest(as_of=LAST)).rows
        request = StatementRequest(patient_id=debtor.id, last_day=LAST)
        statement = perform(manager, get_statement, request)
    assert statement.closing == Decimal(-70)
    assert sum(item.balance for item in statement.open_items) - statement.credit == statement.closing
