"""What sign-in, users and roles take in, and the frozen rows they answer with.

Passwords and one-time links are `SecretStr`, so that neither a log nor the stored result of a request holds them.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, SecretStr

from clinic_core.access import Permission
from clinic_core.vocabulary import LinkPurpose, Scope, UserStatus

HIDDEN = str(SecretStr("x"))


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)


class SignIn(_Request):
    """What a person types to sign in, and where it came from."""

    email: str
    password: SecretStr
    address: str


class SetPassword(_Request):
    """The password a person chose behind an invitation or reset link."""

    token: SecretStr
    password: SecretStr


class InviteUser(_Request):
    """A new person of the clinic, who gets a link to choose a password; `reason` for roles that open clinical notes."""

    email: str
    display_name: str
    role_ids: tuple[UUID, ...]
    location_ids: tuple[UUID, ...] = ()
    reason: str = ""
    request_id: UUID | None = None


class UpdateUser(_Request):
    """A person as the form has them; `version` is the one the form was drawn with. No e-mail: never signs in."""

    user_id: UUID
    version: int
    display_name: str
    email: str | None
    role_ids: tuple[UUID, ...]
    location_ids: tuple[UUID, ...] = ()
    reason: str = ""
    request_id: UUID | None = None


class ChangeUserStatus(_Request):
    """The person to deactivate or to take back."""

    user_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class CreateLink(_Request):
    """The person who needs a new invitation or reset link."""

    user_id: UUID
    request_id: UUID | None = None


class UpdatePractitionerProfile(_Request):
    """What makes a user a practitioner; `version` is None while there is no profile yet."""

    user_id: UUID
    version: int | None
    specialties: tuple[str, ...] = ()
    license_number: str = ""
    request_id: UUID | None = None


class UpdateAssistantProfile(_Request):
    """What makes a user an assistant; `version` is None while there is no profile yet."""

    user_id: UUID
    version: int | None
    department: str = ""
    duties: tuple[str, ...] = ()
    request_id: UUID | None = None


class UpdateOwnProfile(_Request):
    """One's own name and address; a new address needs the present password."""

    version: int
    display_name: str
    email: str
    current_password: SecretStr = SecretStr("")
    request_id: UUID | None = None


class ChangeOwnPassword(_Request):
    """One's own new password; `session` is the name of the session that stays, all others end."""

    current_password: SecretStr
    new_password: SecretStr
    session: str
    request_id: UUID | None = None


class SignOut(_Request):
    """The name of one's own session to end."""

    session: str


class CreateRole(_Request):
    """A role of the clinic's own, empty or with the permissions of another."""

    name: str
    copy_of: UUID | None = None
    reason: str = ""
    request_id: UUID | None = None


class UpdateRole(_Request):
    """A new name for a role of the clinic's own."""

    role_id: UUID
    version: int
    name: str
    request_id: UUID | None = None


class SetRolePermission(_Request):
    """One cell of the permission matrix; a scope of None takes the permission away."""

    role_id: UUID
    permission: Permission
    scope: Scope | None
    reason: str = ""
    request_id: UUID | None = None


class DeleteRole(_Request):
    """A role of the clinic's own that nobody holds any more."""

    role_id: UUID
    version: int | None = None


class ListUsers(_Request):
    """Which people to list, in the order of their names."""

    search: str = ""
    status: UserStatus | None = None
    page: int = 1
    page_size: int = 50


class GetUser(_Request):
    """The person to show."""

    user_id: UUID


class SignedInUser(_Row):
    """Whose e-mail address and password were right."""

    organization_id: UUID
    user_id: UUID


class LiveSession(_Row):
    """A session that is alive now: not ended, not idle for too long, not too old, its user active."""

    id: UUID
    organization_id: UUID
    user_id: UUID
    idle_ends_at: datetime
    expires_at: datetime


class UserRow(_Row):
    """A person of the clinic as the list of users shows them."""

    id: UUID
    version: int
    display_name: str
    email: str | None
    status: UserStatus
    role_ids: tuple[UUID, ...]
    role_names: tuple[str, ...]
    location_ids: tuple[UUID, ...]
    location_names: tuple[str, ...]
    last_login_at: datetime | None
    locked_until: datetime | None
    has_password: bool


class UserPage(_Row):
    """One page of the list of users, and how many there are in all."""

    rows: tuple[UserRow, ...]
    total: int


class PractitionerProfileRow(_Row):
    """A practitioner's profile; `id` and `version` are None while there is none."""

    id: UUID | None = None
    version: int | None = None
    specialties: tuple[str, ...] = ()
    license_number: str = ""


class AssistantProfileRow(_Row):
    """An assistant's profile; `id` and `version` are None while there is none."""

    id: UUID | None = None
    version: int | None = None
    department: str = ""
    duties: tuple[str, ...] = ()


class UserDetail(_Row):
    """A person with both profiles."""

    user: UserRow
    practitioner: PractitionerProfileRow
    assistant: AssistantProfileRow


class OwnProfile(_Row):
    """What a person sees of themselves."""

    id: UUID
    version: int
    display_name: str
    email: str | None
    organization_name: str
    role_names: tuple[str, ...]
    location_names: tuple[str, ...]
    last_login_at: datetime | None
    password_changed_at: datetime | None
    live_sessions: int


class IssuedLink(_Row):
    """A one-time link, readable in the answer to the request that made it and never again."""

    id: UUID
    display_name: str
    purpose: LinkPurpose
    path: SecretStr
    expires_at: datetime

    @property
    def was_shown(self) -> bool:
        """True when this is the repeated answer to a request, which no longer holds the link."""
        return self.path.get_secret_value() == HIDDEN


class LinkOwner(_Row):
    """Whom an invitation or reset link belongs to, for the page behind it."""

    organization_id: UUID
    user_id: UUID
    link_id: UUID
    purpose: LinkPurpose


class RoleRow(_Row):
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


class WorkPlace(_Row):
    """A location that a person can work at."""

    id: UUID
    name: str


class SessionsEnded(_Row):
    """How many sessions were ended."""

    count: int


class Done(_Row):
    """The id of what was changed or removed."""

    id: UUID
