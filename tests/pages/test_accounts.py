"""The pages of accounts: users are invited and changed, roles get permissions, everybody keeps their own account."""

import re

from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from clinic_core.access import Permission, owner_work, perform
from clinic_core.auth.passwords import hash_password
from clinic_core.auth.queries import get_own_profile, get_user, list_roles, list_users
from clinic_core.auth.schemas import GetUser, ListUsers
from clinic_core.auth.sign_in import find_link
from clinic_core.vocabulary import Scope, UserStatus
from tests.factories import Clinic
from tests.pages.conftest import Open, sentences

PASSWORD = "correct horse battery"


def press(app: AppTest, label: str) -> AppTest:
    """Presses the button with that word."""
    return next(button for button in app.button if button.label == label).click().run()


def type_into(app: AppTest, label: str, typed: str) -> None:
    next(one for one in app.text_input if one.label == label).set_value(typed)


def role_named(clinic: Clinic, name: str) -> object:
    return next(role.id for role in perform(clinic.actor("owner"), list_roles) if role.name == name)


def test_an_invitation_shows_its_link_once(clinic: Clinic, open_app: Open) -> None:
    app = open_app("admin", "pages/admin/users.py")
    app.toggle(key="inviting").set_value(True).run()
    type_into(app, "Name", "Nora Desk")
    type_into(app, "E-mail", f"nora@{clinic.organization_id.hex}.test")
    app.multiselect(key="invite_roles").set_value([role_named(clinic, "Assistant")])
    press(app, "Invite")
    assert not app.exception
    [link] = [code.value for code in app.code]
    token = re.fullmatch(r".*/session/invitation\?token=([\w-]+)", link)
    assert token is not None
    [invited] = perform(clinic.actor("admin"), list_users, ListUsers(search="Nora")).rows
    assert find_link(token[1]).user_id == invited.id
    assert [code.value for code in app.run().code] == []


def test_an_admin_who_invites_a_practitioner_is_told_why_not(clinic: Clinic, open_app: Open) -> None:
    app = open_app("admin", "pages/admin/users.py")
    app.toggle(key="inviting").set_value(True).run()
    type_into(app, "Name", "Nora North")
    type_into(app, "E-mail", f"nora@{clinic.organization_id.hex}.test")
    app.multiselect(key="invite_roles").set_value([role_named(clinic, "Practitioner")])
    press(app, "Invite")
    assert "an Owner can" in sentences(app)
    assert perform(clinic.actor("admin"), list_users, ListUsers(search="Nora")).total == 0


def test_a_user_is_renamed_deactivated_and_taken_back(clinic: Clinic, open_app: Open) -> None:
    who = clinic.users["assistant"]
    app = open_app("admin", "pages/admin/user.py", user=who)
    type_into(app, "Name", "Ada Desk")
    press(app, "Save")
    assert not app.exception
    found = perform(clinic.actor("admin"), get_user, GetUser(user_id=who)).user
    assert (found.display_name, found.role_names, found.location_names) == (
        "Ada Desk",
        ("Assistant",),
        ("Main street",),
    )
    app.checkbox[0].check().run()
    press(app, "Deactivate")
    assert perform(clinic.actor("admin"), get_user, GetUser(user_id=who)).user.status is UserStatus.INACTIVE
    press(app, "Take back")
    assert perform(clinic.actor("admin"), get_user, GetUser(user_id=who)).user.status is UserStatus.INVITED


def test_a_link_to_an_account_that_may_do_more_is_said_to_need_an_owner(clinic: Clinic, open_app: Open) -> None:
    app = open_app("admin", "pages/admin/user.py", user=clinic.users["practitioner"])
    assert "only an Owner can make its link" in " ".join(caption.value for caption in app.caption)
    press(app, "Make a link")
    assert "ask an Owner" in sentences(app)
    assert [code.value for code in app.code] == []


def test_a_profile_is_kept(clinic: Clinic, open_app: Open) -> None:
    who = clinic.users["practitioner"]
    app = open_app("owner", "pages/admin/user.py", user=who)
    app.radio(key="user_part").set_value("Practitioner").run()
    type_into(app, "Specialties, with commas between", "Physiotherapy, Sports")
    next(button for button in app.button if button.label == "Save profile").click().run()
    assert not app.exception
    kept = perform(clinic.actor("owner"), get_user, GetUser(user_id=who)).practitioner
    assert kept.specialties == ("Physiotherapy", "Sports")


def test_without_a_user_in_the_address_the_page_says_where_to_choose_one(clinic: Clinic, open_app: Open) -> None:
    assert "list of users" in sentences(open_app("admin", "pages/admin/user.py"))


def test_a_cell_of_the_matrix_is_set(clinic: Clinic, open_app: Open) -> None:
    app = open_app("owner", "pages/admin/roles.py")
    roles = perform(clinic.actor("owner"), list_roles)
    app.selectbox(key="cell_role").set_value(next(role for role in roles if role.key == "assistant"))
    app.selectbox(key="cell_permission").set_value(Permission.REPORT_FINANCIAL)
    app.selectbox(key="cell_scope").set_value(Scope.LOCATION)
    press(app, "Set permission")
    assert not app.exception
    assert clinic.actor("assistant").scope(Permission.REPORT_FINANCIAL) is Scope.LOCATION


def test_a_role_of_the_clinics_own_is_created_and_removed(clinic: Clinic, open_app: Open) -> None:
    app = open_app("owner", "pages/admin/roles.py")
    app.radio(key="roles_part").set_value("Own roles").run()
    type_into(app, "Name of the new role", "Reception")
    press(app, "Create role")
    assert [role.name for role in perform(clinic.actor("owner"), list_roles) if not role.baseline] == ["Reception"]
    press(app, "Remove")
    assert [role.name for role in perform(clinic.actor("owner"), list_roles) if not role.baseline] == []


def test_everybody_changes_their_own_password(clinic: Clinic, open_app: Open) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update app_user set password_hash = :hash where id = :id"),
            {"hash": hash_password(PASSWORD), "id": clinic.users["assistant"]},
        )
    app = open_app("assistant", "pages/account/profile.py")
    for new, again, said in (
        ("a new and longer one", "another one", "differ"),
        ("password123", "password123", "most common"),
        ("a new and longer one", "a new and longer one", "Your password is changed"),
    ):
        type_into(app, "Present password", PASSWORD)
        type_into(app, "New password, at least 8 characters", new)
        type_into(app, "The same again", again)
        press(app, "Change password")
        assert not app.exception
        assert said in sentences(app)
    assert PASSWORD not in sentences(app)


def test_signing_out_everywhere_leaves_no_session(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", "pages/account/profile.py")
    press(app, "Sign out everywhere")
    assert not app.exception
    assert perform(clinic.actor("manager"), get_own_profile).live_sessions == 0
