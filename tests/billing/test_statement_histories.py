"""Statements over random histories: opening, movements and closing agree with the books on any days."""

from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics.ledger import Ledger
from tests.billing.accounts import check_statement
from tests.factories import Clinic, make_clinic, make_patient

D = Decimal
JAN, APR = date(2026, 1, 10), date(2026, 4, 10)


class Histories:
    """Two patients' books at random, written straight into the tables on any day of four months."""

    def __init__(self, clinic: Clinic, data: st.DataObject) -> None:
        self.clinic, self.data = clinic, data
        self.ledger = Ledger(clinic)
        self.patients = [make_patient(clinic) for _ in range(2)]

    def day(self, first: date = JAN) -> date:
        return self.data.draw(st.dates(first, APR))

    def amount(self, most: Decimal) -> Decimal:
        return self.data.draw(st.decimals(D("0.01"), most, places=2))

    def step(self) -> None:
        of = self.data.draw(st.sampled_from(self.patients))
        action = self.data.draw(st.sampled_from(("issue", "receive", "credit", "write_off", "refund")))
        owed = [key for key, paper in self.ledger.papers.items() if paper.patient_id == of and paper.balance(APR) > 0]
        if action == "issue" or (not owed and action in {"credit", "write_off"}):
            self.ledger.issue(of, self.amount(D(200)), self.day())
        elif action == "receive":
            amount = self.amount(D(200))
            pays = {key: min(amount, self.ledger.papers[key].balance(APR)) for key in owed[:1]}
            self.ledger.receive(of, amount, self.day(), pays)
        elif action == "refund":
            for receipt_id, money in list(self.ledger.receipts.items())[:1]:
                if money.free(APR) > 0:
                    self.ledger.refund(receipt_id, self.amount(money.free(APR)), self.day(money.received_on))
        else:
            paper = self.ledger.papers[owed[0]]
            lower = self.ledger.credit if action == "credit" else self.ledger.write_off
            lower(owed[0], self.amount(paper.balance(APR)), self.day(paper.issued_on))


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_whatever_happened_a_statement_goes_from_what_was_owed_to_what_is_owed(data: st.DataObject) -> None:
    clinic = make_clinic()
    books = Histories(clinic, data)
    for _ in range(data.draw(st.integers(2, 10))):
        books.step()
    manager = clinic.actor("manager")
    for patient_id in books.patients:
        first = books.day()
        check_statement(manager, patient_id, first, books.day(first))
        check_statement(manager, patient_id, first, APR)
