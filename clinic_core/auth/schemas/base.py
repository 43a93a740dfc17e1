"""What requests and rows of this feature share."""

from pydantic import BaseModel, ConfigDict


class AuthRequest(BaseModel):
    """What a use case of this feature takes in."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AuthRow(BaseModel):
    """What a use case or query of this feature answers."""

    model_config = ConfigDict(frozen=True)
