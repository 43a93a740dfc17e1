"""What every organisation has from its first day: permissions, baseline roles, and the organisation itself.

Runs as the owner of the database, from the shell only (`clinic migrate`, `create-owner`, `seed`, imports).
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session
from sqlmodel import col, select

from clinic_core.access import BASELINE_GRANTS, Permission, owner_work
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import Conflict
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import clean_required
from clinic_core.models import Organization, PermissionRow, Role, RolePermission
from clinic_core.vocabulary import BaselineRole

NAME_LIMIT = 200


def seed_baseline() -> dict[str, int]:
    """Syncs the permissions with the code and gives every organisation its baseline roles; idempotent.

    A permission that is new in the code is granted to the baseline roles of existing organisations; a grant that an
    administrator took away stays away. Returns the counts of what was added.
    """
    with owner_work("seed.baseline") as session:
        new = _sync_permissions(session)
        organizations = list(session.scalars(select(Organization.id)))
    added = {"permissions": len(new), "roles": 0, "grants": 0}
    for organization_id in organizations:
        with owner_work("seed.baseline", organization_id) as session:
            roles, grants = _seed_roles(session, organization_id, new)
        added["roles"] += roles
        added["grants"] += grants
    return added


def create_organization(name: str, settings: OrganizationSettings | None = None) -> UUID:
    """A new organisation with its baseline roles.

    Raises:
        InvalidInput: the name is empty or longer than 200 characters.
        Conflict: another organisation has that name.
    """
    name = clean_required(name, limit=NAME_LIMIT, field="The name of the organisation")
    organization_id = new_id()
    with owner_work("organization.create", organization_id) as session:
        taken = session.execute(text("select organization_find(:name)"), {"name": name}).scalar()
        if taken is not None:
            raise Conflict(f"An organisation named “{name}” exists already.")
        session.add(
            Organization(
                id=organization_id,
                name=name,
                settings_json=(settings or OrganizationSettings()).model_dump(mode="json"),
            )
        )
        session.flush()
        _sync_permissions(session)
        _seed_roles(session, organization_id, ())
    return organization_id


def _sync_permissions(session: Session) -> list[Permission]:
    known = {row.key: row for row in session.scalars(select(PermissionRow))}
    new = [permission for permission in Permission if permission.value not in known]
    session.add_all(PermissionRow(key=permission.value, description=permission.description) for permission in new)
    for permission in Permission:
        row = known.get(permission.value)
        if row is not None and row.description != permission.description:
            row.description = permission.description
    session.flush()
    return new


def _seed_roles(session: Session, organization_id: UUID, new: Iterable[Permission]) -> tuple[int, int]:
    permission_ids = {row.key: row.id for row in session.scalars(select(PermissionRow))}
    roles = {
        role.key: role
        for role in session.scalars(
            select(Role).where(col(Role.organization_id) == organization_id, col(Role.baseline))
        )
    }
    added: list[Role] = []
    grants: list[dict[str, object]] = []
    for baseline, granted in BASELINE_GRANTS.items():
        role = roles.get(baseline.value)
        wanted = set(new) if role is not None else set(Permission)
        if role is None:
            role = Role(organization_id=organization_id, key=baseline.value, name=baseline.label, baseline=True)
            added.append(role)
        grants += [
            {
                "id": new_id(),
                "organization_id": organization_id,
                "role_id": role.id,
                "permission_id": permission_ids[permission.value],
                "scope": scope,
            }
            for permission, scope in granted.items()
            if permission in wanted
        ]
    session.add_all(added)
    session.flush()
    if grants:
        session.execute(insert(RolePermission), grants)
    return len(added), len(grants)


def role_id(session: Session, organization_id: UUID, role: BaselineRole) -> UUID:
    """The id of a baseline role of an organisation."""
    return session.scalars(
        select(Role.id).where(col(Role.organization_id) == organization_id, col(Role.key) == role.value)
    ).one()
