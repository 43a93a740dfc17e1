"""Who waits in the demo clinic, what they prefer, and what was offered to them.

The list is written as the owner of the database, because it goes back for weeks; offers go through the use cases.
"""

from dataclasses import dataclass
from datetime import time, timedelta
from uuid import UUID

from clinic_core.access import owner_work, unit_of_work
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.models import WaitingListEntry
from clinic_core.notifications.service import offer_with_message
from clinic_core.scheduling.queries import find_slots
from clinic_core.scheduling.schemas import AcceptOffer, FindSlots, OfferSlot
from clinic_core.scheduling.service import accept_offer
from clinic_core.seed.demo_appointment import SERVICES
from clinic_core.seed.demo_base import USE_CASE, DemoClinic
from clinic_core.seed.demo_calendar import DESKS, DemoRecords, write_in_the_name_of
from clinic_core.seed.demo_plan import DemoPlan
from clinic_core.vocabulary import Urgency

OFFERED_AHEAD = timedelta(days=2)
ANSWERED_AFTER = timedelta(hours=2)


@dataclass(frozen=True)
class Waiting:
    """Somebody who waits since so many days; empty preferences do not matter. `offered`: so long ago."""

    location: str
    service: str
    urgency: Urgency
    since_days: int
    note: str = ""
    practitioner: str = ""
    weekdays: tuple[int, ...] = ()
    hours: tuple[time, time] | None = None
    after_days: int | None = None
    within_days: int | None = None
    offered: timedelta | None = None
    is_accepted: bool = False


WAITING = (
    Waiting("berlin", "PHY45", Urgency.URGENT, 2, "Pain has become worse; takes any time."),
    Waiting(
        "berlin",
        "MAN45",
        Urgency.SOON,
        6,
        "Works in the afternoons.",
        "west",
        weekdays=(1, 3),
        hours=(time(9), time(12)),
    ),
    Waiting("berlin", "CON45", Urgency.SOON, 3, "New complaint, has a referral.", "north"),
    Waiting("berlin", "FUP30", Urgency.ROUTINE, 15, "After the MRI scan.", "north", after_days=7),
    Waiting("berlin", "MAS60", Urgency.ROUTINE, 11, "Works during the week.", weekdays=(6, 7)),
    Waiting(
        "berlin",
        "PHY60",
        Urgency.SOON,
        4,
        "Works in the mornings.",
        "south",
        hours=(time(12), time(17)),
        offered=timedelta(minutes=40),
    ),
    Waiting("lisbon", "CON45", Urgency.URGENT, 1, "Sent by the family doctor today."),
    Waiting("lisbon", "PHY60", Urgency.ROUTINE, 9, "", "east", hours=(time(9), time(12)), within_days=21),
    Waiting(
        "lisbon", "FUP30", Urgency.SOON, 8, "", "east", offered=ANSWERED_AFTER + timedelta(hours=1), is_accepted=True
    ),
)


def keep_waiting_list(clinic: DemoClinic, plan: DemoPlan, records: DemoRecords) -> None:
    """Writes the list, then makes the offers and books the one that was taken."""
    patients = _patients(plan)
    for waiting in WAITING:
        patient_id = records.patients[patients[waiting.location].pop()]
        entry_id = _write(clinic, plan, waiting, patient_id)
        if waiting.offered is not None:
            _offer(clinic, plan, waiting, (entry_id, patient_id), waiting.offered)


def _patients(plan: DemoPlan) -> dict[str, list[int]]:
    """By location those who stay and can be reached, the last ones to be taken first."""
    in_series = {one.patient for one in plan.series}
    found: dict[str, list[int]] = {location: [] for location in DESKS}
    for one in plan.patients:
        is_here = one.joins_on < plan.today < one.leaves_on
        if is_here and one.phone and one.email and one.index not in in_series and one.index % 3 == 2:
            found[one.location].append(one.index)
    return found


def _write(clinic: DemoClinic, plan: DemoPlan, waiting: Waiting, patient_id: UUID) -> UUID:
    entry_id = new_id()
    service = next(item for item in SERVICES if item.code == waiting.service)
    with owner_work(USE_CASE, clinic.organization_id) as session:
        write_in_the_name_of(session, clinic, DESKS[waiting.location])
        session.add(
            WaitingListEntry(
                id=entry_id,
                organization_id=clinic.organization_id,
                patient_id=patient_id,
                product_service_id=clinic.items[service.code],
                duration_minutes=service.minutes or 0,
                practitioner_user_id=clinic.users[waiting.practitioner] if waiting.practitioner else None,
                clinic_location_id=clinic.locations[waiting.location],
                weekdays_json=list(waiting.weekdays),
                time_from=waiting.hours[0] if waiting.hours else None,
                time_to=waiting.hours[1] if waiting.hours else None,
                earliest_on=plan.today + timedelta(days=waiting.after_days) if waiting.after_days else None,
                latest_on=plan.today + timedelta(days=waiting.within_days) if waiting.within_days else None,
                urgency=waiting.urgency,
                note=waiting.note,
                created_at=plan.as_of - timedelta(days=waiting.since_days, minutes=37 * (waiting.since_days % 5)),
            )
        )
    return entry_id


def _offer(clinic: DemoClinic, plan: DemoPlan, waiting: Waiting, who: tuple[UUID, UUID], offered: timedelta) -> None:
    """The first time that suits them, with a message; taken a while later, or still open."""
    entry_id, patient_id = who
    desk = clinic.actor(DESKS[waiting.location])
    with frozen_at(plan.as_of - offered) as clock, unit_of_work(desk) as work:
        slot = find_slots(
            work,
            FindSlots(
                clinic_location_id=clinic.locations[waiting.location],
                product_service_id=clinic.items[waiting.service],
                practitioner_ids=(clinic.users[waiting.practitioner],),
                starts_from=plan.as_of + OFFERED_AHEAD,
                time_from=waiting.hours[0] if waiting.hours else None,
                time_to=waiting.hours[1] if waiting.hours else None,
                patient_id=patient_id,
                limit=1,
            ),
        )[0]
        made = offer_with_message(
            work,
            OfferSlot(
                entry_id=entry_id,
                practitioner_user_id=slot.practitioner_user_id,
                starts_at=slot.starts_at,
                ends_at=slot.ends_at,
            ),
        )
        if waiting.is_accepted:
            clock.move_to(plan.as_of - offered + ANSWERED_AFTER)
            accept_offer(work, AcceptOffer(offer_id=made.id))
