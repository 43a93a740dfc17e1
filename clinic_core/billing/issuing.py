"""Issuing: the draft under lock with all that its paper says, then its number and what is written down for good."""

import json
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, select, text
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from clinic_core.access import Actor
from clinic_core.billing.lines import price_lines
from clinic_core.billing.numbering import next_number
from clinic_core.billing.parties import is_billed_to_patient, payer, seller
from clinic_core.billing.pricing import Line
from clinic_core.billing.schemas import InvoiceHead
from clinic_core.billing.status import status_at_issue
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.kit.money import ZERO
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus


@dataclass(frozen=True, slots=True)
class Location:
    """Where a document belongs, as it is printed."""

    name: str
    address: str
    phone: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Payer:
    """The patient, as they are printed who pays."""

    first_name: str
    last_name: str
    code: str
    contact_json: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """An invoice as its issue needs it: plain values, since an entity costs more than the query that finds it."""

    location: Location
    patient: Payer
    id: UUID
    number: str | None
    status: InvoiceStatus
    version: int
    patient_id: UUID
    clinic_location_id: UUID
    bill_to_json: dict[str, Any]


_INVOICE, _LOCATION, _PATIENT = (SQLModel.metadata.tables[name] for name in ("invoice", "clinic_location", "patient"))
_LOCKED = (
    select(
        *(_LOCATION.c[one.name] for one in fields(Location)),
        *(_PATIENT.c[one.name] for one in fields(Payer)),
        *(_INVOICE.c[one.name] for one in fields(Document) if one.name in _INVOICE.c),
    )
    .join_from(
        _INVOICE,
        _LOCATION,
        and_(
            _LOCATION.c.organization_id == _INVOICE.c.organization_id, _LOCATION.c.id == _INVOICE.c.clinic_location_id
        ),
    )
    .join(
        _PATIENT,
        and_(_PATIENT.c.organization_id == _INVOICE.c.organization_id, _PATIENT.c.id == _INVOICE.c.patient_id),
    )
    .where(_INVOICE.c.id == bindparam("invoice_id"))
    .with_for_update(key_share=True, of=_INVOICE)
)
_UP_TO_LOCATION = len(fields(Location))
_UP_TO_PATIENT = _UP_TO_LOCATION + len(fields(Payer))
_LINES = text(
    "select qty, unit_price, discount_rate, tax_rate from invoice_line"
    " where organization_id = :organization_id and invoice_id = :invoice_id order by position"
)
_ISSUE = text(
    """
    update invoice set status = 'issued', number = :number, series = :series, series_year = :year,
      sequence = :sequence, issued_at = :issued_at, issued_on = :issued_on, due_at = :due_at, due_on = :due_on,
      currency = :currency, bill_to_json = cast(:bill_to as jsonb), seller_json = cast(:seller as jsonb),
      totals_json = cast(:totals as jsonb), net = :net, tax = :tax, total = :total
    where organization_id = :organization_id and id = :invoice_id
    returning version, balance
    """
)


def locked_document(session: Session, invoice_id: UUID, *within: ColumnElement[bool]) -> Document:
    """The invoice, if it is within all that is given, locked until the end of the transaction.

    Raises:
        NotFound: it does not exist or is out of scope.
    """
    row = session.execute(_LOCKED.where(*within), {"invoice_id": invoice_id}).one_or_none()
    if row is None:
        raise NotFound("This invoice does not exist.")
    location, patient = row[:_UP_TO_LOCATION], row[_UP_TO_LOCATION:_UP_TO_PATIENT]
    return Document(Location(*location), Payer(*patient), *row[_UP_TO_PATIENT:])


def issue(session: Session, actor: Actor, draft: Document, *, at: datetime) -> InvoiceHead:
    """Gives a draft the next number of the year of its issue date, by the date at its location, and freezes it.

    Due at the end of the day that is `due_days` after the issue date. Seller and payer are written down as they are
    today. The row of the number stays locked: whatever else is locked comes before.
    """
    keys = {"organization_id": actor.organization_id, "invoice_id": draft.id}
    totals = price_lines(Line(*row) for row in session.execute(_LINES, keys))
    place = zone(draft.location.timezone)
    issued_on = local_date(at, place)
    due_on = issued_on + timedelta(days=actor.settings.due_days)
    number = next_number(session, actor.settings.invoice_prefix, issued_on.year)
    billed_to = payer(draft, draft.patient).model_dump(include={"name", "address", "reference"})
    values = {
        **keys,
        "number": number.text,
        "series": number.series,
        "year": number.year,
        "sequence": number.sequence,
        "issued_at": at,
        "issued_on": issued_on,
        "due_at": day_bounds(due_on, place).end,
        "due_on": due_on,
        "currency": actor.settings.currency,
        "bill_to": json.dumps({**billed_to, "is_patient": is_billed_to_patient(draft)}),
        "seller": json.dumps(seller(actor, draft.location).model_dump()),
        "totals": json.dumps(totals.to_json()),
        "net": totals.net,
        "tax": totals.tax,
        "total": totals.total,
    }
    version, balance = session.execute(_ISSUE, values).one()
    return InvoiceHead(
        id=draft.id,
        number=number.text,
        kind=InvoiceKind.INVOICE,
        status=InvoiceStatus.ISSUED,
        display_status=status_at_issue(balance),
        patient_id=draft.patient_id,
        clinic_location_id=draft.clinic_location_id,
        issued_on=issued_on,
        due_on=due_on,
        currency=actor.settings.currency,
        net=totals.net,
        tax=totals.tax,
        total=totals.total,
        paid=ZERO,
        credited=ZERO,
        written_off=ZERO,
        balance=balance,
        version=version,
    )
