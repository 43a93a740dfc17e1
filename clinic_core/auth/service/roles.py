"""Roles and the permission matrix: a change counts at the next action of everybody who holds the role."""

from uuid import UUID

from sqlmodel import col, func, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.permissions import PERMISSIONS
from clinic_core.auth.grants import (
    KEPT_BY_OWNERS,
    ORGANISATION_ONLY,
    clinical_reason,
    covers,
    grants_of,
    is_owner,
    refuse_wider_than_own,
    roles_of_organization,
)
from clinic_core.auth.queries import list_roles
from clinic_core.auth.schemas import CreateRole, DeleteRole, Done, RoleRow, SetRolePermission, UpdateRole
from clinic_core.errors import Conflict, Immutable, InvalidInput, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import clean_required
from clinic_core.models import PermissionRow, Role, RolePermission, UserRole
from clinic_core.vocabulary import BaselineRole, Scope

NAME_LIMIT = 60


@use_case(Permission.ROLE_MANAGE, name="auth.create_role")
def create_role(work: Work, request: CreateRole) -> RoleRow:
    """A role of the clinic's own, empty or with the permissions of another.

    Raises:
        Conflict: a role has that name.
        PermissionDenied: the copied permissions reach further than the actor's own.
        InvalidInput: the name is missing, or the reason for clinical permissions is.
    """
    name = _free_name(work, request.name)
    copied = (request.copy_of,) if request.copy_of else ()
    roles_of_organization(work.session, copied)
    grants = grants_of(work.session, copied)
    refuse_wider_than_own(work.actor, grants)
    reason = clinical_reason(grants, request.reason)
    role_id = new_id()
    work.session.add(Role(id=role_id, organization_id=work.actor.organization_id, key=f"own_{role_id.hex}", name=name))
    work.session.flush()
    permission_ids = _permission_ids(work)
    work.session.add_all(
        RolePermission(
            organization_id=work.actor.organization_id,
            role_id=role_id,
            permission_id=permission_ids[permission],
            scope=scope,
        )
        for permission, scope in grants.items()
    )
    if reason is not None:
        opened = [permission.value for permission in grants if permission.is_clinical]
        work.audit("role", role_id, "clinical_permission_granted", permissions=opened, reason=reason)
    return _row(work, role_id)


@use_case(Permission.ROLE_MANAGE, name="auth.update_role")
def update_role(work: Work, request: UpdateRole) -> RoleRow:
    """Renames a role of the clinic's own.

    Raises:
        Immutable: the baseline roles keep their names.
        Conflict: a role has that name, or the form is stale.
    """
    role = work.lock(Role, request.role_id, called="role", version=request.version)
    if role.baseline:
        raise Immutable(f"“{role.name}” is one of the roles every clinic has and keeps its name.")
    role.name = _free_name(work, request.name, but_of=role.id)
    return _row(work, role.id)


@use_case(Permission.ROLE_MANAGE, name="auth.set_role_permission")
def set_role_permission(work: Work, request: SetRolePermission) -> RoleRow:
    """Sets one cell of the permission matrix; taking away or narrowing needs no permission of one's own.

    Raises:
        PermissionDenied: the new scope reaches further than the actor's own, or it is the Owner role.
        InvalidInput: a clinical permission is granted without a reason, or the scope makes no sense for it.
        Conflict: the Owner role would lose what keeps the clinic manageable.
    """
    role = work.lock(Role, request.role_id, called="role")
    permission, wanted = request.permission, request.scope
    _check_cell(work, role, permission, wanted)
    present = grants_of(work.session, (role.id,)).get(permission)
    reason = None
    if wanted is not None and not covers(present, wanted):
        refuse_wider_than_own(work.actor, {permission: wanted})
        reason = clinical_reason((permission,), request.reason)
    _store_cell(work, role.id, permission, wanted)
    if reason is not None:
        work.audit(
            "role", role.id, "clinical_permission_granted", permissions=[permission.value], scope=wanted, reason=reason
        )
    return _row(work, role.id)


@use_case(Permission.ROLE_MANAGE, name="auth.delete_role")
def delete_role(work: Work, request: DeleteRole) -> Done:
    """Removes a role of the clinic's own that nobody holds.

    Raises:
        Immutable: it is a baseline role.
        Conflict: somebody holds it.
    """
    role = work.lock(Role, request.role_id, called="role", version=request.version)
    if role.baseline:
        raise Immutable(f"“{role.name}” is one of the roles every clinic has and cannot be removed.")
    held = work.session.scalars(select(func.count()).where(col(UserRole.role_id) == role.id)).one()
    if held:
        people = "one person holds it" if held == 1 else f"{held} people hold it"
        raise Conflict(f"The role “{role.name}” cannot be removed while {people}.")
    for grant in work.session.scalars(select(RolePermission).where(col(RolePermission.role_id) == role.id)):
        work.session.delete(grant)
    work.session.flush()
    work.session.delete(role)
    return Done(id=role.id)


def _check_cell(work: Work, role: Role, permission: Permission, wanted: Scope | None) -> None:
    if role.key == BaselineRole.OWNER.value:
        if not is_owner(work.actor):
            raise PermissionDenied("Only an Owner can change what Owners may do.")
        if permission in KEPT_BY_OWNERS and wanted is not Scope.ORGANISATION:
            raise Conflict("Owners keep this permission; without it nobody could give permissions back.")
    if permission in ORGANISATION_ONLY and wanted not in {None, Scope.ORGANISATION}:
        raise InvalidInput(
            f"“{permission.description.rstrip('.')}” counts for the whole organisation or not at all.",
            fields={"scope": "Choose organisation or nothing."},
        )


def _store_cell(work: Work, role_id: UUID, permission: Permission, wanted: Scope | None) -> None:
    permission_id = _permission_ids(work)[permission]
    cell = work.session.scalars(
        select(RolePermission).where(
            col(RolePermission.role_id) == role_id, col(RolePermission.permission_id) == permission_id
        )
    ).one_or_none()
    if cell is not None and wanted is None:
        work.session.delete(cell)
    elif cell is not None and wanted is not None:
        cell.scope = wanted
    elif wanted is not None:
        organization_id = work.actor.organization_id
        work.session.add(
            RolePermission(organization_id=organization_id, role_id=role_id, permission_id=permission_id, scope=wanted)
        )
    work.session.flush()


def _permission_ids(work: Work) -> dict[Permission, UUID]:
    return {PERMISSIONS[row.key]: row.id for row in work.session.scalars(select(PermissionRow))}


def _free_name(work: Work, name: str, *, but_of: UUID | None = None) -> str:
    cleaned = clean_required(name, limit=NAME_LIMIT, field="name")
    same = work.session.scalars(select(Role.id).where(func.lower(col(Role.name)) == cleaned.lower()))
    if any(role_id != but_of for role_id in same):
        raise Conflict(f"There is a role named “{cleaned}” already.")
    return cleaned


def _row(work: Work, role_id: UUID) -> RoleRow:
    work.session.flush()
    return next(row for row in list_roles(work) if row.id == role_id)
