"""The waiting list on the screen: who waits, one row each, and the times that came free with whom they suit."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import time_text
from clinic_core.scheduling.queries import matches_for_slot
from clinic_core.scheduling.reach import reaches_waiting
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    FreedSlot,
    MatchesForSlot,
    RemoveFromWaitingList,
    WaitingMatch,
    WaitingRow,
)
from clinic_core.scheduling.service import remove_from_waiting_list
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.waiting_list_form import begin_change
from clinic_core.ui.waiting_list_times import ChosenTime, begin_search, book, draw_answers, offer
from clinic_core.ui.waiting_list_words import (
    URGENCY_COLORS,
    moment_text,
    offer_text,
    open_offer_text,
    urgency_text,
    waiting_text,
    wish_text,
)
from clinic_core.ui.wording import plain

MOST_FITTING = 5
REMOVED = "The entry is taken off the waiting list."


def draw_entries(page: Page, rows: Sequence[WaitingRow]) -> None:
    """Who waits: urgency, patient, wish, since when, and what can be done."""
    for row in rows:
        with st.container(border=True, gap="xxsmall", key=f"waiting_{row.id}"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                _draw_wish(page, row)
            facts = (waiting_text(row, page.actor.settings), row.patient_phone, row.note)
            st.caption(plain(" · ".join(fact for fact in facts if fact)))
            _draw_offer(page, row)


def draw_freed(page: Page, slots: Sequence[FreedSlot], place: ZoneInfo) -> None:
    """Times that were given back and suit somebody, each with whom."""
    for slot in slots:
        with st.container(border=True, gap="xxsmall"):
            when = f"{moment_text(slot.starts_at, place, page.actor.settings)}–{time_text(slot.ends_at, place)}"
            st.markdown(f"**{when}** · {plain(slot.practitioner)}")
            for match in slot.matches:
                _draw_match(page, match, slot.practitioner)


def list_fitting(page: Page, row: AppointmentRow) -> list[WaitingMatch]:
    """Who waits and fits the time of a cancelled appointment, while it is free; one more than are shown at most."""
    request = MatchesForSlot(
        clinic_location_id=row.clinic_location_id,
        practitioner_user_id=row.practitioner_user_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        limit=MOST_FITTING + 1,
    )
    return page.read(matches_for_slot, request)


def fitting_text(found: Sequence[WaitingMatch]) -> str:
    """How many they are: 3 people on the waiting list fit this time."""
    if len(found) > MOST_FITTING:
        return f"More than {MOST_FITTING} people on the waiting list fit this time"
    one = len(found) == 1
    return f"{len(found)} {'person' if one else 'people'} on the waiting list {'fits' if one else 'fit'} this time"


def draw_fitting(page: Page, row: AppointmentRow) -> None:
    """Who waits and fits the time of a cancelled appointment, each with the offer and the booking."""
    found = list_fitting(page, row)
    if not found:
        return
    with st.container(border=True, gap="xxsmall"):
        st.markdown(f":material/hourglass_top: **{fitting_text(found)}**")
        for match in found[:MOST_FITTING]:
            _draw_match(page, match, row.practitioner)


def _keeps(page: Page, row: WaitingRow) -> bool:
    return reaches_waiting(page.actor, row.clinic_location_id, row.practitioner_user_id)


def _draw_match(page: Page, match: WaitingMatch, practitioner: str) -> None:
    row, place = match.entry, zone(match.entry.timezone)
    chosen = ChosenTime(match.practitioner_user_id, practitioner, match.starts_at, match.ends_at)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(urgency_text(row.urgency), color=URGENCY_COLORS[row.urgency])
        times = f"{time_text(match.starts_at, place)}–{time_text(match.ends_at, place)}"
        st.markdown(f"{plain(row.patient_name)} · {times}", width="content")
        st.caption(
            plain(" · ".join(fact for fact in (waiting_text(row, page.actor.settings), row.patient_phone) if fact)),
            width="content",
        )
        if row.offer is not None:
            said = open_offer_text(row.offer, match, place, page.actor.settings)
            st.badge(plain(said), color="blue", icon=":material/send:")
        if _keeps(page, row):
            _draw_match_actions(page, row, chosen)


def _draw_match_actions(page: Page, row: WaitingRow, chosen: ChosenTime) -> None:
    """Together in one container, so that a narrow panel does not part them."""
    key = f"{row.id}_{chosen.starts_at:%d%H%M}_{chosen.practitioner_user_id.hex[-6:]}"
    with st.container(horizontal=True, gap="small", width="content"):
        if row.offer is None and st.button("Offer", key=f"match_offer_{key}") and offer(page, row, chosen):
            st.rerun()
        if st.button("Book", key=f"match_book_{key}") and book(page, row, chosen):
            st.rerun()


def _draw_wish(page: Page, row: WaitingRow) -> None:
    st.badge(urgency_text(row.urgency), color=URGENCY_COLORS[row.urgency])
    if st.button(plain(row.patient_name), key=f"waiting_patient_{row.id}", type="tertiary"):
        page.go(PATIENT_PAGE, patient=row.patient_id)
    if row.patient_alerts:
        st.markdown(f":small[:orange[{plain('! ' + ', '.join(row.patient_alerts))}]]", width="content")
    st.markdown(plain(wish_text(row, page.actor.settings)), width="content")
    if _keeps(page, row):
        with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
            _draw_actions(page, row)


def _draw_actions(page: Page, row: WaitingRow) -> None:
    st.button("Find a time", key=f"waiting_find_{row.id}", on_click=begin_search, args=(row,))
    with st.popover("More", key=f"waiting_more_{row.id}", type="tertiary"):
        st.button("Change", key=f"waiting_change_{row.id}", width="stretch", on_click=begin_change, args=(row,))
        request = RemoveFromWaitingList(
            entry_id=row.id, version=row.version, request_id=page.request_id(f"remove/{row.id}")
        )
        pressed = st.button("Remove", key=f"waiting_remove_{row.id}", width="stretch")
        if pressed and page.run(remove_from_waiting_list, request, done=REMOVED) is not None:
            st.rerun()


def _draw_offer(page: Page, row: WaitingRow) -> None:
    if row.offer is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f":material/send: {plain(offer_text(row.offer, zone(row.timezone), page.actor.settings))}", width="content"
        )
        if not row.offer.is_free:
            st.badge("taken by now", color="orange", icon=":material/warning:")
        if _keeps(page, row):
            draw_answers(page, row.offer)
