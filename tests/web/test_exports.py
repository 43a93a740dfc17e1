"""`/docs/….csv`: who may have the file, what it holds, and that nothing on the way keeps it."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from httpx2 import Response
from openpyxl import load_workbook
from openpyxl.cell import Cell, MergedCell
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.access import unit_of_work
from clinic_core.auth.sessions import session_name, start_session
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import safe_cell
from clinic_core.web.exports import EXPORT_ROUTES
from tests.analytics.ledger import Ledger
from tests.factories import Clinic, make_clinic, make_patient

MONEY = ["outstanding", "credit", "invoiced", "collected"]
PERIOD = "from=2026-01-01&to=2026-12-31"


def fetch(clinic: Clinic, role: str | None, address: str) -> Response:
    """As the gate hands a request on: with the name of the session."""
    name = session_name(start_session(clinic.actor(role))) if role else "anonymous"
    with TestClient(Starlette(routes=EXPORT_ROUTES)) as client:
        return client.get(f"/docs/{address}", headers={"X-Clinic-Session": name})


@pytest.fixture
def owing(clinic: Clinic) -> Clinic:
    Ledger(clinic).issue(make_patient(clinic, last_name="=1+1"), "50.50", date(2026, 1, 10))
    Ledger(clinic).issue(make_patient(clinic), "20.00", date(2026, 3, 10), location_id=clinic.branch)
    return clinic


def rows(response: Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_the_file_sums_to_the_figure_and_is_kept_nowhere(owing: Clinic) -> None:
    response = fetch(owing, "manager", "outstanding.csv")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="outstanding.csv"' in response.headers["content-disposition"]
    assert sum(Decimal(row["Balance"]) for row in rows(response)) == Decimal("70.50")


@pytest.mark.parametrize("address", [*MONEY, "debtors", f"no-show?{PERIOD}", f"recall?{PERIOD}", f"overrides?{PERIOD}"])
def test_the_workbook_holds_the_cells_of_the_csv_file(owing: Clinic, address: str) -> None:
    name, _, question = address.partition("?")
    question = question or (PERIOD if name in {"invoiced", "collected"} else "")
    plain = list(csv.reader(io.StringIO(fetch(owing, "manager", f"{name}.csv?{question}").content.decode("utf-8-sig"))))
    response = fetch(owing, "manager", f"{name}.xlsx?{question}")
    assert response.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert (response.headers["cache-control"], response.headers["content-disposition"]) == (
        "no-store", f'attachment; filename="{name}.xlsx"',
    )  # fmt: skip
    sheet = load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert [[as_in_csv(cell) for cell in row] for row in sheet.iter_rows()] == plain


def as_in_csv(cell: Cell | MergedCell) -> str:
    match cell.value:
        case None:
            return ""
        case datetime() if cell.number_format == "yyyy-mm-dd":
            return cell.value.date().isoformat()
        case float() | int() if cell.number_format == "0.00":
            return f"{cell.value:.2f}"
        case _:
            return safe_cell(str(cell.value))


def test_a_list_leaves_as_csv_or_xlsx_and_nothing_else(clinic: Clinic) -> None:
    for name in ("outstanding.pdf", "outstanding.", "outstanding.csv.exe"):
        assert fetch(clinic, "manager", name).status_code == 404


def test_a_name_is_never_a_formula(owing: Clinic) -> None:
    names = {row["Name"] for row in rows(fetch(owing, "manager", "outstanding.csv"))}
    assert names == {"Ada =1+1", "Ada Demo"}
    assert not any(name.startswith("=") for name in names)


def test_the_address_carries_the_filters(owing: Clinic) -> None:
    there = fetch(owing, "manager", f"outstanding.csv?location={owing.branch}")
    assert [row["Location"] for row in rows(there)] == ["Harbour"]
    then = fetch(owing, "manager", "outstanding.csv?as_of=2026-02-01&bucket=0-30&basis=due")
    assert [row["Balance"] for row in rows(then)] == ["50.50"]
    assert len(rows(fetch(owing, "manager", f"invoiced.csv?{PERIOD}"))) == 2


@pytest.mark.parametrize("name", [*MONEY, "takings", "no-show", "overrides", "recall", "audit"])
def test_a_file_needs_a_session(clinic: Clinic, name: str) -> None:
    assert fetch(clinic, None, f"{name}.csv?{PERIOD}").status_code == 401


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        *((role, name, 403) for role in ("practitioner", "assistant", "patient") for name in MONEY),
        *(("patient", name, 403) for name in ("no-show", "overrides")),
        *(("assistant", name, 200) for name in ("takings", "overrides", "recall")),
        ("assistant", "no-show", 200),
        *(("assistant", name, 200) for name in ("closed-days", "refund-requests")),
        *(("assistant", name, 403) for name in ("closed-months",)),
        *(("manager", name, 200) for name in ("closed-days", "closed-months", "refund-requests")),
        ("manager", "audit", 403),
        ("admin", "audit", 200),
    ],
)
def test_a_file_is_for_who_may_see_the_figure(clinic: Clinic, role: str, name: str, status: int) -> None:
    needs_period = name in {"invoiced", "collected", "takings", "no-show", "overrides", "recall"}
    response = fetch(clinic, role, f"{name}.csv?{PERIOD if needs_period else ''}")
    assert (response.status_code, response.headers["cache-control"]) == (status, "no-store")


@pytest.mark.parametrize(
    "address",
    [
        "outstanding.csv?as_of=yesterday",
        "outstanding.csv?bucket=12",
        "outstanding.csv?name=Ada",
        "invoiced.csv",
        "invoiced.csv?from=2026-02-01&to=2026-01-01",
        "audit.csv?zone=Mars/Olympus",
        f"overrides.csv?{PERIOD}&kind=whim",
        "recall.csv?from=2026-02-01",
        f"recall.csv?{PERIOD}&patient=Ada",
    ],
)
def test_a_damaged_address_is_refused_with_a_sentence(clinic: Clinic, address: str) -> None:
    response = fetch(clinic, "owner", address)
    assert response.status_code == 400
    assert response.text.endswith(".")


def test_a_location_of_another_organisation_does_not_exist(clinic: Clinic) -> None:
    for location_id in (make_clinic().main, new_id()):
        assert fetch(clinic, "manager", f"outstanding.csv?location={location_id}").status_code == 404


def test_an_export_is_in_the_audit_log_with_its_person(owing: Clinic) -> None:
    fetch(owing, "manager", "outstanding.csv")
    with unit_of_work(owing.actor("owner")) as work:
        event = work.session.execute(
            text("select actor_user_id, use_case, diff_json from audit_log where action = 'exported'")
        ).one()
    assert (event.actor_user_id, event.use_case) == (owing.users["manager"], "report.export_outstanding")
    assert event.diff_json == {"report": "outstanding", "rows": 2}
