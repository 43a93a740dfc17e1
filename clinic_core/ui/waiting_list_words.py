"""The waiting list in words: what somebody wants, since when, and what was offered."""

from datetime import datetime
from zoneinfo import ZoneInfo

from clinic_core.access.organization import OrganizationSettings
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import date_text, day_text, minutes_text, time_text
from clinic_core.scheduling.schemas import OfferRow, WaitingMatch, WaitingRow
from clinic_core.ui.opening_hours import WEEKDAYS
from clinic_core.ui.status import BadgeColor
from clinic_core.ui.tiles import counted
from clinic_core.vocabulary import Urgency

URGENCY_COLORS: dict[Urgency, BadgeColor] = {
    Urgency.URGENT: "red",
    Urgency.SOON: "orange",
    Urgency.ROUTINE: "gray",
}
_SYMBOLS = {Urgency.URGENT: "!!", Urgency.SOON: "!", Urgency.ROUTINE: "·"}


def urgency_text(urgency: Urgency) -> str:
    """Symbol and word: !! Urgent."""
    return f"{_SYMBOLS[urgency]} {urgency.label}"


def wish_text(row: WaitingRow, settings: OrganizationSettings) -> str:
    """What somebody waits for: Follow-up, 30 min · Dr North · Mon, Wed · 09:00–12:00 · from 3 Mar 2031."""
    what = f"{row.service}, {minutes_text(row.duration_minutes)}" if row.service else minutes_text(row.duration_minutes)
    days = ", ".join(WEEKDAYS[day - 1][:3] for day in row.weekdays)
    parts = (what, row.practitioner or "anybody", days, _times(row), _dates(row, settings))
    return " · ".join(part for part in parts if part)


def waiting_text(row: WaitingRow, settings: OrganizationSettings) -> str:
    """Since when somebody waits, and the appointment that they have already."""
    place = zone(row.timezone)
    since = local_date(row.waiting_since, place)
    days = (local_date(now(), place) - since).days
    parts = [f"since {date_text(since, settings.locale)} ({counted(days, 'day')})" if days else "since today"]
    if row.booked_for is not None:
        parts.append(f"has an appointment on {moment_text(row.booked_for, place, settings)}")
    return " · ".join(parts)


def offer_text(offer: OfferRow, place: ZoneInfo, settings: OrganizationSettings) -> str:
    """What was offered, and how long the patient may think about it."""
    when, until = (moment_text(instant, place, settings) for instant in (offer.starts_at, offer.expires_at))
    return f"Offered {when} with {offer.practitioner}, open until {until}"


def open_offer_text(offer: OfferRow, match: WaitingMatch, place: ZoneInfo, settings: OrganizationSettings) -> str:
    """Beside a free time that fits: that an offer of it, or of another time, waits for an answer."""
    until = moment_text(offer.expires_at, place, settings)
    if (offer.starts_at, offer.practitioner_user_id) == (match.starts_at, match.practitioner_user_id):
        return f"Offered until {until}"
    return f"Another time is offered until {until}"


def moment_text(instant: datetime, place: ZoneInfo, settings: OrganizationSettings) -> str:
    """A time on the wall with its day: Mon 3 Mar 2031, 10:00."""
    return f"{day_text(local_date(instant, place), settings.locale)}, {time_text(instant, place)}"


def _times(row: WaitingRow) -> str:
    if row.time_from and row.time_to:
        return f"{row.time_from:%H:%M}–{row.time_to:%H:%M}"
    if row.time_from:
        return f"from {row.time_from:%H:%M}"
    return f"until {row.time_to:%H:%M}" if row.time_to else ""


def _dates(row: WaitingRow, settings: OrganizationSettings) -> str:
    first = f"from {date_text(row.earliest_on, settings.locale)}" if row.earliest_on else ""
    last = f"until {date_text(row.latest_on, settings.locale)}" if row.latest_on else ""
    return " ".join(part for part in (first, last) if part)
