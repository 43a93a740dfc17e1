"""Sessions, tickets and links: alive until ended, idle or old; used once; only hashes are stored."""

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.auth.queries import get_own_profile
from clinic_core.auth.schemas import (
    ChangeOwnPassword,
    ChangeUserStatus,
    CreateLink,
    SetPassword,
    SignedInUser,
    SignIn,
    SignOut,
    UpdateOwnProfile,
)
from clinic_core.auth.service import (
    change_own_password,
    create_reset_link,
    deactivate_user,
    set_password,
    sign_out,
    sign_out_everywhere,
    update_own_profile,
)
from clinic_core.auth.sessions import (
    actor_for_session,
    end_session,
    find_session,
    hash_token,
    session_name,
    start_session,
    touch_session,
)
from clinic_core.auth.sign_in import authenticate, create_ticket, find_link, redeem_ticket
from clinic_core.errors import InvalidInput, NotFound, SignInRefused
from tests.auth.conftest import PASSWORD, audited
from tests.factories import Clinic, make_clinic

NEW_PASSWORD = "a new and longer one"


def begin(clinic: Clinic, role: str = "assistant") -> str:
    return session_name(start_session(clinic.actor(role), "Browser\n1.0"))


def age(sid: str, column: str, minutes: int) -> None:
    with owner_work("test.arrange") as session:
        session.execute(
            text(f"update user_session set {column} = {column} - make_interval(mins => :m) where token_hash = :h"),
            {"m": minutes, "h": bytes.fromhex(sid)},
        )


def link_for(clinic: Clinic, role: str = "assistant") -> SecretStr:
    link = perform(clinic.actor("owner"), create_reset_link, CreateLink(user_id=clinic.users[role]))
    return SecretStr(link.path.get_secret_value().split("token=")[1])


def test_a_session_is_its_persons_and_only_its_hash_is_stored(clinic: Clinic) -> None:
    token = start_session(clinic.actor("assistant"))
    actor = actor_for_session(session_name(token))
    assert actor is not None
    assert (actor.user_id, actor.organization_id) == (clinic.users["assistant"], clinic.organization_id)
    with owner_work("test.look") as session:
        stored = session.execute(
            text("select token_hash from user_session where user_id = :id"), {"id": clinic.users["assistant"]}
        ).scalar_one()
    assert bytes(stored) == hash_token(token)


@pytest.mark.parametrize("sid", ["", "anonymous", "x" * 64, "0" * 64, "é" * 64, "00", "0" * 64 + "0", " " + "0" * 63])
def test_what_is_no_session_has_no_actor(sid: str) -> None:
    assert actor_for_session(sid) is None


def test_the_name_of_a_session_opens_nothing_as_a_cookie(clinic: Clinic) -> None:
    sid = begin(clinic)
    assert actor_for_session(session_name(sid)) is None


def test_an_idle_session_ends_after_the_minutes_of_its_organisation() -> None:
    clinic = make_clinic(OrganizationSettings(idle_minutes=30, session_hours=2))
    sid = begin(clinic)
    age(sid, "last_seen_at", 29)
    found = find_session(sid)
    assert found is not None
    touch_session(found)
    age(sid, "last_seen_at", 29)
    assert find_session(sid) is not None
    age(sid, "last_seen_at", 2)
    assert find_session(sid) is None


def test_a_session_ends_after_its_hours_however_busy() -> None:
    clinic = make_clinic(OrganizationSettings(session_hours=2))
    sid = begin(clinic)
    age(sid, "expires_at", 119)
    assert find_session(sid) is not None
    age(sid, "expires_at", 2)
    assert find_session(sid) is None


def test_signing_out_ends_ones_own_session_only(clinic: Clinic) -> None:
    mine, other = begin(clinic), begin(clinic, "manager")
    perform(clinic.actor("assistant"), sign_out, SignOut(session=other))
    assert find_session(other) is not None
    end_session(mine)
    end_session(mine)
    assert find_session(mine) is None
    assert audited(clinic, "signed_out") == [(clinic.users["assistant"], {})]


def test_signing_out_everywhere_ends_all_of_ones_sessions(clinic: Clinic) -> None:
    mine, also_mine, other = begin(clinic), begin(clinic), begin(clinic, "manager")
    assert perform(clinic.actor("assistant"), get_own_profile).live_sessions == 2
    assert perform(clinic.actor("assistant"), sign_out_everywhere).count == 2
    assert [find_session(sid) is None for sid in (mine, also_mine, other)] == [True, True, False]


