"""What happens when somebody clicks or drags on the calendar, decided before it is drawn again."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import Permission
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import LocationRow
from clinic_core.ui.appointment_panel import open_panel
from clinic_core.ui.booking import BookingSlot, begin_booking, end_booking
from clinic_core.ui.calendar_answers import read_answer, settle_answer
from clinic_core.ui.calendar_away import AwaySpan, begin_away, may_block, open_away
from clinic_core.ui.calendar_copy import book_copy, has_copy
from clinic_core.ui.calendar_filters import By, Mode, View, show
from clinic_core.ui.calendar_moves import forget_move, move_block
from clinic_core.ui.calendar_types import (
    NO_ROOM,
    AwayOpened,
    BlockMisplaced,
    BlockMoved,
    BlockOpened,
    DayChosen,
    SlotChosen,
)
from clinic_core.ui.calendar_view import drawn_key
from clinic_core.ui.day_sheet import draw_day_sheet_link
from clinic_core.ui.page import Page

_USUAL_BLOCK = timedelta(hours=1)


def handle_answer(page: Page, view: View, location: LocationRow, place: ZoneInfo) -> View:
    """Do what the person asked for on the calendar; returns what is to be shown now."""
    answer = read_answer(drawn_key(), place)
    match answer:
        case None:
            return view
        case BlockMoved():
            # Dealt with first: a run that is interrupted must not move it twice.
            settle_answer()
            move_block(page, answer, view.by, place)
            return view
        case SlotChosen() if has_copy():
            settle_answer()
            forget_move()
            book_copy(page, answer, view.by, location)
            return view
        case SlotChosen():
            _choose(page, view, location, answer)
        case BlockMisplaced():
            forget_move()
        case BlockOpened():
            forget_move()
            open_panel(answer.id)
        case AwayOpened() if may_block(page):
            open_away(answer)
        case DayChosen():
            view = replace(view, mode=Mode.DAY, day=answer.day)
            show(view)
    settle_answer()
    return view


def draw_tools(page: Page, location: LocationRow, view: View, start: BookingSlot) -> None:
    """What else is done with the days that are shown: the day sheet, and blocking time from `start` on."""
    draw_day_sheet_link(location, view.day, view.practitioners)
    if page.actor.can(Permission.APPOINTMENT_MANAGE) and may_block(page):
        st.button("Block time", icon=":material/block:", on_click=begin_blocking, args=(start,))


def begin_blocking(slot: BookingSlot) -> None:
    """Block that time instead of booking it, an hour where no end was drawn; also a callback."""
    end_booking()
    subject = slot.practitioner_id or next(iter(slot.resource_ids), None)
    begin_away(AwaySpan(slot.starts_at, slot.ends_at or slot.starts_at + _USUAL_BLOCK, subject))


def offer_blocking(slot: BookingSlot) -> None:
    """In the booking dialog of a span that was drawn: the other thing that can be done with it."""
    if slot.ends_at is not None and st.button("Block this time instead", icon=":material/block:", key="booking_block"):
        begin_blocking(slot)
        st.rerun()


def _choose(page: Page, view: View, location: LocationRow, chosen: SlotChosen) -> None:
    forget_move()
    if view.by is By.ROOM:
        rooms = () if chosen.column_id == NO_ROOM else (chosen.column_id,)
        begin_booking(BookingSlot(chosen.starts_at, ends_at=chosen.ends_at, resource_ids=rooms))
        return
    manage = Permission.APPOINTMENT_MANAGE
    if reaches(page.actor, manage, practitioner_id=chosen.column_id, location_id=location.id):
        begin_booking(BookingSlot(chosen.starts_at, chosen.column_id, chosen.ends_at))
    else:
        st.warning("This calendar is not yours to book; ask the front desk there.", icon=":material/lock:")
