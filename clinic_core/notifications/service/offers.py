"""Offers to people on the waiting list together with the message that tells of them."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.notifications.schemas import NotifyOffer, OfferWithMessage
from clinic_core.notifications.service.notices import notify_offer
from clinic_core.scheduling.schemas import OfferSlot
from clinic_core.scheduling.service import offer_slot


@use_case(Permission.APPOINTMENT_MANAGE, name="notification.offer_with_message")
def offer_with_message(work: Work, request: OfferSlot) -> OfferWithMessage:
    """Offers somebody who waits a time and tells them; the row of the message says why none goes out if so.

    Raises:
        ClinicError: as `offer_slot`.
    """
    offer = offer_slot(work, request.model_copy(update={"request_id": None}))
    message = notify_offer(work, NotifyOffer(offer_id=offer.id))
    return OfferWithMessage(id=offer.id, offer=offer, message=message)
