"""What every statement keeps, whatever happened: checked for any patient and any days."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from clinic_core.access import Actor, perform
from clinic_core.analytics.queries import list_credit, list_debtors, list_outstanding
from clinic_core.analytics.schemas import OutstandingRowsRequest
from clinic_core.billing.queries import get_statement
from clinic_core.billing.schemas import StatementDetail, StatementRequest

ZERO = Decimal("0.00")


def statement(actor: Actor, patient_id: UUID, first: date | None = None, last: date | None = None) -> StatementDetail:
    return perform(actor, get_statement, StatementRequest(patient_id=patient_id, first_day=first, last_day=last))


def check_statement(actor: Actor, patient_id: UUID, first: date, last: date) -> None:
    """The account adds up in itself, goes on from the day before, and ends at what is outstanding."""
    found, whole = statement(actor, patient_id, first, last), statement(actor, patient_id, None, last)
    check_sums(found)
    check_sums(whole)
    assert whole.opening == ZERO
    assert found.opening == statement(actor, patient_id, None, first - timedelta(days=1)).closing
    assert (found.closing, found.open_items, found.credit) == (whole.closing, whole.open_items, whole.credit)
    later = [(one.dated_on, one.text, one.amount, one.balance) for one in whole.movements if one.dated_on >= first]
    assert [(one.dated_on, one.text, one.amount, one.balance) for one in found.movements] == later
    wanted = OutstandingRowsRequest(as_of=last, patient_id=patient_id)
    owed = perform(actor, list_outstanding, wanted)
    assert {(row.number, row.due_on, row.days, row.bucket.value, row.balance) for row in owed.rows} == {
        (item.number, item.due_on, item.days, item.bucket.value, item.balance) for item in found.open_items
    }
    assert (found.gross, found.credit) == (owed.total, perform(actor, list_credit, wanted).total)
    for row in perform(actor, list_debtors, wanted).rows:
        ages = (row.to_30, row.to_60, row.to_90, row.over_90)
        assert (row.balance, ages) == (found.gross, tuple(each.amount for each in found.aged))


def check_sums(found: StatementDetail) -> None:
    """Opening and movements come to the balance after each, and the last of them to open items less credit."""
    balance = found.opening
    for one in found.movements:
        assert one.amount != 0
        assert (found.first_day or date.min) <= one.dated_on <= found.last_day
        balance += one.amount
        assert one.balance == balance
    assert list(found.movements) == sorted(found.movements, key=lambda one: one.dated_on)
    assert found.closing == balance == found.gross - found.credit
    assert found.gross == sum((item.balance for item in found.open_items), ZERO)
    assert found.gross == sum((each.amount for each in found.aged), ZERO)
    own = sum((item.balance for item in found.open_items if not item.payer_name), ZERO)
    assert found.others_pay == found.gross - own
    assert found.to_pay == max(ZERO, own - found.credit)
    assert ZERO <= found.overdue <= found.to_pay
    assert found.to_pay - found.credit_left == own - found.credit
