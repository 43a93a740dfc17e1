"""The life of a document: which stored status may follow which, and the status people read."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol

from sqlalchemy import ColumnElement, Date, DateTime, and_, case, cast, exists, func, literal, or_, select
from sqlmodel import col

from clinic_core.billing.schemas import DisplayStatus
from clinic_core.errors import IllegalTransition
from clinic_core.models import Appointment, ClinicLocation, Invoice, InvoiceLine, Visit
from clinic_core.scheduling.charged import charging_line
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus

TRANSITIONS: Mapping[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.DRAFT: frozenset({InvoiceStatus.ISSUED}),
    InvoiceStatus.ISSUED: frozenset({InvoiceStatus.VOID}),
    InvoiceStatus.VOID: frozenset(),
}


class Standing(Protocol):
    """A document, as far as its next step needs it."""

    @property
    def status(self) -> InvoiceStatus:
        """Where it stands."""

    @property
    def number(self) -> str | None:
        """None for a draft."""


def check_transition(invoice: Standing, to: InvoiceStatus) -> None:
    """Refuses a step that the table of transitions does not have.

    Raises:
        IllegalTransition: naming the document, where it stands and where it should have gone.
    """
    if to not in TRANSITIONS[invoice.status]:
        name = f"Invoice {invoice.number}" if invoice.number else "This draft"
        raise IllegalTransition(f"{name} is {invoice.status.label.lower()} and cannot become {to.label.lower()}.")


def date_at_location(at: datetime | ColumnElement[datetime]) -> ColumnElement[date]:
    """The date at the instant `at`, for queries that join `clinic_location`: the one of each row's own location."""
    instant = literal(at, DateTime(timezone=True)) if isinstance(at, datetime) else at
    return cast(func.timezone(col(ClinicLocation.timezone), instant), Date)


def display_status(at: datetime | ColumnElement[datetime]) -> ColumnElement[str]:
    """The status people read, for queries that join `invoice` with its `clinic_location`.

    The one definition (B4): lists, pages, papers and exports all select it. Overdue from the day after the due
    date, by the date at the invoice's location at the instant `at`.
    """
    owed = case(
        (col(Invoice.due_on) < date_at_location(at), DisplayStatus.OVERDUE.value),
        (col(Invoice.balance) < col(Invoice.total), DisplayStatus.PART_PAID.value),
        else_=DisplayStatus.ISSUED.value,
    )
    only_credited = and_(col(Invoice.credited) > 0, col(Invoice.paid) == 0, col(Invoice.written_off) == 0)
    return case(
        (col(Invoice.status) == InvoiceStatus.DRAFT, DisplayStatus.DRAFT.value),
        (col(Invoice.status) == InvoiceStatus.VOID, DisplayStatus.VOID.value),
        (col(Invoice.kind) == InvoiceKind.CREDIT_NOTE, DisplayStatus.ISSUED.value),
        (col(Invoice.balance) > 0, owed),
        (only_credited, DisplayStatus.CREDITED.value),
        (col(Invoice.written_off) > 0, DisplayStatus.WRITTEN_OFF.value),
        else_=DisplayStatus.PAID.value,
    )


def status_at_issue(balance: Decimal) -> DisplayStatus:
    """What `display_status` says of an invoice on the day of its issue, when it is not due yet and nothing is paid."""
    return DisplayStatus.ISSUED if balance > 0 else DisplayStatus.PAID


def is_charged(of_this: ColumnElement[bool]) -> ColumnElement[bool]:
    """A line of a draft, or one of an issued invoice that is not credited in full, is about it."""
    return exists().where(charging_line(), of_this)


def is_appointment_charged() -> ColumnElement[bool]:
    """Whether a line charges for the appointment of the query around, or for its visit."""
    visits = (
        select(col(Visit.id))
        .where(
            col(Visit.organization_id) == col(Appointment.organization_id),
            col(Visit.appointment_id) == col(Appointment.id),
            col(Visit.deleted_at).is_(None),
        )
        .correlate(Appointment)  # said in words: left alone, a query two levels down reads all appointments
    )
    return or_(
        is_charged(col(InvoiceLine.appointment_id) == col(Appointment.id)),
        is_charged(col(InvoiceLine.visit_id).in_(visits)),
    )
