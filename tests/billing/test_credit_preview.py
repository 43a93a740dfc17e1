"""The preview of a credit note says what issuing it does, and to whom the invoice exists (B4)."""

from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import preview_credit
from clinic_core.billing.schemas import CreditInvoice, CreditLine, InvoiceDetail, PreviewCredit, WriteOff
from clinic_core.billing.service import credit_invoice, record_receipt, write_off
from clinic_core.errors import Conflict, IllegalTransition, InvalidInput, NotFound, PermissionDenied
from tests.billing.arrange import draft, issued, line, priced, read, receipt
from tests.factories import Clinic, make_clinic, make_patient


def paid_in_part(clinic: Clinic) -> InvoiceDetail:
    """Three services of 33.33 each, 60.00 of them paid."""
    patient = make_patient(clinic)
    made = issued(clinic, patient, line(clinic, quantity=Decimal(3), unit_price=Decimal("33.33")))
    perform(clinic.actor("manager"), record_receipt, receipt(patient, "60.00", invoice_ids=(made.id,)))
    return read(clinic, made.id)


@pytest.mark.parametrize(
    ("quantities", "total", "released", "balance"),
    [
        (("1",), "33.33", "0.00", "6.66"),
        (("1", "1"), "33.33", "26.67", "0.00"),
        (("2.5",), "83.33", "43.34", "0.00"),
        (("1.5", None), "49.99", "49.99", "0.00"),
        ((None,), "99.99", "60.00", "0.00"),
    ],
)
def test_what_the_preview_says_is_what_the_credit_note_does(
    clinic: Clinic, quantities: tuple[str | None, ...], total: str, released: str, balance: str
) -> None:
    """The last one is looked at before it is issued; None is everything that is left."""
    invoice = paid_in_part(clinic)
    for quantity in quantities:
        lines = (CreditLine(line_id=invoice.lines[0].id, quantity=Decimal(quantity)),) if quantity else ()
        before = read(clinic, invoice.id)
        seen = perform(clinic.actor("manager"), preview_credit, PreviewCredit(invoice_id=invoice.id, lines=lines))
        note = perform(
            clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=invoice.id, lines=lines, reason="x")
        )
        after = read(clinic, invoice.id)
        assert (seen.net, seen.tax, seen.total) == (note.net, note.tax, note.total)
        assert (seen.taxes, seen.released, seen.balance) == (
            read(clinic, note.id).taxes,
            before.paid - after.paid,
            after.balance,
        )
    assert (seen.total, seen.released, seen.balance) == (Decimal(total), Decimal(released), Decimal(balance))


def test_what_would_be_refused_is_refused_in_the_preview(clinic: Clinic) -> None:
    manager = clinic.actor("manager")
    invoice = paid_in_part(clinic)
    many = (CreditLine(line_id=invoice.lines[0].id, quantity=Decimal(4)),)
    with pytest.raises(InvalidInput, match="3 is left; 4 cannot be credited"):
        perform(manager, preview_credit, PreviewCredit(invoice_id=invoice.id, lines=many))
    perform(manager, write_off, WriteOff(invoice_id=invoice.id, reason="Hardship"))
    with pytest.raises(Conflict, match="is written off"):
        perform(manager, preview_credit, PreviewCredit(invoice_id=invoice.id))
    unissued = draft(clinic, make_patient(clinic))
    with pytest.raises(IllegalTransition):
        perform(manager, preview_credit, PreviewCredit(invoice_id=unissued.id))


def test_a_preview_is_for_those_who_credit(clinic: Clinic) -> None:
    invoice = priced(clinic, make_patient(clinic), "80.00")
    for role in ("assistant", "practitioner", "patient"):
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), preview_credit, PreviewCredit(invoice_id=invoice.id))
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), preview_credit, PreviewCredit(invoice_id=invoice.id))
