"""Arranging billing tests: a clinic's papers through its own use cases."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.billing.queries import get_invoice
from clinic_core.billing.schemas import (
    DraftInvoice,
    DraftLine,
    GetInvoice,
    InvoiceDetail,
    InvoiceHead,
    IssueInvoice,
    RecordReceipt,
)
from clinic_core.billing.service import draft_invoice, issue_invoice
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment, ClinicalCase, Visit
from clinic_core.vocabulary import AppointmentStatus, ItemType, PaymentMethod
from tests.factories import Clinic

NOVEMBER = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def line(clinic: Clinic, **fields: object) -> DraftLine:
    """A line for the clinic's service at its price of 80.00 without tax."""
    return DraftLine.model_validate({"item_type": ItemType.SERVICE, "product_service_id": clinic.service, **fields})


def draft(clinic: Clinic, patient_id: UUID, *lines: DraftLine, role: str = "manager", **fields: object) -> InvoiceHead:
    request = DraftInvoice.model_validate({"patient_id": patient_id, "lines": lines or (line(clinic),), **fields})
    return perform(clinic.actor(role), draft_invoice, request)


def issued(clinic: Clinic, patient_id: UUID, *lines: DraftLine, clinic_location_id: UUID | None = None) -> InvoiceHead:
    made = draft(clinic, patient_id, *lines, clinic_location_id=clinic_location_id)
    return perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=made.id))


def priced(clinic: Clinic, patient_id: UUID, price: str, *, clinic_location_id: UUID | None = None) -> InvoiceHead:
    """An issued invoice over that amount."""
    return issued(clinic, patient_id, line(clinic, unit_price=Decimal(price)), clinic_location_id=clinic_location_id)


def receipt(patient_id: UUID, amount: str, **fields: object) -> RecordReceipt:
    values = {"method": PaymentMethod.CASH, "received_at": now(), **fields}
    return RecordReceipt.model_validate({"patient_id": patient_id, "amount": Decimal(amount), **values})


def read(clinic: Clinic, invoice_id: UUID) -> InvoiceDetail:
    return perform(clinic.actor("owner"), get_invoice, GetInvoice(invoice_id=invoice_id))


def attended(clinic: Clinic, patient_id: UUID, *, service: UUID | None, visited_at: datetime = NOVEMBER) -> UUID:
    """A visit after an imported appointment in the past, straight into the tables."""
    organization_id = clinic.organization_id
    practitioner = clinic.users["practitioner"]
    case = ClinicalCase(
        organization_id=organization_id,
        patient_id=patient_id,
        practitioner_user_id=practitioner,
        opened_at=visited_at,
    )
    appointment = Appointment(
        organization_id=organization_id,
        patient_id=patient_id,
        practitioner_user_id=practitioner,
        clinic_location_id=clinic.main,
        product_service_id=service,
        starts_at=visited_at,
        ends_at=visited_at.replace(minute=30),
        status=AppointmentStatus.COMPLETED,
        imported=True,
        created_at=now(),
    )
    visit = Visit(
        organization_id=organization_id,
        id=new_id(),
        case_id=case.id,
        patient_id=patient_id,
        practitioner_user_id=practitioner,
        clinic_location_id=clinic.main,
        appointment_id=appointment.id,
        visited_at=visited_at,
    )
    with owner_work("test.arrange", clinic.organization_id) as session:
        for row in (case, appointment, visit):
            session.add(row)
            session.flush()
    return visit.id


def audited(clinic: Clinic, use_case: str) -> list[tuple[str, str, UUID | None]]:
    """What the audit log has under a use case: table or subject, action, actor."""
    with unit_of_work(clinic.actor("admin")) as work:
        rows = work.session.execute(
            text(
                "select entity_type, action, actor_user_id from audit_log where use_case = :name"
                " order by created_at, entity_type, action"
            ),
            {"name": use_case},
        )
        return [(row[0], row[1], row[2]) for row in rows]
