"""Outstanding money: what is open, how old it is, who owes it (product specification A1)."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import CTE, ColumnElement, func, select, true
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.analytics.ages import bucket_of, days_since, is_in
from clinic_core.analytics.balances import free_receipts, open_invoices
from clinic_core.analytics.filters import (
    AnySelect,
    Filters,
    amount_of,
    at_places,
    patient_columns,
    read_filters,
    with_name,
)
from clinic_core.analytics.schemas import (
    AgeBasis,
    AgeBucket,
    AgedAmount,
    Aging,
    AgingRequest,
    CreditPage,
    CreditRow,
    DebtorPage,
    DebtorRow,
    Explanation,
    Outstanding,
    OutstandingPage,
    OutstandingRequest,
    OutstandingRow,
    OutstandingRowsRequest,
    ReceivablesFilter,
)
from clinic_core.errors import InvalidInput
from clinic_core.models import ClinicLocation, Patient, Receipt

DEFINITION = (
    "Gross is the sum of the open balances of issued invoices; credit is money received that is neither applied to an "
    "invoice nor refunded; net is gross less credit."
)
WITHOUT_CREDIT = (
    " With a practitioner chosen, gross counts the whole balance of every invoice with a line of theirs, and credit is "
    "left out, because receipts belong to patients."
)
DATE_BASIS = (
    "Issue date of invoices and credit notes, day of receipt of money, day of write-offs; the age counts from the "
)
BY_AGE = {AgeBasis.DUE: "due date; what is not due yet is in 0–30 days.", AgeBasis.ISSUED: "issue date."}
ZERO = Decimal("0.00")


class _Reading(NamedTuple):
    filters: Filters
    day: date
    open: CTE


@query(Permission.REPORT_FINANCIAL, name="report.outstanding")
def outstanding(work: Work, request: OutstandingRequest) -> Outstanding:
    """What patients owe now or owed at the end of a past day.

    Raises:
        InvalidInput: the day lies in the future.
        NotFound: an unknown location or practitioner.
    """
    reading = _read(work, request)
    statement = select(func.count(), amount_of(reading.open.c.balance))
    invoices, gross = work.session.execute(_at(statement, reading)).one()
    credit = _credit(work, request, reading)
    return Outstanding(
        as_of=reading.day,
        currency=work.actor.settings.currency,
        gross=gross + ZERO,
        credit=credit,
        net=gross - credit,
        invoices=invoices,
        explanation=_explain(request, reading, AgeBasis.DUE),
    )


@query(Permission.REPORT_FINANCIAL, name="report.aging")
def aging(work: Work, request: AgingRequest) -> Aging:
    """The outstanding amount by age in days; the buckets sum to gross. Raises as `outstanding`."""
    reading = _read(work, request)
    since, balance = _since(request, reading), reading.open.c.balance
    within = [list(is_in(each, since, reading.day)) for each in AgeBucket]
    counts = [func.count().filter(*conditions) for conditions in within]
    amounts = [func.coalesce(func.sum(balance).filter(*conditions), ZERO) for conditions in within]
    found = work.session.execute(_at(select(*counts, *amounts), reading)).one()
    buckets = tuple(
        AgedAmount(bucket=each, invoices=count, amount=amount + ZERO)
        for each, count, amount in zip(AgeBucket, found[: len(counts)], found[len(counts) :], strict=True)
    )
    gross = sum((each.amount for each in buckets), ZERO)
    credit = _credit(work, request, reading)
    return Aging(
        as_of=reading.day,
        currency=work.actor.settings.currency,
        gross=gross,
        credit=credit,
        net=gross - credit,
        invoices=sum(each.invoices for each in buckets),
        explanation=_explain(request, reading, request.basis),
        basis=request.basis,
        buckets=buckets,
    )


@query(Permission.REPORT_FINANCIAL, name="report.outstanding_rows")
def list_outstanding(work: Work, request: OutstandingRowsRequest) -> OutstandingPage:
    """The open invoices behind the figure, oldest first. Raises as `outstanding`."""
    reading = _read(work, request)
    chosen, found = _chosen(request, reading), reading.open.c
    summed = select(func.count(), amount_of(found.balance))
    count, total = work.session.execute(_at(summed, reading).where(*chosen)).one()
    days = _days(request, reading)
    rows = work.session.execute(
        _at(
            select(
                found.id,
                found.number,
                found.patient_id,
                *patient_columns(work.actor),
                found.clinic_location_id,
                col(ClinicLocation.name).label("location"),
                found.issued_on,
                found.due_on,
                days.label("days"),
                bucket_of(days).label("bucket"),
                found.total,
                found.balance,
            ),
            reading,
        )
        .join(Patient, col(Patient.id) == found.patient_id)
        .join(ClinicLocation, col(ClinicLocation.id) == found.clinic_location_id)
        .where(*chosen)
        .order_by(days.desc(), found.id)
        .limit(request.limit)
        .offset(request.offset)
    )
    return OutstandingPage(
        rows=tuple(OutstandingRow.model_validate(with_name(row)) for row in rows.mappings()),
        count=count,
        total=total + ZERO,
    )


@query(Permission.REPORT_FINANCIAL, name="report.debtors")
def list_debtors(work: Work, request: OutstandingRowsRequest) -> DebtorPage:
    """Who owes, by age, those who owe most first; the balances sum to gross. Raises as `outstanding`."""
    reading = _read(work, request)
    chosen, found = _chosen(request, reading), reading.open.c
    since = _since(request, reading)
    aged = [func.coalesce(func.sum(found.balance).filter(*is_in(each, since, reading.day)), ZERO) for each in AgeBucket]
    by_patient = (
        _at(
            select(
                found.patient_id.label("id"),
                func.count().label("invoices"),
                func.min(found.due_on).label("oldest_on"),
                *(amount.label(each.name.lower()) for each, amount in zip(AgeBucket, aged, strict=True)),
                func.sum(found.balance).label("balance"),
            ),
            reading,
        )
        .where(*chosen)
        .group_by(found.patient_id)
        .cte("by_patient")
    )
    debtor = (
        select(by_patient)
        .order_by(by_patient.c.balance.desc(), by_patient.c.id)
        .limit(request.limit)
        .offset(request.offset)
        .subquery("debtor")
    )
    among = select(func.count().label("among"), amount_of(by_patient.c.balance).label("owed")).subquery("among")
    rows = work.session.execute(
        select(among, debtor, *patient_columns(work.actor))
        .select_from(among)
        .outerjoin(debtor, true())
        .outerjoin(Patient, col(Patient.id) == debtor.c.id)
        .order_by(debtor.c.balance.desc(), debtor.c.id)
    )
    listed = rows.mappings().all()
    return DebtorPage(
        rows=tuple(DebtorRow.model_validate(with_name(row)) for row in listed if row["id"] is not None),
        count=listed[0]["among"],
        total=listed[0]["owed"] + ZERO,
    )


@query(Permission.REPORT_FINANCIAL, name="report.credit_rows")
def list_credit(work: Work, request: OutstandingRowsRequest) -> CreditPage:
    """The patients whose money is not applied, most first; the amounts sum to credit. Raises as `outstanding`.

    Bucket, basis and practitioner do not apply to credit; with a practitioner chosen there are no rows.
    """
    reading = _read(work, request)
    if request.practitioner_user_id is not None:
        return CreditPage(rows=(), count=0, total=ZERO)
    free = free_receipts(work.actor, Permission.REPORT_FINANCIAL, as_of=request.as_of)
    of = [] if request.patient_id is None else [col(Receipt.patient_id) == request.patient_id]
    holder = (
        select(
            col(Receipt.patient_id).label("id"), func.count().label("receipts"), func.sum(free.c.credit).label("amount")
        )
        .select_from(free)
        .join(Receipt, col(Receipt.id) == free.c.id)
        .where(at_places(col(Receipt.clinic_location_id), reading.filters), *of)
        .group_by(col(Receipt.patient_id))
        .subquery("holder")
    )
    count, total = work.session.execute(select(func.count(), amount_of(holder.c.amount)).select_from(holder)).one()
    rows = work.session.execute(
        select(holder, *patient_columns(work.actor))
        .join(Patient, col(Patient.id) == holder.c.id)
        .order_by(holder.c.amount.desc(), holder.c.id)
        .limit(request.limit)
        .offset(request.offset)
    )
    return CreditPage(
        rows=tuple(CreditRow.model_validate(with_name(row)) for row in rows.mappings()), count=count, total=total + ZERO
    )


def _read(work: Work, request: ReceivablesFilter) -> _Reading:
    permission = Permission.REPORT_FINANCIAL
    filters = read_filters(
        work.session,
        work.actor,
        permission,
        clinic_location_id=request.clinic_location_id,
        practitioner_user_id=request.practitioner_user_id,
    )
    if request.as_of is not None and request.as_of > filters.today:
        raise InvalidInput(f"{request.as_of} lies in the future; what is outstanding is known up to {filters.today}.")
    found = open_invoices(
        work.actor, permission, as_of=request.as_of, practitioner_user_id=request.practitioner_user_id
    )
    return _Reading(filters, request.as_of or filters.today, found)


def _credit(work: Work, request: ReceivablesFilter, reading: _Reading) -> Decimal:
    if request.practitioner_user_id is not None:
        return ZERO
    free = free_receipts(work.actor, Permission.REPORT_FINANCIAL, as_of=request.as_of)
    statement = select(amount_of(free.c.credit)).select_from(free)
    if reading.filters.one_location:
        statement = statement.join(Receipt, col(Receipt.id) == free.c.id).where(
            at_places(col(Receipt.clinic_location_id), reading.filters)
        )
    return work.session.execute(statement).scalar_one() + ZERO


def _at(statement: AnySelect, reading: _Reading) -> AnySelect:
    """The statement over the open invoices at the chosen location."""
    return statement.select_from(reading.open).where(at_places(reading.open.c.clinic_location_id, reading.filters))


def _chosen(request: OutstandingRowsRequest, reading: _Reading) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if request.bucket is not None:
        chosen.append(bucket_of(_days(request, reading)) == request.bucket.value)
    if request.patient_id is not None:
        chosen.append(reading.open.c.patient_id == request.patient_id)
    return chosen


def _since(request: AgingRequest, reading: _Reading) -> ColumnElement[date]:
    since: ColumnElement[date] = reading.open.c.due_on if request.basis is AgeBasis.DUE else reading.open.c.issued_on
    return since


def _days(request: AgingRequest, reading: _Reading) -> ColumnElement[int]:
    return days_since(_since(request, reading), reading.day)


def _explain(request: ReceivablesFilter, reading: _Reading, basis: AgeBasis) -> Explanation:
    definition = DEFINITION if request.practitioner_user_id is None else DEFINITION + WITHOUT_CREDIT
    return reading.filters.explain(definition, DATE_BASIS + BY_AGE[basis])
