"""Statements with fixed contents, to be compared with golden files."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from clinic_core.billing.schemas import (
    AgeBucket,
    AgedSum,
    Movement,
    MovementKind,
    OpenItem,
    Party,
    StatementDetail,
)
from clinic_core.vocabulary import PaymentMethod
from tests.billing.papers import SELLER

ZERO = Decimal("0.00")
FIRST, LAST = date(2026, 1, 1), date(2026, 11, 20)
EMPLOYER = "Harbour Works Ltd"

_ID = UUID(int=1)
_KINDS = (
    (MovementKind.INVOICE, "INV-2026-{:05d}", "", "80.00"),
    (MovementKind.RECEIPT, "RCT-2026-{:05d}", "", "-50.50"),
    (MovementKind.CREDIT_NOTE, "CRN-2026-{:05d}", "INV-2026-00001", "-12.25"),
    (MovementKind.INVOICE, "INV-2026-{:05d}", "", "1140.00"),
    (MovementKind.WRITE_OFF, "", "INV-2026-00001", "-0.75"),
    (MovementKind.WRITE_OFF_TAKEN_BACK, "", "INV-2026-00001", "0.75"),
    (MovementKind.REFUND, "RCT-2026-{:05d}", "RCT-2026-00002", "10.00"),
)


def statement(movements: int, *, items: int = 3, payer: str = "", credit: str = "0.00") -> StatementDetail:
    """So many movements of every kind and so many open invoices; every fourth is billed to the payer, if there is one.

    The opening balance is what makes the account come to what is open less the credit.
    """
    moved = [_movement(at, payer) for at in range(movements)]
    owed = [_open_item(at, payer) for at in range(items)]
    gross = sum((item.balance for item in owed), ZERO)
    closing = gross - Decimal(credit)
    opening = closing - sum((one.amount for one in moved), ZERO)
    return _account(opening, moved, owed, Decimal(credit))


def empty() -> StatementDetail:
    """Nothing in the period and nothing owed."""
    return statement(0, items=0)


def from_right_to_left() -> StatementDetail:
    """Names of patient and payer from right to left, Latin words and numbers between."""
    name = "محمد الأحمدي"
    to = Party(name=name, address="רחוב הרצל 5\nתל אביב")
    return statement(4, payer="חברת הנמל בע״מ").model_copy(update={"patient_name": name, "bill_to": to})


def _account(opening: Decimal, moved: Sequence[Movement], owed: Sequence[OpenItem], credit: Decimal) -> StatementDetail:
    balance, lines = opening, []
    for one in moved:
        balance += one.amount
        lines.append(one.model_copy(update={"balance": balance}))
    gross = sum((item.balance for item in owed), ZERO)
    own = [item for item in owed if not item.payer_name]
    asked = sum((item.balance for item in own), ZERO)
    return StatementDetail(
        patient_id=_ID,
        patient_name="Łucja Ångström-Παπαδόπουλος (Люся)",
        patient_code="P-004217",
        bill_to=Party(name="Łucja Ångström-Παπαδόπουλος", address="Nordkai 12a\n20457 Hamburg", reference="P-004217"),
        seller=SELLER,
        currency="EUR",
        first_day=FIRST,
        last_day=LAST,
        opening=opening,
        movements=tuple(lines),
        closing=balance,
        open_items=tuple(owed),
        aged=tuple(
            AgedSum(bucket=each, amount=sum((item.balance for item in owed if item.bucket is each), ZERO))
            for each in AgeBucket
        ),
        gross=gross,
        credit=credit,
        others_pay=gross - asked,
        overdue=max(ZERO, sum((item.balance for item in own if item.days > 0), ZERO) - credit),
        to_pay=max(ZERO, asked - credit),
    )


def _movement(at: int, payer: str) -> Movement:
    kind, number, of_number, amount = _KINDS[at % len(_KINDS)]
    money = kind in {MovementKind.RECEIPT, MovementKind.REFUND}
    return Movement(
        dated_on=FIRST + timedelta(days=3 * at),
        kind=kind,
        number=number.format(at + 1),
        of_number=of_number,
        invoice_id=None if money else _ID,
        receipt_id=_ID if money else None,
        method=PaymentMethod.CARD if money else None,
        payer_name="" if money or at % 4 != 3 else payer,
        amount=Decimal(amount),
        balance=ZERO,
    )


def _open_item(at: int, payer: str) -> OpenItem:
    days = 100 - 37 * (at % 4)
    due_on = LAST - timedelta(days=days)
    return OpenItem(
        invoice_id=_ID,
        number=f"INV-2026-{at + 1:05d}",
        issued_on=due_on - timedelta(days=14),
        due_on=due_on,
        days=days,
        bucket=AgeBucket.of(days),
        payer_name=payer if at % 4 == 1 else "",
        total=Decimal("90.00") + at,
        balance=Decimal("45.50") + at,
    )
