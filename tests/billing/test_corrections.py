"""Corrections: the paper stays, its credit note, write-off or refund says what became of it."""

from decimal import Decimal
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import get_receipt, list_uninvoiced, number_proof, patient_balance
from clinic_core.billing.schemas import (
    ApplyCredit,
    CreditInvoice,
    DisplayStatus,
    GetReceipt,
    InvoiceHead,
    OfPatient,
    ProveNumbers,
    ReceiptHead,
    RefundReceipt,
    WriteOff,
)
from clinic_core.billing.service import apply_credit, credit_invoice, record_receipt, refund_receipt, write_off
from clinic_core.errors import Conflict, IllegalTransition, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, PaymentMethod
from tests.billing.arrange import attended, audited, draft, issued, line, priced, read, receipt
from tests.factories import Clinic, make_clinic, make_patient


def take(clinic: Clinic, patient_id: UUID, amount: str, *invoice_ids: UUID) -> ReceiptHead:
    return perform(clinic.actor("manager"), record_receipt, receipt(patient_id, amount, invoice_ids=invoice_ids))


def credit(clinic: Clinic, invoice_id: UUID, role: str = "manager") -> InvoiceHead:
    return perform(clinic.actor(role), credit_invoice, CreditInvoice(invoice_id=invoice_id, reason="Wrong patient"))


def refund(clinic: Clinic, receipt_id: UUID, amount: str, role: str = "manager") -> ReceiptHead:
    request = RefundReceipt(receipt_id=receipt_id, amount=Decimal(amount), method=PaymentMethod.CASH)
    return perform(clinic.actor(role), refund_receipt, request)


def owed(clinic: Clinic, patient_id: UUID) -> tuple[Decimal, Decimal, Decimal]:
    found = perform(clinic.actor("manager"), patient_balance, OfPatient(patient_id=patient_id))
    return found.gross, found.credit, found.net


def test_a_credited_invoice_is_void_and_what_was_paid_becomes_credit(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "80.00")
    take(clinic, patient, "50.00", invoice.id)
    note = credit(clinic, invoice.id)
    year = now().year
    assert (note.kind, note.number, note.total) == (InvoiceKind.CREDIT_NOTE, f"CRN-{year}-00001", Decimal("80.00"))
    assert (note.balance, note.display_status) == (Decimal("0.00"), DisplayStatus.ISSUED)
    found = read(clinic, invoice.id)
    assert (found.number, found.status, found.display_status) == (
        invoice.number,
        InvoiceStatus.VOID,
        DisplayStatus.VOID,
    )
    assert (found.paid, found.credited, found.balance) == (Decimal("0.00"), Decimal("80.00"), Decimal("0.00"))
    assert [(one.label, one.amount) for one in found.corrections] == [(f"Credit note {note.number}", Decimal("80.00"))]
    paper = read(clinic, note.id)
    assert (paper.corrects_number, paper.reason) == (invoice.number, "Wrong patient")
    assert owed(clinic, patient) == (Decimal("0.00"), Decimal("50.00"), Decimal("-50.00"))
    proof = perform(clinic.actor("manager"), number_proof, ProveNumbers(series="INV", year=year))
    assert (proof.count, proof.voids, proof.missing) == (1, 1, ())
    assert ("invoice", "update", clinic.users["manager"]) in audited(clinic, "invoice.credit")


