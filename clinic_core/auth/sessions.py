"""Sessions: made, found, kept alive and ended on the server. Only hashes of tokens are stored.

A session's *name* is the hash of its token in hexadecimal digits: the gate hands it to the pages, and it opens
nothing when sent as a cookie.
"""

import hashlib
import secrets
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session
from sqlmodel import col, func

from clinic_core.access import Actor, Work, load_actor, perform, use_case
from clinic_core.access.session import app_session
from clinic_core.auth.schemas import LiveSession, SessionsEnded, SignOut
from clinic_core.errors import NotSignedIn
from clinic_core.kit import clock
from clinic_core.kit.ids import new_id
from clinic_core.models import UserSession

TOKEN_BYTES = 32
USER_AGENT_LIMIT = 200
ANONYMOUS = "anonymous"

_FIND = text("select * from auth_find_session(:token_hash)")


class EndReason(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 (a reason, not a password)
    ROLES_CHANGED = "roles_changed"
    DEACTIVATED = "deactivated"


def new_token() -> str:
    """A fresh secret of 32 random bytes, as text for a cookie or a link."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_token(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def session_name(token: str) -> str:
    """The name of the session that this cookie opens."""
    return hash_token(token).hex()


def find_session(name: str) -> LiveSession | None:
    """The live session of that name by one indexed look-up, or None.

    Raises:
        Unavailable: the database does not answer, so nobody knows.
    """
    token_hash = _token_hash(name)
    if token_hash is None:
        return None
    with app_session() as session:
        row = session.execute(_FIND, {"token_hash": token_hash}).one_or_none()
    if row is None:
        return None
    return LiveSession(
        id=row.session_id,
        organization_id=row.organization_id,
        user_id=row.user_id,
        idle_ends_at=row.idle_ends_at,
        expires_at=row.expires_at,
    )


def actor_for_session(sid: str) -> Actor | None:
    """The actor of the live session of that name, read anew from the database; None when there is none.

    Raises:
        Unavailable: the database does not answer.
    """
    found = find_session(sid)
    if found is None:
        return None
    try:
        return load_actor(found.organization_id, found.user_id)
    except NotSignedIn:
        return None


def start_session(actor: Actor, user_agent: str = "") -> str:
    """Begins a session for the actor; returns the token for the cookie, which nobody can ask for again."""
    token = new_token()
    perform(actor, _start, token, user_agent)
    return token


def touch_session(found: LiveSession) -> None:
    """Counts the present moment as activity of the session's person."""
    perform(bare_actor(found.organization_id, found.user_id), _touch, found.id)


def end_session(name: str) -> None:
    """Ends the session of that name, if it is alive, for the person who holds it."""
    found = find_session(name)
    if found is not None:
        perform(bare_actor(found.organization_id, found.user_id), sign_out, SignOut(session=name))


@use_case(name="auth.sign_out")
def sign_out(work: Work, request: SignOut) -> SessionsEnded:
    """Ends one's own session of that name; every open tab of it goes to sign-in."""
    token_hash = _token_hash(request.session)
    statement = (
        update(UserSession)
        .where(
            col(UserSession.token_hash) == token_hash,
            col(UserSession.user_id) == work.actor.user_id,
            col(UserSession.ended_at).is_(None),
        )
        .values(ended_at=func.now(), end_reason=EndReason.SIGNED_OUT.value)
    )
    count = _rows(work.session, statement)
    if count:
        work.audit("app_user", work.actor.user_id, "signed_out")
    return SessionsEnded(count=count)


def end_sessions_of(session: Session, user_id: UUID, reason: EndReason, *, keep: str | None = None) -> int:
    """Ends all live sessions of a user within the caller's transaction, but for the one named `keep`."""
    statement = (
        update(UserSession)
        .where(col(UserSession.user_id) == user_id, col(UserSession.ended_at).is_(None))
        .values(ended_at=func.now(), end_reason=reason.value)
    )
    kept = _token_hash(keep) if keep is not None else None
    if kept is not None:
        statement = statement.where(col(UserSession.token_hash) != kept)
    return _rows(session, statement)


def bare_actor(organization_id: UUID, user_id: UUID | None = None) -> Actor:
    """Somebody without any permission, for the few writes around a sign-in that need none."""
    return Actor(
        organization_id=organization_id,
        organization_name="",
        user_id=user_id,
        display_name="sign-in",
        permissions=MappingProxyType({}),
    )


@use_case(name="auth.start_session")
def _start(work: Work, token: str, user_agent: str) -> None:
    settings = work.actor.settings
    if work.actor.user_id is None:
        raise NotSignedIn("Only a person can have a session.")
    work.session.add(
        UserSession(
            id=new_id(),
            organization_id=work.actor.organization_id,
            user_id=work.actor.user_id,
            token_hash=hash_token(token),
            idle_minutes=settings.idle_minutes,
            expires_at=clock.now() + timedelta(hours=settings.session_hours),
            user_agent="".join(sign for sign in user_agent if sign.isprintable())[:USER_AGENT_LIMIT],
        )
    )


@use_case(name="auth.touch_session")
def _touch(work: Work, session_id: UUID) -> None:
    statement = (
        update(UserSession)
        .where(col(UserSession.id) == session_id, col(UserSession.ended_at).is_(None))
        .values(last_seen_at=func.now())
    )
    work.session.execute(statement)


def _rows(session: Session, statement: object) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})  # type: ignore[call-overload]
    return result.rowcount if isinstance(result, CursorResult) else 0


def _token_hash(name: str) -> bytes | None:
    """The hash that the name spells, or None for what is no name of a session."""
    if len(name) != 2 * hashlib.sha256().digest_size or not name.isascii():
        return None
    try:
        return bytes.fromhex(name)
    except ValueError:
        return None
