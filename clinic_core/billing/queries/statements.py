"""Statements of one patient: on the screen, to be printed, as a file."""

from collections.abc import Callable, Mapping

from clinic_core.access import Permission, Work, query, use_case
from clinic_core.billing.reach import latest_today, patient_in_reach
from clinic_core.billing.schemas import Movement, StatementDetail, StatementRequest
from clinic_core.billing.statements import read_statements
from clinic_core.errors import InvalidInput
from clinic_core.kit.tables import Table, table
from clinic_core.kit.text import Cell

_CELLS: Mapping[str, Callable[[Movement], Cell]] = {
    "Date": lambda row: row.dated_on,
    "Kind": lambda row: row.kind.label,
    "Number": lambda row: row.number,
    "Of": lambda row: row.of_number,
    "Method": lambda row: row.method.label if row.method else "",
    "Billed to": lambda row: row.payer_name,
    "Amount": lambda row: row.amount,
    "Balance": lambda row: row.balance,
}
BROUGHT_FORWARD = "Brought forward"


@query(Permission.BILLING_VIEW, name="statement.get")
def get_statement(work: Work, request: StatementRequest) -> StatementDetail:
    """A patient's statement.

    Raises:
        NotFound: no such patient, deleted, or out of scope.
        InvalidInput: the period ends after today, or before it begins.
    """
    return _statement(work, request)


@use_case(Permission.BILLING_VIEW, name="statement.print")
def print_statement(work: Work, request: StatementRequest) -> StatementDetail:
    """A statement as `get_statement`, to be printed; the reading is audited."""
    found = _statement(work, request)
    work.audit("patient", request.patient_id, "print", report="statement", **_period(found))
    return found


@use_case(Permission.BILLING_VIEW, name="statement.export")
def export_statement(work: Work, request: StatementRequest) -> Table:
    """The movements of a statement as `get_statement`; audited.

    A row in front brings forward what was owed before, so that the column Amount sums to the last Balance.
    """
    found = _statement(work, request)
    rows: list[list[Cell]] = []
    if found.first_day is not None:
        known: dict[str, Cell] = {
            "Date": found.first_day,
            "Kind": BROUGHT_FORWARD,
            "Amount": found.opening,
            "Balance": found.opening,
        }
        rows.append([*(known.get(name, "") for name in _CELLS), found.currency])
    rows += [[*(cell(row) for cell in _CELLS.values()), found.currency] for row in found.movements]
    made = table((*_CELLS, "Currency"), rows)
    work.audit("patient", request.patient_id, "export", report="statement", rows=len(made.rows), **_period(found))
    return made


def _statement(work: Work, request: StatementRequest) -> StatementDetail:
    patient_in_reach(work.session, work.actor, Permission.BILLING_VIEW, request.patient_id)
    today = latest_today(work.session)
    last_day = request.last_day or today
    if last_day > today:
        raise InvalidInput(f"{last_day} lies in the future; a statement ends on {today} at the latest.")
    if request.first_day is not None and request.first_day > last_day:
        raise InvalidInput(f"The period ends ({last_day}) before it begins ({request.first_day}).")
    found = read_statements(work, (request.patient_id,), first_day=request.first_day, last_day=last_day)
    return found[request.patient_id]


def _period(found: StatementDetail) -> dict[str, str]:
    begins = {"first_day": found.first_day.isoformat()} if found.first_day else {}
    return {**begins, "last_day": found.last_day.isoformat()}
