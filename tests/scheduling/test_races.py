"""Many clients at once on practitioners, rooms and equipment: winners that share nothing, losers who are helped."""

from datetime import time
from functools import partial
from itertools import combinations

import pytest

from clinic_core.access import perform
from clinic_core.errors import BookingConflict
from clinic_core.kit.calendar import overlaps
from clinic_core.scheduling.schemas import AppointmentRow, OpeningSpan, SetOpeningHours
from clinic_core.scheduling.service import book_appointment, set_opening_hours
from tests.db.test_reservation import CLIENTS, at_once, deadlocks
from tests.factories import Clinic, make_clinic
from tests.harness import Database
from tests.scheduling.arrange import booking, drift


def open_all_week(clinic: Clinic) -> None:
    spans = tuple(OpeningSpan(weekday=day, opens=time(8), closes=time(18)) for day in range(1, 8))
    perform(clinic.actor("admin"), set_opening_hours, SetOpeningHours(clinic_location_id=clinic.main, spans=spans))


@pytest.mark.race
def test_everyone_who_loses_a_slot_is_offered_three_others(own_database: Database) -> None:
    clinic = make_clinic()
    open_all_week(clinic)
    actor = clinic.actor("assistant")
    requests = [booking(clinic, resource_ids=(clinic.room, clinic.laser)) for _ in range(CLIENTS)]
    results = at_once([partial(perform, actor, book_appointment, one) for one in requests])
    (winner,) = [one for one in results if isinstance(one, AppointmentRow)]
    losers = [one for one in results if isinstance(one, BookingConflict)]
    assert len(losers) == CLIENTS - 1
    assert {len(loser.alternatives) for loser in losers} == {3}
    assert not any(
        overlaps((other.starts_at, other.ends_at), (winner.starts_at, winner.ends_at))
        for loser in losers
        for other in loser.alternatives
    )
    assert (drift(clinic), deadlocks()) == (0, 0)


@pytest.mark.race
def test_clients_who_want_different_things_at_overlapping_times_never_share_one(own_database: Database) -> None:
    clinic = make_clinic()
    actor = clinic.actor("manager")
    people = (clinic.users["practitioner"], clinic.users["second_practitioner"])
    things = [(), (clinic.room,), (clinic.laser,), (clinic.room, clinic.laser), (clinic.second_room, clinic.laser)]
    requests = [
        booking(
            clinic,
            (n % 7) / 4,
            practitioner_user_id=people[n % 2],
            resource_ids=things[n % len(things)],
        )
        for n in range(CLIENTS)
    ]
    results = at_once([partial(perform, actor, book_appointment, one) for one in requests])
    won = [one for one in results if isinstance(one, AppointmentRow)]
    assert len(won) + len([one for one in results if isinstance(one, BookingConflict)]) == CLIENTS
    for one, other in combinations(won, 2):
        if overlaps((one.starts_at, one.ends_at), (other.starts_at, other.ends_at)):
            assert one.practitioner_user_id != other.practitioner_user_id
            assert not set(one.resource_ids) & set(other.resource_ids)
    assert len(won) >= 3
    assert (drift(clinic), deadlocks()) == (0, 0)
