"""The books add up after any history: what B4 of the specification says of balances, payments and credit."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from clinic_core.access import perform, unit_of_work
from clinic_core.billing.queries import list_invoices, list_receipts, number_proof, open_invoices, patient_balance
from clinic_core.billing.schemas import (
    ApplyCredit,
    CreditInvoice,
    InvoiceRow,
    ListInvoices,
    ListReceipts,
    OfPatient,
    ProveNumbers,
    ReceiptRow,
    RefundReceipt,
    WriteOff,
)
from clinic_core.billing.service import apply_credit, credit_invoice, record_receipt, refund_receipt, write_off
from clinic_core.errors import Conflict
from clinic_core.kit.clock import now
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, PaymentMethod, ReceiptKind
from tests.billing.arrange import draft, priced, receipt
from tests.factories import Clinic, make_patient

_AMOUNTS = st.decimals(Decimal("0.01"), Decimal("120.00"), places=2)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["draft", "issue", "pay oldest", "pay one", "prepay", "apply", "credit", "write off", "refund"]
        ),
        _AMOUNTS,
        st.integers(0, 5),
    ),
    min_size=6,
    max_size=16,
)


def _papers(clinic: Clinic, patient_id: UUID) -> list[InvoiceRow]:
    rows = perform(clinic.actor("manager"), list_invoices, ListInvoices(patient_id=patient_id, limit=200))
    return [row for row in reversed(rows) if row.number and row.kind is InvoiceKind.INVOICE]


def _money(clinic: Clinic, patient_id: UUID) -> list[ReceiptRow]:
    return list(perform(clinic.actor("manager"), list_receipts, ListReceipts(patient_id=patient_id, limit=200)))


def _do(clinic: Clinic, patient_id: UUID, step: tuple[str, Decimal, int]) -> None:
    """One step of the history; what the clinic's rules refuse changes nothing."""
    kind, amount, pick = step
    manager = clinic.actor("manager")
    owed = [row.id for row in perform(manager, open_invoices, OfPatient(patient_id=patient_id))]
    papers, money = _papers(clinic, patient_id), _money(clinic, patient_id)
    some = owed[: pick + 1]
    one = papers[pick % len(papers)].id if papers else None
    taken = money[pick % len(money)].id if money else None
    pay = receipt(patient_id, str(amount), invoice_ids=tuple(some))
    exactly = receipt(patient_id, str(amount), allocations=((one, amount),)) if one else pay
    back = RefundReceipt(receipt_id=taken, amount=amount, method=PaymentMethod.CASH) if taken else None
    steps: dict[str, Callable[[], object]] = {
        "draft": lambda: draft(clinic, patient_id),
        "issue": lambda: priced(clinic, patient_id, str(amount)),
        "pay oldest": lambda: perform(manager, record_receipt, pay),
        "pay one": lambda: perform(manager, record_receipt, exactly),
        "prepay": lambda: perform(manager, record_receipt, receipt(patient_id, str(amount))),
        "apply": lambda: (
            some and perform(manager, apply_credit, ApplyCredit(patient_id=patient_id, invoice_ids=tuple(some)))
        ),
        "credit": lambda: one and perform(manager, credit_invoice, CreditInvoice(invoice_id=one, reason="Wrong")),
        "write off": lambda: (
            one and perform(manager, write_off, WriteOff(invoice_id=one, amount=amount, reason="Small"))
        ),
        "refund": lambda: back and perform(manager, refund_receipt, back),
    }
    try:
        steps[kind]()
    except Conflict:
        return


def _sum(rows: list[Decimal]) -> Decimal:
    return sum(rows, Decimal("0.00"))


def _payments(clinic: Clinic, column: str) -> dict[UUID, Decimal]:
    with unit_of_work(clinic.actor("manager")) as work:
        found = work.session.execute(text(f"select {column}, sum(amount) from payment group by 1"))
        return {row[0]: row[1] for row in found}


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_the_books_add_up_after_any_history(clinic: Clinic, steps: list[tuple[str, Decimal, int]]) -> None:
    patient_id = make_patient(clinic)
    for step in steps:
        _do(clinic, patient_id, step)
    papers, money = _papers(clinic, patient_id), _money(clinic, patient_id)
    paid, allocated = _payments(clinic, "invoice_id"), _payments(clinic, "receipt_id")
    for row in papers:
        assert row.paid == paid.get(row.id, Decimal(0)) >= 0
        assert row.balance == row.total - row.credited - row.written_off - row.paid >= 0
        assert row.status is not InvoiceStatus.VOID or (row.credited, row.paid) == (row.total, Decimal(0))
    taken = [row for row in money if row.kind is ReceiptKind.RECEIPT]
    for row_of_money in taken:
        assert row_of_money.allocated == allocated.get(row_of_money.id, Decimal(0)) >= 0
        assert row_of_money.credit == row_of_money.amount - row_of_money.allocated - row_of_money.refunded >= 0
    received, refunds = _sum([row.amount for row in taken]), _sum([row.amount for row in money if row not in taken])
    found = perform(clinic.actor("manager"), patient_balance, OfPatient(patient_id=patient_id))
    assert found.gross == _sum([row.balance for row in papers])
    assert found.credit == received - refunds - _sum([row.allocated for row in taken])
    billed, lowered = (
        _sum([row.total for row in papers]),
        _sum([row.credited + row.written_off for row in papers]),
    )
    assert found.net == billed - lowered - (received - refunds)
    for series in ("INV", "RCT", "CRN"):
        proof = perform(clinic.actor("manager"), number_proof, ProveNumbers(series=series, year=now().year))
        assert (proof.missing, proof.duplicates) == ((), ())
