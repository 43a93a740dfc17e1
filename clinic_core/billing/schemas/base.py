"""What all of billing's inputs and rows share: they do not change, and unknown fields are refused."""

from pydantic import BaseModel, ConfigDict

NAME_LIMIT = 200
TEXT_LIMIT = 500
# Fee schedules word their items in whole sentences; a line of an invoice says that, and the date.
ITEM_NAME_LIMIT = 900
DESCRIPTION_LIMIT = 1000
PAGE_SIZE = 50
PAGE_LIMIT = 200


class Frozen(BaseModel):
    """An input or a row: immutable, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
