"""Calendar files as programs read them: parsed again, with hostile text, over the days on which clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar, Event

from clinic_core.interchange.ics import appointment_ics, feed_ics
from clinic_core.kit.calendar import from_wall
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.formats import Locale
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.schemas import AbsenceEntry, AppointmentFile, CalendarEntry, FeedContent
from clinic_core.vocabulary import AbsenceKind, AppointmentStatus

CHANGED = datetime(2026, 11, 1, 12, 30, 15, tzinfo=UTC)
START = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
HOSTILE = (
    'commas, semicolons; colons: back\\slashes "quotes"\nsecond line\r\nthird \u2028 line',
    "END:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR",
    "🏳️‍🌈👩🏽‍⚕️" * 40,
    "שלום עולם مرحبا بالعالم \u202eabc\u202c",
    "日本語の診療所 한국어 हिन्दी Ελληνικά",
    "x" * 1000,
    "é" * 1000,
    "tab\tand \x00\x01\x0b\x1b control \x7f signs",
    "\\n is not a line break, \\, is no comma; nor \\; this",
    "",
)


@pytest.fixture(scope="session", autouse=True)
def database() -> None:
    """Takes the place of the worker's database: these files need none."""


def entry(**fields: object) -> CalendarEntry:
    values: dict[str, object] = {
        "id": new_id(),
        "starts_at": START,
        "ends_at": START + timedelta(minutes=30),
        "timezone": "Europe/Berlin",
        "status": AppointmentStatus.CONFIRMED,
        "service": "Follow-up",
        "practitioner": "Dr North",
        "location": "Main street",
        "address": "Hill 1\n10115 Berlin",
        "phone": "+49 30 123456",
        "rooms": ("Room 1",),
        "patient": "",
        "note": "",
        "version": 3,
        "created_at": CHANGED - timedelta(days=1),
        "updated_at": CHANGED,
        **fields,
    }
    return CalendarEntry.model_validate(values)


def feed(*entries: CalendarEntry, absences: tuple[AbsenceEntry, ...] = (), name: str = "Dr North, Clinic") -> bytes:
    return feed_ics(FeedContent(name=name, appointments=entries, absences=absences), Locale.EN)


def events(raw: bytes) -> list[Event]:
    """The events, of a file that is well formed to the byte."""
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    raw.decode("utf-8")
    parsed = Calendar.from_ical(raw)
    assert isinstance(parsed, Calendar)
    assert [broken for event in parsed.events for broken in event.errors] == []
    return list(parsed.events)


def test_a_feed_says_what_calendar_programs_ask_for() -> None:
    raw = feed(entry())
    calendar = Calendar.from_ical(raw)
    assert (calendar["version"], calendar["prodid"]) == ("2.0", "-//Clinicboard//Clinicboard//EN")
    assert b"\r\nNAME:Dr North\\, Clinic\r\n" in raw
    assert b"\r\nX-WR-CALNAME:Dr North\\, Clinic\r\n" in raw
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in raw
    assert "method" not in calendar
    (event,) = events(raw)
    assert (event.start, event.end) == (START, START + timedelta(minutes=30))
    assert (event.stamp, event.LAST_MODIFIED, event["sequence"]) == (CHANGED, CHANGED, 3)
    assert event["location"] == "Main street (Room 1), Hill 1, 10115 Berlin"
    assert event["description"] == "23 Nov 2026, 09:05 (Europe/Berlin)"
    assert (event["summary"], event["class"], event["transp"]) == ("Appointment: Follow-up", "PRIVATE", "OPAQUE")


def test_equal_content_gives_equal_bytes_and_an_event_keeps_its_uid() -> None:
    one = entry()
    moved = one.model_copy(update={"starts_at": START + timedelta(hours=1), "version": 4})
    assert feed(one) == feed(one)
    assert (
        [event["uid"] for event in events(feed(one))]
        == [event["uid"] for event in events(feed(moved))]
        == [one.id.urn[9:]]
    )
    assert events(feed(moved))[0]["sequence"] == 4


@pytest.mark.parametrize(
    ("status", "said", "shown_as"),
    [
        (AppointmentStatus.BOOKED, "TENTATIVE", "OPAQUE"),
        (AppointmentStatus.CONFIRMED, "CONFIRMED", "OPAQUE"),
        (AppointmentStatus.ARRIVED, "CONFIRMED", "OPAQUE"),
        (AppointmentStatus.IN_PROGRESS, "CONFIRMED", "OPAQUE"),
        (AppointmentStatus.COMPLETED, "CONFIRMED", "OPAQUE"),
        (AppointmentStatus.NO_SHOW, "CONFIRMED", "OPAQUE"),
        (AppointmentStatus.CANCELLED, "CANCELLED", "TRANSPARENT"),
    ],
)
def test_every_status_has_its_word_of_the_standard(status: AppointmentStatus, said: str, shown_as: str) -> None:
    (event,) = events(feed(entry(status=status)))
    assert (event["status"], event["transp"]) == (said, shown_as)


