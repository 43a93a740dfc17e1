"""Exports of reports: the rows on screen as a table, each one written to the audit log."""

from collections.abc import Sequence

from clinic_core.access import Permission, Work, use_case
from clinic_core.analytics.queries import (
    list_collected,
    list_credit,
    list_debtors,
    list_invoiced,
    list_no_show,
    list_outstanding,
    list_overrides,
)
from clinic_core.analytics.schemas import (
    ALL_ROWS,
    AgeBucket,
    OutstandingRowsRequest,
    OverridesRequest,
    PeriodRowsRequest,
)
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.tables import Table, table
from clinic_core.kit.text import Cell


@use_case(Permission.REPORT_FINANCIAL, name="report.export_outstanding")
def export_outstanding(work: Work, request: OutstandingRowsRequest) -> Table:
    """The open invoices; the column Balance sums to the figure. Raises as `list_outstanding`."""
    page = list_outstanding(work, _whole(request))
    header = ("Invoice", "Patient", "Name", "Location", "Issued", "Due", "Days", "Age", "Total", "Balance", "Currency")
    currency = work.actor.settings.currency
    return _exported(
        work,
        "outstanding",
        header,
        [
            (
                row.number,
                row.patient_code,
                row.patient_name,
                row.location,
                row.issued_on,
                row.due_on,
                row.days,
                row.bucket.label,
                row.total,
                row.balance,
                currency,
            )
            for row in page.rows
        ],
    )


@use_case(Permission.REPORT_FINANCIAL, name="report.export_debtors")
def export_debtors(work: Work, request: OutstandingRowsRequest) -> Table:
    """Who owes how much by age; the column Balance sums to the figure. Raises as `list_debtors`."""
    page = list_debtors(work, _whole(request))
    currency = work.actor.settings.currency
    return _exported(
        work,
        "debtors",
        ("Patient", "Name", "Invoices", "Oldest due", *(bucket.label for bucket in AgeBucket), "Balance", "Currency"),
        [
            (
                row.patient_code,
                row.patient_name,
                row.invoices,
                row.oldest_on,
                row.to_30,
                row.to_60,
                row.to_90,
                row.over_90,
                row.balance,
                currency,
            )
            for row in page.rows
        ],
    )


@use_case(Permission.REPORT_FINANCIAL, name="report.export_credit")
def export_credit(work: Work, request: OutstandingRowsRequest) -> Table:
    """The patients with credit; the column Credit sums to the figure. Raises as `list_credit`."""
    page = list_credit(work, _whole(request))
    currency = work.actor.settings.currency
    return _exported(
        work,
        "credit",
        ("Patient", "Name", "Receipts", "Credit", "Currency"),
        [(row.patient_code, row.patient_name, row.receipts, row.amount, currency) for row in page.rows],
    )


@use_case(Permission.REPORT_FINANCIAL, name="report.export_invoiced")
def export_invoiced(work: Work, request: PeriodRowsRequest) -> Table:
    """The documents issued in the period, credit notes negative. Raises as `list_invoiced`."""
    page = list_invoiced(work, _whole_period(request))
    currency = work.actor.settings.currency
    return _exported(
        work,
        "invoiced",
        ("Number", "Kind", "Issued", "Patient", "Name", "Location", "Amount", "Currency"),
        [
            (
                row.number,
                row.kind.label,
                row.issued_on,
                row.patient_code,
                row.patient_name,
                row.location,
                row.amount,
                currency,
            )
            for row in page.rows
        ],
    )


@use_case(Permission.REPORT_FINANCIAL, name="report.export_collected")
def export_collected(work: Work, request: PeriodRowsRequest) -> Table:
    """The receipts of the period, refunds negative. Raises as `list_collected`."""
    page = list_collected(work, _whole_period(request))
    currency = work.actor.settings.currency
    return _exported(
        work,
        "collected",
        ("Number", "Kind", "Method", "Received", "Patient", "Name", "Location", "Amount", "Currency"),
        [
            (
                row.number,
                row.kind.label,
                row.method.label,
                row.received_on,
                row.patient_code,
                row.patient_name,
                row.location,
                row.amount,
                currency,
            )
            for row in page.rows
        ],
    )


@use_case(Permission.REPORT_VIEW, name="report.export_no_show")
def export_no_show(work: Work, request: PeriodRowsRequest) -> Table:
    """The attended and missed appointments of the period, in each location's time. Raises as `list_no_show`."""
    page = list_no_show(work, _whole_period(request))
    return _exported(
        work,
        "no_show",
        ("Start", "Time zone", "Location", "Practitioner", "Patient", "Name", "Status"),
        [
            (
                to_wall(row.starts_at, zone(row.timezone)),
                row.timezone,
                row.location,
                row.practitioner,
                row.patient_code,
                row.patient_name,
                row.status.label,
            )
            for row in page.rows
        ],
    )


@use_case(Permission.REPORT_VIEW, name="report.export_overrides")
def export_overrides(work: Work, request: OverridesRequest) -> Table:
    """The overrides of the period, in each location's time. Raises as `list_overrides`."""
    page = list_overrides(work, request.model_copy(update={"limit": ALL_ROWS, "offset": 0}))
    header = (
        *("Start", "Time zone", "Location", "Practitioner", "Patient", "Name", "Status"),
        *("Overridden", "Reason", "By", "On"),
    )
    return _exported(
        work,
        "overrides",
        header,
        [
            (
                to_wall(row.starts_at, zone(row.timezone)),
                row.timezone,
                row.location,
                row.practitioner,
                row.patient_code,
                row.patient_name,
                row.status.label,
                row.kinds_text,
                row.reason,
                row.overridden_by,
                to_wall(row.overridden_at, zone(row.timezone)),
            )
            for row in page.rows
        ],
    )


def _exported(work: Work, report: str, header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Table:
    work.audit("report", None, "exported", report=report, rows=len(rows))
    return table(header, rows)


def _whole(request: OutstandingRowsRequest) -> OutstandingRowsRequest:
    return request.model_copy(update={"limit": ALL_ROWS, "offset": 0})


def _whole_period(request: PeriodRowsRequest) -> PeriodRowsRequest:
    return request.model_copy(update={"limit": ALL_ROWS, "offset": 0})
