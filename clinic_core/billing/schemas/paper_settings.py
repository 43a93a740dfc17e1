"""What every paper shows beside its document: letterhead, tax number, prefixes of numbers, and when it is due (B3)."""

import re
from typing import NamedTuple
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from clinic_core.billing.schemas.base import Frozen
from clinic_core.kit.text import clean, clean_multiline, field_error

PREFIX = re.compile(r"[A-Z]{1,8}")


class PaperLimits(NamedTuple):
    """How much there is room for: characters and lines, and days until an invoice is due."""

    letterhead: int = 1000
    letterhead_lines: int = 12
    tax_number: int = 60
    due_days: int = 365


PAPER_LIMITS = PaperLimits()


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
            line.strip()
            for line in clean_multiline(value, limit=PAPER_LIMITS.letterhead, field="letterhead").split("\n")
        ]
        if len(lines) > PAPER_LIMITS.letterhead_lines:
            raise field_error(
                "letterhead", f"has {len(lines)} lines; there is room for {PAPER_LIMITS.letterhead_lines}"
            )
        return "\n".join(lines)

    @field_validator("tax_number")
    @classmethod
    def _tax_number(cls, value: str) -> str:
        return clean(value, limit=PAPER_LIMITS.tax_number, field="tax_number")

    @field_validator("due_days")
    @classmethod
    def _due_days(cls, value: int) -> int:
        if not 0 <= value <= PAPER_LIMITS.due_days:
            raise field_error("due_days", f"must be between 0 and {PAPER_LIMITS.due_days}")
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
