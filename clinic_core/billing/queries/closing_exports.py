"""Closings as files: the days and months that were signed, and the roll-forward of one month."""

from collections.abc import Callable, Mapping

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.closing_rows import closing_conditions, read_closings
from clinic_core.billing.exports import export_detail
from clinic_core.billing.queries.closing import month_to_close
from clinic_core.billing.schemas import ClosingFilter, ClosingRow, DayFigures, MonthFigures, MonthToClose
from clinic_core.kit.money import ZERO
from clinic_core.kit.tables import MOST_ROWS, Table, table, table_of
from clinic_core.kit.text import Cell
from clinic_core.vocabulary import ClosingKind

_Columns = Mapping[str, Callable[[ClosingRow], Cell]]


def _days(row: ClosingRow) -> DayFigures:
    return row.figures if isinstance(row.figures, DayFigures) else DayFigures()


def _months(row: ClosingRow) -> MonthFigures:
    return row.figures if isinstance(row.figures, MonthFigures) else MonthFigures()


_SIGNED: _Columns = {
    "Closed by": lambda row: row.closed_by,
    "Closed at": lambda row: row.closed_at,
    "Note": lambda row: row.note,
    "Opened again by": lambda row: row.reopened_by,
    "Opened again at": lambda row: row.reopened_at,
    "Because": lambda row: row.reopen_reason,
}
_DAY: _Columns = {
    "Day": lambda row: row.starts_on,
    "Location": lambda row: row.location_name,
    "Received": lambda row: sum((each.received for each in _days(row).methods), ZERO),
    "Paid back": lambda row: sum((each.paid_back for each in _days(row).methods), ZERO),
    "Expected": lambda row: _days(row).expected,
    "Counted": lambda row: _days(row).counted,
    "Difference": lambda row: _days(row).difference,
    "Currency": lambda row: _days(row).currency,
    "Not finished": lambda row: _days(row).unfinished,
    "Not invoiced": lambda row: _days(row).uninvoiced,
    "Drafts": lambda row: _days(row).drafts,
    **_SIGNED,
}
_MONTH: _Columns = {
    "First day": lambda row: row.starts_on,
    "Last day": lambda row: row.ends_on,
    "Owed at the beginning": lambda row: _months(row).opening,
    "Invoiced": lambda row: _months(row).invoiced,
    "Credited": lambda row: _months(row).credited,
    "Paid": lambda row: _months(row).paid,
    "Released to credit": lambda row: _months(row).released,
    "Written off": lambda row: _months(row).written_off,
    "Write-offs taken back": lambda row: _months(row).taken_back,
    "Owed at the end": lambda row: _months(row).closing,
    "Credit at the beginning": lambda row: _months(row).credit_opening,
    "Received": lambda row: _months(row).received,
    "Refunded": lambda row: _months(row).refunded,
    "Applied to invoices": lambda row: _months(row).applied,
    "Credit at the end": lambda row: _months(row).credit_closing,
    "Currency": lambda row: _months(row).currency,
    **_SIGNED,
}


@use_case(Permission.BILLING_COLLECT, Permission.BILLING_CLOSE_PERIOD, name="closed_days.export")
def export_closed_days(work: Work, request: ClosingFilter) -> Table:
    """The days that were closed and pass the filters, reopened ones too, with what was counted; audited."""
    return _export(work, request.model_copy(update={"kind": ClosingKind.DAY}), _DAY)


@use_case(Permission.BILLING_CLOSE_PERIOD, name="closed_months.export")
def export_closed_months(work: Work, request: ClosingFilter) -> Table:
    """The months that were closed and pass the filters, each with its roll-forward; audited."""
    return _export(work, request.model_copy(update={"kind": ClosingKind.MONTH}), _MONTH)


@use_case(Permission.BILLING_CLOSE_PERIOD, name="roll_forward.export")
def export_roll_forward(work: Work, request: MonthToClose) -> Table:
    """The roll-forward of a month as it was signed, or as it stands; audited.

    Amounts are signed: those between the beginning and the end of an account sum to its end.

    Raises:
        NotFound: the actor does not reach the whole organisation.
    """
    found = month_to_close(work, request)
    signed = found.closing.figures if found.closing else found.figures
    figures = signed if isinstance(signed, MonthFigures) else found.figures
    made = table(
        ("Account", "Line", "Amount", "Currency", "Closed"),
        [
            (account, step.label, step.amount, figures.currency, "Yes" if found.closing else "No")
            for account, steps in (("What patients owe", figures.owed_steps), ("Patient credit", figures.credit_steps))
            for step in steps
        ],
    )
    work.audit("closing", found.closing.id if found.closing else None, "export", **export_detail(made, request))
    return made


def _export(work: Work, request: ClosingFilter, columns: _Columns) -> Table:
    rows = read_closings(work.session, *closing_conditions(work.actor, request), limit=MOST_ROWS + 1)
    made = table_of(columns, rows)
    work.audit("closing", None, "export", **export_detail(made, request))
    return made
