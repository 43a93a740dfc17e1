"""Credit notes by line: many parts of an invoice come to the invoice to the cent, and never to more (B4)."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.billing.pricing import CreditPart, Line, price_credit, price_document
from clinic_core.billing.schemas import (
    CreditInvoice,
    CreditLine,
    DisplayStatus,
    DraftLine,
    InvoiceDetail,
    InvoiceHead,
    WriteOff,
)
from clinic_core.billing.service import credit_invoice, record_receipt, write_off
from clinic_core.errors import Conflict, IllegalTransition, InvalidInput, NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import Invoice, InvoiceLine
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ItemType
from tests.billing.arrange import issued, read, receipt
from tests.factories import Clinic, make_patient

D = Decimal
CENTS = st.integers(1, 99_999).map(lambda cents: D(cents) / 100)
RATES = st.sampled_from([D(0), D("0.07"), D("0.19"), D("0.077")])
LINES = st.lists(
    st.builds(
        Line,
        quantity=st.integers(1, 40).map(lambda quarters: D(quarters) / 4),
        unit_price=CENTS,
        discount_rate=st.sampled_from([D(0), D("0.1"), D("0.333333")]),
        tax_rate=RATES,
    ),
    min_size=1,
    max_size=5,
)


def fee(description: str, quantity: str, unit_price: str, tax_rate: str = "0") -> DraftLine:
    return DraftLine(
        item_type=ItemType.FEE,
        description=description,
        quantity=D(quantity),
        unit_price=D(unit_price),
        tax_rate=D(tax_rate),
    )


def take(clinic: Clinic, patient_id: UUID, amount: str, invoice_id: UUID) -> None:
    perform(clinic.actor("assistant"), record_receipt, receipt(patient_id, amount, invoice_ids=(invoice_id,)))


def credit(clinic: Clinic, invoice_id: UUID, parts: dict[UUID, str] | None = None) -> InvoiceHead:
    lines = tuple(CreditLine(line_id=line_id, quantity=D(quantity)) for line_id, quantity in (parts or {}).items())
    request = CreditInvoice(invoice_id=invoice_id, lines=lines, reason="Billed twice")
    return perform(clinic.actor("manager"), credit_invoice, request)


@given(st.data(), LINES)
def test_the_parts_of_an_invoice_come_to_the_invoice_however_it_is_credited(
    data: st.DataObject, lines: list[Line]
) -> None:
    whole = price_document(lines)
    before = [D(0)] * len(lines)
    sums = [D(0), D(0), D(0)]
    while before != [line.quantity for line in lines]:
        part = [
            D(data.draw(st.integers(0, int((line.quantity - done) * 4)))) / 4
            for line, done in zip(lines, before, strict=True)
        ]
        if not any(part):
            part = [line.quantity - done for line, done in zip(lines, before, strict=True)]
        found = price_credit([CreditPart(*one) for one in zip(lines, before, part, strict=True)])
        assert found.total == found.net + found.tax == sum(found.lines_net) + sum(found.tax_by_rate.values())
        sums = [have + more for have, more in zip(sums, (found.net, found.tax, found.total), strict=True)]
        before = [have + more for have, more in zip(before, part, strict=True)]
    assert sums == [whole.net, whole.tax, whole.total]


def test_a_part_of_a_line_is_credited_and_the_invoice_stays(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = issued(clinic, patient, fee("Tape", "3", "10.00", "0.19"), fee("Visit", "1", "80.00"))
    tape, visit = read(clinic, invoice.id).lines
    note = credit(clinic, invoice.id, {tape.id: "1"})
    assert (note.kind, note.net, note.tax, note.total) == (InvoiceKind.CREDIT_NOTE, D("10.00"), D("1.90"), D("11.90"))
    after = read(clinic, invoice.id)
    assert (after.status, after.credited, after.balance) == (InvoiceStatus.ISSUED, D("11.90"), D("103.80"))
    assert [line.credited_quantity for line in after.lines] == [D(1), D(0)]
    (line,) = read(clinic, note.id).lines
    assert (line.description, line.quantity, line.net) == ("Tape", D(1), D("10.00"))
    with pytest.raises(InvalidInput, match="Of line 1 2 is left; 3 cannot be credited"):
        credit(clinic, invoice.id, {tape.id: "3"})
    with pytest.raises(InvalidInput, match="cannot be credited"):
        credit(clinic, invoice.id, {visit.id: "-1"})
    with pytest.raises(NotFound):
        credit(clinic, invoice.id, {new_id(): "1"})


def test_three_thirds_of_a_line_are_the_line(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = issued(clinic, patient, fee("Salve", "3", "0.333333", "0.19"))
    assert invoice.total == D("1.19")
    (line,) = read(clinic, invoice.id).lines
    notes = [credit(clinic, invoice.id, {line.id: "1"}) for _ in range(3)]
    assert [(note.net, note.tax) for note in notes] == [
        (D("0.33"), D("0.06")),
        (D("0.34"), D("0.07")),
        (D("0.33"), D("0.06")),
    ]
    after = read(clinic, invoice.id)
    assert (after.balance, after.credited, after.display_status) == (D("0.00"), D("1.19"), DisplayStatus.CREDITED)
    with pytest.raises(Conflict, match="Nothing of invoice"):
        credit(clinic, invoice.id)


def test_the_rest_of_an_invoice_is_credited_whole_and_it_is_void(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = issued(clinic, patient, fee("Tape", "3", "10.00", "0.19"), fee("Visit", "1", "80.00"))
    tape = read(clinic, invoice.id).lines[0]
    first = credit(clinic, invoice.id, {tape.id: "2"})
    rest = credit(clinic, invoice.id)
    after = read(clinic, invoice.id)
    assert first.total + rest.total == after.credited == after.total
    assert after.status is InvoiceStatus.VOID
    with pytest.raises(IllegalTransition):
        credit(clinic, invoice.id)


def test_only_what_is_owed_no_more_is_released_and_the_latest_money_first(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = issued(clinic, patient, fee("Tape", "5", "20.00"))
    take(clinic, patient, "60.00", invoice.id)
    take(clinic, patient, "30.00", invoice.id)
    (line,) = read(clinic, invoice.id).lines
    credit(clinic, invoice.id, {line.id: "2"})
    after = read(clinic, invoice.id)
    assert (after.paid, after.credited, after.balance) == (D("60.00"), D("40.00"), D("0.00"))
    assert [payment.amount for payment in after.payments] == [D("60.00"), D("30.00"), D("-30.00")]


def test_what_was_written_off_is_not_credited_too(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = issued(clinic, patient, fee("Tape", "5", "20.00"))
    (line,) = read(clinic, invoice.id).lines
    perform(clinic.actor("manager"), write_off, WriteOff(invoice_id=invoice.id, amount=D(90), reason="Hardship"))
    with pytest.raises(Conflict, match=r"€90\.00 of invoice .* is written off, so at most €10\.00"):
        credit(clinic, invoice.id, {line.id: "1"})


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({}, None),
        ({"credits_line_id": "other"}, "credit_note_lines"),
        ({"credits_line_id": None}, "credit_note_lines"),
        ({"unit_price": D(11), "net": D(11)}, "credit_note_lines"),
        ({"tax_rate": D(0)}, "credit_note_lines"),
        ({"net": D(9)}, "credit_note_lines"),
        ({"qty": D(0), "net": D(0)}, "credit_note_lines"),
        ({"qty": D(4), "net": D(40)}, "invoice_totals"),
    ],
)
def test_postgresql_issues_only_credits_that_are_parts_of_their_lines(
    clinic: Clinic, change: dict[str, object], constraint: str | None
) -> None:
    patient = make_patient(clinic)
    first, other = (issued(clinic, patient, fee("Tape", "3", "10.00", "0.19")) for _ in range(2))
    lines = {"first": read(clinic, first.id).lines[0].id, "other": read(clinic, other.id).lines[0].id}
    wanted = {"credits_line_id": "first", **change}
    if isinstance(wanted["credits_line_id"], str):
        wanted["credits_line_id"] = lines[wanted["credits_line_id"]]
    if constraint is None:
        credit_by_hand(clinic, read(clinic, first.id), wanted)
        assert read(clinic, first.id).lines[0].credited_quantity == D(1)
        return
    with pytest.raises(Conflict, match=constraint):
        credit_by_hand(clinic, read(clinic, first.id), wanted)


def credit_by_hand(clinic: Clinic, invoice: InvoiceDetail, change: dict[str, Any]) -> None:
    """Writes and issues a credit note over one tape of it past the use case, with one thing changed."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        note = Invoice(
            organization_id=clinic.organization_id,
            patient_id=invoice.patient_id,
            clinic_location_id=invoice.clinic_location_id,
            kind=InvoiceKind.CREDIT_NOTE,
            corrects_invoice_id=invoice.id,
            net=D("10.00"),
            tax=D("1.90"),
            total=D("11.90"),
            totals_json={"net": "10.00", "tax": "1.90", "total": "11.90"},
        )
        session.add(note)
        session.flush()
        line: dict[str, Any] = {"qty": D(1), "unit_price": D(10), "tax_rate": D("0.19"), "net": D(10), **change}
        session.add(
            InvoiceLine(
                organization_id=clinic.organization_id,
                invoice_id=note.id,
                position=1,
                item_type=ItemType.FEE,
                description="Tape",
                **line,
            )
        )
        session.flush()
        note.number, note.series, note.series_year, note.sequence = f"T-{note.id}", f"T{note.id}", 2026, 1
        note.issued_at, note.issued_on, note.currency = now(), date(2026, 11, 20), "EUR"
        note.status = InvoiceStatus.ISSUED


def test_the_app_cannot_count_credits_itself(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    invoice = issued(clinic, patient, fee("Tape", "3", "10.00"))
    with (
        pytest.raises(Conflict, match="invoice_line_derived"),
        unit_of_work(clinic.actor("manager")) as work,
        work._in_use_case("test", None, None),
    ):
        work.session.execute(
            text("update invoice_line set credited_qty = 1 where invoice_id = :id"), {"id": invoice.id}
        )
