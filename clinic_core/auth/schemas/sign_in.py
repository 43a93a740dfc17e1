"""Signing in and out, sessions, and the links that set a password."""

from datetime import datetime
from uuid import UUID

from pydantic import SecretStr

from clinic_core.auth.schemas.base import AuthRequest, AuthRow
from clinic_core.vocabulary import LinkPurpose


class SignIn(AuthRequest):
    """What a person types to sign in, and where it came from."""

    email: str
    password: SecretStr
    address: str


class SetPassword(AuthRequest):
    """The password a person chose behind an invitation or reset link."""

    token: SecretStr
    password: SecretStr


class SignOut(AuthRequest):
    """The name of one's own session to end."""

    session: str


class SignedInUser(AuthRow):
    """Whose e-mail address and password were right."""

    organization_id: UUID
    user_id: UUID


class LiveSession(AuthRow):
    """A session that is alive now: not ended, not idle for too long, not too old, its user active."""

    id: UUID
    organization_id: UUID
    user_id: UUID
    idle_ends_at: datetime
    expires_at: datetime


class LinkOwner(AuthRow):
    """Whom an invitation or reset link belongs to, for the page behind it."""

    organization_id: UUID
    user_id: UUID
    link_id: UUID
    purpose: LinkPurpose


class SessionsEnded(AuthRow):
    """How many sessions were ended."""

    count: int
