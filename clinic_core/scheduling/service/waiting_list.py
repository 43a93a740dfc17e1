"""Keeping the waiting list: somebody waits, wants something else, waits no more, or is booked from it (S9)."""

from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.errors import Conflict
from clinic_core.models import WaitingListEntry, WaitingListOffer
from clinic_core.scheduling.bookable import find_bookable
from clinic_core.scheduling.reach import MANAGE, find_bookable_patient, is_own_patient, reaches_waiting
from clinic_core.scheduling.schemas import (
    AddToWaitingList,
    AppointmentRow,
    BookAppointment,
    BookFromWaitingList,
    ChangeWaiting,
    RemoveFromWaitingList,
    WaitingBooked,
    WaitingRow,
    WaitingWish,
)
from clinic_core.scheduling.service.booking import book_appointment
from clinic_core.scheduling.waiting_list import check_reached, waiting_rows
from clinic_core.scheduling.waiting_match import rooms_for
from clinic_core.vocabulary import OfferStatus, WaitingStatus

_WAITS_TWICE = "uq_waiting_list_entry_once"
_TWICE = "This patient waits for this service already; change that entry instead."


@use_case(MANAGE, name="waiting.add")
def add_to_waiting_list(work: Work, request: AddToWaitingList) -> WaitingRow:
    """Puts a patient on the waiting list of a location, once for each service.

    Raises:
        NotFound: an unknown patient, practitioner, location or service, or a patient out of reach.
        PermissionDenied: a calendar that is not the actor's, and patients, who ask the clinic.
        InvalidInput: a service or a place that is not booked any more.
        Conflict: the patient waits for that service already, is archived, deleted, merged or has died.
    """
    work.lock_calendar()
    patient = find_bookable_patient(work.session, work.actor, request.patient_id)
    if is_own_patient(work.actor, patient):
        raise work.refused("waiting.add", MANAGE, "Please call the clinic to be put on the waiting list.")
    entry = WaitingListEntry(
        organization_id=work.actor.organization_id,
        patient_id=patient.id,
        duration_minutes=request.duration_minutes or 1,
        clinic_location_id=request.clinic_location_id,
    )
    _apply(work, "waiting.add", entry, request)
    return _saved(work, entry)


@use_case(MANAGE, name="waiting.change")
def change_waiting(work: Work, request: ChangeWaiting) -> WaitingRow:
    """Changes what somebody on the list prefers; since when they wait stays.

    Raises:
        NotFound: an unknown entry, or one out of reach.
        StaleEdit: it was changed after the form was drawn.
        ClinicError: as `add_to_waiting_list`.
    """
    work.lock_calendar()
    entry = _waiting(work, request.entry_id, request.version)
    _apply(work, "waiting.change", entry, request)
    return _saved(work, entry)


@use_case(MANAGE, name="waiting.remove")
def remove_from_waiting_list(work: Work, request: RemoveFromWaitingList) -> WaitingRow:
    """Takes somebody off the list; an open offer is withdrawn.

    Raises:
        NotFound: an unknown entry, or one out of reach.
        StaleEdit: it was changed after the list was drawn.
        Conflict: the entry was booked or removed before.
    """
    work.lock_calendar()
    entry = _waiting(work, request.entry_id, request.version)
    _close_offers(work, entry.id)
    entry.status = WaitingStatus.REMOVED
    return _saved(work, entry)


@use_case(MANAGE, name="waiting.book")
def book_from_waiting_list(work: Work, request: BookFromWaitingList) -> WaitingBooked:
    """Books somebody from the list through `book_appointment`; the wait is over.

    An open offer of that very time is accepted by it, another one withdrawn.

    Raises:
        NotFound: an unknown entry, or one out of reach.
        Conflict: the entry was booked or removed before, or no room that the service needs is free.
        ClinicError: as `book_appointment`.
    """
    work.lock_calendar()
    entry = _waiting(work, request.entry_id, None)
    resource_ids = request.resource_ids
    if resource_ids is None:
        resource_ids = rooms_for(work.session, entry, (request.starts_at, request.ends_at))
    booking = BookAppointment(
        patient_id=entry.patient_id,
        practitioner_user_id=request.practitioner_user_id,
        clinic_location_id=entry.clinic_location_id,
        product_service_id=entry.product_service_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        resource_ids=resource_ids,
        double_book_reason=request.double_book_reason,
        override_reason=request.override_reason,
    )
    appointment = book_appointment(work, booking)
    _close_offers(work, entry.id, appointment)
    entry.status, entry.appointment_id = WaitingStatus.BOOKED, appointment.id
    work.session.flush()
    return WaitingBooked(id=entry.id, appointment=appointment)


def _waiting(work: Work, entry_id: UUID, version: int | None) -> WaitingListEntry:
    """The entry that the actor reaches and that still waits, locked."""
    check_reached(work.session, work.actor, entry_id)
    entry = work.lock(WaitingListEntry, entry_id, called="entry of the waiting list", version=version)
    if entry.status is not WaitingStatus.WAITING:
        raise Conflict(f"This entry is {entry.status.label.lower()} already; reload the list.")
    return entry


def _apply(work: Work, name: str, entry: WaitingListEntry, wish: WaitingWish) -> None:
    """Checks the wish and writes it into the entry."""
    if not reaches_waiting(work.actor, wish.clinic_location_id, wish.practitioner_user_id):
        raise work.refused(name, MANAGE, "This calendar is not yours to book; ask the front desk there.")
    service = find_bookable(
        work.session,
        wish.clinic_location_id,
        practitioner_id=wish.practitioner_user_id,
        service_id=wish.product_service_id,
    ).service
    usual = service.duration_minutes if service else None
    entry.product_service_id = wish.product_service_id
    entry.duration_minutes = wish.duration_minutes or usual or entry.duration_minutes
    entry.practitioner_user_id = wish.practitioner_user_id
    entry.clinic_location_id = wish.clinic_location_id
    entry.weekdays_json = list(wish.weekdays)
    entry.time_from, entry.time_to = wish.time_from, wish.time_to
    entry.earliest_on, entry.latest_on = wish.earliest_on, wish.latest_on
    entry.urgency, entry.note = wish.urgency, wish.note


def _close_offers(work: Work, entry_id: UUID, appointment: AppointmentRow | None = None) -> None:
    """Ends what is offered to somebody; booking the very time that was offered accepts the offer."""
    statement = select(WaitingListOffer).where(
        col(WaitingListOffer.entry_id) == entry_id, col(WaitingListOffer.status) == OfferStatus.OPEN
    )
    for offer in work.session.scalars(statement.with_for_update(key_share=True)):
        offered = (offer.practitioner_user_id, offer.starts_at)
        if appointment is not None and offered == (appointment.practitioner_user_id, appointment.starts_at):
            offer.status, offer.appointment_id = OfferStatus.ACCEPTED, appointment.id
        else:
            offer.status = OfferStatus.WITHDRAWN
    work.session.flush()


def _saved(work: Work, entry: WaitingListEntry) -> WaitingRow:
    with work.constraints({_WAITS_TWICE: lambda _: Conflict(_TWICE)}):
        work.session.add(entry)
    (row,) = waiting_rows(work.session, work.actor, col(WaitingListEntry.id) == entry.id)
    return row
