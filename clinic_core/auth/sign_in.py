"""Signing in: e-mail and password, the ticket from the widget to the cookie, and the links that set a password.

Everything here happens before there is an actor with permissions. What a signed-in person does is in `service`.
"""

import unicodedata
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlmodel import func, select

from clinic_core.access import Actor, Work, load_actor, perform, use_case
from clinic_core.access.session import app_session
from clinic_core.auth.passwords import check_new_password, hash_password, needs_rehash, verify_password
from clinic_core.auth.schemas import LinkOwner, SetPassword, SignedInUser, SignIn
from clinic_core.auth.sessions import EndReason, bare_actor, end_sessions_of, hash_token, new_token
from clinic_core.auth.throttle import Attempt, admit_attempt, forget_failures
from clinic_core.errors import NotFound, NotSignedIn, SignInRefused
from clinic_core.kit import clock
from clinic_core.kit.ids import new_id
from clinic_core.models import AppUser, OneTimeLink
from clinic_core.vocabulary import LinkPurpose, UserStatus

REFUSED = "E-mail address and password do not match; please try again."
LINK_IS_DEAD = "This link was used already or is too old; please ask your clinic for a new one."
TICKET_LIFETIME = timedelta(seconds=30)
EMAIL_LIMIT = 254

_FIND_USER = text("select user_id, organization_id, password_hash, status from auth_find_user(:email)")
_FIND_LINK = text("select * from auth_find_link(:token_hash)")
_REDEEM = text("select * from auth_redeem_ticket(:token_hash, :nonce_hash)")


def authenticate(request: SignIn) -> SignedInUser:
    """Whose address and password these are; answers a wrong password, an unknown and a closed account alike.

    Success and failure are audited in the organisation of a known person; every attempt costs one hash.

    Raises:
        SignInRefused: they do not sign in, or the account or the client's address has to wait.
        Unavailable: the database does not answer.
    """
    email, password = request.email.strip(), request.password.get_secret_value()
    attempt = admit_attempt(email, request.address)
    found = _find_user(email)
    stored = found.password_hash if found is not None and found.status == UserStatus.ACTIVE.value else None
    if not verify_password(stored, password):
        if found is not None:
            perform(bare_actor(found.organization_id), _record_failure, found.user_id, attempt)
        raise SignInRefused(REFUSED)
    if found is None or stored is None:
        raise SignInRefused(REFUSED)
    fresh = hash_password(password) if needs_rehash(stored) else stored
    actor = _active(found.organization_id, found.user_id)
    perform(actor, _record_success, found.user_id, stored, fresh)
    return SignedInUser(organization_id=found.organization_id, user_id=found.user_id)


def create_ticket(user: SignedInUser, nonce: str) -> str:
    """A ticket for thirty seconds that becomes a session in the one browser whose HttpOnly cookie holds the nonce."""
    ticket = new_token()
    perform(_active(user.organization_id, user.user_id), _create_ticket, user.user_id, ticket, nonce)
    return ticket


def redeem_ticket(ticket: str, nonce: str) -> Actor:
    """The person the ticket was made for; it works once.

    Raises:
        SignInRefused: the ticket is used, too old, another browser's, or none.
    """
    with app_session() as session:
        keys = {"token_hash": hash_token(ticket), "nonce_hash": hash_token(nonce)}
        row = session.execute(_REDEEM, keys).one_or_none()
    if row is None:
        raise SignInRefused("The sign-in took too long or was opened in another browser; please sign in again.")
    return _active(row.organization_id, row.user_id)


def find_link(token: str) -> LinkOwner:
    """Whom a live invitation or reset link belongs to.

    Raises:
        NotFound: the link was used, replaced, is too old, or never was.
    """
    with app_session() as session:
        row = session.execute(_FIND_LINK, {"token_hash": hash_token(token)}).one_or_none()
    if row is None:
        raise NotFound(LINK_IS_DEAD)
    return LinkOwner(
        organization_id=row.organization_id,
        user_id=row.user_id,
        link_id=row.link_id,
        purpose=LinkPurpose(row.purpose),
    )


def set_password(request: SetPassword) -> None:
    """Sets the password chosen behind a link and uses the link up; all sessions of the person end.

    Raises:
        NotFound: the link is dead, or the account was deactivated.
        InvalidInput: the password is not allowed; the link stays good.
    """
    link = find_link(request.token.get_secret_value())
    password = request.password.get_secret_value()
    check_new_password(password)
    hashed = hash_password(password)
    perform(bare_actor(link.organization_id, link.user_id), _set_password, link.link_id, hashed)


def _find_user(email: str) -> Row[UUID, UUID, str | None, str] | None:
    if not email or len(email) > EMAIL_LIMIT or any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in email):
        return None
    with app_session() as session:
        return session.execute(_FIND_USER, {"email": email}).one_or_none()


def _active(organization_id: UUID, user_id: UUID) -> Actor:
    try:
        return load_actor(organization_id, user_id)
    except NotSignedIn as error:
        raise SignInRefused(REFUSED) from error


@use_case(name="auth.sign_in")
def _record_failure(work: Work, user_id: UUID, attempt: Attempt) -> None:
    user = work.lock(AppUser, user_id, called="user")
    user.failed_sign_ins = attempt.failures
    user.locked_until = attempt.locked_until
    work.audit("app_user", user_id, "sign_in_failed", failures=attempt.failures)


@use_case(name="auth.sign_in")
def _record_success(work: Work, user_id: UUID, stored: str, fresh: str) -> None:
    user = work.lock(AppUser, user_id, called="user")
    if user.password_hash != stored or user.status is not UserStatus.ACTIVE or user.email is None:
        raise SignInRefused(REFUSED)
    user.password_hash = fresh
    user.failed_sign_ins = 0
    user.locked_until = None
    user.last_login_at = clock.now()
    forget_failures(work.session, user.email)
    work.audit("app_user", user_id, "signed_in")


@use_case(name="auth.create_ticket")
def _create_ticket(work: Work, user_id: UUID, ticket: str, nonce: str) -> None:
    work.session.add(
        OneTimeLink(
            id=new_id(),
            organization_id=work.actor.organization_id,
            user_id=user_id,
            purpose=LinkPurpose.SIGN_IN,
            token_hash=hash_token(ticket),
            nonce_hash=hash_token(nonce),
            expires_at=work.session.scalars(select(func.now())).one() + TICKET_LIFETIME,
        )
    )


@use_case(name="auth.set_password")
def _set_password(work: Work, link_id: UUID, hashed: str) -> None:
    link = work.lock(OneTimeLink, link_id, called="link")
    now = work.session.scalars(select(func.now())).one()
    user = work.lock(AppUser, link.user_id, called="user")
    if link.used_at is not None or link.expires_at <= now or user.status is UserStatus.INACTIVE or user.email is None:
        raise NotFound(LINK_IS_DEAD)
    link.used_at = now
    user.password_hash = hashed
    user.password_changed_at = now
    user.status = UserStatus.ACTIVE
    user.failed_sign_ins = 0
    user.locked_until = None
    forget_failures(work.session, user.email)
    end_sessions_of(work.session, user.id, EndReason.PASSWORD_CHANGED)
    work.audit("app_user", user.id, "password_set", by=link.purpose.value)
