"""The door: permission before the body, names for the audit, a request id that makes a repeat harmless."""

from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from clinic_core.access import Permission, Work, perform, unit_of_work, use_case
from clinic_core.errors import Conflict, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicLocation, Patient
from tests.factories import Clinic, make_clinic, make_patient


class RenameLocation(BaseModel):
    location_id: UUID
    name: str
    request_id: UUID | None = None
    version: int | None = None


class LocationName(BaseModel):
    id: UUID
    name: str


@use_case(Permission.SETTINGS_MANAGE, name="test.rename_location")
def rename_location(work: Work, request: RenameLocation) -> LocationName:
    location = work.lock(ClinicLocation, request.location_id, called="location", version=request.version)
    location.name = request.name
    return LocationName(id=location.id, name=location.name)


def audit_rows(clinic: Clinic, use_case_name: str) -> list[tuple[str, str, UUID | None, dict[str, object]]]:
    with unit_of_work(clinic.actor("admin")) as work:
        rows = work.session.execute(
            text(
                "select entity_type, action, actor_user_id, diff_json from audit_log where use_case = :name"
                " order by created_at"
            ),
            {"name": use_case_name},
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]


def test_a_change_is_audited_with_actor_and_use_case(clinic: Clinic) -> None:
    perform(clinic.actor("admin"), rename_location, RenameLocation(location_id=clinic.main, name="Market"))
    assert audit_rows(clinic, "test.rename_location") == [
        ("clinic_location", "update", clinic.users["admin"], {"name": ["Main street", "Market"]})
    ]


def test_without_the_permission_the_body_does_not_run_and_the_refusal_is_audited(clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("assistant"), rename_location, RenameLocation(location_id=clinic.main, name="Market"))
    rows = audit_rows(clinic, "test.rename_location")
    assert [(row[0], row[1], row[2]) for row in rows] == [("use_case", "refused", clinic.users["assistant"])]


def test_a_write_outside_a_use_case_is_refused_by_the_database(clinic: Clinic) -> None:
    with pytest.raises(ProgrammingError, match="names no use case"), unit_of_work(clinic.actor("admin")) as work:
        work.session.execute(text("update clinic_location set phone = '1'"))


def test_after_a_use_case_the_unit_of_work_names_none(clinic: Clinic) -> None:
    with unit_of_work(clinic.actor("admin")) as work:
        rename_location(work, RenameLocation(location_id=clinic.main, name="Market"))
        assert work.session.execute(text("select current_setting('clinic.use_case')")).scalar() == ""


def test_a_repeated_request_returns_the_first_result_and_changes_nothing(clinic: Clinic) -> None:
    request = RenameLocation(location_id=clinic.main, name="Market", request_id=new_id())
    first = perform(clinic.actor("admin"), rename_location, request)
    perform(clinic.actor("admin"), rename_location, RenameLocation(location_id=clinic.main, name="Square"))
    assert perform(clinic.actor("admin"), rename_location, request) == first
    with unit_of_work(clinic.actor("admin")) as work:
        assert work.get(ClinicLocation, clinic.main, called="location").name == "Square"


def test_the_same_request_id_with_other_content_is_a_conflict(clinic: Clinic) -> None:
    request = RenameLocation(location_id=clinic.main, name="Market", request_id=new_id())
    perform(clinic.actor("admin"), rename_location, request)
    with pytest.raises(Conflict):
        perform(clinic.actor("admin"), rename_location, request.model_copy(update={"name": "Other"}))


def test_a_stale_form_is_refused_and_says_who_changed_the_row(clinic: Clinic) -> None:
    perform(clinic.actor("owner"), rename_location, RenameLocation(location_id=clinic.main, name="Market", version=1))
    with pytest.raises(StaleEdit) as refused:
        perform(clinic.actor("admin"), rename_location, RenameLocation(location_id=clinic.main, name="X", version=1))
    assert refused.value.changed_by == "Owner"
    assert refused.value.changed_at is not None


def test_a_row_of_another_organisation_does_not_exist(clinic: Clinic) -> None:
    other = make_clinic()
    stranger = make_patient(other)
    with unit_of_work(clinic.actor("owner")) as work, pytest.raises(NotFound):
        work.get(Patient, stranger, called="patient")
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), rename_location, RenameLocation(location_id=other.main, name="Mine"))
