"""A time is not held again, by a step or an undo, where nobody is there for it any more."""

from collections.abc import Callable

import pytest

from clinic_core.access import owner_work
from clinic_core.errors import InvalidInput
from clinic_core.models import AppUser, ClinicLocation, LocationResource
from clinic_core.scheduling.schemas import AppointmentRow
from clinic_core.vocabulary import AppointmentStatus, UserStatus
from tests.factories import Clinic
from tests.scheduling.arrange import book, drift
from tests.scheduling.undo_arrange import cancel, change, delete, move, undo

GONE = {"practitioner": "does not work here", "location": "takes no bookings", "room": "out of service"}
AGAIN: dict[str, Callable[[Clinic, AppointmentRow], AppointmentRow]] = {
    "booked again": lambda clinic, row: change(clinic, cancel(clinic, row), AppointmentStatus.BOOKED),
    "cancellation undone": lambda clinic, row: undo(clinic, cancel(clinic, row)),
    "deletion undone": lambda clinic, row: undo(clinic, delete(clinic, row)),
}


def out_of_use(clinic: Clinic, what: str) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        if what == "practitioner":
            session.get_one(AppUser, clinic.users["practitioner"]).status = UserStatus.INACTIVE
        elif what == "location":
            session.get_one(ClinicLocation, clinic.main).active = False
        else:
            session.get_one(LocationResource, clinic.room).active = False


@pytest.mark.parametrize("again", AGAIN)
@pytest.mark.parametrize("what", GONE)
def test_no_time_is_held_again_where_nobody_is_there(clinic: Clinic, what: str, again: str) -> None:
    row = book(clinic, resource_ids=(clinic.room,))
    out_of_use(clinic, what)
    with pytest.raises(InvalidInput, match=GONE[what]):
        AGAIN[again](clinic, row)
    assert drift(clinic) == 0


def test_a_move_is_undone_in_the_room_that_the_appointment_holds(clinic: Clinic) -> None:
    moved = move(clinic, book(clinic, resource_ids=(clinic.room,)), 4)
    out_of_use(clinic, "room")
    assert undo(clinic, moved).resource_ids == (clinic.room,)


def test_a_move_does_not_go_back_to_somebody_who_left(clinic: Clinic) -> None:
    row = book(clinic)
    moved = move(clinic, row, 4, by="manager", practitioner_user_id=clinic.users["second_practitioner"])
    out_of_use(clinic, "practitioner")
    with pytest.raises(InvalidInput, match="does not work here"):
        undo(clinic, moved, by="manager")
