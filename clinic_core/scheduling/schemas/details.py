"""What an appointment is about, apart from its time: the desk note, the service, the case."""

from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel

from clinic_core.kit.text import clean_multiline


class EditAppointment(BaseModel):
    """Other details for an appointment; a field that is not given stays as it is, None takes the case or service away.

    The note is one for the desk; it is nothing clinical.
    """

    appointment_id: UUID
    note: Annotated[str, AfterValidator(partial(clean_multiline, limit=2000, field="note"))] = ""
    case_id: UUID | None = None
    product_service_id: UUID | None = None
    version: int
    request_id: UUID | None = None
