"""Books written straight into the tables on any day, and what was open on a day by adding up their events."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from clinic_core.access import owner_work
from clinic_core.kit.ids import new_id
from clinic_core.models import Adjustment, Invoice, InvoiceLine, Payment, Receipt
from clinic_core.vocabulary import AdjustmentKind, InvoiceKind, InvoiceStatus, ItemType, PaymentMethod, ReceiptKind
from tests.factories import Clinic

ZERO, CENT = Decimal("0.00"), Decimal("0.01")


@dataclass
class Paper:
    """An issued invoice with the amounts that lowered it, each with the day from which it counts."""

    patient_id: UUID
    issued_on: date
    due_on: date
    total: Decimal
    lowered: list[tuple[date, Decimal]] = field(default_factory=list)

    def balance(self, day: date) -> Decimal:
        if self.issued_on > day:
            return ZERO
        return self.total - sum((amount for on, amount in self.lowered if on <= day), ZERO)


@dataclass
class Money:
    """A receipt with the amounts that used it up, each with the day from which it counts."""

    received_on: date
    amount: Decimal
    used: list[tuple[date, Decimal]] = field(default_factory=list)
    paid: dict[UUID, Decimal] = field(default_factory=dict)

    def free(self, day: date) -> Decimal:
        if self.received_on > day:
            return ZERO
        return self.amount - sum((amount for on, amount in self.used if on <= day), ZERO)


class Ledger:
    """One clinic's books."""

    def __init__(self, clinic: Clinic) -> None:
        self.clinic = clinic
        self.papers: dict[UUID, Paper] = {}
        self.receipts: dict[UUID, Money] = {}
        self.lines: dict[UUID, UUID] = {}

    def issue(
        self,
        patient_id: UUID,
        total: str | Decimal,
        on: date,
        *,
        due_on: date | None = None,
        location_id: UUID | None = None,
        practitioner_id: UUID | None = None,
    ) -> UUID:
        amount, due = Decimal(total), due_on or on + timedelta(days=14)
        with owner_work("test.ledger", self.clinic.organization_id) as session:
            paper_id = self._paper(
                session, patient_id, amount, on, due_on=due, location_id=location_id, practitioner_id=practitioner_id
            )
        self.papers[paper_id] = Paper(patient_id, on, due, amount)
        return paper_id

    def receive(
        self, patient_id: UUID, amount: str | Decimal, on: date, pays: dict[UUID, Decimal] | None = None
    ) -> UUID:
        receipt_id = new_id()
        with owner_work("test.ledger", self.clinic.organization_id) as session:
            session.add(self._receipt(receipt_id, patient_id, Decimal(amount), on))
            session.flush()
            for invoice_id, part in (pays or {}).items():
                session.add(self._payment(receipt_id, invoice_id, part))
        money = self.receipts[receipt_id] = Money(on, Decimal(amount), paid=dict(pays or {}))
        for invoice_id, part in (pays or {}).items():
            day = max(on, self.papers[invoice_id].issued_on)
            self.papers[invoice_id].lowered.append((day, part))
            money.used.append((day, part))
        return receipt_id

    def apply(self, receipt_id: UUID, invoice_id: UUID, amount: Decimal, on: date) -> None:
        """Put credit of an earlier receipt on an invoice."""
        with owner_work("test.ledger", self.clinic.organization_id) as session:
            session.add(self._payment(receipt_id, invoice_id, amount, on))
        money, paper = self.receipts[receipt_id], self.papers[invoice_id]
        day = max(on, money.received_on, paper.issued_on)
        paper.lowered.append((day, amount))
        money.used.append((day, amount))
        money.paid[invoice_id] = money.paid.get(invoice_id, ZERO) + amount

    def credit(self, invoice_id: UUID, amount: Decimal, on: date) -> None:
        """A credit note; what was paid above the rest is released to patient credit first."""
        paper = self.papers[invoice_id]
        missing = amount - paper.balance(date.max)
        with owner_work("test.ledger", self.clinic.organization_id) as session:
            for receipt_id, money in self.receipts.items():
                part = min(missing, money.paid.get(invoice_id, ZERO))
                if part > 0:
                    session.add(self._payment(receipt_id, invoice_id, -part, on))
                    self._released(invoice_id, money, part, on)
                    missing -= part
            session.flush()
            self._paper(session, paper.patient_id, amount, on, corrects=invoice_id)
        paper.lowered.append((on, amount))

    def write_off(self, invoice_id: UUID, amount: Decimal, on: date) -> None:
        with owner_work("test.ledger", self.clinic.organization_id) as session:
            session.add(
                Adjustment(
                    organization_id=self.clinic.organization_id,
                    invoice_id=invoice_id,
                    kind=AdjustmentKind.WRITE_OFF,
                    amount=amount,
                    reason="Small amount",
                    adjusted_on=on,
                )
            )
        self.papers[invoice_id].lowered.append((on, amount))

    def refund(self, receipt_id: UUID, amount: Decimal, on: date) -> None:
        """Give money back; what is on invoices is released in the same step."""
        money = self.receipts[receipt_id]
        missing = amount - money.free(date.max)
        with owner_work("test.ledger", self.clinic.organization_id) as session:
            original = session.get_one(Receipt, receipt_id)
            for invoice_id in list(money.paid):
                part = min(missing, money.paid[invoice_id])
                if part > 0:
                    session.add(self._payment(receipt_id, invoice_id, -part, on))
                    self._released(invoice_id, money, part, on)
                    missing -= part
            session.flush()
            refund = self._receipt(new_id(), original.patient_id, amount, on)
            refund.kind, refund.refunds_receipt_id = ReceiptKind.REFUND, receipt_id
            session.add(refund)
        money.used.append((on, amount))

    def gross(self, day: date) -> Decimal:
        return sum((paper.balance(day) for paper in self.papers.values()), ZERO)

    def free(self, day: date) -> Decimal:
        return sum((money.free(day) for money in self.receipts.values()), ZERO)

    def _released(self, invoice_id: UUID, money: Money, part: Decimal, on: date) -> None:
        paper = self.papers[invoice_id]
        day = max(on, money.received_on, paper.issued_on)
        paper.lowered.append((day, -part))
        money.used.append((day, -part))
        money.paid[invoice_id] -= part

    def _paper(
        self,
        session: Session,
        patient_id: UUID,
        amount: Decimal,
        on: date,
        *,
        due_on: date | None = None,
        location_id: UUID | None = None,
        practitioner_id: UUID | None = None,
        corrects: UUID | None = None,
    ) -> UUID:
        here, at = self.clinic.organization_id, datetime.combine(on, time(12), UTC)
        paper = Invoice(
            id=new_id(),
            organization_id=here,
            patient_id=patient_id,
            clinic_location_id=location_id or self.clinic.main,
            kind=InvoiceKind.CREDIT_NOTE if corrects else InvoiceKind.INVOICE,
            corrects_invoice_id=corrects,
            net=amount,
            total=amount,
            totals_json={"net": str(amount), "tax": "0.00", "total": str(amount)},
        )
        session.add(paper)
        session.flush()
        self.lines[paper.id] = line_id = new_id()
        session.add(
            InvoiceLine(
                id=line_id,
                organization_id=here,
                invoice_id=paper.id,
                position=1,
                item_type=ItemType.FEE,
                description="Visit",
                qty=amount / CENT,
                unit_price=CENT,
                net=amount,
                practitioner_user_id=practitioner_id,
                credits_line_id=self.lines[corrects] if corrects else None,
            )
        )
        session.flush()
        paper.status = InvoiceStatus.ISSUED
        paper.number, paper.series, paper.series_year = f"T-{paper.id.hex}", f"T{paper.id.hex}", on.year
        paper.sequence, paper.issued_at, paper.issued_on, paper.currency = 1, at, on, "EUR"
        paper.due_on = due_on
        session.flush()
        return paper.id

    def _receipt(self, receipt_id: UUID, patient_id: UUID, amount: Decimal, on: date) -> Receipt:
        return Receipt(
            id=receipt_id,
            organization_id=self.clinic.organization_id,
            patient_id=patient_id,
            clinic_location_id=self.clinic.main,
            number=f"T-{receipt_id.hex}",
            amount=amount,
            method=PaymentMethod.CASH,
            received_at=datetime.combine(on, time(12), UTC),
            received_on=on,
        )

    def _payment(self, receipt_id: UUID, invoice_id: UUID, amount: Decimal, on: date | None = None) -> Payment:
        return Payment(
            organization_id=self.clinic.organization_id,
            invoice_id=invoice_id,
            receipt_id=receipt_id,
            amount=amount,
            applied_on=on or date.min,  # the later of receipt and issue
            method=PaymentMethod.CASH,
            received_at=datetime(2026, 1, 1, tzinfo=UTC),
        )