def test_a_new_password_ends_the_other_sessions_and_needs_the_present_one(with_password: Clinic) -> None:
    here, elsewhere = begin(with_password), begin(with_password)
    request = ChangeOwnPassword(
        current_password=SecretStr(PASSWORD), new_password=SecretStr(NEW_PASSWORD), session=here
    )
    wrong = request.model_copy(update={"current_password": SecretStr("not this one")})
    with pytest.raises(InvalidInput, match="present password"):
        perform(with_password.actor("assistant"), change_own_password, wrong)
    assert perform(with_password.actor("assistant"), change_own_password, request).count == 1
    assert find_session(here) is not None
    assert find_session(elsewhere) is None
    email = with_password.email("assistant")
    signed_in = authenticate(SignIn(email=email, password=SecretStr(NEW_PASSWORD), address="a"))
    assert signed_in.user_id == with_password.users["assistant"]
    with pytest.raises(SignInRefused):
        authenticate(SignIn(email=email, password=SecretStr(PASSWORD), address="a"))


def test_guessing_ones_own_password_is_delayed_too(with_password: Clinic) -> None:
    request = ChangeOwnPassword(
        current_password=SecretStr("not this one"), new_password=SecretStr(NEW_PASSWORD), session="x"
    )
    for _ in range(5):
        with pytest.raises(InvalidInput):
            perform(with_password.actor("manager"), change_own_password, request)
    with pytest.raises(SignInRefused, match="too many"):
        perform(with_password.actor("manager"), change_own_password, request)


def test_a_new_address_needs_the_present_password_and_a_new_name_does_not(with_password: Clinic) -> None:
    actor = with_password.actor("assistant")
    profile = perform(actor, get_own_profile)
    assert profile.email is not None
    renamed = UpdateOwnProfile(version=profile.version, display_name="Ada Desk", email=profile.email)
    version = perform(actor, update_own_profile, renamed).version
    moved = UpdateOwnProfile(version=version, display_name="Ada Desk", email=f"new-{profile.email}")
    with pytest.raises(InvalidInput, match="present password"):
        perform(actor, update_own_profile, moved)
    allowed = moved.model_copy(update={"current_password": SecretStr(PASSWORD)})
    assert perform(actor, update_own_profile, allowed).email == f"new-{profile.email}"


def test_a_ticket_works_once_and_in_its_own_browser(clinic: Clinic) -> None:
    user = SignedInUser(organization_id=clinic.organization_id, user_id=clinic.users["assistant"])
    ticket = create_ticket(user, "nonce")
    with pytest.raises(SignInRefused):
        redeem_ticket(ticket, "another browser's nonce")
    assert redeem_ticket(ticket, "nonce").user_id == user.user_id
    with pytest.raises(SignInRefused):
        redeem_ticket(ticket, "nonce")


def test_a_ticket_is_good_for_thirty_seconds(clinic: Clinic) -> None:
    user = SignedInUser(organization_id=clinic.organization_id, user_id=clinic.users["assistant"])
    ticket = create_ticket(user, "nonce")
    with owner_work("test.arrange", clinic.organization_id) as session:
        lifetime = session.execute(
            text("select extract(epoch from expires_at - created_at) from one_time_link where user_id = :id"),
            {"id": user.user_id},
        ).scalar_one()
        session.execute(text("update one_time_link set expires_at = expires_at - interval '31 seconds'"))
    assert lifetime == 30
    with pytest.raises(SignInRefused):
        redeem_ticket(ticket, "nonce")


def test_a_ticket_is_no_link_that_sets_a_password(clinic: Clinic) -> None:
    user = SignedInUser(organization_id=clinic.organization_id, user_id=clinic.users["assistant"])
    with pytest.raises(NotFound):
        find_link(create_ticket(user, "nonce"))


def test_a_link_sets_a_password_once_and_ends_all_sessions(clinic: Clinic) -> None:
    sid, token = begin(clinic), link_for(clinic)
    with pytest.raises(InvalidInput):
        set_password(SetPassword(token=token, password=SecretStr("password")))
    set_password(SetPassword(token=token, password=SecretStr(NEW_PASSWORD)))
    assert find_session(sid) is None
    signed_in = authenticate(SignIn(email=clinic.email("assistant"), password=SecretStr(NEW_PASSWORD), address="a"))
    assert signed_in.user_id == clinic.users["assistant"]
    with pytest.raises(NotFound):
        set_password(SetPassword(token=token, password=SecretStr("another long one")))
    assert len(audited(clinic, "password_set", clinic.users["assistant"])) == 1


def test_a_newer_link_replaces_the_older_one(clinic: Clinic) -> None:
    first, second = link_for(clinic), link_for(clinic)
    with pytest.raises(NotFound):
        find_link(first.get_secret_value())
    assert find_link(second.get_secret_value()).user_id == clinic.users["assistant"]


def test_a_link_ends_with_its_time_and_with_the_account(clinic: Clinic) -> None:
    token, old = link_for(clinic), link_for(clinic, "manager")
    perform(clinic.actor("owner"), deactivate_user, ChangeUserStatus(user_id=clinic.users["assistant"]))
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update one_time_link set expires_at = now() where user_id = :id"), {"id": clinic.users["manager"]}
        )
    for dead in (token, old):
        with pytest.raises(NotFound):
            set_password(SetPassword(token=dead, password=SecretStr(NEW_PASSWORD)))
