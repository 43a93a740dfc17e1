"""Taking back the last step of an appointment (S3)."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class UndoAppointment(BaseModel):
    """The last step of an appointment, as it stood when the list was drawn."""

    appointment_id: UUID
    version: int
    request_id: UUID | None = None


class UndoableStep(BaseModel):
    """A step that can be taken back; `what` is in words for a button: "arrived", "the move"."""

    model_config = ConfigDict(frozen=True)

    appointment_id: UUID
    what: str
    at: datetime
    version: int
