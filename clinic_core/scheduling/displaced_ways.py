"""What can be done about an appointment that cannot take place: free times, colleagues, a plan of a whole day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.access import Actor
from clinic_core.kit.calendar import Span, local_date, overlaps, zone
from clinic_core.kit.clock import now
from clinic_core.models import AppUser, LocationResource, PractitionerProfile, UserLocation
from clinic_core.scheduling.conflicts import WantedTime, find_obstacles
from clinic_core.scheduling.reach import MANAGE, reaches
from clinic_core.scheduling.schemas import AppointmentRow, Colleague, FindSlots, PlannedRow, ResourceNeed, SlotRow
from clinic_core.scheduling.schemas.checks import SLOT_LIMIT
from clinic_core.scheduling.slots import free_slots
from clinic_core.vocabulary import ConflictKind, Severity, UserStatus

PROPOSALS = 3
_MOST_SEARCHES = 5


def wanted_as_booked(row: AppointmentRow, *, practitioner_id: UUID | None = None) -> WantedTime:
    """The time, place and rooms that an appointment has, with its practitioner or another."""
    return WantedTime(
        appointment_id=row.id,
        patient_id=row.patient_id,
        practitioner_user_id=practitioner_id or row.practitioner_user_id,
        clinic_location_id=row.clinic_location_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        buffer_minutes=row.buffer_minutes,
        resource_ids=row.resource_ids,
    )


def propose_slots(session: Session, actor: Actor, row: AppointmentRow, starts_from: datetime) -> list[SlotRow]:
    """Up to three free times with the same practitioner: the next one, and the next on other days, else soon after.

    As long, and with rooms and equipment of the same kinds.

    Raises:
        ClinicError: as `free_slots`, where something that the appointment has cannot be booked any more.
    """
    slots = _free(session, actor, row, starts_from, step_minutes=60)
    first_of_days: dict[date, SlotRow] = {}
    for slot in slots:
        first_of_days.setdefault(local_date(slot.starts_at, zone(slot.timezone)), slot)
    spread = list(first_of_days.values())[:PROPOSALS]
    others = [slot for slot in slots if slot not in spread][: PROPOSALS - len(spread)]
    return sorted([*spread, *others], key=lambda slot: slot.starts_at)


def find_colleagues(session: Session, actor: Actor, rows: Sequence[AppointmentRow]) -> list[tuple[Colleague, ...]]:
    """For each appointment the practitioners of its location who are free then, in the same rooms, by name.

    Only those whose calendar the actor may book; a start that has just passed is in nobody's way.
    """
    people = _people(session, {row.clinic_location_id for row in rows})
    asked = [
        (at, person, wanted_as_booked(row, practitioner_id=person.practitioner_user_id))
        for at, row in enumerate(rows)
        for person in people[row.clinic_location_id]
        if person.practitioner_user_id != row.practitioner_user_id
        and reaches(actor, MANAGE, practitioner_id=person.practitioner_user_id, location_id=row.clinic_location_id)
    ]
    free: list[list[Colleague]] = [[] for _ in rows]
    obstacles = find_obstacles(session, actor, [wanted for _, _, wanted in asked])
    for (at, person, _), in_the_way in zip(asked, obstacles, strict=True):
        if all(one.severity is Severity.INFO or one.kind is ConflictKind.PAST for one in in_the_way):
            free[at].append(person)
    return [tuple(found) for found in free]


def plan_rows(
    session: Session, actor: Actor, rows: Sequence[AppointmentRow], starts_from: datetime
) -> list[PlannedRow]:
    """A new time for each appointment of one practitioner, no two alike, and who could take it over when it is."""
    colleagues = find_colleagues(session, actor, rows)
    taken: list[Span] = []
    lent: dict[UUID, list[Span]] = defaultdict(list)
    planned = []
    for row, free in zip(rows, colleagues, strict=True):
        slot = _apart(session, actor, row, starts_from, taken)
        if slot is not None:
            taken.append(Span(slot.starts_at, slot.ends_at + timedelta(minutes=row.buffer_minutes)))
        during = Span(row.starts_at, row.ends_at + timedelta(minutes=row.buffer_minutes))
        found = next(
            (
                one.practitioner_user_id
                for one in free
                if not any(overlaps(during, other) for other in lent[one.practitioner_user_id])
            ),
            None,
        )
        if found is not None:
            lent[found].append(during)
        planned.append(PlannedRow(appointment=row, slot=slot, colleagues=free, colleague_id=found))
    return planned


def _apart(
    session: Session, actor: Actor, row: AppointmentRow, starts_from: datetime, taken: Sequence[Span]
) -> SlotRow | None:
    """The first free time that was not yet proposed for somebody else."""
    for _ in range(_MOST_SEARCHES):
        slots = _free(session, actor, row, starts_from, step_minutes=15)
        for slot in slots:
            during = Span(slot.starts_at, slot.ends_at + timedelta(minutes=row.buffer_minutes))
            if not any(overlaps(during, other) for other in taken):
                return slot
        if len(slots) < SLOT_LIMIT:
            break
        starts_from = slots[-1].starts_at + timedelta(minutes=1)
    return None


def _free(
    session: Session, actor: Actor, row: AppointmentRow, starts_from: datetime, *, step_minutes: int
) -> list[SlotRow]:
    """Free times by start: on the grid of that step, and where a free span begins."""
    kinds = session.execute(
        select(col(LocationResource.type), col(LocationResource.category))
        .where(col(LocationResource.id).in_(row.resource_ids))
        .order_by(col(LocationResource.id))
    ).all()
    wanted = FindSlots(
        clinic_location_id=row.clinic_location_id,
        product_service_id=row.product_service_id,
        duration_minutes=int((row.ends_at - row.starts_at).total_seconds()) // 60 or 1,
        practitioner_ids=(row.practitioner_user_id,),
        needs=tuple(ResourceNeed(type=kind, category=category) for kind, category in kinds) or None,
        starts_from=max(starts_from, now()),
        patient_id=row.patient_id,
        moved_appointment_id=row.id,
        step_minutes=step_minutes,
        limit=SLOT_LIMIT,
    )
    return free_slots(session, actor, wanted)


def _people(session: Session, location_ids: set[UUID]) -> dict[UUID, list[Colleague]]:
    statement = (
        select(col(UserLocation.clinic_location_id), col(AppUser.id), col(AppUser.display_name))
        .join(AppUser, col(AppUser.id) == col(UserLocation.user_id))
        .join(PractitionerProfile, col(PractitionerProfile.user_id) == col(AppUser.id))
        .where(col(UserLocation.clinic_location_id).in_(location_ids), col(AppUser.status) != UserStatus.INACTIVE)
        .order_by(col(AppUser.display_name), col(AppUser.id))
    )
    people: dict[UUID, list[Colleague]] = defaultdict(list)
    for location_id, user_id, name in session.execute(statement).all():
        people[location_id].append(Colleague(practitioner_user_id=user_id, practitioner=name))
    return people
