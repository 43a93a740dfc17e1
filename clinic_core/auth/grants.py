"""Who may give whom what (I2).

Nobody grants more than they hold, except an Owner; clinical permissions need a reason; one Owner stays.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from uuid import UUID

from sqlalchemy.orm import Session
from sqlmodel import col, func, select

from clinic_core.access import Actor, Permission
from clinic_core.access.permissions import PERMISSIONS, widest
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.text import clean_multiline
from clinic_core.models import AppUser, PermissionRow, Role, RolePermission, UserRole
from clinic_core.vocabulary import BaselineRole, Scope, UserStatus

REASON_LIMIT = 500

# What concerns the organisation as a whole cannot be held for a part of it.
ORGANISATION_ONLY = frozenset(
    {
        Permission.USER_MANAGE,
        Permission.ROLE_MANAGE,
        Permission.SETTINGS_MANAGE,
        Permission.RETENTION_MANAGE,
        Permission.AUDIT_VIEW,
        Permission.DATA_IMPORT,
        Permission.DATA_EXPORT,
        Permission.PATIENT_MERGE,
    }
)
# Without these nobody could give them back.
KEPT_BY_OWNERS = frozenset({Permission.USER_MANAGE, Permission.ROLE_MANAGE})

Grants = Mapping[Permission, Scope]


def is_owner(actor: Actor) -> bool:
    """True for a person who holds the Owner role, and for the clinic's own software."""
    return BaselineRole.OWNER.value in actor.role_keys or actor.user_id is None


def covers(held: Scope | None, wanted: Scope) -> bool:
    """True when the held scope reaches at least as far as the wanted one."""
    return held is not None and widest([held, wanted]) is held


def refuse_wider_than_own(actor: Actor, grants: Grants) -> None:
    """Lets an Owner grant everything, everybody else what they hold themselves.

    Raises:
        PermissionDenied: names the first permission that reaches further than the actor's own.
    """
    if is_owner(actor):
        return
    for permission, scope in grants.items():
        if not covers(actor.scope(permission), scope):
            raise PermissionDenied(
                f"You cannot grant “{permission.description.rstrip('.')}” ({scope.label.lower()}), because you do not"
                " hold it that far yourself; an Owner can."
            )


def clinical_reason(grants: Iterable[Permission], reason: str) -> str | None:
    """The cleaned reason when a clinical permission is among the grants, else None.

    Raises:
        InvalidInput: a clinical permission is granted and no reason given.
    """
    if not any(permission.is_clinical for permission in grants):
        return None
    cleaned = clean_multiline(reason, limit=REASON_LIMIT, field="reason")
    if not cleaned:
        sentence = "This opens clinical notes; please give the reason, which is kept in the audit log."
        raise InvalidInput(sentence, fields={"reason": sentence})
    return cleaned


def roles_of_organization(session: Session, role_ids: Iterable[UUID]) -> dict[UUID, Role]:
    """The roles with those ids.

    Raises:
        NotFound: one of them is not a role of the organisation.
    """
    wanted = set(role_ids)
    roles = {role.id: role for role in session.scalars(select(Role).where(col(Role.id).in_(wanted)))}
    if wanted - roles.keys():
        raise NotFound("This role does not exist.")
    return roles


def grants_of(session: Session, role_ids: Iterable[UUID]) -> Grants:
    """What the roles grant together, each permission as far as the widest of them."""
    statement = (
        select(PermissionRow.key, RolePermission.scope)
        .join(RolePermission, col(RolePermission.permission_id) == col(PermissionRow.id))
        .where(col(RolePermission.role_id).in_(set(role_ids)))
        .order_by(col(PermissionRow.key))
    )
    found: dict[Permission, Scope] = {}
    for key, scope in session.execute(statement):
        permission, reach = PERMISSIONS[key], Scope(scope)
        found[permission] = widest([reach, found.get(permission, reach)])
    return MappingProxyType(found)


def lock_owners(session: Session) -> UUID:
    """The id of the Owner role, locked until the end of the transaction.

    Taken before anything that might remove an Owner, so that two people cannot each remove what the other one still
    counted as the last but one.
    """
    statement = select(Role.id).where(col(Role.key) == BaselineRole.OWNER.value).with_for_update(key_share=True)
    return session.scalars(statement).one()


def holds_role(session: Session, user_id: UUID, role_id: UUID) -> bool:
    """True when the user holds the role."""
    statement = select(UserRole.id).where(col(UserRole.user_id) == user_id, col(UserRole.role_id) == role_id)
    return session.scalars(statement).first() is not None


def refuse_without_owner(session: Session, owner_role_id: UUID) -> None:
    """Refuses what was just changed when it leaves no Owner who can sign in; call under `lock_owners`.

    Raises:
        Conflict: nobody would be left.
    """
    session.flush()
    statement = (
        select(func.count())
        .select_from(UserRole)
        .join(AppUser, col(AppUser.id) == col(UserRole.user_id))
        .where(
            col(UserRole.role_id) == owner_role_id,
            col(AppUser.status) == UserStatus.ACTIVE,
            col(AppUser.email).is_not(None),
        )
    )
    if session.scalars(statement).one() == 0:
        raise Conflict("This is the last active Owner, and a clinic needs one; make somebody else an Owner first.")
