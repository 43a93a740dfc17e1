"""What a service needs besides a practitioner: a room or equipment of a kind."""

from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, model_validator

from clinic_core.errors import InvalidInput
from clinic_core.scheduling.schemas.appointments import Ids, ResourceRef, Timed
from clinic_core.scheduling.schemas.checks import ResourceNeed

NEEDS_LIMIT = 10


class SetRequirements(BaseModel):
    """Everything that a service needs, all of it at once; one of each kind."""

    product_service_id: UUID
    needs: tuple[ResourceNeed, ...]
    request_id: UUID | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        kinds = [(need.type, need.category.casefold()) for need in self.needs]
        if len(kinds) > NEEDS_LIMIT:
            raise InvalidInput(f"A service needs at most {NEEDS_LIMIT} kinds of rooms and equipment.")
        for need, kind in zip(self.needs, kinds, strict=True):
            if kinds.count(kind) > 1:
                raise InvalidInput(f"{need.category or need.type.label} is named twice; a service needs one of a kind.")
        return self


class ListRequirements(BaseModel):
    """The needs of some services, or of all that need something."""

    product_service_ids: Ids = ()


class RequirementRow(BaseModel):
    """What one service needs, rooms first."""

    model_config = ConfigDict(frozen=True)

    product_service_id: UUID
    needs: tuple[ResourceNeed, ...]

    @property
    def id(self) -> UUID:
        """That of the service, as rows have one."""
        return self.product_service_id


class FindFreeResources(Timed):
    """Which rooms and equipment are free at a time; `appointment_id` is that of the appointment to be moved."""

    clinic_location_id: UUID
    product_service_id: UUID | None = None
    appointment_id: UUID | None = None


class FreeResources(BaseModel):
    """What is free, what of it the service takes, and what it needs that is not free."""

    model_config = ConfigDict(frozen=True)

    free: tuple[ResourceRef, ...]
    chosen: tuple[ResourceRef, ...]
    missing: tuple[ResourceNeed, ...]
