"""What became of the appointments of the demo clinic by the moment of the plan: seen, missed, called off, waiting."""

from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from clinic_core.kit.calendar import local_date, to_wall
from clinic_core.scheduling.transitions import EXPECTED
from clinic_core.seed.demo_appointment import PlannedAppointment, place
from clinic_core.seed.demo_clinic import LOCATIONS
from clinic_core.vocabulary import AppointmentStatus, CancelledBy

NO_SHOW_SHARE = 0.04
WAITING_PATIENTS = 3
LATE_MINUTES = (2, 45)

_REASONS = {
    CancelledBy.PATIENT: ("Is ill.", "Has to work.", "No child care.", ""),
    CancelledBy.CLINIC: ("Practitioner is ill.", "Room is being repaired."),
}


def called_off(rng: Random, one: PlannedAppointment) -> PlannedAppointment:
    """The appointment as cancelled, hours or days before it begins, mostly by the patient."""
    by = CancelledBy.PATIENT if rng.random() < 0.8 else CancelledBy.CLINIC
    ahead = timedelta(hours=rng.choice((3, 8, 20, 30, 52, 75, 120)))
    return replace(
        one,
        status=AppointmentStatus.CANCELLED,
        status_at=one.starts_at - ahead,
        cancelled_by=by,
        cancel_reason=rng.choice(_REASONS[by]),
    )


def outcome(rng: Random, one: PlannedAppointment, as_of: datetime) -> PlannedAppointment:
    """What became of it by `as_of`."""
    chance, minutes = rng.random(), rng.randrange(2, 15)
    if one.status is AppointmentStatus.CANCELLED:
        called_at = min(one.status_at or as_of, as_of - timedelta(minutes=10 * minutes))
        late = one.cancelled_by is CancelledBy.PATIENT and one.starts_at - called_at < timedelta(hours=24)
        return replace(one, status_at=called_at, cancelled_late=late)
    if one.ends_at <= as_of:
        if chance < NO_SHOW_SHARE:
            return replace(one, status=AppointmentStatus.NO_SHOW, status_at=one.starts_at + timedelta(minutes=20))
        return replace(one, status=AppointmentStatus.COMPLETED, status_at=min(as_of, one.ends_at))
    if one.starts_at <= as_of:
        return replace(one, status=AppointmentStatus.IN_PROGRESS, status_at=one.starts_at)
    if chance < 0.5 and one.starts_at < as_of + timedelta(days=10):
        return replace(one, status=AppointmentStatus.CONFIRMED, status_at=as_of - timedelta(hours=minutes))
    return one


def enliven(calendar: list[PlannedAppointment], as_of: datetime) -> list[PlannedAppointment]:
    """Makes the list worth opening: a waiting room, somebody who is late, two visits of last week never closed.

    Somebody is late whom a practitioner should have seen by now; one patient at least is inside.
    """
    today = local_date(as_of, place(LOCATIONS[0].key))
    coming = [
        position
        for position, one in enumerate(calendar)
        if one.status in EXPECTED
        and one.starts_at > as_of
        and to_wall(one.starts_at, place(one.location)).date() == today
    ]
    for turn, position in enumerate(coming[:WAITING_PATIENTS]):
        since = as_of - timedelta(minutes=(24, 11, 4)[turn])
        calendar[position] = replace(calendar[position], status=AppointmentStatus.ARRIVED, status_at=since)
    missing = _missing(calendar, as_of)
    if missing is not None:
        confirmed_at = calendar[missing].starts_at - timedelta(days=2)
        calendar[missing] = replace(calendar[missing], status=AppointmentStatus.CONFIRMED, status_at=confirmed_at)
    week_ago = as_of - timedelta(days=7)
    done = [
        position
        for position, one in enumerate(calendar)
        if one.status is AppointmentStatus.COMPLETED and week_ago < one.starts_at < as_of - timedelta(days=1)
    ]
    for position in done[3:20:11]:
        calendar[position] = replace(calendar[position], status=AppointmentStatus.BOOKED, status_at=None)
    return calendar


def _missing(calendar: list[PlannedAppointment], as_of: datetime) -> int | None:
    """Of those who should have come in a little while ago one who is not needed to have somebody inside."""
    least, most = (as_of - timedelta(minutes=minutes) for minutes in LATE_MINUTES)
    due = [position for position, one in enumerate(calendar) if most <= one.starts_at <= least]
    over = [position for position in due if calendar[position].status is AppointmentStatus.COMPLETED]
    inside = [position for position in due if calendar[position].status is AppointmentStatus.IN_PROGRESS]
    spare = over or inside[1:]
    return spare[-1] if spare else None
