"""The audit viewer: who may look, what it shows and never shows, filters, pages, history, export."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.audit.queries import list_audit, list_audit_choices, list_history
from clinic_core.audit.schemas import AuditCursor, AuditFilter, AuditPage, AuditRow, EntityHistory, ListAudit
from clinic_core.audit.service import export_audit
from clinic_core.errors import InvalidInput, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicalCase
from tests.factories import Clinic, make_clinic, make_patient

SECRET = "Unspeakable finding"


def seen(clinic: Clinic, **filters: object) -> tuple[AuditRow, ...]:
    return perform(clinic.actor("owner"), list_audit, ListAudit(limit=1000, **filters)).rows  # type: ignore[arg-type]


def rename(clinic: Clinic, name: str) -> None:
    """A change by the administrator, made the way use cases make it."""
    with owner_work("location.update", clinic.organization_id) as session:
        session.execute(text("select set_config('clinic.actor_id', :id, true)"), {"id": str(clinic.users["admin"])})
        session.execute(
            text("update clinic_location set name = :name where id = :id"), {"name": name, "id": clinic.main}
        )


@pytest.mark.parametrize("role", ["manager", "practitioner", "assistant", "patient"])
def test_only_owner_and_admin_read_the_log(clinic: Clinic, role: str) -> None:
    for refused, request in ((list_audit, ListAudit()), (export_audit, AuditFilter())):
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), refused, request)  # type: ignore[arg-type]


def test_a_refusal_is_seen_with_its_person_and_use_case(clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("assistant"), list_audit, ListAudit())
    (row,) = seen(clinic, action="refused")
    assert (row.actor, row.use_case, row.entity_type) == ("Assistant", "audit.list", "use_case")
    assert "permission: audit.view" in row.summary


def test_a_change_is_seen_with_before_and_after(clinic: Clinic) -> None:
    rename(clinic, "Market")
    (row,) = seen(clinic, entity_type="clinic_location", entity_id=clinic.main, action="update")
    assert (row.actor, row.use_case) == ("Admin", "location.update")
    assert row.summary == "name: Main street → Market"


def test_clinical_text_and_names_are_never_shown_or_exported(clinic: Clinic) -> None:
    patient_id = make_patient(clinic, first_name=SECRET)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            ClinicalCase(
                organization_id=clinic.organization_id,
                patient_id=patient_id,
                practitioner_user_id=clinic.users["practitioner"],
                title=SECRET,
                diagnosis_json=[{"system": "ICD-10", "code": "X", "text": SECRET}],
                opened_at=datetime(2026, 1, 5, tzinfo=UTC),
            )
        )
    rows = seen(clinic)
    (case,) = [row for row in rows if row.entity_type == "clinical_case"]
    assert {change.field for change in case.changes if change.hidden} >= {"title", "diagnosis_json"}
    assert not any(SECRET in row.model_dump_json() for row in rows)
    assert SECRET.encode() not in perform(clinic.actor("owner"), export_audit, AuditFilter()).csv()


def test_what_the_shell_did_is_by_the_system(clinic: Clinic) -> None:
    rows = seen(clinic, by_system=True, use_case="test.")
    assert rows
    assert {row.actor for row in rows} == {"System"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"use_case": "location."}, True),
        ({"use_case": "location%"}, False),
        ({"action": "update"}, True),
        ({"action": "delete"}, False),
        ({"entity_type": "patient"}, False),
        ({"first_day": datetime.now(UTC).date() - timedelta(days=1)}, True),
        ({"last_day": datetime.now(UTC).date() - timedelta(days=2)}, False),
    ],
)
def test_every_filter_narrows(clinic: Clinic, filters: dict[str, object], expected: bool) -> None:
    rename(clinic, "Market")
    changes = seen(clinic, actor_user_id=clinic.users["admin"], **filters)
    assert ([row.summary for row in changes] == ["name: Main street → Market"]) is expected


def test_a_damaged_filter_is_refused_with_a_sentence(clinic: Clinic) -> None:
    today = datetime.now(UTC).date()
    for filters in (
        {"use_case": "a\x00b"},
        {"timezone": "Mars/Olympus"},
        {"first_day": today, "last_day": today - timedelta(days=1)},
    ):
        with pytest.raises(InvalidInput):
            seen(clinic, **filters)


def pages(clinic: Clinic, limit: int) -> Iterator[AuditPage]:
    after: AuditCursor | None = None
    while True:
        page = perform(clinic.actor("owner"), list_audit, ListAudit(after=after, limit=limit))
        yield page
        if page.next is None:
            return
        after = page.next


def test_the_pages_together_are_the_log_newest_first(clinic: Clinic) -> None:
    whole = seen(clinic)
    paged = [row for page in pages(clinic, 7) for row in page.rows]
    assert [row.id for row in paged] == [row.id for row in whole]
    assert [row.created_at for row in whole] == sorted((row.created_at for row in whole), reverse=True)


def test_the_history_of_a_row_is_all_that_happened_to_it(clinic: Clinic) -> None:
    rename(clinic, "Market")
    rename(clinic, "Square")
    wanted = EntityHistory(entity_type="clinic_location", entity_id=clinic.main)
    found = perform(clinic.actor("owner"), list_history, wanted)
    assert [row.action for row in found.rows] == ["update", "update", "insert"]


def test_another_organisation_sees_nothing_of_it(clinic: Clinic) -> None:
    other = make_clinic()
    rename(other, "Market")
    ids: set[UUID | None] = {row.entity_id for row in seen(clinic)}
    assert other.main not in ids
    assert {person.id for person in perform(clinic.actor("owner"), list_audit_choices).actors} == {
        *clinic.users.values()
    }


def test_an_export_holds_the_filtered_rows_and_is_itself_in_the_log(clinic: Clinic) -> None:
    rename(clinic, "=SUM(A1)")
    content = perform(clinic.actor("owner"), export_audit, AuditFilter(use_case="location.update"))
    (line,) = csv.DictReader(io.StringIO(content.csv().decode("utf-8-sig")))
    assert (line["Person"], line["Changes"]) == ("Admin", "name: Main street → =SUM(A1)")
    (event,) = seen(clinic, action="exported")
    assert (event.actor, event.summary) == ("Owner", "rows: 1")


def test_nobody_edits_the_log(clinic: Clinic) -> None:
    for statement in ("update audit_log set action = 'x'", "delete from audit_log"):
        with pytest.raises(Exception, match="permission denied"), unit_of_work(clinic.actor("owner")) as work:
            work.session.execute(text(statement))


def test_the_history_of_an_unknown_row_is_empty(clinic: Clinic) -> None:
    unknown = EntityHistory(entity_type="patient", entity_id=new_id())
    assert perform(clinic.actor("admin"), list_history, unknown) == AuditPage(rows=(), next=None)


def test_amounts_are_shown_to_the_cent_as_they_were_stored(clinic: Clinic) -> None:
    with owner_work("catalogue.update", clinic.organization_id) as session:
        session.execute(text("update product_service set unit_price = 0.10 where id = :id"), {"id": clinic.product})
    (row,) = seen(clinic, entity_type="product_service", entity_id=clinic.product, action="update")
    assert row.summary == "unit_price: 11.900000 → 0.100000"
