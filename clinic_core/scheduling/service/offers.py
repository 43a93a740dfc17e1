"""Offering free times to people who wait: an offer reserves nothing and ends by itself (S9)."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.access.scope import waiting_in_scope
from clinic_core.errors import Conflict, NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.text import field_error
from clinic_core.models import Patient, WaitingListEntry, WaitingListOffer
from clinic_core.scheduling.bookable import find_bookable
from clinic_core.scheduling.conflicts import WantedTime, find_obstacles, refusal
from clinic_core.scheduling.reach import MANAGE, find_bookable_patient, is_own_patient, reaches
from clinic_core.scheduling.schemas import (
    AcceptOffer,
    BookFromWaitingList,
    CloseOffer,
    ExpireOffers,
    OfferRow,
    OffersEnded,
    OfferSlot,
    WaitingBooked,
)
from clinic_core.scheduling.service.waiting_list import book_from_waiting_list
from clinic_core.scheduling.waiting_list import check_reached, in_reach, is_taken, offer_row
from clinic_core.scheduling.waiting_match import rooms_for
from clinic_core.vocabulary import OfferStatus, Severity, WaitingStatus

_ONE_OPEN = "uq_waiting_list_offer_open"
_OPEN = col(WaitingListOffer.status) == OfferStatus.OPEN


@use_case(MANAGE, name="offer.make")
def offer_slot(work: Work, request: OfferSlot) -> OfferRow:
    """Offers somebody a time that is free now, for as long as the clinic's settings say and not beyond its start.

    The same time may be offered to several people: who accepts first has it.

    Raises:
        NotFound: an unknown entry or practitioner, or one out of reach.
        PermissionDenied: not a calendar of the actor's, and patients.
        InvalidInput: the time has begun.
        Conflict: the entry does not wait any more, has an open offer, or no room that its service needs is free then.
        BookingConflict: something is in the way of the time.
    """
    work.lock_calendar()
    check_reached(work.session, work.actor, request.entry_id)
    entry = work.lock(WaitingListEntry, request.entry_id, called="entry of the waiting list")
    if entry.status is not WaitingStatus.WAITING:
        raise Conflict(f"This entry is {entry.status.label.lower()} already; reload the list.")
    patient = find_bookable_patient(work.session, work.actor, entry.patient_id)
    is_reached = reaches(
        work.actor, MANAGE, practitioner_id=request.practitioner_user_id, location_id=entry.clinic_location_id
    )
    if is_own_patient(work.actor, patient) or not is_reached:
        raise work.refused("offer.make", MANAGE, "This calendar is not yours to offer; ask the front desk there.")
    if request.starts_at <= now():
        raise field_error("starts_at", "must lie ahead")
    _check_free(work, entry, request)
    _end_expired(work, entry.id)
    offer = WaitingListOffer(
        organization_id=work.actor.organization_id,
        entry_id=entry.id,
        practitioner_user_id=request.practitioner_user_id,
        clinic_location_id=entry.clinic_location_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        expires_at=min(request.starts_at, now() + timedelta(minutes=work.actor.settings.offer_minutes)),
    )
    open_already = Conflict("This patient has an open offer; wait for the answer or take that offer back first.")
    with work.constraints({_ONE_OPEN: lambda _: open_already}):
        work.session.add(offer)
    return offer_row(work.session, offer)


@use_case(MANAGE, name="offer.accept")
def accept_offer(work: Work, request: AcceptOffer) -> WaitingBooked:
    """Books the time that was offered, by the same rules as every booking (S4).

    Who comes second gets the conflict and the offer stays as it is: it is shown as taken, and ends with the job or
    when it is taken back.

    Raises:
        NotFound: an unknown offer, or one out of reach.
        Conflict: it was answered, taken back, or has expired.
        BookingConflict: the time was given to somebody else.
        ClinicError: as `book_from_waiting_list`.
    """
    offer = _open_offer(work, request.offer_id)
    if offer.expires_at <= now():
        raise Conflict("This offer has expired; offer the time again if it is still free.")
    return book_from_waiting_list(
        work,
        BookFromWaitingList(
            entry_id=offer.entry_id,
            practitioner_user_id=offer.practitioner_user_id,
            starts_at=offer.starts_at,
            ends_at=offer.ends_at,
            resource_ids=request.resource_ids,
        ),
    )


@use_case(MANAGE, name="offer.decline")
def decline_offer(work: Work, request: CloseOffer) -> OfferRow:
    """Records that the patient does not want the time; they keep waiting.

    Raises:
        NotFound: an unknown offer, or one out of reach.
        Conflict: it was answered, taken back, or has ended.
    """
    return _close(work, request, OfferStatus.DECLINED)


@use_case(MANAGE, name="offer.withdraw")
def withdraw_offer(work: Work, request: CloseOffer) -> OfferRow:
    """Takes an offer back; the patient keeps waiting. Raises as `decline_offer`."""
    return _close(work, request, OfferStatus.WITHDRAWN)


@use_case(MANAGE, name="offer.expire")
def expire_offers(work: Work, request: ExpireOffers) -> OffersEnded:
    """Ends offers in reach whose time to answer is over, and those whose time somebody else has by now."""
    statement = (
        select(WaitingListOffer)
        .join(WaitingListEntry, col(WaitingListEntry.id) == col(WaitingListOffer.entry_id))
        .where(
            _OPEN,
            or_(col(WaitingListOffer.expires_at) <= now(), is_taken()),
            waiting_in_scope(work.actor, MANAGE),
        )
        .order_by(col(WaitingListOffer.id))
        .limit(request.limit)
    )
    over = list(work.session.scalars(statement))
    if not over:
        return OffersEnded(expired=0, withdrawn=0, has_more=False)
    work.lock_calendar()
    locked = statement.with_for_update(key_share=True, of=WaitingListOffer).execution_options(populate_existing=True)
    ended = {OfferStatus.EXPIRED: 0, OfferStatus.WITHDRAWN: 0}
    for offer in work.session.scalars(locked):
        offer.status = OfferStatus.EXPIRED if offer.expires_at <= now() else OfferStatus.WITHDRAWN
        ended[offer.status] += 1
    work.session.flush()
    return OffersEnded(
        expired=ended[OfferStatus.EXPIRED],
        withdrawn=ended[OfferStatus.WITHDRAWN],
        has_more=len(over) == request.limit,
    )


def _open_offer(work: Work, offer_id: UUID) -> WaitingListOffer:
    """The offer that the actor reaches and that was not answered, locked."""
    work.lock_calendar()
    reached = (
        select(col(WaitingListOffer.id))
        .join(WaitingListEntry, col(WaitingListEntry.id) == col(WaitingListOffer.entry_id))
        .join(Patient, col(Patient.id) == col(WaitingListEntry.patient_id))
        .where(col(WaitingListOffer.id) == offer_id, *in_reach(work.actor, MANAGE))
    )
    if work.session.execute(reached).scalar_one_or_none() is None:
        raise NotFound("This offer does not exist.")
    offer = work.lock(WaitingListOffer, offer_id, called="offer")
    if offer.status is not OfferStatus.OPEN:
        raise Conflict(f"This offer is {offer.status.label.lower()} already; reload the list.")
    return offer


def _close(work: Work, request: CloseOffer, status: OfferStatus) -> OfferRow:
    offer = _open_offer(work, request.offer_id)
    offer.status = status
    work.session.flush()
    return offer_row(work.session, offer)


def _check_free(work: Work, entry: WaitingListEntry, request: OfferSlot) -> None:
    bookable = find_bookable(
        work.session,
        entry.clinic_location_id,
        practitioner_id=request.practitioner_user_id,
        service_id=entry.product_service_id,
    )
    wanted = WantedTime(
        appointment_id=entry.id,
        patient_id=entry.patient_id,
        practitioner_user_id=request.practitioner_user_id,
        clinic_location_id=entry.clinic_location_id,
        starts_at=request.starts_at,
        ends_at=request.ends_at,
        buffer_minutes=bookable.service.buffer_minutes if bookable.service else 0,
        resource_ids=(),
    )
    obstacles = find_obstacles(work.session, work.actor, [wanted])[0]
    if any(one.severity is not Severity.INFO for one in obstacles):
        raise refusal(work.actor, wanted, obstacles)
    rooms_for(work.session, entry, (request.starts_at, request.ends_at))


def _end_expired(work: Work, entry_id: UUID) -> None:
    """An offer that is over makes room for the next one, also before the job has ended it."""
    statement = select(WaitingListOffer).where(
        col(WaitingListOffer.entry_id) == entry_id, _OPEN, col(WaitingListOffer.expires_at) <= now()
    )
    for offer in work.session.scalars(statement.with_for_update(key_share=True)):
        offer.status = OfferStatus.EXPIRED
    work.session.flush()
