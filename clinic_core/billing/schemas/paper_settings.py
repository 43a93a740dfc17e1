"""What every paper shows beside its document: letterhead, tax number, prefixes of numbers, and when it is due (B3)."""

import re
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from clinic_core.billing.schemas.base import Frozen
from clinic_core.kit.text import clean, clean_multiline, field_error

LETTERHEAD_LIMIT = 1000
LETTERHEAD_LINES = 12
TAX_NUMBER_LIMIT = 60
LONGEST_DUE_DAYS = 365
PREFIX = re.compile(r"[A-Z]{1,8}")


class GetPaperSettings(Frozen):
    """Ask for the settings, with the numbers given in that year."""

    year: int = Field(ge=1, le=9999)


class SeriesEnd(Frozen):
    """The last number that was given in a series in a year."""

    series: str
    last: int


class PaperSettings(Frozen):
    """The settings as they are now; `version` is that of the organisation's row.

    `ends` are the series of the year that was asked for, those of earlier prefixes too.
    """

    letterhead: str
    tax_number: str
    due_days: int
    invoice_prefix: str
    credit_note_prefix: str
    receipt_prefix: str
    ends: tuple[SeriesEnd, ...]
    version: int

    def next_sequence(self, series: str) -> int:
        """The place of the next number in a series of that year; a series that was used before goes on."""
        return next((end.last for end in self.ends if end.series == series), 0) + 1


class SetPaperSettings(Frozen):
    """All of it at once; it holds for papers from then on."""

    letterhead: str = ""
    tax_number: str = ""
    due_days: int
    invoice_prefix: str
    credit_note_prefix: str
    receipt_prefix: str
    version: int
    request_id: UUID | None = None

    @field_validator("letterhead")
    @classmethod
    def _letterhead(cls, value: str) -> str:
        lines = [
            line.strip() for line in clean_multiline(value, limit=LETTERHEAD_LIMIT, field="letterhead").split("\n")
        ]
        if len(lines) > LETTERHEAD_LINES:
            raise field_error("letterhead", f"has {len(lines)} lines; there is room for {LETTERHEAD_LINES}")
        return "\n".join(lines)

    @field_validator("tax_number")
    @classmethod
    def _tax_number(cls, value: str) -> str:
        return clean(value, limit=TAX_NUMBER_LIMIT, field="tax_number")

    @field_validator("due_days")
    @classmethod
    def _due_days(cls, value: int) -> int:
        if not 0 <= value <= LONGEST_DUE_DAYS:
            raise field_error("due_days", f"must be between 0 and {LONGEST_DUE_DAYS}")
        return value

    @field_validator("invoice_prefix", "credit_note_prefix", "receipt_prefix")
    @classmethod
    def _prefix(cls, value: str, info: ValidationInfo) -> str:
        field = str(info.field_name)
        found = clean(value, limit=20, field=field).upper()
        if not PREFIX.fullmatch(found):
            raise field_error(field, "must be one to eight letters from A to Z")
        return found


class GetSampleInvoice(Frozen):
    """Ask for a sample of what papers look like now, as one location writes them."""

    clinic_location_id: UUID
