"""Writing a draft: what use cases that begin an invoice share. The number comes at issue."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import Actor, Permission
from clinic_core.billing.attended import refuse_charged
from clinic_core.billing.lines import NewLine, build_lines, lines_of_attended, price_lines, read_sources
from clinic_core.billing.pricing import Totals
from clinic_core.billing.reach import location_in_reach, patient_in_reach
from clinic_core.billing.schemas import BillTo, DisplayStatus, DraftInvoice, InvoiceHead
from clinic_core.kit.ids import new_id
from clinic_core.kit.money import ZERO
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus


@dataclass(frozen=True, slots=True)
class _Draft:
    id: UUID
    patient_id: UUID
    case_id: UUID | None
    clinic_location_id: UUID
    bill_to: BillTo | None
    totals: Totals


# Plain statements: as entities, ten lines cost more time than the inserts of them.
_INSERT = text(
    """
    insert into invoice (id, organization_id, patient_id, case_id, clinic_location_id, bill_to_json, net, tax, total)
    values (:id, :organization_id, :patient_id, :case_id, :clinic_location_id, cast(:bill_to as jsonb),
      :net, :tax, :total)
    returning version
    """
)
_INSERT_LINES = text(
    """
    insert into invoice_line (id, organization_id, invoice_id, position, item_type, product_service_id, visit_id,
      appointment_id, practitioner_user_id, description, qty, unit_price, discount_rate, tax_rate, net)
    select id, :organization_id, :invoice_id, position, item_type, product_service_id, visit_id, appointment_id,
      practitioner_user_id, description, qty, unit_price, discount_rate, tax_rate, net
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
      id uuid, position int, item_type text, product_service_id uuid, visit_id uuid, appointment_id uuid,
      practitioner_user_id uuid, description text, qty numeric, unit_price numeric, discount_rate numeric,
      tax_rate numeric, net numeric)
    order by position
    """
)


def write_draft(session: Session, actor: Actor, request: DraftInvoice) -> InvoiceHead:
    """The given lines, then one for each appointment and visit that no line charges for.

    What was attended stays locked until the end of the transaction.

    Raises:
        InvalidInput: no line at all, a line that says too little, a total below zero, no location to take.
        NotFound: patient, item, visit, appointment or location does not exist or is out of scope.
        Conflict: a visit or appointment is on another invoice already, or costs no fee.
    """
    patient_in_reach(session, actor, Permission.BILLING_MANAGE, request.patient_id)
    sources = read_sources(
        session,
        actor,
        request.patient_id,
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
    lines = build_lines(sources, wanted)
    draft = _Draft(
        id=new_id(),
        patient_id=request.patient_id,
        case_id=next(iter(cases)) if len(cases) == 1 else None,
        clinic_location_id=location.id,
        bill_to=request.bill_to,
        totals=price_lines(line.priced for line in lines),
    )
    refuse_charged(session, sources.charged(wanted), but_on=draft.id)
    written = _insert(session, actor, draft)
    insert_lines(session, actor, draft.id, lines, draft.totals)
    return written


def _insert(session: Session, actor: Actor, draft: _Draft) -> InvoiceHead:
    totals = draft.totals
    values = {
        "id": draft.id,
        "organization_id": actor.organization_id,
        "patient_id": draft.patient_id,
        "case_id": draft.case_id,
        "clinic_location_id": draft.clinic_location_id,
        "bill_to": json.dumps(bill_to_json(draft.bill_to)),
        "net": totals.net,
        "tax": totals.tax,
        "total": totals.total,
    }
    return InvoiceHead(
        id=draft.id,
        number=None,
        kind=InvoiceKind.INVOICE,
        status=InvoiceStatus.DRAFT,
        display_status=DisplayStatus.DRAFT,
        patient_id=draft.patient_id,
        clinic_location_id=draft.clinic_location_id,
        issued_on=None,
        due_on=None,
        currency=actor.settings.currency,
        net=totals.net,
        tax=totals.tax,
        total=totals.total,
        paid=ZERO,
        credited=ZERO,
        written_off=ZERO,
        balance=ZERO,
        version=session.execute(_INSERT, values).scalar_one(),
    )


def insert_lines(session: Session, actor: Actor, invoice_id: UUID, lines: Sequence[NewLine], totals: Totals) -> None:
    """Writes the lines of a draft, in order, by one statement."""
    rows = [
        {
            "id": new_id(),
            "position": position,
            "item_type": line.item_type,
            "product_service_id": line.product_service_id,
            "visit_id": line.visit_id,
            "appointment_id": line.appointment_id,
            "practitioner_user_id": line.practitioner_user_id,
            "description": line.description,
            "qty": line.priced.quantity,
            "unit_price": line.priced.unit_price,
            "discount_rate": line.priced.discount_rate,
            "tax_rate": line.priced.tax_rate,
            "net": net,
        }
        for position, (line, net) in enumerate(zip(lines, totals.lines_net, strict=True), start=1)
    ]
    session.execute(
        _INSERT_LINES,
        {
            "organization_id": actor.organization_id,
            "invoice_id": invoice_id,
            "rows": json.dumps(rows, default=str),
        },
    )


def bill_to_json(bill_to: BillTo | None) -> dict[str, str]:
    """Empty means the patient, whose address is taken when the invoice is issued."""
    return bill_to.model_dump() if bill_to else {}
