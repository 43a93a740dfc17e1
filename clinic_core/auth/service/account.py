"""What everybody does for themselves: name, address, password, and leaving everywhere."""

from uuid import UUID

from sqlmodel import func, select

from clinic_core.access import Work, use_case
from clinic_core.auth.passwords import check_new_password, hash_password, verify_password
from clinic_core.auth.people import address_is_free, cleaned_email, cleaned_name, retire_links
from clinic_core.auth.queries import get_own_profile
from clinic_core.auth.schemas import ChangeOwnPassword, OwnProfile, SessionsEnded, UpdateOwnProfile
from clinic_core.auth.sessions import EndReason, end_sessions_of
from clinic_core.auth.throttle import admit_attempt, forget_failures
from clinic_core.errors import Conflict, InvalidInput, NotSignedIn
from clinic_core.models import AppUser


@use_case(name="auth.update_own_profile")
def update_own_profile(work: Work, request: UpdateOwnProfile) -> OwnProfile:
    """Changes one's own name and address; a new address needs the present password.

    Raises:
        InvalidInput: the password is not right, or name and address are not.
        Conflict: the address cannot be used, or the form is stale.
    """
    name, email = cleaned_name(request.display_name), cleaned_email(request.email)
    user = work.lock(AppUser, _own_id(work), called="user", version=request.version)
    if email != user.email:
        _check_current(work, user, request.current_password.get_secret_value())
        if not address_is_free(work.session, user.organization_id, email, but_of=user.id):
            raise Conflict("This e-mail address cannot be used; please choose another one.")
    user.display_name, user.email = name, email
    work.session.flush()
    return get_own_profile(work)


@use_case(name="auth.change_own_password")
def change_own_password(work: Work, request: ChangeOwnPassword) -> SessionsEnded:
    """Changes one's own password; all other sessions end, and links given out before stop working.

    Raises:
        InvalidInput: the present password is not right, or the new one is not allowed.
        SignInRefused: too many wrong attempts; says how long to wait.
    """
    new = request.new_password.get_secret_value()
    user = work.get(AppUser, _own_id(work), called="user")
    check_new_password(new, email=user.email)
    _check_current(work, user, request.current_password.get_secret_value())
    hashed = hash_password(new)
    user = work.lock(AppUser, user.id, called="user")
    user.password_hash = hashed
    user.password_changed_at = work.session.scalars(select(func.now())).one()
    retire_links(work.session, user.id)
    count = end_sessions_of(work.session, user.id, EndReason.PASSWORD_CHANGED, keep=request.session)
    work.audit("app_user", user.id, "password_changed")
    return SessionsEnded(count=count)


@use_case(name="auth.sign_out_everywhere")
def sign_out_everywhere(work: Work) -> SessionsEnded:
    """Ends all of one's own sessions, this one included; every open tab goes to sign-in."""
    count = end_sessions_of(work.session, _own_id(work), EndReason.SIGNED_OUT_EVERYWHERE)
    work.audit("app_user", work.actor.user_id, "signed_out_everywhere", sessions=count)
    return SessionsEnded(count=count)


def _own_id(work: Work) -> UUID:
    if work.actor.user_id is None:
        raise NotSignedIn("Only a person has an account.")
    return work.actor.user_id


def _check_current(work: Work, user: AppUser, password: str) -> None:
    """Counted like a sign-in, so that an open browser is no place to guess a password."""
    email = user.email or ""
    admit_attempt(email, f"own account {user.id}")
    if not verify_password(user.password_hash, password):
        sentence = "Your present password is not right."
        raise InvalidInput(sentence, fields={"current_password": sentence})
    forget_failures(work.session, email)
