"""The organisation's logo."""

from uuid import UUID

from pydantic import ConfigDict, Field

from clinic_core.auth.schemas.base import AuthRequest, AuthRow
from clinic_core.kit.pictures import MOST_BYTES


class SetLogo(AuthRequest):
    """A PNG or JPEG of at most one megabyte and 4000 pixels a side; in JSON it is base64."""

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    content: bytes = Field(min_length=1, max_length=MOST_BYTES)
    request_id: UUID | None = None


class RemoveLogo(AuthRequest):
    """No logo any more."""

    request_id: UUID | None = None


class LogoRow(AuthRow):
    """What is kept of the logo but for the picture itself."""

    id: UUID
    version: int
    media_type: str
    width_px: int
    height_px: int


class Logo(LogoRow):
    """The logo with its picture, as papers print it."""

    content: bytes
