"""Calendar files (iCalendar, RFC 5545): what the feed and the file of an appointment say, written by the kept library.

Times are written in UTC. A zone with a VTIMEZONE cannot name the second of two equal hours when clocks go back, and
the zones that the library writes end in 2038; every calendar program shows an instant on its own wall clock. The wall
time of the location stands in the description, with the zone's name.
"""

from datetime import datetime, timedelta
from uuid import UUID

from icalendar import Calendar, Event, vText

from clinic_core.kit.calendar import zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import Locale, datetime_zone_text
from clinic_core.scheduling.schemas import AbsenceEntry, AppointmentFile, CalendarEntry, FeedContent
from clinic_core.vocabulary import AppointmentStatus

CONTENT_TYPE = "text/calendar; charset=utf-8"
PRODUCT = "-//Clinicboard//Clinicboard//EN"
REFRESH = timedelta(hours=1)

_LINE_BREAKS = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"))
_EVENT_STATUS = {AppointmentStatus.BOOKED: "TENTATIVE", AppointmentStatus.CANCELLED: "CANCELLED"}


def feed_ics(content: FeedContent, locale: Locale) -> bytes:
    """The calendar of a practitioner for a program that asks again and again; equal content gives equal bytes.

    Without METHOD an event's DTSTAMP is the time of its last change (RFC 5545, section 3.8.7.2).
    """
    calendar = _calendar()
    # The library knows no type for these two and would escape nothing in them.
    name = vText(_clean(content.name))
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for entry in content.appointments:
        what = f"{entry.service or 'Appointment'}: {entry.patient}" if entry.patient else _unnamed(entry)
        details = (_wall_time(entry, locale), entry.status.label if entry.patient else "", entry.note)
        calendar.add_component(_appointment(entry, what, details, entry.updated_at))
    for absence in content.absences:
        calendar.add_component(_absence(absence))
    return bytes(calendar.to_ical())


def appointment_ics(file: AppointmentFile, locale: Locale) -> bytes:
    """One appointment to be put into a calendar by hand (METHOD:PUBLISH); a cancelled one says so."""
    calendar = _calendar()
    calendar.add("method", "PUBLISH")
    entry = file.appointment
    details = (f"With {entry.practitioner}", _wall_time(entry, locale), f"Phone {entry.phone}" if entry.phone else "")
    calendar.add_component(
        _appointment(entry, f"{entry.service or 'Appointment'}, {file.organization}", details, now())
    )
    return bytes(calendar.to_ical())


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    return calendar


def _appointment(entry: CalendarEntry, summary: str, details: tuple[str, ...], stamp: datetime) -> Event:
    event = _event(entry.id, entry, stamp)
    is_off = entry.status is AppointmentStatus.CANCELLED
    event.add("summary", _clean(summary))
    event.add("status", _EVENT_STATUS.get(entry.status, "CONFIRMED"))
    event.add("transp", "TRANSPARENT" if is_off else "OPAQUE")
    rooms = f" ({', '.join(entry.rooms)})" if entry.rooms else ""
    place = ", ".join(part for part in (f"{entry.location}{rooms}", *entry.address.splitlines()) if part)
    event.add("location", _clean(place))
    event.add("description", _clean("\n".join(filter(None, details))))
    return event


def _absence(entry: AbsenceEntry) -> Event:
    event = _event(entry.id, entry, entry.updated_at)
    event.add("summary", f"Absent: {entry.kind.label}" if entry.kind else "Absent")
    event.add("status", "CONFIRMED")
    event.add("transp", "OPAQUE")
    return event


def _event(row_id: UUID, entry: CalendarEntry | AbsenceEntry, stamp: datetime) -> Event:
    """What every event has; the row's id is its UID for good, the row's version its SEQUENCE."""
    event = Event()
    event.add("uid", str(row_id))
    event.add("dtstamp", stamp)
    event.add("created", entry.created_at)
    event.add("last-modified", entry.updated_at)
    event.add("sequence", entry.version)
    event.add("dtstart", entry.starts_at)
    event.add("dtend", entry.ends_at)
    event.add("class", "PRIVATE")
    return event


def _unnamed(entry: CalendarEntry) -> str:
    return f"Appointment: {entry.service}" if entry.service else "Appointment"


def _wall_time(entry: CalendarEntry, locale: Locale) -> str:
    return datetime_zone_text(entry.starts_at, zone(entry.timezone), locale)


def _clean(text: str) -> str:
    """The text without the characters that RFC 5545 forbids; what programs take for a line break is one."""
    lines = text.replace("\r\n", "\n").translate(_LINE_BREAKS)
    return "".join(sign for sign in lines if sign in "\n\t" or (sign >= " " and sign != "\x7f"))
