"""Roles and the permission matrix."""

from collections.abc import Mapping
from uuid import UUID

from clinic_core.access import Permission
from clinic_core.auth.schemas.base import AuthRequest, AuthRow
from clinic_core.vocabulary import Scope


class CreateRole(AuthRequest):
    """A role of the clinic's own, empty or with the permissions of another."""

    name: str
    copy_of: UUID | None = None
    reason: str = ""
    request_id: UUID | None = None


class UpdateRole(AuthRequest):
    """A new name for a role of the clinic's own."""

    role_id: UUID
    version: int
    name: str
    request_id: UUID | None = None


class SetRolePermission(AuthRequest):
    """One cell of the permission matrix; a scope of None takes the permission away."""

    role_id: UUID
    permission: Permission
    scope: Scope | None
    reason: str = ""
    request_id: UUID | None = None


class DeleteRole(AuthRequest):
    """A role of the clinic's own that nobody holds any more."""

    role_id: UUID
    version: int | None = None


class RoleRow(AuthRow):
    """A role with its column of the permission matrix."""

    id: UUID
    version: int
    key: str
    name: str
    baseline: bool
    grants: Mapping[Permission, Scope]
    users: int

    @property
    def opens_clinical_notes(self) -> bool:
        """True when assigning the role grants a clinical permission."""
        return any(permission.is_clinical for permission in self.grants)


class Done(AuthRow):
    """The id of what was changed or removed."""

    id: UUID
