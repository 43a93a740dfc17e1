"""What was invoiced and what was collected, never mixed (product specification A4)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import ColumnElement, Date, case, cast, false, func, literal_column, select, true
from sqlalchemy.orm import Mapped
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.access.scope import invoices_in_scope, receipts_in_scope
from clinic_core.analytics.balances import has_line_of
from clinic_core.analytics.filters import (
    Filters,
    amount_of,
    at_places,
    patient_columns,
    period_filters,
    with_name,
)
from clinic_core.analytics.schemas import (
    CollectedPage,
    CollectedRow,
    InvoicedPage,
    InvoicedRow,
    MonthRevenue,
    PeriodFilter,
    PeriodRowsRequest,
    Revenue,
)
from clinic_core.models import ClinicLocation, Invoice, Patient, Receipt
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus, ReceiptKind

DEFINITION = (
    "Invoiced is the total, tax included, of the invoices issued in the period less that of the credit notes issued in "
    "it; a void invoice stays, its credit note takes it back. Collected is the money received in the period less the "
    "money paid back in it, whatever invoice it was for."
)
WITHOUT_COLLECTED = (
    " With a practitioner chosen, whole documents with a line of theirs count, and collected is not given, because "
    "receipts belong to patients."
)
DATE_BASIS = "Invoiced by issue date, collected by the day of receipt; the two are never mixed."
ZERO = Decimal("0.00")

_INVOICED = case((col(Invoice.kind) == InvoiceKind.CREDIT_NOTE, -col(Invoice.total)), else_=col(Invoice.total))
_COLLECTED = case((col(Receipt.kind) == ReceiptKind.REFUND, -col(Receipt.amount)), else_=col(Receipt.amount))


@query(Permission.REPORT_FINANCIAL, name="report.revenue")
def revenue(work: Work, request: PeriodFilter) -> Revenue:
    """Invoiced and collected in the period and in each of its months.

    Raises:
        InvalidInput: the period ends before it begins or is too long.
        NotFound: an unknown location or practitioner.
    """
    filters = period_filters(work.session, work.actor, Permission.REPORT_FINANCIAL, request)
    issued = _by_month(work, col(Invoice.issued_on), _INVOICED, _issued(work.actor, request, filters))
    received = _by_month(work, col(Receipt.received_on), _COLLECTED, _received(work.actor, request, filters))
    knows_collected = request.practitioner_user_id is None
    return Revenue(
        first_day=request.first_day,
        last_day=request.last_day,
        currency=work.actor.settings.currency,
        invoiced=sum((amount for _, amount in issued.values()), ZERO),
        documents=sum(count for count, _ in issued.values()),
        collected=sum((amount for _, amount in received.values()), ZERO) if knows_collected else None,
        receipts=sum(count for count, _ in received.values()) if knows_collected else None,
        months=tuple(
            MonthRevenue(
                month=each,
                invoiced=issued.get(each, (0, ZERO))[1],
                collected=received.get(each, (0, ZERO))[1] if knows_collected else None,
            )
            for each in _months(request.first_day, request.last_day)
        ),
        explanation=filters.explain(DEFINITION if knows_collected else DEFINITION + WITHOUT_COLLECTED, DATE_BASIS),
    )


@query(Permission.REPORT_FINANCIAL, name="report.invoiced_rows")
def list_invoiced(work: Work, request: PeriodRowsRequest) -> InvoicedPage:
    """The documents behind the invoiced amount by issue date, credit notes negative. Raises as `revenue`."""
    conditions = _issued(
        work.actor, request, period_filters(work.session, work.actor, Permission.REPORT_FINANCIAL, request)
    )
    count, total = work.session.execute(select(func.count(), amount_of(_INVOICED)).where(*conditions)).one()
    rows = work.session.execute(
        select(
            col(Invoice.id),
            col(Invoice.number),
            col(Invoice.kind),
            col(Invoice.issued_on),
            col(Invoice.patient_id),
            col(ClinicLocation.name).label("location"),
            _INVOICED.label("amount"),
            *patient_columns(work.actor),
        )
        .join(Patient, col(Patient.id) == col(Invoice.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Invoice.clinic_location_id))
        .where(*conditions)
        .order_by(col(Invoice.issued_on), col(Invoice.id))
        .limit(request.limit)
        .offset(request.offset)
    )
    return InvoicedPage(
        rows=tuple(InvoicedRow.model_validate(with_name(row)) for row in rows.mappings()),
        count=count,
        total=total + ZERO,
    )


@query(Permission.REPORT_FINANCIAL, name="report.collected_rows")
def list_collected(work: Work, request: PeriodRowsRequest) -> CollectedPage:
    """The receipts behind the collected amount by day of receipt, refunds negative. Raises as `revenue`."""
    conditions = _received(
        work.actor, request, period_filters(work.session, work.actor, Permission.REPORT_FINANCIAL, request)
    )
    count, total = work.session.execute(select(func.count(), amount_of(_COLLECTED)).where(*conditions)).one()
    rows = work.session.execute(
        select(
            col(Receipt.id),
            col(Receipt.number),
            col(Receipt.kind),
            col(Receipt.method),
            col(Receipt.received_on),
            col(Receipt.patient_id),
            col(ClinicLocation.name).label("location"),
            _COLLECTED.label("amount"),
            *patient_columns(work.actor),
        )
        .join(Patient, col(Patient.id) == col(Receipt.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Receipt.clinic_location_id))
        .where(*conditions)
        .order_by(col(Receipt.received_on), col(Receipt.id))
        .limit(request.limit)
        .offset(request.offset)
    )
    return CollectedPage(
        rows=tuple(CollectedRow.model_validate(with_name(row)) for row in rows.mappings()),
        count=count,
        total=total + ZERO,
    )


def _issued(actor: Actor, request: PeriodFilter, filters: Filters) -> list[ColumnElement[bool]]:
    conditions = [
        col(Invoice.organization_id) == actor.organization_id,
        col(Invoice.status) != InvoiceStatus.DRAFT,
        col(Invoice.issued_on).between(request.first_day, request.last_day),
        invoices_in_scope(actor, Permission.REPORT_FINANCIAL),
        at_places(col(Invoice.clinic_location_id), filters),
    ]
    if request.practitioner_user_id is not None:
        conditions.append(has_line_of(actor, request.practitioner_user_id))
    return conditions


def _received(actor: Actor, request: PeriodFilter, filters: Filters) -> list[ColumnElement[bool]]:
    return [
        col(Receipt.organization_id) == actor.organization_id,
        col(Receipt.received_on).between(request.first_day, request.last_day),
        receipts_in_scope(actor, Permission.REPORT_FINANCIAL),
        at_places(col(Receipt.clinic_location_id), filters),
        true() if request.practitioner_user_id is None else false(),
    ]


def _by_month(
    work: Work,
    day: ColumnElement[date] | Mapped[date] | Mapped[date | None],
    amount: ColumnElement[Decimal],
    conditions: Sequence[ColumnElement[bool]],
) -> dict[date, tuple[int, Decimal]]:
    """For each month how many documents there are and what they come to."""
    month = cast(func.date_trunc(literal_column("'month'"), day), Date)
    found = work.session.execute(select(month, func.count(), amount_of(amount)).where(*conditions).group_by(month))
    return {begins: (count, total) for begins, count, total in found}


def _months(first_day: date, last_day: date) -> list[date]:
    months = [first_day.replace(day=1)]
    while (following := _next(months[-1])) <= last_day:
        months.append(following)
    return months


def _next(month: date) -> date:
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