def test_only_an_issued_invoice_is_credited_and_only_once(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with pytest.raises(IllegalTransition, match="This draft is draft and cannot become void"):
        credit(clinic, draft(clinic, patient).id)
    invoice = priced(clinic, patient, "80.00")
    note = credit(clinic, invoice.id)
    with pytest.raises(IllegalTransition, match="is void and cannot become void"):
        credit(clinic, invoice.id)
    with pytest.raises(Conflict, match="cannot be credited"):
        credit(clinic, note.id)
    with pytest.raises(Conflict, match="cannot be paid"):
        take(clinic, patient, "10", invoice.id)


def test_a_credited_visit_can_be_billed_again(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    invoice = issued(clinic, patient, line(clinic, visit_id=visit))
    assert perform(clinic.actor("manager"), list_uninvoiced, OfPatient(patient_id=patient)) == ()
    with pytest.raises(Conflict):
        draft(clinic, patient, visit_ids=(visit,))
    credit(clinic, invoice.id)
    (again,) = perform(clinic.actor("manager"), list_uninvoiced, OfPatient(patient_id=patient))
    assert (again.visit_id, again.unit_price) == (visit, Decimal("80.00"))
    assert draft(clinic, patient, line(clinic), visit_ids=(visit,)).total == Decimal("160.00")


def test_a_written_off_invoice_owes_nothing(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "80.00")
    part = WriteOff(invoice_id=invoice.id, amount=Decimal(30), reason="Hardship")
    perform(clinic.actor("manager"), write_off, part)
    assert read(clinic, invoice.id).balance == Decimal("50.00")
    with pytest.raises(Conflict, match=r"owes €50\.00; €50\.01 is more"):
        perform(clinic.actor("manager"), write_off, part.model_copy(update={"amount": Decimal("50.01")}))
    rest = perform(clinic.actor("manager"), write_off, part.model_copy(update={"amount": None}))
    assert rest.amount == Decimal("50.00")
    found = read(clinic, invoice.id)
    assert (found.display_status, found.written_off) == (DisplayStatus.WRITTEN_OFF, Decimal("80.00"))
    assert [one.label for one in found.corrections] == ["Write off", "Write off"]
    with pytest.raises(Conflict, match=r"€80\.00 of invoice .* is written off"):
        credit(clinic, invoice.id)


def test_credit_is_put_on_invoices_oldest_first(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    first, second = take(clinic, patient, "30.00"), take(clinic, patient, "40.00")
    one, two = priced(clinic, patient, "50.00"), priced(clinic, patient, "50.00")
    request = ApplyCredit(patient_id=patient, invoice_ids=(two.id, one.id))
    assert perform(clinic.actor("assistant"), apply_credit, request).amount == Decimal("70.00")
    assert (read(clinic, one.id).balance, read(clinic, two.id).balance) == (Decimal("0.00"), Decimal("30.00"))
    for made in (first, second):
        assert perform(clinic.actor("manager"), get_receipt, GetReceipt(receipt_id=made.id)).credit == Decimal("0.00")
    with pytest.raises(Conflict, match="no credit"):
        perform(clinic.actor("assistant"), apply_credit, ApplyCredit(patient_id=patient, invoice_ids=(two.id,)))
    with pytest.raises(InvalidInput, match="Choose the invoices"):
        perform(clinic.actor("assistant"), apply_credit, ApplyCredit(patient_id=patient, invoice_ids=()))


def test_only_money_on_no_invoice_is_given_back(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "80.00")
    taken = take(clinic, patient, "100.00", invoice.id)
    with pytest.raises(Conflict, match=r"has €20\.00 left; €20\.01 cannot be given back"):
        refund(clinic, taken.id, "20.01")
    back = refund(clinic, taken.id, "15.00")
    assert (back.kind.label, back.number, back.credit) == ("Refund", f"RCT-{now().year}-00002", Decimal("0.00"))
    assert owed(clinic, patient) == (Decimal("0.00"), Decimal("5.00"), Decimal("-5.00"))
    with pytest.raises(Conflict, match=r"has €5\.00 left"):
        refund(clinic, taken.id, "6.00")
    with pytest.raises(Conflict, match="is a refund itself"):
        refund(clinic, back.id, "1.00")
    credit(clinic, invoice.id)
    refund(clinic, taken.id, "85.00")
    assert owed(clinic, patient) == (Decimal("0.00"), Decimal("0.00"), Decimal("0.00"))


@pytest.mark.parametrize("role", ["assistant", "practitioner", "patient"])
def test_others_correct_nothing(clinic: Clinic, role: str) -> None:
    patient = make_patient(clinic)
    invoice = priced(clinic, patient, "80.00")
    taken = take(clinic, patient, "10.00")
    with pytest.raises(PermissionDenied):
        credit(clinic, invoice.id, role)
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), write_off, WriteOff(invoice_id=invoice.id, reason="x"))
    with pytest.raises(PermissionDenied):
        refund(clinic, taken.id, "1.00", role)
    assert read(clinic, invoice.id).balance == Decimal("80.00")


def test_corrections_need_a_reason() -> None:
    for reason in ("", "  ", "a\0b"):
        with pytest.raises(InvalidInput, match="Reason"):
            CreditInvoice(invoice_id=new_id(), reason=reason)
        with pytest.raises(InvalidInput, match="Reason"):
            WriteOff(invoice_id=new_id(), reason=reason)


def test_papers_of_another_organisation_do_not_exist(clinic: Clinic) -> None:
    other = make_clinic()
    stranger = make_patient(other)
    theirs, money = priced(other, stranger, "80.00"), take(other, stranger, "10.00")
    with pytest.raises(NotFound):
        credit(clinic, theirs.id, "owner")
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), write_off, WriteOff(invoice_id=theirs.id, reason="x"))
    with pytest.raises(NotFound):
        refund(clinic, money.id, "1.00", "owner")
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), apply_credit, ApplyCredit(patient_id=stranger, invoice_ids=(theirs.id,)))
