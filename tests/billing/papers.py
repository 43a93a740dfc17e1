"""Papers with fixed contents, to be compared with golden files."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from clinic_core.billing.pricing import Line, Totals, price_document
from clinic_core.billing.schemas import (
    DisplayStatus,
    InvoiceDetail,
    InvoiceLineRow,
    Party,
    PaymentRow,
    ReceiptDetail,
    TaxRow,
)
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ItemType, PaymentMethod, ReceiptKind

_ID = UUID(int=1)
_LONG = "Extended consultation with examination of the lumbar spine, advice on exercises and a written plan for home"
SELLER = Party(
    name="Clinic on the hill",
    address="Hill 1\n10115 Berlin",
    letterhead="Physiotherapy and sports medicine",
    tax_number="DE 123456789",
    phone="+49 30 123456",
    location="Main street",
)
PAYMENT = PaymentRow(
    id=_ID,
    receipt_id=_ID,
    receipt_number="RCT-2026-00007",
    invoice_id=_ID,
    invoice_number="INV-2026-00042",
    amount=Decimal("50.00"),
    method=PaymentMethod.CARD,
    received_on=date(2026, 11, 21),
    reference="",
)


def invoice(lines: int) -> InvoiceDetail:
    """An invoice of so many lines, part paid, billed to an employer; the names need three alphabets."""
    priced = [
        Line(
            Decimal(1 + at % 3),
            Decimal("80.00") + at,
            Decimal("0.1") if at % 4 == 0 else Decimal(0),
            Decimal("0.19") if at % 2 else Decimal(0),
        )
        for at in range(lines)
    ]
    totals = price_document(priced)
    return InvoiceDetail(
        id=_ID,
        number="INV-2026-00042",
        kind=InvoiceKind.INVOICE,
        status=InvoiceStatus.ISSUED,
        display_status=DisplayStatus.PART_PAID,
        patient_id=_ID,
        clinic_location_id=_ID,
        issued_on=date(2026, 11, 20),
        due_on=date(2026, 12, 4),
        currency="EUR",
        net=totals.net,
        tax=totals.tax,
        total=totals.total,
        paid=PAYMENT.amount,
        credited=Decimal(0),
        written_off=Decimal(0),
        balance=totals.total - PAYMENT.amount,
        version=3,
        patient_name="Łucja Ångström-Παπαδόπουλος (Люся)",
        patient_code="P-004217",
        location_name="Main street",
        bill_to=Party(name="Harbour Works Ltd", address="Quay 1\n20457 Hamburg", reference="PO 7"),
        billed_to_patient=False,
        seller=SELLER,
        timezone="Europe/Berlin",
        corrects_number=None,
        reason="",
        lines=tuple(_line(at, line) for at, line in enumerate(priced)),
        taxes=_taxes(totals),
        payments=(PAYMENT,),
        corrections=(),
    )


def draft() -> InvoiceDetail:
    """The same before it is issued: no number, no dates, nothing paid."""
    fields = {
        "number": None,
        "status": InvoiceStatus.DRAFT,
        "display_status": DisplayStatus.DRAFT,
        "issued_on": None,
        "due_on": None,
        "paid": Decimal(0),
        "balance": Decimal(0),
        "payments": (),
    }
    return invoice(2).model_copy(update=fields)


def credit_note() -> InvoiceDetail:
    """A credit note over the second line of an invoice and half of the third, with its reason."""
    credited = [
        Line(Decimal(-2), Decimal("81.00"), Decimal(0), Decimal("0.19")),
        Line(Decimal("-1.5"), Decimal("82.00"), Decimal(0), Decimal(0)),
    ]
    totals = price_document(credited)
    fields = {
        "number": "CRN-2026-00003",
        "kind": InvoiceKind.CREDIT_NOTE,
        "display_status": DisplayStatus.ISSUED,
        "due_on": None,
        "net": totals.net,
        "tax": totals.tax,
        "total": totals.total,
        "paid": Decimal(0),
        "balance": Decimal(0),
        "corrects_number": "INV-2026-00042",
        "reason": "The second session was cut short, and the third one never took place",
        "lines": tuple(_line(at, line) for at, line in enumerate(credited, start=1)),
        "taxes": _taxes(totals),
        "payments": (),
    }
    return invoice(2).model_copy(update=fields)


def invoice_from_right_to_left() -> InvoiceDetail:
    """An invoice whose patient, payer and services are written from right to left, Latin words and numbers between."""
    paper = invoice(2)
    first, second = paper.lines
    lines = (
        first.model_copy(update={"description": "فحص كامل للعمود الفقري مع تمارين منزلية (30 دقيقة)"}),
        second.model_copy(update={"description": "טיפול פיזיותרפיה MRI 2", "practitioner_name": "ד״ר כהן"}),
    )
    fields = {
        "patient_name": "محمد الأحمدي",
        "bill_to": Party(name="משה כהן-לוי", address="רחוב הרצל 5\nתל אביב", reference="PO 7"),
        "lines": lines,
    }
    return paper.model_copy(update=fields)


def receipt() -> ReceiptDetail:
    """A receipt over 70.00, of which one invoice got 50.00."""
    return ReceiptDetail(
        id=_ID,
        number="RCT-2026-00007",
        kind=ReceiptKind.RECEIPT,
        patient_id=_ID,
        clinic_location_id=_ID,
        amount=Decimal("70.00"),
        allocated=Decimal("50.00"),
        refunded=Decimal("0.00"),
        credit=Decimal("20.00"),
        currency="EUR",
        method=PaymentMethod.CARD,
        received_at=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
        received_on=date(2026, 11, 21),
        reference="terminal 2",
        version=1,
        patient_name="Łucja Ångström-Παπαδόπουλος",
        patient_code="P-004217",
        location_name="Main street",
        seller=SELLER,
        timezone="Europe/Berlin",
        refunds_number=None,
        payments=(PAYMENT,),
    )


def refund() -> ReceiptDetail:
    """Twenty of the receipt paid back."""
    fields = {
        "number": "RCT-2026-00009",
        "kind": ReceiptKind.REFUND,
        "amount": Decimal("20.00"),
        "allocated": Decimal("0.00"),
        "credit": Decimal("0.00"),
        "reference": "",
        "refunds_number": "RCT-2026-00007",
        "payments": (),
    }
    return receipt().model_copy(update=fields)


def _taxes(totals: Totals) -> tuple[TaxRow, ...]:
    return tuple(TaxRow(rate=rate, net=totals.net_by_rate[rate], tax=tax) for rate, tax in totals.tax_by_rate.items())


def _line(at: int, line: Line) -> InvoiceLineRow:
    return InvoiceLineRow(
        id=_ID,
        position=at + 1,
        item_type=ItemType.FEE,
        product_service_id=None,
        visit_id=None,
        appointment_id=None,
        practitioner_user_id=None,
        practitioner_name="Dr North" if at % 3 == 0 else "",
        description=f"Follow-up {at + 1}" if at % 5 else _LONG,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount_rate=line.discount_rate,
        tax_rate=line.tax_rate,
        net=line.net,
        credited_quantity=Decimal(0),
    )
