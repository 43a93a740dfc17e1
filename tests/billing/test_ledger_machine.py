"""A clinic's money used at random through its use cases, days and months closed on the way; the books hold after each.

What a rule of the clinic refuses changes nothing; what it allows keeps, for every patient, balance and credit equal to
the papers and the money behind them, and between any two days what is owed rolls forward.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from pydantic import BaseModel
from sqlalchemy import text

from clinic_core.access import Work, owner_work, perform, unit_of_work
from clinic_core.analytics.queries import outstanding
from clinic_core.analytics.schemas import OutstandingRequest
from clinic_core.billing.queries import get_invoice, list_closings, patient_balance
from clinic_core.billing.roll_forward import month_figures
from clinic_core.billing.schemas import (
    ApplyCredit,
    CloseDay,
    CloseMonth,
    CreditInvoice,
    CreditLine,
    GetInvoice,
    IssueInvoice,
    ListClosings,
    MonthFigures,
    OfPatient,
    RefundReceipt,
    ReopenClosing,
    ReverseWriteOff,
    WriteOff,
)
from clinic_core.billing.service import (
    apply_credit,
    close_day,
    close_month,
    credit_invoice,
    issue_invoice,
    record_receipt,
    refund_receipt,
    reopen_closing,
    reverse_write_off,
    write_off,
)
from clinic_core.billing.statements import read_statements
from clinic_core.db import books
from clinic_core.errors import Conflict, InvalidInput
from clinic_core.kit.clock import frozen_at, now
from clinic_core.vocabulary import PaymentMethod
from tests.billing.accounts import check_sums
from tests.billing.arrange import draft, line, receipt
from tests.factories import Clinic, make_clinic, make_patient
from tests.harness import Database

START = datetime.fromisoformat("2026-01-27T11:00Z")
AMOUNTS = st.decimals(Decimal("0.01"), Decimal("120.00"), places=2)
PICKS = st.integers(0, 30)
Request = TypeVar("Request", bound=BaseModel)
Result = TypeVar("Result")

_IDENTITIES = text("""
    select p.id as patient_id,
      (select coalesce(sum(total), 0) from invoice i where i.patient_id = p.id and kind = 'invoice'
         and status <> 'draft') as billed,
      (select coalesce(sum(total), 0) from invoice i where i.patient_id = p.id and kind = 'credit_note') as credited,
      (select coalesce(sum(a.amount), 0) from adjustment a join invoice i on i.id = a.invoice_id
        where i.patient_id = p.id) as written_off,
      (select coalesce(sum(y.amount), 0) from payment y join invoice i on i.id = y.invoice_id
        where i.patient_id = p.id) as paid,
      (select coalesce(sum(case kind when 'refund' then -amount else amount end), 0) from receipt r
        where r.patient_id = p.id) as handed_over
    from patient p order by p.id
