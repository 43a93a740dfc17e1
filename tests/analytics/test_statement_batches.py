"""Statements for all who owe: those of the page's filters and no others, in one archive that names nobody."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest

from clinic_core.access import perform
from clinic_core.analytics.queries import list_debtors
from clinic_core.analytics.schemas import AgeBucket, OutstandingRowsRequest
from clinic_core.analytics.schemas.statements import StartStatements, StatementsCount, StatementsWanted
from clinic_core.analytics.statements import count_statements, start_statements
from clinic_core.billing.queries import get_statement
from clinic_core.billing.schemas import RecordReceipt, StatementRequest
from clinic_core.billing.schemas.batches import BatchRow
from clinic_core.billing.service import record_receipt
from clinic_core.billing.service.batches import NOTHING_MADE, NOTHING_OWED
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.kit.formats import amount
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import BatchStatus
from tests.analytics.ledger import Ledger
from tests.billing.arrange import receipt
from tests.billing.batches import fetched, pages, work_off
from tests.factories import Clinic, make_patient

pytestmark = pytest.mark.usefixtures("data_dir")

TODAY = now().date()


@pytest.fixture
def owing(clinic: Clinic) -> dict[str, UUID]:
    """Three who owe: one of them for long, one at the other location; and one who has paid."""
    found = {
        "late": make_patient(clinic, code="P-000003"),
        "soon": make_patient(clinic, code="P-000001", contact_json={"email": "ada@example.org"}),
        "branch": make_patient(clinic, code="P-000002", clinic_location_id=clinic.branch),
        "paid": make_patient(clinic, code="P-000004"),
    }
    ledger = Ledger(clinic)
    ledger.issue(found["late"], "50.00", TODAY - timedelta(days=200))
    ledger.issue(found["soon"], "20.50", TODAY - timedelta(days=5))
    ledger.issue(found["branch"], "30.00", TODAY - timedelta(days=5), location_id=clinic.branch)
    settled = ledger.issue(found["paid"], "40.00", TODAY - timedelta(days=5))
    perform(clinic.actor("manager"), record_receipt, receipt(found["paid"], "40.00", invoice_ids=(settled,)))
    return found


def start(clinic: Clinic, role: str = "manager", **fields: object) -> BatchRow:
    return perform(clinic.actor(role), start_statements, StartStatements.model_validate(fields))


def members(clinic: Clinic, batch_id: UUID) -> dict[str, bytes]:
    with ZipFile(BytesIO(fetched(clinic, batch_id))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_archive_holds_exactly_the_statements_of_those_who_owe(clinic: Clinic, owing: dict[str, UUID]) -> None:
    assert perform(clinic.actor("manager"), count_statements, StatementsWanted()) == StatementsCount(
        statements=3, by_email=1
    )
    batch = start(clinic)
    ended = work_off(clinic, batch.id)
    assert (ended.status, ended.total, ended.done, ended.problems) == (BatchStatus.DONE, 3, 3, 0)
    found = members(clinic, batch.id)
    assert list(found) == ["post/00001-P-000001.pdf", "post/00002-P-000002.pdf", "post/00003-P-000003.pdf"]
    locale = clinic.actor("manager").settings.locale
    for name, key in zip(found, ("soon", "branch", "late"), strict=True):
        statement = perform(clinic.actor("manager"), get_statement, StatementRequest(patient_id=owing[key]))
        words = "\n".join(pages(found[name]))
        assert name.endswith(f"{statement.patient_code}.pdf")
        assert amount(statement.closing, locale) in words
        assert "P-000004" not in words
    debtors = perform(clinic.actor("manager"), list_debtors, OutstandingRowsRequest())
    assert {row.id for row in debtors.rows} == {owing["late"], owing["soon"], owing["branch"]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"bucket": AgeBucket.OVER_90}, {"late"}),
        ({"bucket": AgeBucket.TO_30}, {"soon", "branch"}),
        ({"location": "branch"}, {"branch"}),
        ({"patient": "soon"}, {"soon"}),
        ({"chosen": ("paid", "late")}, {"paid", "late"}),
    ],
)
def test_the_filters_of_the_page_decide_whose_statements_are_made(
    clinic: Clinic, owing: dict[str, UUID], filters: dict[str, object], expected: set[str]
) -> None:
    wanted: dict[str, Any] = {"bucket": filters.get("bucket")}
    if "location" in filters:
        wanted["clinic_location_id"] = clinic.branch
    if "patient" in filters:
        wanted["patient_id"] = owing[str(filters["patient"])]
    if "chosen" in filters:
        wanted["patient_ids"] = tuple(owing[key] for key in ("paid", "late"))
    count = perform(clinic.actor("manager"), count_statements, StatementsWanted.model_validate(wanted))
    batch = start(clinic, **wanted)
    assert (count.statements, batch.total) == (len(expected), len(expected))
    work_off(clinic, batch.id)
    codes = {"late": "P-000003", "soon": "P-000001", "branch": "P-000002", "paid": "P-000004"}
    assert {name[-12:-4] for name in members(clinic, batch.id)} == {codes[key] for key in expected}


def test_who_paid_meanwhile_gets_no_statement_and_is_named(clinic: Clinic, owing: dict[str, UUID]) -> None:
    batch, other = start(clinic), start(clinic, patient_id=owing["soon"])
    perform(clinic.actor("manager"), record_receipt, _all_of(clinic, owing["soon"], "20.50"))
    ended = work_off(clinic, batch.id)
    assert [(found.patient_id, found.problem) for found in ended.without_paper] == [(owing["soon"], NOTHING_OWED)]
    assert len(members(clinic, batch.id)) == 2
    nothing = work_off(clinic, other.id)
    assert (nothing.status, nothing.problem) == (BatchStatus.FAILED, NOTHING_MADE)


def test_a_period_begins_where_it_was_asked_to(clinic: Clinic, owing: dict[str, UUID]) -> None:
    batch = start(clinic, patient_id=owing["late"], first_day=TODAY - timedelta(days=30))
    work_off(clinic, batch.id)
    [content] = members(clinic, batch.id).values()
    assert "50.00" in pages(content)[0]
    with pytest.raises(InvalidInput, match="after today"):
        start(clinic, first_day=date(2200, 1, 1))


def test_statements_are_started_by_who_may_issue_invoices_and_once(clinic: Clinic, owing: dict[str, UUID]) -> None:
    for role in ("assistant", "practitioner", "patient"):
        with pytest.raises(PermissionDenied):
            start(clinic, role)
    request_id = new_id()
    assert start(clinic, request_id=request_id) == start(clinic, request_id=request_id)
    with pytest.raises(NotFound):
        start(clinic, patient_ids=(owing["late"], new_id()))
    with pytest.raises(NotFound):
        start(clinic, clinic_location_id=new_id())


def test_nobody_owing_is_refused(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="Nobody owes"):
        start(clinic)


def _all_of(clinic: Clinic, patient_id: UUID, owed: str) -> RecordReceipt:
    debtor = perform(clinic.actor("manager"), get_statement, StatementRequest(patient_id=patient_id))
    return receipt(patient_id, owed, invoice_ids=tuple(item.invoice_id for item in debtor.open_items))
