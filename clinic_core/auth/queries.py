"""Reads: the people of the clinic, their roles, and what a person sees of themselves."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Select, text
from sqlmodel import col, func, or_, select

from clinic_core.access import Permission, Work, query
from clinic_core.access.permissions import PERMISSIONS
from clinic_core.auth.schemas import (
    AssistantProfileRow,
    GetUser,
    ListUsers,
    OwnProfile,
    PractitionerProfileRow,
    RoleRow,
    UserDetail,
    UserPage,
    UserRow,
    WorkPlace,
)
from clinic_core.errors import NotSignedIn
from clinic_core.kit import clock
from clinic_core.kit.text import clean, escape_like
from clinic_core.models import (
    AppUser,
    AssistantProfile,
    ClinicLocation,
    PermissionRow,
    PractitionerProfile,
    Role,
    RolePermission,
    UserLocation,
    UserRole,
    UserSession,
)
from clinic_core.vocabulary import BaselineRole, Scope

LARGEST_PAGE = 200
SEARCH_LIMIT = 200

_LIVE = text("ended_at is null and expires_at > now() and last_seen_at + make_interval(mins => idle_minutes) > now()")


@query(Permission.USER_MANAGE, name="auth.list_users")
def list_users(work: Work, request: ListUsers) -> UserPage:
    """One page of the people of the clinic by name; `search` looks in names and addresses.

    Raises:
        InvalidInput: the text has control characters or more than 200 characters.
    """
    statement = select(AppUser)
    term = clean(request.search, limit=SEARCH_LIMIT, field="search")
    if term:
        pattern = f"%{escape_like(term)}%"
        statement = statement.where(or_(col(AppUser.display_name).ilike(pattern), col(AppUser.email).ilike(pattern)))
    if request.status is not None:
        statement = statement.where(col(AppUser.status) == request.status)
    total = work.session.scalars(select(func.count()).select_from(statement.subquery())).one()
    size = min(max(request.page_size, 1), LARGEST_PAGE)
    page = (
        statement.order_by(func.lower(col(AppUser.display_name)), col(AppUser.id))
        .limit(size)
        .offset((max(request.page, 1) - 1) * size)
    )
    return UserPage(rows=tuple(_user_rows(work, list(work.session.scalars(page)))), total=total)


@query(Permission.USER_MANAGE, name="auth.get_user")
def get_user(work: Work, request: GetUser) -> UserDetail:
    """A person with both profiles.

    Raises:
        NotFound: nobody of the organisation has that id.
    """
    user = work.get(AppUser, request.user_id, called="user")
    practitioner = work.session.scalars(
        select(PractitionerProfile).where(col(PractitionerProfile.user_id) == user.id)
    ).one_or_none()
    assistant = work.session.scalars(
        select(AssistantProfile).where(col(AssistantProfile.user_id) == user.id)
    ).one_or_none()
    return UserDetail(
        user=_user_rows(work, [user])[0],
        practitioner=PractitionerProfileRow(
            id=practitioner.id,
            version=practitioner.version,
            specialties=tuple(practitioner.specialties_json),
            license_number=practitioner.license_number,
        )
        if practitioner
        else PractitionerProfileRow(),
        assistant=AssistantProfileRow(
            id=assistant.id,
            version=assistant.version,
            department=assistant.department,
            duties=tuple(assistant.duties_json),
        )
        if assistant
        else AssistantProfileRow(),
    )


@query(Permission.USER_MANAGE, Permission.ROLE_MANAGE, name="auth.list_roles")
def list_roles(work: Work) -> tuple[RoleRow, ...]:
    """All roles with what they grant: the baseline roles from Owner to Patient, then the clinic's own by name."""
    roles = list(work.session.scalars(select(Role)))
    grants: dict[UUID, dict[Permission, Scope]] = {role.id: {} for role in roles}
    granted = select(RolePermission.role_id, PermissionRow.key, RolePermission.scope).join(
        PermissionRow, col(PermissionRow.id) == col(RolePermission.permission_id)
    )
    for role_id, key, scope in work.session.execute(granted):
        grants[role_id][PERMISSIONS[key]] = Scope(scope)
    held = select(UserRole.role_id, func.count()).group_by(col(UserRole.role_id))
    counts: dict[UUID, int] = {row[0]: row[1] for row in work.session.execute(held)}
    rows = [
        RoleRow(
            id=role.id,
            version=role.version,
            key=role.key,
            name=role.name,
            baseline=role.baseline,
            grants=MappingProxyType(grants[role.id]),
            users=counts.get(role.id, 0),
        )
        for role in roles
    ]
    order = [role.value for role in BaselineRole]
    return tuple(sorted(rows, key=lambda row: (order.index(row.key) if row.baseline else len(order), row.name.lower())))


