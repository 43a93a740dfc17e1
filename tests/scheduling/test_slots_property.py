"""The slot finder against an oracle that asks every rule of every start; and what is offered can be booked at once."""

from hypothesis import event, given, settings

from clinic_core.access import perform, unit_of_work
from clinic_core.scheduling.queries import find_slots
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from tests.factories import make_clinic
from tests.scheduling.slot_oracle import oracle
from tests.scheduling.slot_worlds import PEOPLE, World, build, worlds


class _Undone(Exception):
    """Ends a unit of work without keeping it."""


@settings(max_examples=25)
@given(worlds())
def test_the_answers_are_the_first_of_everything_that_is_free_and_can_be_booked(world: World) -> None:
    built = build(make_clinic(), world)
    request = built.request()
    actor = built.clinic.actor("assistant")
    found = perform(actor, find_slots, request)
    people = {built.clinic.users[name]: place for place, name in enumerate(PEOPLE)}
    answers = [
        (
            slot.starts_at,
            people[slot.practitioner_user_id],
            tuple(sorted(built.things.index(thing) for thing in slot.resource_ids)),
        )
        for slot in found
    ]
    event(f"{len(found)} of {request.limit} asked for")
    assert answers == oracle(built)[: request.limit]
    for slot in found:
        try:
            with unit_of_work(actor) as work:
                booked = book_appointment(
                    work,
                    BookAppointment(
                        patient_id=built.patient,
                        practitioner_user_id=slot.practitioner_user_id,
                        clinic_location_id=slot.clinic_location_id,
                        starts_at=slot.starts_at,
                        ends_at=slot.ends_at,
                        resource_ids=slot.resource_ids,
                        product_service_id=request.product_service_id,
                    ),
                )
                assert (booked.override_kinds, booked.double_book_reason, booked.override_reason) == ((), "", "")
                raise _Undone
        except _Undone:
            continue
