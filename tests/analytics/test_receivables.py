"""Outstanding money: today and as of any day, its age, and exactly its rows."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_core.access import Actor, perform, system_actor
from clinic_core.analytics.queries import aging, list_credit, list_debtors, list_outstanding, outstanding
from clinic_core.analytics.schemas import (
    AgeBasis,
    AgeBucket,
    AgingRequest,
    OutstandingRequest,
    OutstandingRowsRequest,
)
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.ids import new_id
from tests.analytics.ledger import Ledger
from tests.factories import Clinic, make_clinic, make_patient

D = Decimal
JAN, FEB, MAR, APR = date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 10)


def figures(actor: Actor, as_of: date | None = None) -> tuple[Decimal, Decimal, Decimal, int]:
    found = perform(actor, outstanding, OutstandingRequest(as_of=as_of))
    return found.gross, found.credit, found.net, found.invoices


def test_outstanding_is_what_is_open_less_what_is_not_applied(clinic: Clinic) -> None:
    books, ada = Ledger(clinic), make_patient(clinic)
    visit = books.issue(ada, "100.00", JAN)
    books.issue(ada, "55.55", FEB)
    books.receive(ada, "70.00", FEB, {visit: D("60.00")})
    assert figures(clinic.actor("manager")) == (D("95.55"), D("10.00"), D("85.55"), 2)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2026, 1, 9), ("0.00", "0.00", 0)),
        (JAN, ("100.00", "0.00", 1)),
        (FEB, ("0.00", "20.00", 0)),
        (MAR, ("0.00", "80.00", 0)),
        (APR, ("0.00", "30.00", 0)),
        (None, ("0.00", "30.00", 0)),
    ],
)
def test_a_past_day_shows_what_was_open_then(clinic: Clinic, day: date | None, expected: tuple[str, str, int]) -> None:
    """Paid in February with 20 too much; 60 of it credited in March; 50 paid back in April."""
    books, ada = Ledger(clinic), make_patient(clinic)
    visit = books.issue(ada, "100.00", JAN)
    receipt = books.receive(ada, "120.00", FEB, {visit: D("100.00")})
    books.credit(visit, D("60.00"), MAR)
    books.refund(receipt, D("50.00"), APR)
    gross, credit, net, invoices = figures(clinic.actor("manager"), day)
    assert (gross, credit, invoices) == (D(expected[0]), D(expected[1]), expected[2])
    assert net == gross - credit


def test_money_paid_back_from_an_invoice_opens_it_on_that_day_and_not_before(clinic: Clinic) -> None:
    books, ada = Ledger(clinic), make_patient(clinic)
    visit = books.issue(ada, "100.00", JAN)
    receipt = books.receive(ada, "100.00", FEB, {visit: D("100.00")})
    books.refund(receipt, D("40.00"), APR)
    manager = clinic.actor("manager")
    assert figures(manager, MAR)[:2] == (D("0.00"), D("0.00"))
    assert figures(manager, APR)[:2] == (D("40.00"), D("0.00"))


def test_a_write_off_lowers_the_balance_from_its_day(clinic: Clinic) -> None:
    books, ada = Ledger(clinic), make_patient(clinic)
    books.write_off(books.issue(ada, "10.00", JAN), D("3.00"), MAR)
    assert figures(clinic.actor("manager"), FEB)[0] == D("10.00")
    assert figures(clinic.actor("manager"), MAR)[0] == D("7.00")


@pytest.mark.parametrize(
    ("days", "bucket"),
    [(-14, "0-30"), (0, "0-30"), (30, "0-30"), (31, "31-60"), (60, "31-60"), (61, "61-90"), (90, "61-90"), (91, "90+")],
)
def test_a_receivable_is_aged_by_its_due_date(clinic: Clinic, days: int, bucket: str) -> None:
    books, due = Ledger(clinic), APR - timedelta(days=days)
    books.issue(make_patient(clinic), "10.00", min(due, APR), due_on=due)
    found = perform(clinic.actor("manager"), aging, AgingRequest(as_of=APR))
    assert {each.bucket.value: each.amount for each in found.buckets if each.amount} == {bucket: D("10.00")}
    (debtor,) = perform(clinic.actor("manager"), list_debtors, OutstandingRowsRequest(as_of=APR)).rows
    assert [each.value for each in AgeBucket if getattr(debtor, each.name.lower())] == [bucket]


def test_ageing_by_issue_date_ignores_the_due_date(clinic: Clinic) -> None:
    Ledger(clinic).issue(make_patient(clinic), "10.00", JAN, due_on=APR)
    found = perform(clinic.actor("manager"), aging, AgingRequest(as_of=APR, basis=AgeBasis.ISSUED))
    assert found.buckets[2].amount == D("10.00")


def test_the_future_is_refused_with_a_sentence(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="lies in the future"):
        figures(clinic.actor("manager"), date(2999, 1, 1))


def test_a_location_or_practitioner_narrows_the_figure_and_its_rows(clinic: Clinic) -> None:
    books, ada = Ledger(clinic), make_patient(clinic)
    books.issue(ada, "10.00", JAN, practitioner_id=clinic.users["practitioner"])
    books.issue(ada, "20.00", JAN, location_id=clinic.branch)
    books.receive(ada, "5.00", FEB)
    manager = clinic.actor("manager")
    at_branch = perform(manager, outstanding, OutstandingRequest(clinic_location_id=clinic.branch))
    assert (at_branch.gross, at_branch.credit) == (D("20.00"), D("0.00"))
    assert at_branch.explanation.filters == ("Location: Harbour",)
    whose = perform(manager, outstanding, OutstandingRequest(practitioner_user_id=clinic.users["practitioner"]))
    assert (whose.gross, whose.credit) == (D("10.00"), D("0.00"))
    rows = perform(manager, list_outstanding, OutstandingRowsRequest(clinic_location_id=clinic.branch))
    assert [row.location for row in rows.rows] == ["Harbour"]
    with pytest.raises(NotFound):
        perform(manager, outstanding, OutstandingRequest(clinic_location_id=new_id()))


@pytest.mark.parametrize("role", ["practitioner", "assistant", "patient"])
def test_money_is_shown_to_those_who_may_see_financial_reports_only(clinic: Clinic, role: str) -> None:
    for refused in (outstanding, aging, list_outstanding, list_debtors, list_credit):
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), refused, OutstandingRowsRequest())  # type: ignore[arg-type]


def test_another_organisation_is_not_counted(clinic: Clinic) -> None:
    other = make_clinic()
    Ledger(other).issue(make_patient(other), "99.00", JAN)
    manager = clinic.actor("manager")
    assert figures(manager) == figures(manager, MAR) == (D("0.00"), D("0.00"), D("0.00"), 0)
    with pytest.raises(NotFound):
        perform(manager, outstanding, OutstandingRequest(clinic_location_id=other.main))


def test_the_rows_are_paged_oldest_first_and_name_the_patient(clinic: Clinic) -> None:
    books = Ledger(clinic)
    bo = make_patient(clinic, first_name="Bo")
    numbers = [books.issue(bo, "10.00", JAN + timedelta(days=day)) for day in range(5)]
    pages = [
        perform(clinic.actor("manager"), list_outstanding, OutstandingRowsRequest(limit=2, offset=offset))
        for offset in (0, 2, 4)
    ]
    assert [row.id for page in pages for row in page.rows] == numbers
    assert {(page.count, page.total) for page in pages} == {(5, D("50.00"))}
    assert pages[0].rows[0].patient_name == "Bo Demo"


class Books:
    """Draws operations on a ledger of two patients; every amount stays within what is owed or free."""

    def __init__(self, clinic: Clinic, data: st.DataObject) -> None:
        self.ledger, self.data = Ledger(clinic), data
        self.patients = [make_patient(clinic), make_patient(clinic, first_name="Bo")]

    def day(self, first: date = date(2026, 1, 1)) -> date:
        return first + timedelta(days=self.data.draw(st.integers(0, (date(2026, 10, 1) - first).days)))

    def part(self, most: Decimal) -> Decimal:
        return D(self.data.draw(st.integers(1, int(most * 100)))) / 100

    def step(self) -> None:
        papers, receipts = self.ledger.papers, self.ledger.receipts
        action = self.data.draw(st.sampled_from(["issue", "receive", "credit", "write_off", "refund", "apply"]))
        patient_id = self.data.draw(st.sampled_from(self.patients))
        invoice_id = self.data.draw(st.sampled_from(sorted(papers))) if papers else None
        receipt_id = self.data.draw(st.sampled_from(sorted(receipts))) if receipts else None
        if action == "issue" or invoice_id is None:
            self.ledger.issue(patient_id, self.part(D(200)), self.day())
        elif action == "receive":
            self._receive(papers[invoice_id].patient_id, invoice_id)
        elif action == "write_off" and papers[invoice_id].balance(date.max):
            paper = papers[invoice_id]
            self.ledger.write_off(invoice_id, self.part(paper.balance(date.max)), self.day(paper.issued_on))
        elif action == "credit":
            self._credit(invoice_id)
        elif action == "refund" and receipt_id and (left := self._left(receipt_id)):
            self.ledger.refund(receipt_id, self.part(left), self.day(receipts[receipt_id].received_on))
        elif action == "apply" and receipt_id:
            most = min(receipts[receipt_id].free(date.max), papers[invoice_id].balance(date.max))
            if most > 0:
                self.ledger.apply(receipt_id, invoice_id, self.part(most), self.day())

    def _receive(self, patient_id: UUID, invoice_id: UUID) -> None:
        amount, owed = self.part(D(200)), self.ledger.papers[invoice_id].balance(date.max)
        pays = {invoice_id: self.part(min(amount, owed))} if owed > 0 else {}
        self.ledger.receive(patient_id, amount, self.day(), pays)

    def _credit(self, invoice_id: UUID) -> None:
        paper = self.ledger.papers[invoice_id]
        paid = sum((money.paid.get(invoice_id, D(0)) for money in self.ledger.receipts.values()), D(0))
        most = paper.balance(date.max) + paid
        if most > 0:
            self.ledger.credit(invoice_id, self.part(most), self.day(paper.issued_on))

    def _left(self, receipt_id: UUID) -> Decimal:
        money = self.ledger.receipts[receipt_id]
        return money.free(date.max) + sum(money.paid.values(), D(0))


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_every_figure_is_the_sum_of_its_events_and_of_its_rows(data: st.DataObject) -> None:
    clinic = make_clinic()
    books = Books(clinic, data)
    for _ in range(data.draw(st.integers(3, 12))):
        books.step()
    actor = system_actor(clinic.name)
    for day in [books.day(), books.day(), None]:
        expected = books.ledger.gross(day or date.max), books.ledger.free(day or date.max)
        gross, credit, net, invoices = figures(actor, day)
        assert (gross, credit, net) == (*expected, expected[0] - expected[1])
        wanted = OutstandingRowsRequest(as_of=day)
        rows = perform(actor, list_outstanding, wanted)
        assert (rows.total, rows.count) == (sum((row.balance for row in rows.rows), D(0)), len(rows.rows))
        assert (rows.total, rows.count) == (gross, invoices)
        assert {row.id: row.balance for row in rows.rows} == {
            paper_id: paper.balance(day or date.max)
            for paper_id, paper in books.ledger.papers.items()
            if paper.balance(day or date.max)
        }
        aged = perform(actor, aging, AgingRequest(as_of=day))
        assert sum((each.amount for each in aged.buckets), D(0)) == aged.gross == gross
        for each in aged.buckets:
            of_bucket = perform(actor, list_outstanding, OutstandingRowsRequest(as_of=day, bucket=each.bucket))
            assert (of_bucket.total, of_bucket.count) == (each.amount, each.invoices)
        debtors = perform(actor, list_debtors, wanted)
        assert sum((row.balance for row in debtors.rows), D(0)) == debtors.total == gross
        over = sum((row.over_90 for row in debtors.rows), D(0))
        assert over == next(each.amount for each in aged.buckets if each.bucket is AgeBucket.OVER_90)
        held = perform(actor, list_credit, wanted)
        assert sum((row.amount for row in held.rows), D(0)) == held.total == credit
