"""What a no-show or a late cancellation costs by the clinic's rule, and the row that follows the appointment (B9)."""

from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.access.organization import FeeRule, OrganizationSettings
from clinic_core.errors import Conflict
from clinic_core.kit.formats import person_name
from clinic_core.kit.money import EXACT, ZERO, round_money
from clinic_core.models import (
    Appointment,
    AppointmentFee,
    AppUser,
    ClinicLocation,
    InvoiceLine,
    Patient,
    ProductService,
)
from clinic_core.scheduling.charged import charging_line
from clinic_core.scheduling.reach import reads_as_staff
from clinic_core.scheduling.schemas import FeeRow
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, FeeKind, FeeStatus, ItemType


def fee_kind(appointment: Appointment) -> FeeKind | None:
    """What the appointment, as it stands, may cost a fee for; None for nothing."""
    if appointment.deleted_at is not None:
        return None
    if appointment.status is AppointmentStatus.NO_SHOW:
        return FeeKind.NO_SHOW
    is_late = appointment.status is AppointmentStatus.CANCELLED and appointment.cancelled_late
    return FeeKind.LATE_CANCELLATION if is_late and appointment.cancelled_by is CancelledBy.PATIENT else None


def fee_amount(rule: FeeRule, unit_price: Decimal | None) -> Decimal:
    """The fee in whole cents, half up: the amount of the rule, or its share of the price in the catalogue.

    `unit_price` is that of the service, None for an appointment without one: a share of nothing is nothing.
    """
    if rule.kind == "flat":
        return round_money(rule.amount)
    if rule.kind == "percent" and unit_price is not None:
        return round_money(EXACT.multiply(rule.rate, unit_price))
    return ZERO


def keep_fee(session: Session, actor: Actor, appointment: Appointment) -> None:
    """Brings the proposed fee in line with how the appointment stands now, in the same transaction.

    A no-show or a late cancellation by the patient proposes one; a step back withdraws it, also a waived one. An
    appointment has one row: the second no-show proposes it again. The caller holds the calendar lock.

    Raises:
        Conflict: the fee stands on an invoice, so the step behind it cannot be taken back.
    """
    statement = (
        select(AppointmentFee)
        .where(col(AppointmentFee.appointment_id) == appointment.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    fee = session.scalars(statement).one_or_none()
    kind = fee_kind(appointment)
    amount = fee_amount(_rule(actor.settings, kind), _price(session, appointment)) if kind else ZERO
    if kind is not None and amount > 0:
        _propose(session, appointment, fee, kind, amount)
    elif fee is not None and fee.status is not FeeStatus.WITHDRAWN:
        refuse_invoiced(session, appointment.id)
        fee.status, fee.waived_reason = FeeStatus.WITHDRAWN, None
    session.flush()


def refuse_invoiced(session: Session, appointment_id: UUID) -> None:
    """Refuses to waive or withdraw a fee that a line charges for; the caller holds the lock of the fee.

    Raises:
        Conflict: it is on a draft, or on an invoice that does not credit it in full.
    """
    invoiced = exists().where(
        charging_line(),
        col(InvoiceLine.appointment_id) == appointment_id,
        col(InvoiceLine.item_type) == ItemType.FEE,
    )
    if session.execute(select(invoiced)).scalar_one():
        raise Conflict("The fee for it stands on an invoice; credit or remove that line first.")


def fee_rows(
    session: Session, actor: Actor, *conditions: ColumnElement[bool], offset: int = 0, limit: int | None = None
) -> list[FeeRow]:
    """The fees for which the conditions hold, newest appointment first; the caller brings the actor's scope along.

    Why one was waived is for the clinic to read, not for the patient.
    """
    statement = (
        select(
            AppointmentFee, Appointment, Patient, ClinicLocation, col(AppUser.display_name), col(ProductService.name)
        )
        .join(Appointment, col(Appointment.id) == col(AppointmentFee.appointment_id))
        .join(Patient, col(Patient.id) == col(AppointmentFee.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Appointment.clinic_location_id))
        .join(AppUser, col(AppUser.id) == col(Appointment.practitioner_user_id))
        .outerjoin(ProductService, col(ProductService.id) == col(Appointment.product_service_id))
        .where(*conditions)
        .order_by(col(Appointment.starts_at).desc(), col(AppointmentFee.id))
        .offset(offset)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    rows = [_row(*found) for found in session.execute(statement).all()]
    return [
        row if reads_as_staff(actor, row.practitioner_user_id) else row.model_copy(update={"waived_reason": ""})
        for row in rows
    ]


def _row(
    fee: AppointmentFee,
    appointment: Appointment,
    patient: Patient,
    location: ClinicLocation,
    practitioner: str,
    service: str | None,
) -> FeeRow:
    return FeeRow.model_validate(
        {
            **fee.model_dump(),
            "waived_reason": fee.waived_reason or "",
            "starts_at": appointment.starts_at,
            "timezone": location.timezone,
            "clinic_location_id": location.id,
            "location": location.name,
            "practitioner_user_id": appointment.practitioner_user_id,
            "practitioner": practitioner,
            "service": service or "",
            "patient_name": person_name(patient.first_name, patient.last_name, patient.preferred_name),
            "patient_code": patient.code,
        }
    )


def _rule(settings: OrganizationSettings, kind: FeeKind) -> FeeRule:
    return settings.no_show_fee if kind is FeeKind.NO_SHOW else settings.late_cancellation_fee


def _price(session: Session, appointment: Appointment) -> Decimal | None:
    statement = select(col(ProductService.unit_price)).where(col(ProductService.id) == appointment.product_service_id)
    return session.execute(statement).scalar_one_or_none()


def _propose(
    session: Session, appointment: Appointment, fee: AppointmentFee | None, kind: FeeKind, amount: Decimal
) -> None:
    if fee is None:
        session.add(
            AppointmentFee(
                organization_id=appointment.organization_id,
                appointment_id=appointment.id,
                patient_id=appointment.patient_id,
                kind=kind,
                amount=amount,
            )
        )
    elif fee.status is FeeStatus.WITHDRAWN or fee.kind is not kind:
        fee.kind, fee.amount = kind, amount
        fee.status, fee.waived_reason = FeeStatus.PROPOSED, None
