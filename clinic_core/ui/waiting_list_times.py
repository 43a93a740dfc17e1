"""A time for somebody who waits: found, offered, or booked at once."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import streamlit as st

from clinic_core.kit.calendar import local_date, zone
from clinic_core.notifications.service import offer_with_message
from clinic_core.scheduling.schemas import (
    AcceptOffer,
    BookFromWaitingList,
    CloseOffer,
    LocationRow,
    OfferRow,
    OfferSlot,
    WaitingRow,
)
from clinic_core.scheduling.service import accept_offer, book_from_waiting_list, decline_offer, withdraw_offer
from clinic_core.ui.appointment_words import booked_text
from clinic_core.ui.page import Page
from clinic_core.ui.slot_search import SlotWish, draw_slot_search
from clinic_core.ui.waiting_list_words import moment_text, wish_text
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import NotificationStatus

OFFERED = "{when} is offered, and a message goes out."
NOT_TOLD = "{when} is offered. No message can go out to this patient ({reason}): please call."
_OPEN = "waiting_time"


@dataclass(frozen=True)
class ChosenTime:
    """A time that was chosen for somebody; `resource_ids` None means the rooms that the service needs."""

    practitioner_user_id: UUID
    practitioner: str
    starts_at: datetime
    ends_at: datetime
    resource_ids: tuple[UUID, ...] | None = None


def begin_search(row: WaitingRow) -> None:
    """Callback: open the search for a time for somebody."""
    end_search()
    st.session_state[_OPEN] = row


def end_search() -> None:
    """Close the search and forget what was chosen in it."""
    for key in [key for key in st.session_state if str(key).startswith(_OPEN)]:
        del st.session_state[key]


def draw_search(page: Page, location: LocationRow) -> None:
    """The search, when it is open."""
    if _OPEN in st.session_state:
        _dialog(page, location)


@st.dialog("Find a time", width="large", on_dismiss=end_search, icon=":material/event_available:")
def _dialog(page: Page, location: LocationRow) -> None:
    row: WaitingRow = st.session_state[_OPEN]
    st.markdown(f"**{plain(row.patient_name)}** · {plain(wish_text(row, page.actor.settings))}")
    if row.note:
        st.caption(plain(row.note))
    wish = SlotWish(
        service_id=row.product_service_id,
        minutes=row.duration_minutes,
        practitioner_id=row.practitioner_user_id,
        patient_id=row.patient_id,
        first_day=row.earliest_on,
    )
    found = draw_slot_search(page, location, wish, key=f"{_OPEN}_slots")
    if found is not None:
        st.session_state[f"{_OPEN}_chosen"] = ChosenTime(
            found.practitioner_user_id, found.practitioner, found.starts_at, found.ends_at, found.resource_ids
        )
    chosen: ChosenTime | None = st.session_state.get(f"{_OPEN}_chosen")
    if chosen is None:
        return
    place = zone(row.timezone)
    st.markdown(f"**{moment_text(chosen.starts_at, place, page.actor.settings)}** · {plain(chosen.practitioner)}")
    if row.latest_on and local_date(chosen.starts_at, place) > row.latest_on:
        st.caption("This is later than the patient wished.")
    with st.container(horizontal=True, gap="small"):
        if st.button("Book", type="primary", key=f"{_OPEN}_book") and book(page, row, chosen):
            end_search()
            st.rerun()
        if row.offer is None and st.button("Offer", key=f"{_OPEN}_offer") and offer(page, row, chosen):
            end_search()
            st.rerun()


def book(page: Page, row: WaitingRow, chosen: ChosenTime) -> bool:
    """Book somebody who waits into a time; whether it was done."""
    request = BookFromWaitingList(
        entry_id=row.id,
        practitioner_user_id=chosen.practitioner_user_id,
        starts_at=chosen.starts_at,
        ends_at=chosen.ends_at,
        resource_ids=chosen.resource_ids,
        request_id=page.request_id(f"book/{row.id}"),
    )
    booked = page.run(book_from_waiting_list, request)
    if booked is not None:
        page.tell(booked_text(booked.appointment, page.actor.settings))
    return booked is not None


def offer(page: Page, row: WaitingRow, chosen: ChosenTime) -> bool:
    """Offer somebody a time and tell them; whether it was done."""
    request = OfferSlot(
        entry_id=row.id,
        practitioner_user_id=chosen.practitioner_user_id,
        starts_at=chosen.starts_at,
        ends_at=chosen.ends_at,
        request_id=page.request_id(f"offer/{row.id}"),
    )
    made = page.run(offer_with_message, request)
    if made is None:
        return False
    when = f"{moment_text(chosen.starts_at, zone(row.timezone), page.actor.settings)}, with {chosen.practitioner},"
    if made.message.status is NotificationStatus.WITHDRAWN:
        reason = made.message.withdrawn_reason
        page.tell(NOT_TOLD.format(when=when, reason=reason.label.lower() if reason else "unknown"))
    else:
        page.tell(OFFERED.format(when=when))
    return True


def draw_answers(page: Page, found: OfferRow) -> None:
    """What the patient may answer to an offer, and the way to take it back."""
    if st.button("Accepted", key=f"waiting_accept_{found.id}", disabled=not found.is_free):
        request = AcceptOffer(offer_id=found.id, request_id=page.request_id(f"accept/{found.id}"))
        booked = page.run(accept_offer, request)
        if booked is not None:
            page.tell(booked_text(booked.appointment, page.actor.settings))
            st.rerun()
    close = CloseOffer(offer_id=found.id, request_id=page.request_id(f"close/{found.id}"))
    declined = st.button("Declined", key=f"waiting_decline_{found.id}")
    if (
        declined
        and page.run(decline_offer, close, done="The offer is declined; the patient keeps waiting.") is not None
    ):
        st.rerun()
    back = st.button("Take back", key=f"waiting_withdraw_{found.id}", type="tertiary")
    if back and page.run(withdraw_offer, close, done="The offer is taken back.") is not None:
        st.rerun()
