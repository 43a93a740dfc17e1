"""Users (I2): who may make, change and close an account, and that one Owner stays."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import Actor, owner_work, perform
from clinic_core.auth.baseline import role_id
from clinic_core.auth.queries import get_user, list_users
from clinic_core.auth.schemas import (
    ChangeUserStatus,
    CreateLink,
    GetUser,
    InviteUser,
    ListUsers,
    UpdateAssistantProfile,
    UpdatePractitionerProfile,
    UpdateUser,
    UserRow,
)
from clinic_core.auth.service import (
    create_reset_link,
    deactivate_user,
    invite_user,
    reactivate_user,
    update_assistant_profile,
    update_practitioner_profile,
    update_user,
)
from clinic_core.auth.sessions import actor_for_session, session_name, start_session
from clinic_core.auth.sign_in import find_link
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import BaselineRole, UserStatus
from tests.auth.conftest import audited
from tests.factories import Clinic, make_clinic
from tests.harness import Database


def role(clinic: Clinic, name: str) -> UUID:
    with owner_work("test.look") as session:
        return role_id(session, clinic.organization_id, BaselineRole(name))


def user(clinic: Clinic, key: str) -> UserRow:
    return perform(clinic.actor("owner"), get_user, GetUser(user_id=clinic.users[key])).user


def changed(row: UserRow, roles: Iterable[UUID] | None = None, reason: str = "", **fields: object) -> UpdateUser:
    """The form of a user as drawn, with some fields changed."""
    request = UpdateUser(
        user_id=row.id,
        version=row.version,
        display_name=row.display_name,
        email=row.email,
        role_ids=row.role_ids if roles is None else tuple(roles),
        location_ids=row.location_ids,
        reason=reason,
    )
    return request.model_copy(update=fields)


def invitation(clinic: Clinic, *roles: str, **fields: object) -> InviteUser:
    request = InviteUser(
        email=f"new-{new_id()}@example.test",
        display_name="New Person",
        role_ids=tuple(role(clinic, name) for name in roles),
        location_ids=(clinic.main,),
    )
    return request.model_copy(update=fields)


def make_owner(clinic: Clinic, key: str) -> None:
    perform(clinic.actor("owner"), update_user, changed(user(clinic, key), [role(clinic, "owner")]))


def test_an_invited_person_is_listed_with_roles_and_locations_and_the_link_is_theirs(clinic: Clinic) -> None:
    request = invitation(clinic, "assistant")
    link = perform(clinic.actor("admin"), invite_user, request)
    listed = perform(clinic.actor("admin"), list_users, ListUsers(search=request.email)).rows
    assert [(row.display_name, row.status, row.role_names, row.location_names) for row in listed] == [
        ("New Person", UserStatus.INVITED, ("Assistant",), ("Main street",))
    ]
    found = find_link(link.path.get_secret_value().split("token=")[1])
    assert found.user_id == listed[0].id
    assert audited(clinic, "invited") == [(clinic.users["admin"], {})]


def test_a_repeated_invitation_is_one_person_and_shows_no_link_again(clinic: Clinic) -> None:
    request = invitation(clinic, "assistant", request_id=new_id())
    first = perform(clinic.actor("admin"), invite_user, request)
    again = perform(clinic.actor("admin"), invite_user, request)
    assert (again.id, first.was_shown, again.was_shown) == (first.id, False, True)
    with owner_work("test.look") as session:
        stored = session.execute(
            text("select result_json::text from request where request_id = :id"), {"id": request.request_id}
        ).scalar_one()
    assert first.path.get_secret_value().split("token=")[1] not in stored


def test_an_address_of_another_organisation_answers_like_an_invitation_and_opens_nothing(clinic: Clinic) -> None:
    other = make_clinic()
    request = invitation(clinic, "assistant", email=other.email("owner").upper())
    link = perform(clinic.actor("admin"), invite_user, request)
    assert link.path.get_secret_value().startswith("/session/invitation?token=")
    with pytest.raises(NotFound):
        find_link(link.path.get_secret_value().split("token=")[1])
    assert perform(clinic.actor("admin"), list_users, ListUsers(search=request.email)).total == 0


def test_an_address_of_a_colleague_is_a_conflict(clinic: Clinic) -> None:
    with pytest.raises(Conflict, match="your clinic"):
        perform(clinic.actor("admin"), invite_user, invitation(clinic, "assistant", email=clinic.email("owner")))


@pytest.mark.parametrize("email", ["", "no address", "two@at@signs", "nul\0@example.test", "x" * 300 + "@example.test"])
def test_an_odd_address_is_refused_with_a_sentence(clinic: Clinic, email: str) -> None:
    with pytest.raises(InvalidInput):
        perform(clinic.actor("admin"), invite_user, invitation(clinic, "assistant", email=email))


def test_everybody_needs_a_role_of_the_own_organisation(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="Roles are missing"):
        perform(clinic.actor("admin"), invite_user, invitation(clinic))
    foreign = role(make_clinic(), "assistant")
    with pytest.raises(NotFound):
        perform(clinic.actor("admin"), invite_user, invitation(clinic, role_ids=(foreign,)))


@pytest.mark.parametrize("name", ["manager", "practitioner", "assistant", "patient"])
def test_without_user_manage_nobody_sees_or_changes_users(clinic: Clinic, name: str) -> None:
    for function, request in (
        (list_users, ListUsers()),
        (invite_user, invitation(clinic, "patient")),
        (deactivate_user, ChangeUserStatus(user_id=clinic.users["owner"])),
    ):
        call: Callable[..., object] = function
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(name), call, request)


@pytest.mark.parametrize("name", ["owner", "practitioner"])
def test_an_admin_gives_nobody_more_than_they_hold(clinic: Clinic, name: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("admin"), invite_user, invitation(clinic, name, reason="she asked"))
    own = changed(user(clinic, "admin"), [role(clinic, "admin"), role(clinic, name)], reason="I want it")
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("admin"), update_user, own)


def test_an_owner_opens_clinical_notes_with_a_reason_which_is_audited(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="reason"):
        perform(clinic.actor("owner"), invite_user, invitation(clinic, "practitioner"))
    perform(clinic.actor("owner"), invite_user, invitation(clinic, "practitioner", reason="Joins as a physiotherapist"))
    [(actor, detail)] = audited(clinic, "clinical_permission_granted")
    assert actor == clinic.users["owner"]
    assert detail["reason"] == "Joins as a physiotherapist"
    assert "clinical.read" in str(detail["permissions"])


def test_a_practitioner_is_renamed_without_a_reason(clinic: Clinic) -> None:
    row = user(clinic, "practitioner")
    assert perform(clinic.actor("admin"), update_user, changed(row, display_name="Dr North")).display_name == "Dr North"
    assert audited(clinic, "clinical_permission_granted") == []


def test_only_an_owner_changes_an_owner(clinic: Clinic) -> None:
    admin, owner = clinic.actor("admin"), clinic.users["owner"]
    attempts: list[tuple[Callable[..., object], object]] = [
        (update_user, changed(user(clinic, "owner"), email="taken.over@example.test")),
        (deactivate_user, ChangeUserStatus(user_id=owner)),
        (create_reset_link, CreateLink(user_id=owner)),
    ]
    for function, request in attempts:
        with pytest.raises(PermissionDenied, match="Only an Owner"):
            perform(admin, function, request)


@pytest.mark.parametrize("way", ["demoted", "deactivated"])
def test_the_last_active_owner_stays(clinic: Clinic, way: str) -> None:
    make_owner(clinic, "manager")
    perform(clinic.actor("owner"), deactivate_user, ChangeUserStatus(user_id=clinic.users["manager"]))
    ways: dict[str, tuple[Callable[..., object], object]] = {
        "demoted": (update_user, changed(user(clinic, "owner"), [role(clinic, "admin")])),
        "deactivated": (deactivate_user, ChangeUserStatus(user_id=clinic.users["owner"])),
    }
    function, request = ways[way]
    with pytest.raises(Conflict, match="last active Owner"):
        perform(clinic.actor("owner"), function, request)
    assert "owner" in clinic.actor("owner").role_keys


def test_an_owner_without_an_address_does_not_count(clinic: Clinic) -> None:
    with pytest.raises(Conflict, match="last active Owner"):
        perform(clinic.actor("owner"), update_user, changed(user(clinic, "owner"), email=None))


@pytest.mark.race
@pytest.mark.parametrize("round_", range(3))
def test_two_owners_who_demote_each_other_at_once_leave_one(clinic: Clinic, round_: int) -> None:
    make_owner(clinic, "admin")
    first, second = clinic.actor("owner"), clinic.actor("admin")
    requests = {key: changed(user(clinic, key), [role(clinic, "manager")]) for key in ("owner", "admin")}
    barrier = threading.Barrier(2)

    def demote(actor: Actor, key: str) -> str:
        barrier.wait()
        try:
            perform(actor, update_user, requests[key])
        except Conflict as refused:
            return refused.message
        return "done"

    with ThreadPoolExecutor(2) as pool:
        answers = [
            done.result() for done in (pool.submit(demote, first, "admin"), pool.submit(demote, second, "owner"))
        ]
    assert sorted(answer == "done" for answer in answers) == [False, True]
    assert sum("owner" in clinic.actor(key).role_keys for key in ("owner", "admin")) == 1


def test_a_deactivated_person_is_out_at_once_and_comes_back_without_the_old_sessions(clinic: Clinic) -> None:
    sid = session_name(start_session(clinic.actor("assistant")))
    request = ChangeUserStatus(user_id=clinic.users["assistant"])
    assert perform(clinic.actor("admin"), deactivate_user, request).status is UserStatus.INACTIVE
    assert actor_for_session(sid) is None
    perform(clinic.actor("admin"), reactivate_user, request)
    assert actor_for_session(sid) is None


def test_nobody_deactivates_themselves(clinic: Clinic) -> None:
    with pytest.raises(Conflict, match="yourself"):
        perform(clinic.actor("admin"), deactivate_user, ChangeUserStatus(user_id=clinic.users["admin"]))


def test_a_change_of_roles_ends_the_sessions_of_the_person_and_a_new_name_does_not(clinic: Clinic) -> None:
    sid = session_name(start_session(clinic.actor("assistant")))
    perform(clinic.actor("admin"), update_user, changed(user(clinic, "assistant"), display_name="Ada"))
    assert actor_for_session(sid) is not None
    roles = [role(clinic, "assistant"), role(clinic, "manager")]
    perform(clinic.actor("admin"), update_user, changed(user(clinic, "assistant"), roles))
    assert actor_for_session(sid) is None


def test_a_stale_form_is_refused(clinic: Clinic) -> None:
    row = user(clinic, "assistant")
    perform(clinic.actor("owner"), update_user, changed(row, display_name="First"))
    with pytest.raises(StaleEdit):
        perform(clinic.actor("admin"), update_user, changed(row, display_name="Second"))


def test_people_of_another_organisation_do_not_exist(clinic: Clinic) -> None:
    stranger = make_clinic().users["assistant"]
    for function, request in (
        (get_user, GetUser(user_id=stranger)),
        (deactivate_user, ChangeUserStatus(user_id=stranger)),
        (create_reset_link, CreateLink(user_id=stranger)),
    ):
        call: Callable[..., object] = function
        with pytest.raises(NotFound):
            perform(clinic.actor("owner"), call, request)


def test_profiles_are_made_and_changed(clinic: Clinic) -> None:
    owner, who = clinic.actor("owner"), clinic.users["practitioner"]
    first = perform(owner, get_user, GetUser(user_id=who)).practitioner
    request = UpdatePractitionerProfile(
        user_id=who, version=first.version, specialties=("Physiotherapy", "", "Physiotherapy"), license_number="A-1"
    )
    assert perform(owner, update_practitioner_profile, request).specialties == ("Physiotherapy",)
    with pytest.raises(StaleEdit):
        perform(owner, update_practitioner_profile, request)
    desk = UpdateAssistantProfile(user_id=clinic.users["assistant"], version=None, department="Desk", duties=("Phone",))
    assert perform(owner, update_assistant_profile, desk).department == "Desk"
    assert perform(owner, get_user, GetUser(user_id=clinic.users["assistant"])).assistant.duties == ("Phone",)


def test_wildcards_in_a_search_are_letters(clinic: Clinic) -> None:
    assert perform(clinic.actor("owner"), list_users, ListUsers(search="%")).total == 0
    assert perform(clinic.actor("owner"), list_users, ListUsers(search="nager")).total == 1


def test_a_sign_in_does_not_make_the_form_of_an_administrator_stale(clinic: Clinic, database: Database) -> None:
    user_id = clinic.users["assistant"]
    read = "select version from app_user where id = %s"
    with database.connect_owner() as owner:
        before = owner.execute(read, (user_id,)).fetchone()
        owner.execute("update app_user set last_login_at = now(), failed_sign_ins = 3 where id = %s", (user_id,))
        assert owner.execute(read, (user_id,)).fetchone() == before
        owner.execute("update app_user set display_name = 'Somebody' where id = %s", (user_id,))
        assert owner.execute(read, (user_id,)).fetchone() != before
