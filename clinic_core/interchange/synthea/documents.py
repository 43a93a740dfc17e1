"""The money side of an encounter: an invoice of one line in the series IMP, and the insurer's payment of its share."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import Actor
from clinic_core.billing.numbering import Number
from clinic_core.billing.pricing import Line, Totals, price_document
from clinic_core.billing.schemas import Party
from clinic_core.interchange.synthea.records import Treatment
from clinic_core.interchange.synthea.staging import insert_rows, update_rows
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.kit.formats import document_number
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ItemType, PaymentMethod, ReceiptKind

INVOICE_SERIES = "IMP"
RECEIPT_SERIES = "IMPR"
_BLOCK = text("select next_numbers(:series, :year, :count)")
_ONE = Decimal(1)


@dataclass(frozen=True)
class Charge:
    """What a treatment costs, who asks for it, and who owes it; `insurer` is the reference of its payment."""

    treatment: Treatment
    seller: Party
    payer: Party
    timezone: str
    insurer: str

    @property
    def day(self) -> date:
        """The encounter's day on the wall of its location; all papers carry it."""
        return local_date(self.treatment.starts_at, zone(self.timezone))


@dataclass(frozen=True)
class _Paper:
    charge: Charge
    id: UUID
    totals: Totals


def issue_and_pay(session: Session, actor: Actor, charges: Sequence[Charge]) -> int:
    """Issues an invoice for every charge and records what insurers paid; answers the number of payments.

    PostgreSQL sees what it sees at the desk: drafts, their lines, the issue with number and totals, then payments.
    """
    papers = [
        _Paper(charge, new_id(), price_document([Line(_ONE, charge.treatment.row.cost)]))
        for charge in sorted(charges, key=lambda charge: (charge.day, charge.treatment.starts_at))
    ]
    _draft(session, actor, papers)
    _issue(session, actor, papers)
    paid = [paper for paper in papers if paper.charge.treatment.row.covered > 0]
    if paid:
        _pay(session, actor, paid)
    return len(paid)


def _draft(session: Session, actor: Actor, papers: Sequence[_Paper]) -> None:
    insert_rows(
        session,
        "invoice",
        (
            *("id", "organization_id", "patient_id", "case_id", "clinic_location_id", "kind", "status"),
            *("bill_to_json", "seller_json", "totals_json", "net", "tax", "total"),
        ),
        (
            (
                *(p.id, actor.organization_id, p.charge.treatment.patient_id, p.charge.treatment.case_id),
                *(p.charge.treatment.clinic_location_id, InvoiceKind.INVOICE.value, InvoiceStatus.DRAFT.value),
                *(_bill_to(p.charge.payer), Jsonb(p.charge.seller.model_dump()), Jsonb(p.totals.to_json())),
                *(p.totals.net, p.totals.tax, p.totals.total),
            )
            for p in papers
        ),
    )
    insert_rows(
        session,
        "invoice_line",
        (
            *("id", "organization_id", "invoice_id", "position", "item_type", "visit_id", "appointment_id"),
            *("practitioner_user_id", "description", "qty", "unit_price", "net"),
        ),
        (
            (
                *(new_id(), actor.organization_id, p.id, 1, ItemType.VISIT.value),
                *(p.charge.treatment.visit_id, p.charge.treatment.appointment_id),
                *(p.charge.treatment.practitioner_user_id, p.charge.treatment.row.description),
                *(_ONE, p.charge.treatment.row.cost, p.totals.net),
            )
            for p in papers
        ),
    )


def _bill_to(payer: Party) -> Jsonb:
    return Jsonb({**payer.model_dump(include={"name", "address", "reference"}), "is_patient": True})


def _issue(session: Session, actor: Actor, papers: Sequence[_Paper]) -> None:
    numbers = _numbers(session, INVOICE_SERIES, papers)
    dues = [p.charge.day + timedelta(days=actor.settings.due_days) for p in papers]
    update_rows(
        session,
        "invoice",
        (
            *("id", "status", "number", "series", "series_year", "sequence"),
            *("issued_at", "issued_on", "due_at", "due_on", "currency"),
        ),
        (
            (
                *(p.id, InvoiceStatus.ISSUED.value, *number, p.charge.treatment.starts_at, p.charge.day),
                *(day_bounds(due_on, zone(p.charge.timezone)).end, due_on, actor.settings.currency),
            )
            for p, number, due_on in zip(papers, numbers, dues, strict=True)
        ),
    )


def _pay(session: Session, actor: Actor, papers: Sequence[_Paper]) -> None:
    receipts = {p.id: new_id() for p in papers}
    numbers = _numbers(session, RECEIPT_SERIES, papers)
    insert_rows(
        session,
        "receipt",
        (
            *("id", "organization_id", "patient_id", "clinic_location_id", "number", "kind"),
            *("amount", "method", "received_at", "received_on", "reference"),
        ),
        (
            (
                *(receipts[p.id], actor.organization_id, p.charge.treatment.patient_id),
                *(p.charge.treatment.clinic_location_id, number.text, ReceiptKind.RECEIPT.value),
                *(p.charge.treatment.row.covered, PaymentMethod.INSURANCE.value),
                *(p.charge.treatment.starts_at, p.charge.day, p.charge.insurer),
            )
            for p, number in zip(papers, numbers, strict=True)
        ),
    )
    insert_rows(
        session,
        "payment",
        ("id", "organization_id", "invoice_id", "receipt_id", "amount", "method", "received_at", "reference"),
        (
            (
                *(new_id(), actor.organization_id, p.id, receipts[p.id], p.charge.treatment.row.covered),
                *(PaymentMethod.INSURANCE.value, p.charge.treatment.starts_at, p.charge.insurer),
            )
            for p in papers
        ),
    )


def _numbers(session: Session, series: str, papers: Sequence[_Paper]) -> list[Number]:
    """The numbers of papers that are sorted by day: one block of the series for each year, taken in order."""
    numbers: list[Number] = []
    for year, of_year in groupby(papers, key=lambda paper: paper.charge.day.year):
        count = sum(1 for _ in of_year)
        first = session.execute(_BLOCK, {"series": series, "year": year, "count": count}).scalar_one()
        numbers += [
            Number(document_number(series, year, sequence), series, year, sequence)
            for sequence in range(first, first + count)
        ]
    return numbers