@query(Permission.USER_MANAGE, name="auth.list_work_places")
def list_work_places(work: Work) -> tuple[WorkPlace, ...]:
    """The locations that a person can be given, by name."""
    statement = (
        select(ClinicLocation.id, ClinicLocation.name)
        .where(col(ClinicLocation.active))
        .order_by(func.lower(col(ClinicLocation.name)), col(ClinicLocation.id))
    )
    return tuple(WorkPlace(id=place_id, name=name) for place_id, name in work.session.execute(statement))


@query(name="auth.get_own_profile")
def get_own_profile(work: Work) -> OwnProfile:
    """What a person sees of themselves.

    Raises:
        NotSignedIn: the actor is the clinic's own software.
    """
    if work.actor.user_id is None:
        raise NotSignedIn("Only a person has a profile.")
    user = work.get(AppUser, work.actor.user_id, called="user")
    row = _user_rows(work, [user])[0]
    live = select(func.count()).select_from(UserSession).where(col(UserSession.user_id) == user.id, _LIVE)
    return OwnProfile(
        id=user.id,
        version=user.version,
        display_name=user.display_name,
        email=user.email,
        organization_name=work.actor.organization_name,
        role_names=row.role_names,
        location_names=row.location_names,
        last_login_at=user.last_login_at,
        password_changed_at=user.password_changed_at,
        live_sessions=work.session.scalars(live).one(),
    )


def _user_rows(work: Work, users: Sequence[AppUser]) -> list[UserRow]:
    ids = [user.id for user in users]
    roles = _named(
        work,
        select(UserRole.user_id, Role.id, Role.name)
        .join(Role, col(Role.id) == col(UserRole.role_id))
        .where(col(UserRole.user_id).in_(ids))
        .order_by(func.lower(col(Role.name)), col(Role.id)),
    )
    locations = _named(
        work,
        select(UserLocation.user_id, ClinicLocation.id, ClinicLocation.name)
        .join(ClinicLocation, col(ClinicLocation.id) == col(UserLocation.clinic_location_id))
        .where(col(UserLocation.user_id).in_(ids))
        .order_by(func.lower(col(ClinicLocation.name)), col(ClinicLocation.id)),
    )
    now = clock.now()
    return [
        UserRow(
            id=user.id,
            version=user.version,
            display_name=user.display_name,
            email=user.email,
            status=user.status,
            role_ids=tuple(role_id for role_id, _ in roles.get(user.id, ())),
            role_names=tuple(name for _, name in roles.get(user.id, ())),
            location_ids=tuple(location_id for location_id, _ in locations.get(user.id, ())),
            location_names=tuple(name for _, name in locations.get(user.id, ())),
            last_login_at=user.last_login_at,
            locked_until=user.locked_until if user.locked_until and user.locked_until > now else None,
            has_password=user.password_hash is not None,
        )
        for user in users
    ]


def _named(work: Work, statement: Select[UUID, UUID, str]) -> Mapping[UUID, Sequence[tuple[UUID, str]]]:
    """The named things of each user."""
    found: dict[UUID, list[tuple[UUID, str]]] = {}
    for user_id, thing_id, name in work.session.execute(statement):
        found.setdefault(user_id, []).append((thing_id, name))
    return found
