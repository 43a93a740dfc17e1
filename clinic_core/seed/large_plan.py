"""The weeks of a large clinic, planned a day at a time: as many appointments as asked for, everything invented.

Pure and deterministic: one seed and one day give one plan. A site has twenty practitioners with a room each.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

from clinic_core.kit.calendar import from_wall, zone
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, Sex

ZONE = "Europe/Berlin"
PRACTITIONERS = 20
MACHINES = 4
APPOINTMENTS_A_SITE = 200_000
OPENS, CLOSES = time(8), time(17)
AHEAD_DAYS = 60
FILLED = 0.92
EMPTIER_A_DAY = 0.005
STEP = timedelta(minutes=15)
WORKDAYS = 5

_SYLLABLES = (
    "ba", "be", "bo", "da", "del", "do", "fa", "fen", "ga", "hol", "ja", "ka", "kel", "la", "lin", "lo", "ma", "mer",
    "mi", "na", "nor", "pa", "per", "ra", "ro", "sa", "sel", "ta", "tor", "va", "vi",
)  # fmt: skip
_SEXES = (Sex.FEMALE, Sex.MALE, Sex.OTHER, Sex.UNKNOWN)


@dataclass(frozen=True)
class LargeService:
    """A service of the large clinic; `weight` says how often it is booked."""

    code: str
    name: str
    minutes: int
    buffer: int
    price: int
    weight: int


SERVICES = (
    LargeService("CHECK", "Check-up", 20, 0, 45, 4),
    LargeService("FOLLOW", "Follow-up", 30, 0, 60, 5),
    LargeService("FIRST", "First visit", 45, 5, 95, 2),
)


@dataclass(frozen=True)
class LargePatient:
    """A patient of the large clinic; family names are syllables that nobody is called."""

    index: int
    first_name: str
    last_name: str
    dob: date
    sex: Sex
    phone: str
    email: str


@dataclass(frozen=True)
class LargeAppointment:
    """An appointment; practitioners, rooms, machines and patients are numbers within their site."""

    site: int
    practitioner: int
    patient: int
    service: int
    machine: int | None
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus = AppointmentStatus.BOOKED
    status_at: datetime | None = None
    cancelled_by: CancelledBy | None = None
    booked_at: datetime | None = None


def sites_for(appointments: int) -> int:
    """How many sites it takes."""
    return max(1, -(-appointments // APPOINTMENTS_A_SITE))


def plan_patients(seed: int, count: int, today: date) -> Iterator[LargePatient]:
    """The patients by number; contacts cannot reach anybody (ranges kept free for fiction, RFC 2606)."""
    rng = Random(f"{seed}/patients")
    for index in range(count):
        yield LargePatient(
            index=index,
            first_name=_name(rng, 2),
            last_name=_name(rng, 3),
            dob=today - timedelta(days=rng.randrange(2 * 365, 95 * 365)),
            sex=rng.choices(_SEXES, (48, 48, 2, 2))[0],
            phone=f"+49 30 23125 {index % 1000:03}",
            email=f"patient{index + 1}@example.org",
        )


def plan_appointments(seed: int, count: int, patients: int, as_of: datetime) -> Iterator[LargeAppointment]:
    """So many appointments from the oldest on; the last lie sixty days ahead, further days follow where these lack."""
    place, sites = zone(ZONE), sites_for(count)

    def endless() -> Iterator[LargeAppointment]:
        for day in _days(seed, count, sites, as_of.astimezone(place).date()):
            for site in range(sites):
                # The patients of a site are every n-th one.
                share = max(1, (patients - site + sites - 1) // sites)
                yield from _site_day(Random(f"{seed}/{day}/{site}"), site, day, share, as_of, place)

    return islice(endless(), count)


def _name(rng: Random, syllables: int) -> str:
    return "".join(rng.choices(_SYLLABLES, k=rng.randint(2, syllables))).capitalize()


def _days(seed: int, count: int, sites: int, today: date) -> Iterator[date]:
    """Working days: as many as the appointments fill, at most half of them and sixty days ahead."""
    sample = _site_day(Random(seed), 0, today, 1, datetime.combine(today, OPENS, zone(ZONE)), zone(ZONE))
    days = max(2, -(-count // (sites * max(1, sum(1 for _ in sample)))))
    ahead = min(AHEAD_DAYS * WORKDAYS // 7, days // 2)
    day = today
    for _ in range(days - ahead):
        day = _working(day - timedelta(days=1), -1)
    while True:
        day = _working(day, 1)
        yield day
        day += timedelta(days=1)


def _working(day: date, direction: int) -> date:
    while day.isoweekday() > WORKDAYS:
        day += timedelta(days=direction)
    return day


def _site_day(
    rng: Random, site: int, day: date, patients: int, as_of: datetime, place: ZoneInfo
) -> Iterator[LargeAppointment]:
    """One day of one site; nobody comes twice while there are patients enough."""
    days_ahead = max(0, (day - as_of.astimezone(place).date()).days)
    filled = FILLED - EMPTIER_A_DAY * days_ahead
    opens, closes = (from_wall(datetime.combine(day, clock), place).instant for clock in (OPENS, CLOSES))
    machines = [opens] * MACHINES
    patient = rng.randrange(patients)
    for practitioner in range(PRACTITIONERS):
        at = opens
        while at < closes:
            number = rng.choices(range(len(SERVICES)), [service.weight for service in SERVICES])[0]
            service = SERVICES[number]
            ends_at = at + timedelta(minutes=service.minutes)
            until = ends_at + timedelta(minutes=service.buffer)
            if ends_at > closes or rng.random() > filled:
                at += STEP
                continue
            patient = (patient + 1) % patients
            machine = rng.randrange(MACHINES) if rng.random() < 0.08 else None
            asked = LargeAppointment(site, practitioner, patient, number, machine, at, ends_at)
            one = _outcome(rng, asked, as_of)
            if one.status is AppointmentStatus.CANCELLED:
                yield one
                continue
            if machine is not None and machines[machine] > at:
                one = replace(one, machine=None)
            elif machine is not None:
                machines[machine] = until
            yield one
            at = until


def _outcome(rng: Random, one: LargeAppointment, as_of: datetime) -> LargeAppointment:
    """What became of it by then; a cancelled one is booked anew by the next turn."""
    booked_at = min(one.starts_at, as_of) - timedelta(days=rng.randrange(1, 40))
    chance, status, status_at, by = rng.random(), AppointmentStatus.BOOKED, booked_at, None
    if chance < 0.06:
        status, by = AppointmentStatus.CANCELLED, CancelledBy.PATIENT
        status_at = booked_at + timedelta(hours=12)
    elif one.ends_at <= as_of:
        status = AppointmentStatus.NO_SHOW if chance > 0.96 else AppointmentStatus.COMPLETED
        status_at = one.ends_at
    elif chance > 0.6:
        status = AppointmentStatus.CONFIRMED
    return replace(one, status=status, status_at=status_at, cancelled_by=by, booked_at=booked_at)
