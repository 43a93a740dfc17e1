"""Rooms out of service: what is in the way then, and who may say so."""

from datetime import date

import pytest

from clinic_core.access import perform
from clinic_core.errors import BookingConflict, PermissionDenied, StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.queries import displaced_appointments, list_outages, working_hours
from clinic_core.scheduling.schemas import ChangeOutage, GetWorkingHours, ListDisplaced, ListOutages, RemoveOutage
from clinic_core.scheduling.service import change_outage, remove_outage
from clinic_core.vocabulary import ConflictKind, Scope
from tests.factories import MONDAY, Clinic
from tests.scheduling.absence_arrange import AROUND, HOURS, broken, rescope
from tests.scheduling.arrange import audited, book


def test_a_room_is_out_of_service_for_a_time(clinic: Clinic) -> None:
    booked = book(clinic, resource_ids=(clinic.room,))
    book(clinic, 1, resource_ids=(clinic.second_room,))
    saved = broken(clinic, reason="Paint", request_id=new_id())
    assert (saved.name, saved.location, saved.reason, saved.displaced) == ("Room 1", "Main street", "Paint", 1)
    (row,) = perform(clinic.actor("assistant"), displaced_appointments, ListDisplaced()).rows
    assert row.appointment.id == booked.id
    assert [one.kind for one in row.obstacles] == [ConflictKind.OUT_OF_SERVICE]
    shown = perform(
        clinic.actor("assistant"),
        working_hours,
        GetWorkingHours(clinic_location_id=clinic.main, first=date(2031, 3, 3), last=date(2031, 3, 3)),
    )
    assert [(row.resource_id, row.reason) for row in shown.outages] == [(clinic.room, "Paint")]
    with pytest.raises(BookingConflict, match="Room 1 is out of service"):
        book(clinic, 3, resource_ids=(clinic.room,))
    change = ChangeOutage(
        outage_id=saved.id, starts_at=MONDAY + 5 * HOURS, ends_at=MONDAY + 6 * HOURS, version=saved.version
    )
    assert perform(clinic.actor("manager"), change_outage, change).displaced == 0
    with pytest.raises(StaleEdit):
        perform(clinic.actor("manager"), change_outage, change)
    perform(clinic.actor("manager"), remove_outage, RemoveOutage(outage_id=saved.id))
    assert perform(clinic.actor("manager"), list_outages, ListOutages(**AROUND)) == []
    assert [row[1] for row in audited(clinic, "outage.remove")] == ["delete"]


def test_rooms_are_blocked_by_who_plans_their_location(clinic: Clinic) -> None:
    saved = broken(clinic)
    change = ChangeOutage(
        outage_id=saved.id, starts_at=saved.starts_at, ends_at=saved.ends_at, reason="Paint", version=1
    )
    for role in ("practitioner", "assistant", "patient"):
        with pytest.raises(PermissionDenied):
            broken(clinic, by=role)
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), change_outage, change)
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), remove_outage, RemoveOutage(outage_id=saved.id))
    rescope(clinic, Scope.LOCATION)
    assert perform(clinic.actor("manager"), change_outage, change).version == 2
    here = ListOutages(clinic_location_id=clinic.branch, **AROUND)
    assert perform(clinic.actor("manager"), list_outages, here) == []
