"""The permission matrix (I2): nothing wider than one's own, clinical with a reason, Owners keep the keys."""

import pytest

from clinic_core.access import Permission, perform
from clinic_core.auth.queries import list_roles
from clinic_core.auth.schemas import CreateRole, DeleteRole, RoleRow, SetRolePermission, UpdateRole
from clinic_core.auth.service import create_role, delete_role, set_role_permission, update_role
from clinic_core.errors import Conflict, Immutable, InvalidInput, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import BaselineRole, Scope
from tests.auth.conftest import audited
from tests.factories import Clinic


def found(clinic: Clinic, key: str) -> RoleRow:
    return next(row for row in perform(clinic.actor("owner"), list_roles) if key in {row.key, row.name})


def cell(clinic: Clinic, key: str, permission: Permission, scope: Scope | None, reason: str = "") -> SetRolePermission:
    return SetRolePermission(role_id=found(clinic, key).id, permission=permission, scope=scope, reason=reason)


def test_the_baseline_roles_come_first_from_owner_to_patient(clinic: Clinic) -> None:
    rows = perform(clinic.actor("admin"), list_roles)
    assert [row.key for row in rows] == [role.value for role in BaselineRole]
    assert {row.key: row.users for row in rows}["practitioner"] == 2


def test_a_change_counts_at_the_next_action(clinic: Clinic) -> None:
    assistant = clinic.actor("assistant")
    assert not assistant.can(Permission.REPORT_FINANCIAL)
    request = cell(clinic, "assistant", Permission.REPORT_FINANCIAL, Scope.LOCATION)
    assert (
        perform(clinic.actor("admin"), set_role_permission, request).grants[Permission.REPORT_FINANCIAL] == "location"
    )
    assert clinic.actor("assistant").scope(Permission.REPORT_FINANCIAL) is Scope.LOCATION
    perform(clinic.actor("admin"), set_role_permission, request.model_copy(update={"scope": None}))
    assert not clinic.actor("assistant").can(Permission.REPORT_FINANCIAL)


def test_a_repeated_request_answers_with_the_same_row(clinic: Clinic) -> None:
    request = cell(clinic, "assistant", Permission.REPORT_FINANCIAL, Scope.OWN).model_copy(
        update={"request_id": new_id()}
    )
    first = perform(clinic.actor("owner"), set_role_permission, request)
    assert perform(clinic.actor("owner"), set_role_permission, request) == first


def test_an_admin_grants_nothing_they_do_not_hold(clinic: Clinic) -> None:
    request = cell(clinic, "admin", Permission.CLINICAL_READ, Scope.ORGANISATION, "I want to read")
    with pytest.raises(PermissionDenied, match="do not hold it"):
        perform(clinic.actor("admin"), set_role_permission, request)
    assert not clinic.actor("admin").can(Permission.CLINICAL_READ)


def test_taking_away_and_narrowing_need_nothing(clinic: Clinic) -> None:
    perform(
        clinic.actor("admin"), set_role_permission, cell(clinic, "practitioner", Permission.CLINICAL_READ, Scope.OWN)
    )
    assert clinic.actor("practitioner").scope(Permission.CLINICAL_READ) is Scope.OWN
    request = cell(clinic, "practitioner", Permission.CLINICAL_READ, Scope.CARE_TEAM, "back again")
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("admin"), set_role_permission, request)


def test_an_owner_grants_clinical_permissions_with_a_reason(clinic: Clinic) -> None:
    owner = clinic.actor("owner")
    with pytest.raises(InvalidInput, match="reason"):
        perform(owner, set_role_permission, cell(clinic, "manager", Permission.CLINICAL_READ, Scope.CARE_TEAM))
    perform(
        owner, set_role_permission, cell(clinic, "manager", Permission.CLINICAL_READ, Scope.CARE_TEAM, "Quality audit")
    )
    [(actor, detail)] = audited(clinic, "clinical_permission_granted")
    assert (actor, detail["reason"], detail["scope"]) == (clinic.users["owner"], "Quality audit", "care_team")


def test_owners_keep_what_gives_permissions_back_and_others_do_not_touch_them(clinic: Clinic) -> None:
    for permission in (Permission.USER_MANAGE, Permission.ROLE_MANAGE):
        with pytest.raises(Conflict, match="keep this permission"):
            perform(clinic.actor("owner"), set_role_permission, cell(clinic, "owner", permission, None))
    with pytest.raises(PermissionDenied, match="Only an Owner"):
        perform(clinic.actor("admin"), set_role_permission, cell(clinic, "owner", Permission.AUDIT_VIEW, None))


def test_managing_the_organisation_is_not_held_for_a_part_of_it(clinic: Clinic) -> None:
    request = cell(clinic, "manager", Permission.USER_MANAGE, Scope.LOCATION)
    with pytest.raises(InvalidInput, match="whole organisation"):
        perform(clinic.actor("owner"), set_role_permission, request)


def test_a_role_of_ones_own_is_copied_renamed_and_removed(clinic: Clinic) -> None:
    admin, assistant = clinic.actor("admin"), found(clinic, "assistant")
    made = perform(admin, create_role, CreateRole(name="Front desk", copy_of=assistant.id))
    assert made.grants == assistant.grants
    with pytest.raises(Conflict, match="already"):
        perform(admin, create_role, CreateRole(name="front DESK"))
    renamed = perform(admin, update_role, UpdateRole(role_id=made.id, version=made.version, name="Reception"))
    assert (renamed.name, renamed.key) == ("Reception", made.key)
    perform(admin, delete_role, DeleteRole(role_id=made.id, version=renamed.version))
    assert len(perform(admin, list_roles)) == len(BaselineRole)


def test_a_copy_grants_no_more_than_one_holds(clinic: Clinic) -> None:
    practitioner = found(clinic, "practitioner").id
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("admin"), create_role, CreateRole(name="Mine", copy_of=practitioner, reason="please"))
    with pytest.raises(InvalidInput, match="reason"):
        perform(clinic.actor("owner"), create_role, CreateRole(name="Mine", copy_of=practitioner))


def test_baseline_roles_and_roles_in_use_stay(clinic: Clinic) -> None:
    assistant = found(clinic, "assistant")
    with pytest.raises(Immutable):
        perform(clinic.actor("owner"), delete_role, DeleteRole(role_id=assistant.id))
    request = UpdateRole(role_id=assistant.id, version=assistant.version, name="Helpers")
    with pytest.raises(Immutable):
        perform(clinic.actor("owner"), update_role, request)


@pytest.mark.parametrize("name", ["manager", "practitioner", "assistant", "patient"])
def test_without_role_manage_nobody_changes_a_role(clinic: Clinic, name: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(name), set_role_permission, cell(clinic, name, Permission.AUDIT_VIEW, Scope.ORGANISATION))
