"""Who may sign in and how far they see, and what is recorded about a person."""

from clinic_core.vocabulary.choice import Choice


class Scope(Choice):
    """How far a permission reaches, narrowest first (product specification I3)."""

    OWN = "own"
    CARE_TEAM = "care_team"
    LOCATION = "location"
    ORGANISATION = "organisation"


class BaselineRole(Choice):
    """The roles that every organisation has from its first day (I2)."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    PRACTITIONER = "practitioner"
    ASSISTANT = "assistant"
    PATIENT = "patient"


class UserStatus(Choice):
    """Whether a person may sign in."""

    INVITED = "invited"
    ACTIVE = "active"
    INACTIVE = "inactive"


class LinkPurpose(Choice):
    """What a one-time link opens, once."""

    INVITATION = "invitation"
    PASSWORD_RESET = "password_reset"  # noqa: S105 (a purpose, not a password)
    SIGN_IN = "sign_in"


class Sex(Choice):
    """Sex as recorded, in the four administrative values of HL7."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class ConsentKind(Choice):
    """What a patient allows or refuses, each with date and person (P2)."""

    SMS = "sms"
    EMAIL = "email"
    MARKETING = "marketing"
    PRIVACY = "privacy"
