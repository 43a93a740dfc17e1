"""The owner of an organisation as the shell creates one: without an invitation, because nobody is there to invite.

Runs as the owner of the database; nothing that a page can reach uses this.
"""

import re
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select

from clinic_core.access import owner_work
from clinic_core.auth.baseline import create_organization, role_id
from clinic_core.auth.passwords import check_new_password, hash_password
from clinic_core.errors import Conflict
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import clean, clean_required, field_error
from clinic_core.models import AppUser, ClinicLocation, UserLocation, UserRole
from clinic_core.vocabulary import BaselineRole, UserStatus

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")


def create_owner(*, organization: str, email: str, display_name: str, password: str) -> UUID:
    """An active owner with that password; the organisation is made when none has that name. Returns the user's id.

    Raises:
        InvalidInput: the name, the address or the password is not allowed.
        Conflict: somebody signs in with that address already.
    """
    email = clean_required(email, limit=254, field="email")
    if not _EMAIL.fullmatch(email):
        raise field_error("email", "must look like name@example.org")
    name = clean(display_name, limit=200, field="name") or email
    check_new_password(password, email=email)
    password_hash = hash_password(password)
    with owner_work("owner.create") as session:
        if session.scalar(text("select 1 from auth_find_user(:email)"), {"email": email}):
            raise Conflict("Somebody signs in with that address already; choose another one.")
        organization_id = session.scalar(text("select organization_find(:name)"), {"name": organization.strip()})
    if organization_id is None:
        organization_id = create_organization(organization)
    user_id = new_id()
    with owner_work("owner.create", organization_id) as session:
        session.add(
            AppUser(
                id=user_id,
                email=email,
                display_name=name,
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
