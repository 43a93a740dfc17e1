"""The actor: who asks, for which organisation, with which permissions; read from the database, never remembered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import text

from clinic_core.access.organization import OrganizationSettings
from clinic_core.access.permissions import PERMISSIONS, Permission, widest
from clinic_core.access.session import app_session
from clinic_core.errors import NotFound, NotSignedIn
from clinic_core.vocabulary import Scope


@dataclass(frozen=True)
class Actor:
    """A person (or `system`, with no user id) acting within one organisation."""

    organization_id: UUID
    organization_name: str
    user_id: UUID | None
    display_name: str
    permissions: Mapping[Permission, Scope]
    location_ids: frozenset[UUID] = frozenset()
    role_keys: frozenset[str] = frozenset()
    broken_glass: frozenset[UUID] = field(default=frozenset())
    settings: OrganizationSettings = field(default_factory=OrganizationSettings)

    def can(self, *permissions: Permission) -> bool:
        """True when the actor holds any of the permissions, in whatever scope."""
        return any(permission in self.permissions for permission in permissions)

    def scope(self, permission: Permission) -> Scope | None:
        """How far the permission reaches for this actor; None when it is not held."""
        return self.permissions.get(permission)


_LOAD = text(
    """
    select o.name as organization_name, o.settings_json, u.display_name, u.status,
      array(select ul.clinic_location_id from user_location ul
            where ul.organization_id = o.id and ul.user_id = u.id) as location_ids,
      array(select r.key from user_role ur join role r on r.organization_id = ur.organization_id and r.id = ur.role_id
            where ur.organization_id = o.id and ur.user_id = u.id) as role_keys,
      array(select p.key || ' ' || rp.scope from user_role ur
            join role_permission rp on rp.organization_id = ur.organization_id and rp.role_id = ur.role_id
            join permission p on p.id = rp.permission_id
            where ur.organization_id = o.id and ur.user_id = u.id) as grants,
      array(select b.patient_id from break_glass_grant b
            where b.organization_id = o.id and b.user_id = u.id and b.expires_at > now()) as broken_glass
    from organization o join app_user u on u.organization_id = o.id
    where o.id = :organization_id and u.id = :user_id
    """
)
_OPEN = text("select set_config('clinic.organization_id', :organization_id, true)")


def load_actor(organization_id: UUID, user_id: UUID) -> Actor:
    """The actor as the database knows them at this moment.

    Raises:
        NotSignedIn: the user does not exist in that organisation or is not active.
    """
    with app_session() as session:
        session.execute(_OPEN, {"organization_id": str(organization_id)})
        row = session.execute(_LOAD, {"organization_id": organization_id, "user_id": user_id}).one_or_none()
    if row is None or row.status != "active":
        raise NotSignedIn("This account cannot be used; please ask your clinic's administrator.")
    scopes: dict[Permission, list[Scope]] = {}
    for grant in row.grants:
        key, scope = grant.split(" ")
        scopes.setdefault(PERMISSIONS[key], []).append(Scope(scope))
    return Actor(
        organization_id=organization_id,
        organization_name=row.organization_name,
        user_id=user_id,
        display_name=row.display_name,
        permissions=MappingProxyType({permission: widest(found) for permission, found in scopes.items()}),
        location_ids=frozenset(row.location_ids),
        role_keys=frozenset(row.role_keys),
        broken_glass=frozenset(row.broken_glass),
        settings=OrganizationSettings.model_validate(row.settings_json),
    )


def actor_for(*, email: str, organization: str) -> Actor:
    """The actor with that e-mail address in the organisation of that name; for scripts and tests.

    Raises:
        NotFound: no such organisation, or nobody in it with that address.
    """
    with app_session() as session:
        organization_id = session.execute(text("select organization_find(:name)"), {"name": organization}).scalar()
        user = session.execute(text("select * from auth_find_user(:email)"), {"email": email}).one_or_none()
    if organization_id is None or user is None or user.organization_id != organization_id:
        raise NotFound(f"Nobody signs in with that address at “{organization}”.")
    return load_actor(organization_id, user.user_id)


def system_actor(organization: str) -> Actor:
    """The clinic's own software at work in the organisation of that name: imports, jobs, reports from the shell.

    Raises:
        NotFound: no organisation has that name.
    """
    with app_session() as session:
        organization_id = session.execute(text("select organization_find(:name)"), {"name": organization}).scalar()
    if organization_id is None:
        raise NotFound(f"There is no organisation named “{organization}”.")
    return system_actor_of(organization_id)


def system_actor_of(organization_id: UUID) -> Actor:
    """As `system_actor`, for the organisation with that id.

    Raises:
        NotFound: there is none.
    """
    with app_session() as session:
        session.execute(_OPEN, {"organization_id": str(organization_id)})
        row = session.execute(text("select id, name, settings_json from organization")).one_or_none()
    if row is None:
        raise NotFound("This organisation does not exist.")
    return Actor(
        organization_id=row.id,
        organization_name=row.name,
        user_id=None,
        display_name="system",
        permissions=MappingProxyType(dict.fromkeys(Permission, Scope.ORGANISATION)),
        settings=OrganizationSettings.model_validate(row.settings_json),
    )
