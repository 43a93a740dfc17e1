"""Taking money: one receipt over several invoices, never more allocated than received or owed (B5)."""

from datetime import date

from sqlalchemy import bindparam, insert, text
from sqlmodel import SQLModel

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.allocation import (
    allocated_as_given,
    check_payable,
    guards,
    insert_payments,
    oldest_first,
    payment_values,
)
from clinic_core.billing.numbering import next_number
from clinic_core.billing.reach import location_in_reach, locked_invoices, patient_in_reach
from clinic_core.billing.rows import receipt_head
from clinic_core.billing.schemas import ReceiptHead, RecordReceipt
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import Receipt

EARLIEST = date(2000, 1, 1)

# Plain statements: an entity in the session costs more time than its insert.
_WRITTEN = (
    "id",
    "organization_id",
    "patient_id",
    "clinic_location_id",
    "number",
    "amount",
    "method",
    "received_at",
    "received_on",
    "reference",
)
_INSERT = insert(SQLModel.metadata.tables["receipt"]).values({name: bindparam(name) for name in _WRITTEN})
_DERIVED = text("select allocated, version from receipt where id = :id")


@use_case(Permission.BILLING_COLLECT, name="receipt.record")
def record_receipt(work: Work, request: RecordReceipt) -> ReceiptHead:
    """Take money from or for a patient and put it on invoices.

    Chosen invoices are filled oldest due first and what is left is patient credit; allocations are taken as given;
    without either all of it is credit. Invoices stay locked, in id order, until the end of the transaction.

    Raises:
        Conflict: a chosen invoice is paid, void or a draft, or owes less than was allocated to it.
        InvalidInput: a day in the future, an invoice of another patient, no location to take.
        NotFound: patient, invoice or location does not exist or is out of scope.
    """
    session, actor = work.session, work.actor
    patient_in_reach(session, actor, Permission.BILLING_COLLECT, request.patient_id)
    wanted = dict(request.allocations)
    chosen = request.invoice_ids or tuple(wanted)
    invoices = locked_invoices(session, actor, Permission.BILLING_COLLECT, chosen) if chosen else {}
    for invoice in invoices.values():
        check_payable(actor, invoice, request.patient_id)
    location = location_in_reach(
        session,
        actor,
        Permission.BILLING_COLLECT,
        chosen=request.clinic_location_id,
        derived=invoices[chosen[0]].clinic_location_id if chosen else None,
    )
    place = zone(location.timezone)
    received_on = local_date(request.received_at, place)
    if not EARLIEST <= received_on <= local_date(now(), place):
        raise field_error("received_at", f"must lie between {EARLIEST.year} and today")
    parts = (
        allocated_as_given(actor, invoices, wanted) if wanted else oldest_first(list(invoices.values()), request.amount)
    )
    receipt = Receipt(
        organization_id=actor.organization_id,
        patient_id=request.patient_id,
        clinic_location_id=location.id,
        number=next_number(session, actor.settings.receipt_prefix, received_on.year).text,
        amount=request.amount,
        method=request.method,
        received_at=request.received_at,
        received_on=received_on,
        reference=request.reference,
    )
    with work.constraints(guards()):
        session.execute(_INSERT, {name: getattr(receipt, name) for name in _WRITTEN})
        insert_payments(session, payment_values(receipt, parts))
    receipt.allocated, receipt.version = session.execute(_DERIVED, {"id": receipt.id}).one()
    return receipt_head(actor, receipt)
