"""Statements of account: they add up, end where they say, and show nobody more than they may see."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import event

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.billing.queries import export_statement, get_statement, print_statement
from clinic_core.billing.schemas import (
    AgeBucket,
    BillTo,
    CreditInvoice,
    IssueInvoice,
    MovementKind,
    StatementDetail,
    StatementRequest,
)
from clinic_core.billing.service import (
    credit_invoice,
    issue_invoice,
    record_receipt,
)
from clinic_core.billing.statements import read_statements
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.models import Patient
from tests.analytics.ledger import Ledger
from tests.billing.accounts import check_sums, statement
from tests.billing.arrange import audited, draft, priced, receipt
from tests.factories import Clinic, make_clinic, make_patient

D = Decimal
JAN, FEB, MAR, APR = date(2026, 1, 10), date(2026, 2, 10), date(2026, 3, 10), date(2026, 4, 10)


def told(found: StatementDetail) -> list[tuple[date, MovementKind, str, str]]:
    return [(one.dated_on, one.kind, str(one.amount), str(one.balance)) for one in found.movements]


def test_a_statement_of_a_past_day_shows_what_was_open_then(clinic: Clinic) -> None:
    books, ada, manager = Ledger(clinic), make_patient(clinic), clinic.actor("manager")
    visit = books.issue(ada, "100.00", JAN, due_on=JAN)
    money = books.receive(ada, "120.00", MAR, {visit: D("100.00")})
    books.refund(money, D("20.00"), APR)
    then = statement(manager, ada, None, FEB)
    assert [(item.days, item.bucket, item.balance) for item in then.open_items] == [(31, AgeBucket.TO_60, D("100.00"))]
    assert (then.closing, then.overdue, then.to_pay) == (D("100.00"),) * 3
    assert statement(manager, ada, None, MAR).credit == D("20.00")
    assert statement(manager, ada, None, APR).closing == D("0.00")


def test_the_first_and_the_last_day_of_the_period_are_in_it(clinic: Clinic) -> None:
    books, ada, manager = Ledger(clinic), make_patient(clinic), clinic.actor("manager")
    for day in (JAN, FEB, MAR, APR):
        books.issue(ada, "10.00", day)
    found = statement(manager, ada, FEB, MAR)
    assert [one.dated_on for one in found.movements] == [FEB, MAR]
    assert (found.opening, found.closing) == (D("10.00"), D("30.00"))
    inner = statement(manager, ada, FEB + timedelta(days=1), MAR - timedelta(days=1))
    assert (inner.movements, inner.opening, inner.closing) == ((), D("20.00"), D("20.00"))


def test_an_account_without_movements_is_empty_and_owes_nothing(clinic: Clinic) -> None:
    found = statement(clinic.actor("manager"), make_patient(clinic), date(2020, 1, 1))
    check_sums(found)
    assert (found.movements, found.open_items, found.closing, found.to_pay) == ((), (), D("0.00"), D("0.00"))
    assert [each.amount for each in found.aged] == [D("0.00")] * 4


def test_drafts_are_on_no_statement_and_void_papers_are_with_their_credit_note(clinic: Clinic) -> None:
    manager, ada = clinic.actor("manager"), make_patient(clinic)
    draft(clinic, ada)
    assert statement(manager, ada).movements == ()
    void = priced(clinic, ada, "80")
    perform(manager, credit_invoice, CreditInvoice(invoice_id=void.id, reason="Wrong patient"))
    found = statement(manager, ada)
    assert [(one.kind, one.amount) for one in found.movements] == [
        (MovementKind.INVOICE, D("80.00")),
        (MovementKind.CREDIT_NOTE, D("-80.00")),
    ]
    assert (found.closing, found.open_items) == (D("0.00"), ())


def test_what_others_pay_is_marked_and_not_asked_of_the_patient(clinic: Clinic) -> None:
    manager, ada = clinic.actor("manager"), make_patient(clinic)
    priced(clinic, ada, "100")
    made = draft(clinic, ada, bill_to=BillTo(name="Harbour Works Ltd", address="Quay 1"))
    perform(manager, issue_invoice, IssueInvoice(invoice_id=made.id))
    perform(manager, record_receipt, receipt(ada, "30"))
    found = statement(manager, ada)
    check_sums(found)
    assert [one.payer_name for one in found.movements] == ["", "Harbour Works Ltd", ""]
    assert [(item.payer_name, item.balance) for item in found.open_items] == [
        ("", D("100.00")),
        ("Harbour Works Ltd", D("80.00")),
    ]
    assert (found.closing, found.others_pay, found.to_pay) == (D("150.00"), D("80.00"), D("70.00"))


def test_the_last_day_is_today_where_it_is_latest_and_never_later(clinic: Clinic) -> None:
    """At 23:30 UTC it is tomorrow in Berlin, while New York still has today."""
    manager, ada = clinic.actor("manager"), make_patient(clinic)
    with frozen_at(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)):
        made = priced(clinic, ada, "10", clinic_location_id=clinic.main)
        priced(clinic, ada, "20", clinic_location_id=clinic.branch)
        found = statement(manager, ada)
        assert (made.issued_on, found.last_day) == (date(2026, 7, 1), date(2026, 7, 1))
        assert [str(one.amount) for one in found.movements] == ["20.00", "10.00"]
        assert statement(manager, ada, None, date(2026, 6, 30)).closing == D("20.00")
        with pytest.raises(InvalidInput, match="2026-07-02 lies in the future"):
            statement(manager, ada, None, date(2026, 7, 2))
        with pytest.raises(InvalidInput, match="before it begins"):
            statement(manager, ada, date(2026, 7, 2))


def test_a_period_that_ends_before_it_begins_is_refused(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="before it begins"):
        StatementRequest(patient_id=make_patient(clinic), first_day=MAR, last_day=FEB)


def at_both(clinic: Clinic) -> UUID:
    """A patient with papers and money at both locations; money of Main street pays an invoice of the Harbour."""
    ada, manager = make_patient(clinic), clinic.actor("manager")
    with frozen_at(datetime(2026, 1, 10, 18, tzinfo=UTC)):
        priced(clinic, ada, "100", clinic_location_id=clinic.main)
        away = priced(clinic, ada, "40", clinic_location_id=clinic.branch)
        both = receipt(ada, "60", invoice_ids=(away.id,), clinic_location_id=clinic.main)
        perform(manager, record_receipt, both)
    return ada


def test_who_sees_one_location_sees_its_papers_and_a_sum_that_adds_up(clinic: Clinic) -> None:
    ada = at_both(clinic)
    found = statement(clinic.actor("assistant"), ada)
    check_sums(found)
    assert [(one.kind, str(one.amount)) for one in found.movements] == [
        (MovementKind.INVOICE, "100.00"),
        (MovementKind.RECEIPT, "-60.00"),
        (MovementKind.USED_ELSEWHERE, "40.00"),
    ]
    assert (found.gross, found.credit, found.closing) == (D("100.00"), D("20.00"), D("80.00"))
    whole = statement(clinic.actor("manager"), ada)
    check_sums(whole)
    assert [str(one.amount) for one in whole.movements] == ["100.00", "40.00", "-60.00"]
    assert whole.closing == D("80.00")


def test_who_sees_the_other_location_learns_that_it_was_paid_and_not_by_which_receipt(clinic: Clinic) -> None:
    ada = at_both(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(Patient, ada).clinic_location_id = clinic.branch
    there = replace(clinic.actor("assistant"), location_ids=frozenset({clinic.branch}))
    found = statement(there, ada)
    check_sums(found)
    assert [(one.kind, one.receipt_id) for one in found.movements] == [
        (MovementKind.INVOICE, None),
        (MovementKind.PAID_ELSEWHERE, None),
    ]
    assert found.closing == D("0.00")


def test_a_patient_reads_the_own_statement_and_nobody_elses(clinic: Clinic) -> None:
    own, other = make_patient(clinic, user_id=clinic.users["patient"]), make_patient(clinic)
    for patient_id in (own, other):
        priced(clinic, patient_id, "25")
    reader = clinic.actor("patient")
    assert statement(reader, own).closing == D("25.00")
    for refused in (get_statement, print_statement, export_statement):
        with pytest.raises(NotFound):
            perform(reader, refused, StatementRequest(patient_id=other))
    with unit_of_work(reader) as work:
        assert list(read_statements(work, (own, other), first_day=None, last_day=APR)) == [own]


def test_practitioners_and_strangers_have_no_statement_to_read(clinic: Clinic) -> None:
    ada = make_patient(clinic)
    priced(clinic, ada, "25")
    for reader in (clinic.actor("practitioner"), make_clinic().actor("owner")):
        with pytest.raises(NotFound):
            statement(reader, ada)
    with pytest.raises(PermissionDenied):
        statement(replace(clinic.actor("manager"), permissions={}), ada)


def test_a_deleted_patient_has_no_statement(clinic: Clinic) -> None:
    gone = make_patient(clinic, deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(NotFound):
        statement(clinic.actor("manager"), gone)


def test_printing_and_exporting_are_audited_and_reading_on_the_screen_is_not(clinic: Clinic) -> None:
    ada, manager = make_patient(clinic), clinic.actor("manager")
    request = StatementRequest(patient_id=ada)
    printed = perform(manager, print_statement, request)
    assert printed == perform(manager, get_statement, request)
    perform(manager, export_statement, request)
    assert audited(clinic, "statement.print") == [("patient", "print", clinic.users["manager"])]
    assert audited(clinic, "statement.export") == [("patient", "export", clinic.users["manager"])]
    assert audited(clinic, "statement.get") == []


def test_the_file_has_the_movements_of_the_statement_and_its_amounts_sum_to_the_closing_balance(clinic: Clinic) -> None:
    books, ada, manager = Ledger(clinic), make_patient(clinic), clinic.actor("manager")
    visit = books.issue(ada, "100.00", JAN)
    books.receive(ada, "70.00", FEB, {visit: D("60.00")})
    books.issue(ada, "12.34", MAR)
    request = StatementRequest(patient_id=ada, first_day=FEB, last_day=MAR)
    made, found = perform(manager, export_statement, request), perform(manager, get_statement, request)
    rows = [dict(zip(made.header, row, strict=True)) for row in made.rows]
    assert (rows[0]["Kind"], rows[0]["Amount"]) == ("Brought forward", found.opening)
    assert [(row["Date"], row["Number"], row["Amount"], row["Balance"]) for row in rows[1:]] == [
        (one.dated_on, one.number, one.amount, one.balance) for one in found.movements
    ]
    assert sum((D(str(row["Amount"])) for row in rows), D(0)) == found.closing == rows[-1]["Balance"]


def test_many_statements_take_no_more_statements_of_sql_than_one(clinic: Clinic) -> None:
    books, manager = Ledger(clinic), clinic.actor("manager")
    patients = [make_patient(clinic) for _ in range(12)]
    for place, patient_id in enumerate(patients):
        visit = books.issue(patient_id, D(10 + place), JAN)
        books.receive(patient_id, "10.00", FEB, {visit: D("5.00")})

    def read(ids: list[UUID]) -> tuple[int, dict[UUID, StatementDetail]]:
        sent: list[str] = []
        with unit_of_work(manager) as work:
            event.listen(work.session.connection(), "before_cursor_execute", lambda *args: sent.append(args[2]))
            found = read_statements(work, ids, first_day=FEB, last_day=MAR)
        return len(sent), found

    (one, _), (many, found) = read(patients[:1]), read(patients)
    assert one == many <= 6
    assert found == {each: statement(manager, each, FEB, MAR) for each in patients}
