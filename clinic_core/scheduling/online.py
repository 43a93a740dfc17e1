"""What patients book for themselves: a service that is booked online, for as long as it takes, in the rooms it needs.

What the clinic offered to somebody from the waiting list is booked as it was offered.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.errors import InvalidInput, NotFound
from clinic_core.models import Appointment, LocationResource, ProductService, WaitingListEntry, WaitingListOffer
from clinic_core.scheduling.bookable import Thing
from clinic_core.scheduling.resources import taken_resources
from clinic_core.scheduling.schemas import BookAppointment, CheckTime, FindSlots, MoveAppointment, ResourceNeed
from clinic_core.scheduling.schemas.appointments import Timed
from clinic_core.scheduling.slots_known import choose, needs_of, things_of
from clinic_core.scheduling.slots_resources import free_things, things_at
from clinic_core.scheduling.waiting_list import is_open

_MINUTE = timedelta(minutes=1)
LONGEST_WITHOUT_SERVICE = 60


def online_booking(session: Session, request: BookAppointment) -> BookAppointment:
    """The booking as a patient may make it, with the rooms and equipment that the service needs.

    Raises:
        NotFound: an unknown service, room or piece of equipment.
        InvalidInput: no service that is booked online, another length than its own, other rooms than it needs.
    """
    if not _is_offered(session, request):
        check_online(session, request.product_service_id, minutes=(request.ends_at - request.starts_at) / _MINUTE)
    needs = needs_of(session, request.product_service_id)
    if request.resource_ids:
        check_rooms(session, needs, request.resource_ids)
        return request
    buffer = select(col(ProductService.buffer_minutes)).where(col(ProductService.id) == request.product_service_id)
    until = request.ends_at + timedelta(minutes=session.execute(buffer).scalar_one_or_none() or 0)
    chosen = _choose_rooms(session, needs, request.clinic_location_id, (request.starts_at, until))
    return request.model_copy(update={"resource_ids": chosen})


def online_rooms(
    session: Session, appointment: Appointment, request: MoveAppointment, location_id: UUID
) -> tuple[UUID, ...]:
    """The rooms and equipment with which a patient moves an appointment: what it has, or at another place the like.

    Raises:
        NotFound: an unknown room or piece of equipment.
        InvalidInput: another length than it has, or rooms that are not like those it has.
    """
    _check_length(appointment, request)
    kept = taken_resources(session, appointment.id)
    needs = needs_of_rooms(session, kept)
    if request.resource_ids is not None:
        if set(request.resource_ids) != set(kept):
            check_rooms(session, needs, request.resource_ids)
        return request.resource_ids
    if location_id == appointment.clinic_location_id:
        return kept
    until = request.ends_at + timedelta(minutes=appointment.buffer_minutes)
    return _choose_rooms(session, needs, location_id, (request.starts_at, until))


def check_online_time(session: Session, request: CheckTime, moved: Appointment | None) -> None:
    """Lets a time pass that a patient may ask about: as long as they may book, in the rooms that are needed.

    Raises:
        NotFound: an unknown service, room or piece of equipment.
        InvalidInput: as `online_booking`, and for an appointment to be moved as `online_rooms`.
    """
    if moved is not None:
        _check_length(moved, request)
        needs = needs_of_rooms(session, taken_resources(session, moved.id))
    else:
        if not _is_offered(session, request):
            check_online(session, request.product_service_id, minutes=(request.ends_at - request.starts_at) / _MINUTE)
        needs = needs_of(session, request.product_service_id)
    if request.resource_ids:
        check_rooms(session, needs, request.resource_ids)


def online_search(session: Session, request: FindSlots, moved: Appointment | None) -> FindSlots:
    """The search as a patient may make it: for a service that is booked online, or for an appointment to be moved.

    Raises:
        NotFound: an unknown service.
        InvalidInput: no service that is booked online, or a length, buffer or rooms of the patient's own choice.
    """
    if request.resource_ids or request.needs is not None or request.buffer_minutes is not None:
        raise _rooms_refused()
    if moved is None:
        check_online(session, request.product_service_id, minutes=request.duration_minutes)
        return request
    minutes = int(_minutes(moved))
    if request.duration_minutes not in {None, minutes}:
        raise InvalidInput(f"The appointment takes {minutes} minutes; please call the clinic to change that.")
    needs = needs_of_rooms(session, taken_resources(session, moved.id))
    return request.model_copy(update={"product_service_id": None, "duration_minutes": minutes, "needs": needs})


def check_online(session: Session, service_id: UUID | None, *, minutes: float | None = None) -> None:
    """Lets a service pass that patients book themselves; `minutes` must be what it takes where they are given.

    Who does not know which service it will be books a time to talk about it, an hour at most.

    Raises:
        NotFound: there is no such service.
        InvalidInput: it is not booked online, or takes longer or shorter; more than an hour without a service.
    """
    refused = InvalidInput(
        "Please choose a service that is booked online, or call the clinic.",
        fields={"product_service_id": "Choose a service that is booked online."},
    )
    if service_id is None:
        if minutes is not None and minutes <= LONGEST_WITHOUT_SERVICE:
            return
        raise refused
    statement = select(
        col(ProductService.name), col(ProductService.bookable_online), col(ProductService.duration_minutes)
    ).where(col(ProductService.id) == service_id)
    found = session.execute(statement).one_or_none()
    if found is None:
        raise NotFound("This service does not exist.")
    name, is_online, usual = found
    if not is_online or usual is None:
        raise refused
    if minutes is not None and minutes != usual:
        raise InvalidInput(f"{name} takes {usual} minutes.", fields={"ends_at": f"Must be {usual} minutes later."})


def check_rooms(session: Session, needs: Sequence[ResourceNeed], resource_ids: Collection[UUID]) -> None:
    """Lets rooms and equipment pass that are what is needed, and no more.

    Raises:
        NotFound: one of them does not exist.
        InvalidInput: something that is needed is not among them, or something is that is not needed.
    """
    statement = select(LocationResource).where(col(LocationResource.id).in_(resource_ids))
    named = things_of(session.scalars(statement))
    if len(named) < len(resource_ids):
        raise NotFound("This room or piece of equipment does not exist.")
    if choose(needs, named)[1] or len(needs) < len(named):
        raise _rooms_refused()


def needs_like(things: Iterable[Thing | LocationResource]) -> tuple[ResourceNeed, ...]:
    """What takes the place of these: a room for a room, of the same kind."""
    return tuple(ResourceNeed(type=one.type, category=one.category) for one in things)


def needs_of_rooms(session: Session, resource_ids: Collection[UUID]) -> tuple[ResourceNeed, ...]:
    """What takes the place of these rooms and equipment."""
    statement = select(LocationResource).where(col(LocationResource.id).in_(resource_ids))
    return needs_like(session.scalars(statement.order_by(col(LocationResource.id))))


def _choose_rooms(
    session: Session, needs: Sequence[ResourceNeed], location_id: UUID, during: tuple[datetime, datetime]
) -> tuple[UUID, ...]:
    """Free ones; where none of a kind is free a taken one, so that the validator answers as for every taken time."""
    if not needs:
        return ()
    chosen, missing = choose(needs, free_things(session, location_id, during))
    if missing:
        others = [thing for thing in things_at(session, location_id) if thing not in chosen]
        taken, absent = choose(missing, others)
        if absent:
            raise InvalidInput("The location has not what it needs; choose another location or call the clinic.")
        chosen = [*chosen, *taken]
    return tuple(sorted(thing.ref.id for thing in chosen))


def _check_length(appointment: Appointment, wanted: Timed) -> None:
    minutes = _minutes(appointment)
    if (wanted.ends_at - wanted.starts_at) / _MINUTE != minutes:
        raise InvalidInput(
            f"The appointment takes {minutes:g} minutes; please call the clinic to change that.",
            fields={"ends_at": "Must keep the length."},
        )


def _is_offered(session: Session, request: BookAppointment | CheckTime) -> bool:
    """Whether the clinic offers just this to the patient now."""
    offered = exists().where(
        col(WaitingListEntry.patient_id) == request.patient_id,
        col(WaitingListEntry.product_service_id).is_not_distinct_from(request.product_service_id),
        col(WaitingListOffer.entry_id) == col(WaitingListEntry.id),
        col(WaitingListOffer.practitioner_user_id) == request.practitioner_user_id,
        col(WaitingListOffer.clinic_location_id) == request.clinic_location_id,
        col(WaitingListOffer.starts_at) == request.starts_at,
        col(WaitingListOffer.ends_at) == request.ends_at,
        is_open(),
    )
    return bool(session.execute(select(offered)).scalar_one())


def _minutes(appointment: Appointment) -> float:
    return (appointment.ends_at - appointment.starts_at) / _MINUTE


def _rooms_refused() -> InvalidInput:
    return InvalidInput(
        "Rooms and equipment are chosen by what the service needs.",
        fields={"resource_ids": "Leave them to the clinic."},
    )