def test_names_and_notes_are_there_only_when_the_entry_has_them() -> None:
    (event,) = events(feed(entry(patient="Ada Demo", note="Brings\nx-rays; twice", service="")))
    assert event["summary"] == "Appointment: Ada Demo"
    assert event["description"] == "23 Nov 2026, 09:05 (Europe/Berlin)\nConfirmed\nBrings\nx-rays; twice"
    (event,) = events(feed(entry(service="")))
    assert event["summary"] == "Appointment"


def test_absences_block_the_time_and_say_why_only_where_that_is_on() -> None:
    absence = AbsenceEntry(
        id=new_id(), starts_at=START, ends_at=START + timedelta(days=2), kind=None, version=1,
        created_at=CHANGED, updated_at=CHANGED,
    )  # fmt: skip
    named = absence.model_copy(update={"kind": AbsenceKind.TRAINING})
    found = events(feed(absences=(absence, named)))
    assert [(event["summary"], event["transp"]) for event in found] == [
        ("Absent", "OPAQUE"),
        ("Absent: Training", "OPAQUE"),
    ]


def test_a_file_is_published_and_names_no_patient() -> None:
    with frozen_at(CHANGED + timedelta(hours=1)):
        raw = appointment_ics(AppointmentFile(organization="Clinic on the hill", appointment=entry()), Locale.EN)
    assert Calendar.from_ical(raw)["method"] == "PUBLISH"
    (event,) = events(raw)
    assert event["summary"] == "Follow-up, Clinic on the hill"
    assert event["description"] == "With Dr North\n23 Nov 2026, 09:05 (Europe/Berlin)\nPhone +49 30 123456"
    assert event.stamp == CHANGED + timedelta(hours=1)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_as_it_was_but_for_control_signs(text: str) -> None:
    hostile = entry(patient=text or "x", note=text, location=text, service=text, rooms=(text,), address=text)
    (event,) = events(feed(hostile, name=text))
    breaks = text.replace("\r\n", "\n").replace("\u2028", "\n").replace("\x0b", "\n")
    kept = "".join(sign for sign in breaks if sign in "\n\t" or (sign >= " " and sign != "\x7f"))
    assert event["summary"] == f"{kept or 'Appointment'}: {kept or 'x'}"
    assert str(event["description"]).endswith(kept)
    assert str(event["location"]).startswith(kept)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_text_breaks_a_calendar(text: str) -> None:
    found = events(feed(entry(patient=text, note=text), entry(service=text), name=text))
    assert [event["sequence"] for event in found] == [3, 3]


@pytest.mark.parametrize(
    ("zone", "day", "offset_hours"),
    [
        ("Europe/Berlin", date(2026, 3, 28), 1),
        ("Europe/Berlin", date(2026, 3, 29), 2),
        ("Europe/Berlin", date(2026, 10, 25), 1),
        ("America/New_York", date(2026, 3, 8), -4),
        ("America/New_York", date(2026, 11, 1), -5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 10.5),
        ("America/Santiago", date(2026, 9, 6), -3),
        ("Asia/Tokyo", date(2045, 7, 1), 9),
    ],
)
def test_the_wall_clock_of_the_place_is_right_around_the_days_of_change(
    zone: str, day: date, offset_hours: float
) -> None:
    place, wall = ZoneInfo(zone), datetime.combine(day, time(9))
    starts_at = from_wall(wall, place).instant
    (event,) = events(feed(entry(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), timezone=zone)))
    assert isinstance(event.start, datetime)
    seen = event.start.astimezone(place)
    assert seen.replace(tzinfo=None) == wall
    assert seen.utcoffset() == timedelta(hours=offset_hours)
    assert f"09:00 ({zone})" in str(event["description"])


def test_the_second_of_two_equal_hours_stays_the_second() -> None:
    """What a time with a zone could not say: 02:30 comes twice in Berlin on 25 October 2026."""
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    entries = [entry(starts_at=at, ends_at=at + timedelta(minutes=30)) for at in (first, first + timedelta(hours=1))]
    assert [event.start for event in events(feed(*entries))] == [first, first + timedelta(hours=1)]
