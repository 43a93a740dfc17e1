"""The error tree: one class for each situation a person can act on.

Every message is a full sentence for the person at the screen and names the offending value where that is
not personal data. `code` is stable and may be matched by scripts. Anything that is not a `ClinicError` is
unexpected: it is logged under a reference code and shown as "something went wrong".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinic_core.vocabulary import ConflictKind, Severity


class ClinicError(Exception):
    """The base of all errors that a person can act on."""

    code = "clinic_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidInput(ClinicError):
    """What was typed cannot be right; `fields` maps a field's name to its own sentence."""

    code = "invalid_input"

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class InvalidRecurrence(InvalidInput):
    """A rule for repeats that is not allowed, or that names more dates than anybody can use."""

    code = "invalid_recurrence"


class NotFound(ClinicError):
    """The row does not exist, or it is not the actor's to see: both answer alike."""

    code = "not_found"


class PermissionDenied(ClinicError):
    """The actor lacks the permission (or the scope) for this action."""

    code = "permission_denied"


class NotSignedIn(ClinicError):
    """There is no live session: signed out, expired, revoked or never begun."""

    code = "not_signed_in"


class SignInRefused(ClinicError):
    """E-mail and password do not sign in; the same answer for every reason but a lock-out."""

    code = "sign_in_refused"


class Conflict(ClinicError):
    """Somebody or something else got there first: reload, choose again."""

    code = "conflict"


class StaleEdit(Conflict):
    """The row changed after the form was drawn."""

    code = "stale_edit"

    def __init__(self, message: str, *, changed_by: str | None, changed_at: datetime | None) -> None:
        super().__init__(message)
        self.changed_by = changed_by
        self.changed_at = changed_at


@dataclass(frozen=True)
class Obstacle:
    """One thing that is in the way of a booking (S5): what kind, who or what, and the appointment that holds it.

    `appointment_id` is None where it is not an appointment, and for patients, who are told nothing of others.
    """

    kind: ConflictKind
    severity: Severity
    subject_id: UUID | None
    subject: str
    appointment_id: UUID | None
    sentence: str


@dataclass(frozen=True)
class Alternative:
    """A time that is free instead, with the rooms and equipment that are free then."""

    practitioner_user_id: UUID
    practitioner: str
    clinic_location_id: UUID
    starts_at: datetime
    ends_at: datetime
    resource_ids: tuple[UUID, ...]
    sentence: str


class BookingConflict(Conflict):
    """Something is in the way of a booking; all of it is named, and up to three times that are free instead.

    `can_override` is true when nothing of it blocks and the actor may lift the rest with a reason.
    """

    code = "booking_conflict"

    def __init__(
        self,
        message: str,
        *,
        obstacles: Sequence[Obstacle] = (),
        alternatives: Sequence[Alternative] = (),
        can_override: bool = False,
    ) -> None:
        super().__init__(message)
        self.obstacles = tuple(obstacles)
        self.alternatives = tuple(alternatives)
        self.can_override = can_override


class IllegalTransition(Conflict):
    """A status cannot follow the present one; the message says from and to."""

    code = "illegal_transition"


class Immutable(Conflict):
    """An issued paper or a signed note cannot be changed; the message names the way to correct it."""

    code = "immutable"


class Unavailable(ClinicError):
    """The database (or another service) does not answer; nothing was saved."""

    code = "unavailable"


class ConfigurationError(ClinicError):
    """A setting or the installation is wrong; the message names the setting and the way out."""

    code = "configuration"
