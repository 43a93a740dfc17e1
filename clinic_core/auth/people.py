"""What several use cases ask of a person's row: cleaned fields, links, roles and locations kept as given."""

import re
from collections.abc import Iterable
from datetime import timedelta
from types import MappingProxyType
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import delete, text, update
from sqlalchemy.orm import Session
from sqlmodel import col, func, select

from clinic_core.auth.schemas import IssuedLink
from clinic_core.auth.sessions import hash_token, new_token
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit import clock
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import clean_required, field_error
from clinic_core.models import AppUser, ClinicLocation, OneTimeLink, UserLocation, UserRole
from clinic_core.vocabulary import LinkPurpose

NAME_LIMIT = 120
EMAIL_LIMIT = 254
LINK_PATHS = MappingProxyType(
    {LinkPurpose.INVITATION: "/session/invitation", LinkPurpose.PASSWORD_RESET: "/session/reset"}
)
LINK_LIFETIMES = MappingProxyType(
    {LinkPurpose.INVITATION: timedelta(days=7), LinkPurpose.PASSWORD_RESET: timedelta(hours=24)}
)

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_FIND_USER = text("select user_id, organization_id from auth_find_user(:email)")


def cleaned_name(display_name: str) -> str:
    """The name as it is shown. Raises: InvalidInput as `clean_required`."""
    return clean_required(display_name, limit=NAME_LIMIT, field="name")


def cleaned_email(email: str) -> str:
    """The address as it is stored.

    Raises:
        InvalidInput: it is missing, too long, or is not written like an address.
    """
    cleaned = clean_required(email, limit=EMAIL_LIMIT, field="e-mail")
    if not _EMAIL.fullmatch(cleaned):
        raise field_error("e-mail", "must be written like name@example.org")
    return cleaned


def address_is_free(session: Session, organization_id: UUID, email: str, *, but_of: UUID | None = None) -> bool:
    """False when a person of another organisation signs in with that address.

    Raises:
        Conflict: a colleague has it.
    """
    found = session.execute(_FIND_USER, {"email": email}).one_or_none()
    if found is None or found.user_id == but_of:
        return True
    if found.organization_id == organization_id:
        raise Conflict("Somebody of your clinic has this e-mail address already.")
    return False


def issue_link(session: Session, user: AppUser, purpose: LinkPurpose) -> IssuedLink:
    """A new link for the person; links given out before stop working."""
    retire_links(session, user.id)
    token = new_token()
    link = OneTimeLink(
        id=new_id(),
        organization_id=user.organization_id,
        user_id=user.id,
        purpose=purpose,
        token_hash=hash_token(token),
        expires_at=session.scalars(select(func.now())).one() + LINK_LIFETIMES[purpose],
    )
    session.add(link)
    session.flush()
    return _issued(link.id, user.display_name, purpose, token)


def link_to_nowhere(display_name: str) -> IssuedLink:
    """What an invitation answers for an address that belongs to another organisation: nobody is told that it does."""
    return _issued(new_id(), display_name, LinkPurpose.INVITATION, new_token())


def retire_links(session: Session, user_id: UUID) -> None:
    """Makes every unused link and ticket of the person useless."""
    statement = (
        update(OneTimeLink)
        .where(col(OneTimeLink.user_id) == user_id, col(OneTimeLink.used_at).is_(None))
        .values(used_at=func.now())
    )
    session.execute(statement, execution_options={"synchronize_session": False})


def keep_roles(session: Session, user: AppUser, role_ids: Iterable[UUID]) -> tuple[set[UUID], set[UUID]]:
    """Gives the person exactly these roles; returns what was added and what was taken away."""
    wanted = set(role_ids)
    if not wanted:
        raise field_error("roles", "are missing: everybody needs at least one")
    had = set(session.scalars(select(UserRole.role_id).where(col(UserRole.user_id) == user.id)))
    added, taken = wanted - had, had - wanted
    if taken:
        session.execute(
            delete(UserRole).where(col(UserRole.user_id) == user.id, col(UserRole.role_id).in_(taken)),
            execution_options={"synchronize_session": False},
        )
    session.add_all(
        UserRole(organization_id=user.organization_id, user_id=user.id, role_id=role_id) for role_id in sorted(added)
    )
    session.flush()
    return added, taken


def keep_locations(session: Session, user: AppUser, location_ids: Iterable[UUID]) -> None:
    """Lets the person work at exactly these locations.

    Raises:
        NotFound: one of them is not a location of the organisation.
    """
    wanted = set(location_ids)
    known = set(session.scalars(select(ClinicLocation.id).where(col(ClinicLocation.id).in_(wanted))))
    if wanted - known:
        raise NotFound("This location does not exist.")
    had = set(session.scalars(select(UserLocation.clinic_location_id).where(col(UserLocation.user_id) == user.id)))
    if had - wanted:
        session.execute(
            delete(UserLocation).where(
                col(UserLocation.user_id) == user.id, col(UserLocation.clinic_location_id).in_(had - wanted)
            ),
            execution_options={"synchronize_session": False},
        )
    session.add_all(
        UserLocation(organization_id=user.organization_id, user_id=user.id, clinic_location_id=location_id)
        for location_id in sorted(wanted - had)
    )
    session.flush()


def _issued(link_id: UUID, display_name: str, purpose: LinkPurpose, token: str) -> IssuedLink:
    return IssuedLink(
        id=link_id,
        display_name=display_name,
        purpose=purpose,
        path=SecretStr(f"{LINK_PATHS[purpose]}?token={token}"),
        expires_at=clock.now() + LINK_LIFETIMES[purpose],
    )
