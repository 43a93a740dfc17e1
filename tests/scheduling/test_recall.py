"""The recall list: who is on it, who is not, who may see it, and that the file is the screen."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.errors import InvalidInput
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.queries import list_recall
from clinic_core.scheduling.schemas import ListRecall, RecallPage
from clinic_core.scheduling.service import export_recall
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited

NOW = datetime.now(UTC).replace(microsecond=0)
TODAY = NOW.date()
SPRING = {"seen_from": TODAY - timedelta(days=365), "seen_to": TODAY - timedelta(days=90)}


def visit(
    clinic: Clinic,
    patient: UUID,
    days: int,
    status: str = "completed",
    *,
    columns: Mapping[str, object] = MappingProxyType({}),
) -> UUID:
    """An appointment that many days from now (ago when negative), straight into the table."""
    values: dict[str, object] = {
        "id": new_id(),
        "organization_id": clinic.organization_id,
        "patient_id": patient,
        "practitioner_user_id": clinic.users["practitioner"],
        "clinic_location_id": clinic.main,
        "starts_at": NOW + timedelta(days=days),
        "ends_at": NOW + timedelta(days=days, minutes=30),
        "status": status,
        "cancelled_by": "patient" if status == "cancelled" else None,
        **columns,
    }
    with owner_work("test.arrange", clinic.organization_id) as session:
        names = ", ".join(values)
        session.execute(
            text(f"insert into appointment ({names}) values ({', '.join(':' + name for name in values)})"), values
        )
    return UUID(str(values["id"]))


def recall(clinic: Clinic, role: str = "manager", **fields: object) -> RecallPage:
    return perform(clinic.actor(role), list_recall, ListRecall.model_validate({**SPRING, **fields}))


def ids(page: RecallPage) -> list[UUID]:
    assert page.count == len(page.rows)
    return [row.id for row in page.rows]


def test_the_longest_unseen_come_first_with_their_last_visit(clinic: Clinic) -> None:
    ada = make_patient(clinic, contact_json={"phone": "+49 30 7", "email": "ada@example.org"})
    bo = make_patient(clinic, first_name="Bo")
    visit(clinic, ada, -300)
    last = visit(clinic, ada, -100, "arrived", columns={"product_service_id": clinic.service})
    visit(clinic, bo, -200)
    page = recall(clinic)
    assert ids(page) == [bo, ada]
    row = page.rows[1]
    assert (row.appointment_id, row.last_visit_at) == (last, NOW - timedelta(days=100))
    assert (row.practitioner, row.service, row.location) == ("Practitioner", "Follow-up", "Main street")
    assert (row.phone, row.email, row.name) == ("+49 30 7", "ada@example.org", "Ada Demo")


@pytest.mark.parametrize(
    ("days", "status", "columns", "is_listed"),
    [
        (5, "booked", {}, False),
        (5, "confirmed", {}, False),
        (5, "cancelled", {}, True),
        (5, "booked", {"deleted_at": NOW}, True),
        (-10, "completed", {}, False),
        (-10, "in_progress", {}, False),
        (-10, "completed", {"deleted_at": NOW}, True),
        (-10, "no_show", {}, True),
        (-10, "booked", {}, True),
    ],
)
def test_an_appointment_ahead_or_a_later_visit_takes_a_patient_off(
    clinic: Clinic, days: int, status: str, columns: dict[str, object], is_listed: bool
) -> None:
    ada = make_patient(clinic)
    visit(clinic, ada, -120)
    visit(clinic, ada, days, status, columns=columns)
    assert ids(recall(clinic)) == ([ada] if is_listed else [])


@pytest.mark.parametrize("days", [-30, -400])
def test_a_last_visit_outside_the_period_is_not_listed(clinic: Clinic, days: int) -> None:
    visit(clinic, make_patient(clinic), days)
    assert ids(recall(clinic)) == []


@pytest.mark.parametrize("status", ["booked", "confirmed", "no_show", "cancelled"])
def test_only_an_attended_visit_counts(clinic: Clinic, status: str) -> None:
    visit(clinic, make_patient(clinic), -120, status)
    assert ids(recall(clinic)) == []


def test_nobody_asks_archived_deceased_deleted_or_merged_patients_back(clinic: Clinic) -> None:
    kept = make_patient(clinic)
    gone = ({"archived_at": NOW}, {"deceased_on": TODAY}, {"deleted_at": NOW}, {"merged_into_id": kept})
    for at, patient in enumerate((kept, *(make_patient(clinic, **columns) for columns in gone))):
        visit(clinic, patient, -120 - at)
    assert ids(recall(clinic)) == [kept]


def test_two_visits_at_one_time_list_their_patient_once(clinic: Clinic) -> None:
    ada = make_patient(clinic)
    visit(clinic, ada, -120)
    visit(clinic, ada, -120, columns={"practitioner_user_id": clinic.users["second_practitioner"]})
    assert ids(recall(clinic)) == [ada]


def test_the_filters_are_about_the_last_visit(clinic: Clinic) -> None:
    ada, bo = make_patient(clinic), make_patient(clinic)
    colleague = clinic.users["second_practitioner"]
    theirs = {"practitioner_user_id": colleague, "product_service_id": clinic.service}
    visit(clinic, ada, -200, columns=theirs)
    visit(clinic, ada, -120)
    visit(clinic, bo, -110, columns=theirs)
    assert ids(recall(clinic, practitioner_user_id=colleague)) == [bo]
    assert ids(recall(clinic, practitioner_user_id=clinic.users["practitioner"])) == [ada]
    assert ids(recall(clinic, product_service_id=clinic.service)) == [bo]
    assert ids(recall(clinic, clinic_location_id=clinic.branch)) == []
    assert ids(recall(clinic, clinic_location_id=clinic.main)) == [ada, bo]


def test_days_are_those_on_the_wall_of_the_location(clinic: Clinic) -> None:
    """23:30 on 1 June in New York is 2 June in Berlin."""
    late = datetime(2026, 6, 2, 3, 30, tzinfo=UTC)
    span: dict[str, object] = {"starts_at": late, "ends_at": late + timedelta(minutes=30)}
    there, here = make_patient(clinic), make_patient(clinic)
    visit(clinic, there, 0, columns={"clinic_location_id": clinic.branch, **span})
    visit(clinic, here, 0, columns={"practitioner_user_id": clinic.users["second_practitioner"], **span})
    first, second = date(2026, 6, 1), date(2026, 6, 2)
    assert ids(recall(clinic, seen_from=first, seen_to=first)) == [there]
    assert ids(recall(clinic, seen_from=second, seen_to=second)) == [here]


def test_what_is_out_of_reach_is_not_listed_but_counts_as_seen(clinic: Clinic) -> None:
    branch = {"clinic_location_id": clinic.branch, "practitioner_user_id": clinic.users["second_practitioner"]}
    elsewhere, both, here = (make_patient(clinic) for _ in range(3))
    visit(clinic, elsewhere, -120, columns=branch)
    visit(clinic, both, -121)
    visit(clinic, both, 9, "booked", columns=branch)
    visit(clinic, here, -122)
    assert ids(recall(clinic, "assistant")) == [here]
    assert ids(recall(clinic, "manager")) == [here, elsewhere]
    assert ids(recall(clinic, "patient")) == []
    assert ids(recall(make_clinic(), "owner")) == []


def test_contact_is_told_as_the_patient_decided(clinic: Clinic) -> None:
    decided = {"email": {"granted": True, "decided_at": "2026-01-01T00:00:00Z"}, "sms": {"granted": False}}
    visit(clinic, make_patient(clinic, consents_json=decided), -120)
    visit(clinic, make_patient(clinic), -110)
    assert [row.contact for row in recall(clinic).rows] == [
        "E-mail allowed, SMS refused",
        "E-mail not asked, SMS not asked",
    ]


def test_pages_join_up_to_the_whole_list(clinic: Clinic) -> None:
    for days in range(7):
        visit(clinic, make_patient(clinic), -100 - days)
    pages = [recall(clinic, limit=3, offset=offset) for offset in (0, 3, 6)]
    assert [page.count for page in pages] == [7, 7, 7]
    assert [row.id for page in pages for row in page.rows] == ids(recall(clinic))


def test_the_file_is_the_screen_safe_against_formulas_and_audited(clinic: Clinic) -> None:
    visit(clinic, make_patient(clinic, first_name="", last_name="=cmd()", contact_json={"phone": "+49 30 7"}), -120)
    visit(clinic, make_patient(clinic), -110)
    content = perform(clinic.actor("assistant"), export_recall, ListRecall.model_validate({**SPRING, "limit": 1}))
    rows = list(csv.DictReader(io.StringIO(content.csv().decode("utf-8-sig"))))
    listed = recall(clinic).rows
    assert [row["Patient"] for row in rows] == [row.code for row in listed]
    assert [row["Contact"] for row in rows] == [row.contact for row in listed]
    assert (rows[0]["Name"], rows[0]["Phone"], rows[0]["Time zone"]) == ("'=cmd()", "'+49 30 7", "Europe/Berlin")
    assert audited(clinic, "recall.export") == [
        ("patient", "exported", clinic.users["assistant"], {"report": "recall", "rows": 2})
    ]


def test_a_period_must_make_sense(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="before it begins"):
        ListRecall(seen_from=TODAY, seen_to=TODAY - timedelta(days=1))
    with pytest.raises(InvalidInput, match="ten years"):
        recall(clinic, seen_from=date(1900, 1, 1))
