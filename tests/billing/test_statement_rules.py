"""The section on statements of the rules page, row by row."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.billing.schemas import (
    BillTo,
    CreditInvoice,
    IssueInvoice,
    MovementKind,
    RefundReceipt,
    ReverseWriteOff,
    WriteOff,
)
from clinic_core.billing.service import (
    credit_invoice,
    issue_invoice,
    record_receipt,
    refund_receipt,
    reverse_write_off,
    write_off,
)
from clinic_core.kit.clock import frozen_at
from clinic_core.vocabulary import PaymentMethod
from tests.analytics.ledger import Ledger
from tests.billing.accounts import check_statement, statement
from tests.billing.arrange import draft, line, priced, receipt
from tests.billing.rules import tables
from tests.factories import Clinic, make_patient

_MOVEMENTS, _AGES = tables(13, 13)
APRIL = date(2026, 4, 10)


class Account:
    """One patient, to whom the rows of the table happen."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic, self.manager, self.patient_id = clinic, clinic.actor("manager"), make_patient(clinic)
        self.invoices: list[UUID] = []
        self.money: list[UUID] = []
        self.written_off: list[UUID] = []

    def happen(self, name: str, amount: Decimal) -> None:
        """What that row says."""
        does: dict[str, Callable[[Decimal], None]] = {
            "invoice": self._invoice,
            "invoice billed to an employer": self._for_employer,
            "receipt, for the first invoice": self._receive,
            "write-off on the second invoice": self._write_off,
            "credit note for the first invoice": self._credit,
            "refund": self._refund,
            "write-off taken back": self._take_back,
        }
        does[name](abs(amount))

    def _invoice(self, amount: Decimal) -> None:
        self.invoices.append(priced(self.clinic, self.patient_id, str(amount)).id)

    def _for_employer(self, amount: Decimal) -> None:
        employer = BillTo(name="Harbour Works Ltd", address="Quay 1")
        made = draft(self.clinic, self.patient_id, line(self.clinic, unit_price=amount), bill_to=employer)
        self.invoices.append(perform(self.manager, issue_invoice, IssueInvoice(invoice_id=made.id)).id)

    def _receive(self, amount: Decimal) -> None:
        request = receipt(self.patient_id, str(amount), invoice_ids=(self.invoices[0],))
        self.money.append(perform(self.manager, record_receipt, request).id)

    def _write_off(self, amount: Decimal) -> None:
        request = WriteOff(invoice_id=self.invoices[1], amount=amount, reason="Small")
        self.written_off.append(perform(self.manager, write_off, request).id)

    def _credit(self, amount: Decimal) -> None:
        made = perform(self.manager, credit_invoice, CreditInvoice(invoice_id=self.invoices[0], reason="Not done"))
        assert made.total == amount

    def _refund(self, amount: Decimal) -> None:
        request = RefundReceipt(receipt_id=self.money[0], amount=amount, method=PaymentMethod.CASH)
        perform(self.manager, refund_receipt, request)

    def _take_back(self, amount: Decimal) -> None:
        request = ReverseWriteOff(adjustment_id=self.written_off[0], reason="Owed after all")
        assert perform(self.manager, reverse_write_off, request).amount == -amount


def test_rules_every_movement_changes_what_is_owed_on_its_day(clinic: Clinic) -> None:
    account = Account(clinic)
    for row in _MOVEMENTS:
        with frozen_at(datetime.combine(date.fromisoformat(row["day"]), time(12), UTC)):
            account.happen(row["movement"], Decimal(row["amount"]))
    with frozen_at(datetime.combine(APRIL, time(18), UTC)):
        shown = statement(account.manager, account.patient_id)
        assert [(one.dated_on.isoformat(), str(one.amount), str(one.balance)) for one in shown.movements] == [
            (row["day"], row["amount"], row["balance"]) for row in _MOVEMENTS
        ]
        assert {one.kind for one in shown.movements} == set(MovementKind) - {
            MovementKind.PAID_ELSEWHERE,
            MovementKind.USED_ELSEWHERE,
        }
        for row in _MOVEMENTS:
            day = date.fromisoformat(row["day"])
            then = statement(account.manager, account.patient_id, None, day)
            assert (str(then.closing), str(then.gross)) == (row["balance"], row["open invoices"])
            assert (str(then.credit), str(then.to_pay)) == (row["credit"], row["to be paid"])
            check_statement(account.manager, account.patient_id, day, day)
            check_statement(account.manager, account.patient_id, day, APRIL)


def test_every_movement_is_said_in_words_with_the_papers_it_concerns(clinic: Clinic) -> None:
    account = Account(clinic)
    for row in _MOVEMENTS:
        with frozen_at(datetime.combine(date.fromisoformat(row["day"]), time(12), UTC)):
            account.happen(row["movement"], Decimal(row["amount"]))
    with frozen_at(datetime.combine(APRIL, time(18), UTC)):
        shown = statement(account.manager, account.patient_id)
    assert [one.text for one in shown.movements] == [
        "Invoice INV-2026-00001",
        "Invoice INV-2026-00002",
        "Receipt RCT-2026-00001, cash",
        "Write-off of INV-2026-00002",
        "Credit note CRN-2026-00001 for INV-2026-00001",
        "Refund RCT-2026-00002 of RCT-2026-00001, cash",
        "Write-off of INV-2026-00002 taken back",
    ]


@pytest.mark.parametrize("row", _AGES, ids=lambda row: row["days since due"])
def test_rules_the_age_of_what_is_open_counts_from_the_due_date(row: dict[str, str], clinic: Clinic) -> None:
    late = int(row["days since due"])
    ada = make_patient(clinic)
    Ledger(clinic).issue(ada, "10.00", date(2026, 1, 1), due_on=APRIL - timedelta(days=late))
    found = statement(clinic.actor("manager"), ada, None, APRIL)
    (item,) = found.open_items
    assert (item.days, item.bucket.label) == (late, row["bucket"])
    assert found.overdue == (item.balance if late > 0 else Decimal(0))
    assert {each.bucket.label: each.amount for each in found.aged}[row["bucket"]] == Decimal("10.00")
