"""What messages say: short plain text with the location's time and its zone's name; nothing clinical, no names.

Papers are attached; the words around them have no amounts either, as mail is read over shoulders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from clinic_core.kit.formats import Locale, datetime_zone_text
from clinic_core.vocabulary import NotificationType


@dataclass(frozen=True)
class Occasion:
    """What a message is about: where and when, and until when an offer stands."""

    clinic: str
    location: str
    place: ZoneInfo
    locale: Locale
    starts_at: datetime
    expires_at: datetime | None = None
    new_practitioner: str | None = None


@dataclass(frozen=True)
class PaperOccasion:
    """A paper that goes out as an attachment: where its file lies."""

    clinic: str
    file: Path


@dataclass(frozen=True)
class Text:
    """A subject for e-mails, and the words."""

    subject: str
    body: str


def write_message(kind: NotificationType, occasion: Occasion) -> Text:
    """The words of a message of that kind."""
    return _WRITERS[kind](occasion)


def write_paper_message(kind: NotificationType, occasion: PaperOccasion) -> Text:
    """The words around a paper of that kind."""
    return _PAPER_WRITERS[kind](occasion)


def _reminder(occasion: Occasion) -> Text:
    return Text(
        f"Your appointment at {occasion.clinic}",
        f"{occasion.clinic} reminds you of your appointment on {_when(occasion)} at {occasion.location}."
        " If you cannot come, please tell us.",
    )


def _moved(occasion: Occasion) -> Text:
    practitioner = f" with {occasion.new_practitioner}" if occasion.new_practitioner else ""
    return Text(
        f"Your appointment at {occasion.clinic} was changed",
        f"Your appointment at {occasion.clinic} was changed. It is now on {_when(occasion)} at"
        f" {occasion.location}{practitioner}. If that does not suit you, please tell us.",
    )


def _cancelled(occasion: Occasion) -> Text:
    return Text(
        f"Your appointment at {occasion.clinic} was cancelled",
        f"Your appointment at {occasion.clinic} on {_when(occasion)} at {occasion.location} was cancelled."
        " If you would like another time, please tell us.",
    )


def _offer(occasion: Occasion) -> Text:
    until = ""
    if occasion.expires_at is not None:
        until = f" We keep this offer until {datetime_zone_text(occasion.expires_at, occasion.place, occasion.locale)}."
    return Text(
        f"A time is free at {occasion.clinic}",
        f"A time is free for you at {occasion.clinic}: {_when(occasion)} at {occasion.location}."
        f" Please tell us if you want it.{until}",
    )


def _statement(occasion: PaperOccasion) -> Text:
    return Text(
        f"Your statement from {occasion.clinic}",
        f"{occasion.clinic} sends you a statement of your account; it is attached as a PDF file."
        " If something is not clear, please tell us.",
    )


def _payment_reminder(occasion: PaperOccasion) -> Text:
    return Text(
        f"A letter from {occasion.clinic} about your invoices",
        f"{occasion.clinic} writes to you about invoices that are still open; the letter is attached as a PDF file."
        " If you have paid in the meantime, please take it as settled.",
    )


_WRITERS: dict[NotificationType, Callable[[Occasion], Text]] = {
    NotificationType.APPOINTMENT_REMINDER: _reminder,
    NotificationType.APPOINTMENT_MOVED: _moved,
    NotificationType.APPOINTMENT_CANCELLED: _cancelled,
    NotificationType.WAITING_LIST_OFFER: _offer,
}
_PAPER_WRITERS: dict[NotificationType, Callable[[PaperOccasion], Text]] = {
    NotificationType.STATEMENT: _statement,
    NotificationType.PAYMENT_REMINDER: _payment_reminder,
}


def _when(occasion: Occasion) -> str:
    return datetime_zone_text(occasion.starts_at, occasion.place, occasion.locale)
