"""People of the clinic, their profiles, and one's own account."""

from datetime import datetime
from uuid import UUID

from pydantic import SecretStr

from clinic_core.auth.schemas.base import AuthRequest, AuthRow
from clinic_core.vocabulary import LinkPurpose, UserStatus

HIDDEN = str(SecretStr("x"))


class InviteUser(AuthRequest):
    """A new person of the clinic, who gets a link to choose a password; `reason` for roles that open clinical notes."""

    email: str
    display_name: str
    role_ids: tuple[UUID, ...]
    location_ids: tuple[UUID, ...] = ()
    reason: str = ""
    request_id: UUID | None = None


class UpdateUser(AuthRequest):
    """A person as the form has them; `version` is the one the form was drawn with. No e-mail: never signs in."""

    user_id: UUID
    version: int
    display_name: str
    email: str | None
    role_ids: tuple[UUID, ...]
    location_ids: tuple[UUID, ...] = ()
    reason: str = ""
    request_id: UUID | None = None


class ChangeUserStatus(AuthRequest):
    """The person to deactivate or to take back."""

    user_id: UUID
    version: int | None = None
    request_id: UUID | None = None


class CreateLink(AuthRequest):
    """The person who needs a new invitation or reset link."""

    user_id: UUID
    request_id: UUID | None = None


class UpdatePractitionerProfile(AuthRequest):
    """What makes a user a practitioner; `version` is None while there is no profile yet."""

    user_id: UUID
    version: int | None
    specialties: tuple[str, ...] = ()
    license_number: str = ""
    request_id: UUID | None = None


class UpdateAssistantProfile(AuthRequest):
    """What makes a user an assistant; `version` is None while there is no profile yet."""

    user_id: UUID
    version: int | None
    department: str = ""
    duties: tuple[str, ...] = ()
    request_id: UUID | None = None


class UpdateOwnProfile(AuthRequest):
    """One's own name and address; a new address needs the present password."""

    version: int
    display_name: str
    email: str
    current_password: SecretStr = SecretStr("")
    request_id: UUID | None = None


class ChangeOwnPassword(AuthRequest):
    """One's own new password; `session` is the name of the session that stays, all others end."""

    current_password: SecretStr
    new_password: SecretStr
    session: str
    request_id: UUID | None = None


class ListUsers(AuthRequest):
    """Which people to list, in the order of their names."""

    search: str = ""
    status: UserStatus | None = None
    page: int = 1
    page_size: int = 50


class GetUser(AuthRequest):
    """The person to show."""

    user_id: UUID


class UserRow(AuthRow):
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


class UserPage(AuthRow):
    """One page of the list of users, and how many there are in all."""

    rows: tuple[UserRow, ...]
    total: int


class PractitionerProfileRow(AuthRow):
    """A practitioner's profile; `id` and `version` are None while there is none."""

    id: UUID | None = None
    version: int | None = None
    specialties: tuple[str, ...] = ()
    license_number: str = ""


class AssistantProfileRow(AuthRow):
    """An assistant's profile; `id` and `version` are None while there is none."""

    id: UUID | None = None
    version: int | None = None
    department: str = ""
    duties: tuple[str, ...] = ()


class UserDetail(AuthRow):
    """A person with both profiles."""

    user: UserRow
    practitioner: PractitionerProfileRow
    assistant: AssistantProfileRow


class OwnProfile(AuthRow):
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


class IssuedLink(AuthRow):
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


class WorkPlace(AuthRow):
    """A location that a person can work at."""

    id: UUID
    name: str
