"""Cases and the notes of visits."""

from clinic_core.vocabulary.choice import Choice


class CaseStatus(Choice):
    """Whether a case is being treated."""

    OPEN = "open"
    CLOSED = "closed"


class VisitStatus(Choice):
    """Whether the note of a visit is still being written."""

    DRAFT = "draft"
    SIGNED = "signed"


class RevisionKind(Choice):
    """What made a version of a note."""

    SAVE = "save"
    SIGN = "sign"
    AMEND = "amend"
