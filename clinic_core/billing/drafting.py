"""Writing a draft: what use cases that begin an invoice share. The rows are flushed, the number comes at issue."""

from sqlalchemy.orm import Session

from clinic_core.access import Actor, Permission
from clinic_core.billing.attended import refuse_charged
from clinic_core.billing.lines import build_lines, lines_of_attended, price_lines, read_sources
from clinic_core.billing.pricing import Totals
from clinic_core.billing.reach import location_in_reach, patient_in_reach
from clinic_core.billing.schemas import BillTo, DraftInvoice
from clinic_core.models import Invoice


def write_draft(session: Session, actor: Actor, request: DraftInvoice) -> Invoice:
    """The given lines, then one for each appointment and visit that no line charges for.

    What was attended stays locked until the end of the transaction.

    Raises:
        InvalidInput: no line at all, a line that says too little, a total below zero, no location to take.
        NotFound: patient, item, visit, appointment or location does not exist or is out of scope.
        Conflict: a visit or appointment is on another invoice already, or costs no fee.
    """
    patient = patient_in_reach(session, actor, Permission.BILLING_MANAGE, request.patient_id)
    sources = read_sources(
        session,
        actor,
        patient.id,
        request.lines,
        visit_ids=request.visit_ids,
        appointment_ids=request.appointment_ids,
    )
    wanted = [
        *request.lines,
        *lines_of_attended(
            sources, request.lines, visit_ids=request.visit_ids, appointment_ids=request.appointment_ids
        ),
    ]
    attended = [found for line in wanted if (found := sources.attended(line)) is not None]
    location = location_in_reach(
        session,
        actor,
        Permission.BILLING_MANAGE,
        chosen=request.clinic_location_id,
        derived=attended[0].clinic_location_id if attended else None,
    )
    cases = {found.case_id for found in attended}
    invoice = Invoice(
        organization_id=actor.organization_id,
        patient_id=patient.id,
        case_id=next(iter(cases)) if len(cases) == 1 else None,
        clinic_location_id=location.id,
        bill_to_json=bill_to_json(request.bill_to),
    )
    lines = build_lines(invoice, sources, wanted)
    put_totals(invoice, price_lines(lines))
    refuse_charged(session, sources.charged(wanted), but_on=invoice.id)
    session.add(invoice)
    session.flush()
    session.add_all(lines)
    session.flush()
    return invoice


def put_totals(invoice: Invoice, totals: Totals) -> None:
    """The sums of its lines."""
    invoice.net, invoice.tax, invoice.total = totals.net, totals.tax, totals.total


def bill_to_json(bill_to: BillTo | None) -> dict[str, str]:
    """Empty means the patient, whose address is taken when the invoice is issued."""
    return bill_to.model_dump() if bill_to else {}