""")


class Ledger(RuleBasedStateMachine):
    """Two patients of one clinic, from the end of one January on."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ExitStack()
        self.at = START
        self.clock.enter_context(frozen_at(self.at))

    @initialize()
    def open_clinic(self) -> None:
        self.clinic: Clinic = make_clinic()
        self.patients = [make_patient(self.clinic) for _ in range(2)]
        self.manager = self.clinic.actor("manager")
        for patient, price in enumerate((Decimal("80.05"), Decimal("33.33"))):
            for quantity in (1, 3):
                self.write(patient, [price, Decimal("19.99")], quantity)
            self.receive(patient, Decimal("70.00"), 0, 1)

    def teardown(self) -> None:
        self.clock.close()

    @rule(patient=PICKS, prices=st.lists(AMOUNTS, min_size=1, max_size=3), quantity=st.integers(1, 3))
    def write(self, patient: int, prices: list[Decimal], quantity: int) -> None:
        lines = [
            line(self.clinic, unit_price=price, quantity=Decimal(quantity), tax_rate=Decimal("0.19"))
            for price in prices
        ]
        made = draft(self.clinic, self.patients[patient % 2], *lines)
        if quantity != 2:
            self._do(issue_invoice, IssueInvoice(invoice_id=made.id))

    @rule(pick=PICKS)
    def issue(self, pick: int) -> None:
        self._on("invoice where status = 'draft'", pick, lambda found: (issue_invoice, IssueInvoice(invoice_id=found)))

    @rule(patient=PICKS, amount=AMOUNTS, back=st.integers(0, 40), chosen=st.integers(0, 3))
    def receive(self, patient: int, amount: Decimal, back: int, chosen: int) -> None:
        """Over open invoices today, or as credit also on an earlier day."""
        owed = self._ids(f"invoice where balance > 0 and patient_id = '{self.patients[patient % 2]}'")[:chosen]
        received_at = self.at if owed else self.at - timedelta(days=back)
        request = receipt(
            self.patients[patient % 2],
            str(amount),
            invoice_ids=tuple(owed),
            received_at=received_at,
            clinic_location_id=self.clinic.main,
        )
        was_closed = self._is_closed(received_at.date())
        done = self._do(record_receipt, request)
        assert done is not was_closed

    @rule(patient=PICKS)
    def use_credit(self, patient: int) -> None:
        patient_id = self.patients[patient % 2]
        owed = self._ids(f"invoice where balance > 0 and patient_id = '{patient_id}'")
        self._do(apply_credit, ApplyCredit(patient_id=patient_id, invoice_ids=tuple(owed)))

    @rule(pick=PICKS, of_line=PICKS, quantity=st.integers(1, 3))
    def credit_line(self, pick: int, of_line: int, quantity: int) -> None:
        for found in self._picked("invoice where status = 'issued' and kind = 'invoice'", pick):
            lines = perform(self.manager, get_invoice, GetInvoice(invoice_id=found)).lines
            part = CreditLine(line_id=lines[of_line % len(lines)].id, quantity=Decimal(quantity))
            self._do(credit_invoice, CreditInvoice(invoice_id=found, lines=(part,), reason="Too much"))

    @rule(pick=PICKS)
    def credit_whole(self, pick: int) -> None:
        self._on(
            "invoice where status = 'issued' and kind = 'invoice'",
            pick,
            lambda found: (credit_invoice, CreditInvoice(invoice_id=found, reason="Wrong")),
        )

    @rule(pick=PICKS, amount=AMOUNTS)
    def give_up(self, pick: int, amount: Decimal) -> None:
        self._on(
            "invoice where balance > 0",
            pick,
            lambda found: (write_off, WriteOff(invoice_id=found, amount=amount, reason="Small")),
        )

    @rule(pick=PICKS)
    def take_back(self, pick: int) -> None:
        self._on(
            "adjustment where amount > 0",
            pick,
            lambda found: (reverse_write_off, ReverseWriteOff(adjustment_id=found, reason="Paid after all")),
        )

    @rule(pick=PICKS, amount=AMOUNTS)
    def refund(self, pick: int, amount: Decimal) -> None:
        self._on(
            "receipt where kind = 'receipt'",
            pick,
            lambda found: (
                refund_receipt,
                RefundReceipt(receipt_id=found, amount=amount, method=PaymentMethod.CASH),
            ),
        )

    @rule(days=st.integers(1, 25))
    def wait(self, days: int) -> None:
        self.clock.close()
        self.at += timedelta(days=days)
        self.clock.enter_context(frozen_at(self.at))

    @rule(back=st.integers(0, 30))
    def close_a_day(self, back: int) -> None:
        request = CloseDay(
            clinic_location_id=self.clinic.main,
            day=(self.at - timedelta(days=back)).date(),
            counted=((PaymentMethod.CASH, Decimal(0)),),
            note="Counted later",
        )
        was_closed = bool(
            self._ids(f"closing where kind = 'day' and starts_on = '{request.day}' and reopened_at is null")
        )
        assert self._do(close_day, request) is not was_closed

    @rule()
    def close_the_last_month(self) -> None:
        last = self.at.replace(day=1) - timedelta(days=1)
        self._do(close_month, CloseMonth(year=last.year, month=last.month))

    @rule(pick=PICKS)
    def reopen(self, pick: int) -> None:
        self._on(
            "closing where reopened_at is null",
            pick,
            lambda found: (reopen_closing, ReopenClosing(closing_id=found, reason="A receipt was forgotten")),
        )

    @invariant()
    def every_patient_adds_up(self) -> None:
        with unit_of_work(self.manager) as work:
            rows = work.session.execute(_IDENTITIES).all()
        for row in rows:
            found = perform(self.manager, patient_balance, OfPatient(patient_id=row.patient_id))
            assert found.gross == row.billed - row.credited - row.written_off - row.paid
            assert found.credit == row.handed_over - row.paid >= 0

    @invariant()
    def what_is_owed_rolls_forward_between_any_two_days(self) -> None:
        today = now().date()
        days = (today - timedelta(days=31), today - timedelta(days=9), today)
        ends: list[tuple[Decimal, Decimal]] = []
        for day in days:
            found = perform(self.manager, outstanding, OutstandingRequest(as_of=day))
            ends.append((found.gross, found.credit))
        for first, last in ((0, 1), (1, 2), (0, 2)):
            figures = self._between(days[first] + timedelta(days=1), days[last])
            assert (figures.opening, figures.credit_opening) == ends[first]
            assert (figures.closing, figures.credit_closing) == ends[last]

    @invariant()
    def the_statements_of_the_patients_add_up_and_end_at_what_is_outstanding(self) -> None:
        for back in (9, 0):
            day = now().date() - timedelta(days=back)
            with unit_of_work(self.manager) as work:
                shown = read_statements(work, self.patients, first_day=day - timedelta(days=15), last_day=day).values()
                owed = outstanding(work, OutstandingRequest(as_of=day))
            for each in shown:
                check_sums(each)
            assert sum((each.closing for each in shown), Decimal(0)) == owed.net
            assert sum((each.gross for each in shown), Decimal(0)) == owed.gross

    @invariant()
    def the_check_of_the_books_finds_no_fault(self) -> None:
        with owner_work("check") as session:
            assert books.ledger_faults(session.connection()) == []
            assert books.number_faults(session.connection()) == []

    def _between(self, first: date, last: date) -> MonthFigures:
        with unit_of_work(self.manager) as work:
            return month_figures(work.session, "EUR", first, last)

    def _is_closed(self, day: date) -> bool:
        held = [each for each in perform(self.manager, list_closings, ListClosings()) if each.reopened_at is None]
        return any(each.starts_on <= day <= each.ends_on for each in held)

    def _ids(self, rows: str) -> list[UUID]:
        with unit_of_work(self.manager) as work:
            return list(work.session.scalars(text(f"select id from {rows} order by id")))

    def _picked(self, rows: str, pick: int) -> list[UUID]:
        found = self._ids(rows)
        return [found[pick % len(found)]] if found else []

    def _on(
        self, rows: str, pick: int, make: Callable[[UUID], tuple[Callable[[Work, Request], Result], Request]]
    ) -> None:
        for found in self._picked(rows, pick):
            self._do(*make(found))

    def _do(self, function: Callable[[Work, Request], Result], request: Request) -> bool:
        """Whether the rules of the clinic let it happen."""
        try:
            perform(self.manager, function, request)
        except (Conflict, InvalidInput):
            return False
        return True


def test_the_books_add_up_whatever_happens_and_whatever_is_closed(own_database: Database) -> None:
    run_state_machine_as_test(
        Ledger,
        settings=settings(max_examples=12, stateful_step_count=20, suppress_health_check=[HealthCheck.too_slow]),
    )
