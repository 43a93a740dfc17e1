"""The owner of an organisation as the shell creates one: without an invitation, because nobody is there to invite.

Runs as the owner of the database; nothing that a page can reach uses this.
"""

import re
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from clinic_core.access import owner_work
from clinic_core.auth.baseline import NAME_LIMIT, create_organization, role_id
from clinic_core.auth.passwords import check_new_password, hash_password
from clinic_core.errors import Conflict
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import clean, clean_required, field_error
from clinic_core.models import AppUser, ClinicLocation, UserLocation, UserRole
from clinic_core.vocabulary import BaselineRole, UserStatus

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


@dataclass(frozen=True)
class NewOwner:
    """An owner who can be made as far as `check_owner` knows; without an organisation id a new one of that name."""

    organization: str
    organization_id: UUID | None
    email: str
    display_name: str


def check_owner(*, organization: str, email: str, display_name: str) -> NewOwner:
    """Whether there can be such an owner, so that nobody is asked for the password of one who cannot be.

    Raises:
        InvalidInput: the organisation's name, the person's or the address is not allowed.
        Conflict: somebody signs in with that address already.
    """
    organization = clean_required(organization, limit=NAME_LIMIT, field="The name of the organisation")
    email = clean_required(email, limit=254, field="email")
    if not _EMAIL.fullmatch(email):
        raise field_error("email", "must look like name@example.org")
    name = clean(display_name, limit=200, field="name") or email
    with owner_work("owner.create") as session:
        if session.scalar(text("select 1 from auth_find_user(:email)"), {"email": email}):
            raise Conflict("Somebody signs in with that address already; choose another one.")
        organization_id = session.scalar(text("select organization_find(:name)"), {"name": organization})
    return NewOwner(organization, organization_id, email, name)


def create_owner(*, organization: str, email: str, display_name: str, password: str) -> UUID:
    """An active owner with that password; the organisation is made when none has that name. Returns the user's id.

    Raises:
        InvalidInput: the password is not allowed, or as `check_owner`.
        Conflict: as `check_owner`.
    """
    owner = check_owner(organization=organization, email=email, display_name=display_name)
    check_new_password(password, email=owner.email)
    password_hash = hash_password(password)
    organization_id = owner.organization_id or create_organization(owner.organization)
    user_id = new_id()
    with owner_work("owner.create", organization_id) as session:
        session.add(
            AppUser(
                id=user_id,
                email=owner.email,
                display_name=owner.display_name,
                password_hash=password_hash,
                password_changed_at=now(),
                status=UserStatus.ACTIVE,
                organization_id=organization_id,
            )
        )
        session.flush()
        session.add(
            UserRole(
                user_id=user_id,
                role_id=role_id(session, organization_id, BaselineRole.OWNER),
                organization_id=organization_id,
            )
        )
        locations = session.scalars(
            select(ClinicLocation.id).where(col(ClinicLocation.organization_id) == organization_id)
        )
        session.add_all(
            UserLocation(user_id=user_id, clinic_location_id=location, organization_id=organization_id)
            for location in locations
        )
    return user_id
