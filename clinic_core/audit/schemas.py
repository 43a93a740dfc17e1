"""What the audit viewer asks for and shows. Values of clinical text never reach the log, so they cannot be shown."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from clinic_core.kit.calendar import as_utc

PAGE_SIZE = 100


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class AuditCursor(_Frozen):
    """The last row that was shown; the next page begins below it."""

    created_at: Annotated[datetime, AfterValidator(as_utc)]
    id: UUID


class AuditFilter(_Frozen):
    """Which rows of the log; days are those of `timezone`, both included, and empty means all."""

    actor_user_id: UUID | None = None
    by_system: bool = False
    entity_type: str = ""
    entity_id: UUID | None = None
    action: str = ""
    use_case: str = ""
    first_day: date | None = None
    last_day: date | None = None
    timezone: str = "UTC"


class ListAudit(AuditFilter):
    """A page of the filtered log, newest first."""

    after: AuditCursor | None = None
    limit: int = Field(default=PAGE_SIZE, ge=1, le=1000)


class EntityHistory(_Frozen):
    """The history of one row."""

    entity_type: str
    entity_id: UUID
    after: AuditCursor | None = None
    limit: int = Field(default=PAGE_SIZE, ge=1, le=1000)


class AuditChange(_Frozen):
    """One changed field, as text; `hidden` where the log names the field and keeps its value out."""

    field: str
    before: str
    after: str
    hidden: bool


class AuditRow(_Frozen):
    """One entry: who did what to which row, in which use case and request."""

    id: UUID
    created_at: datetime
    actor_user_id: UUID | None
    actor: str
    use_case: str
    request_id: UUID | None
    entity_type: str
    entity_id: UUID | None
    action: str
    changes: tuple[AuditChange, ...]

    @property
    def summary(self) -> str:
        """The changes in one line, for lists and exports."""
        return "; ".join(_in_words(change) for change in self.changes)


class AuditPage(_Frozen):
    """Entries newest first, and where the next page begins; None at the end."""

    rows: tuple[AuditRow, ...]
    next: AuditCursor | None


class AuditActor(_Frozen):
    """A person of the organisation to filter by."""

    id: UUID
    name: str


class AuditChoices(_Frozen):
    """What the filters of the viewer offer."""

    actors: tuple[AuditActor, ...]
    entity_types: tuple[str, ...]


def _in_words(change: AuditChange) -> str:
    if change.hidden:
        return f"{change.field}: changed, not shown"
    if not change.before:
        return f"{change.field}: {change.after}"
    return f"{change.field}: {change.before} → {change.after or 'nothing'}"
