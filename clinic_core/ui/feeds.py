"""The calendar addresses of a practitioner: the new one shown once, those that work, and how to end one."""

from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.formats import Locale, datetime_text
from clinic_core.scheduling.queries import list_feeds
from clinic_core.scheduling.reach import may_give_calendar
from clinic_core.scheduling.schemas import CreateFeed, FeedRow, IssuedFeed, ListFeeds, RevokeFeed
from clinic_core.scheduling.service import create_feed, revoke_feed
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain

_ISSUED = "feeds_issued"


def draw_feeds(page: Page, user_id: UUID, place: ZoneInfo) -> None:
    """The calendar addresses of a practitioner, for whoever may give them away; instants are those of `place`."""
    if not may_give_calendar(page.actor, user_id):
        return
    st.subheader("Calendar address", anchor=False)
    st.caption(
        "A secret address for a calendar program on a phone or computer. It shows the appointments from 30 days back"
        " to a year ahead, and absences. Whoever has the address can read it, so treat it like a password."
    )
    issued: IssuedFeed | None = st.session_state.pop(_ISSUED, None)
    if issued is not None:
        _draw_issued(issued)
    for row in page.read(list_feeds, ListFeeds(user_id=user_id)):
        _draw_feed(page, row, place)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        pressed = st.button("Make a calendar address", icon=":material/calendar_add_on:", key="feeds_make")
        with_names = st.checkbox(
            "With patients' names and desk notes",
            key="feeds_with_names",
            help="Without it events say only “Appointment” and the service. Calendar programs store what they read.",
        )
    if not pressed:
        return
    wish = CreateFeed(user_id=user_id, with_names=with_names, request_id=page.request_id(f"feed/{user_id}"))
    made = page.run(create_feed, wish)
    if made is not None:
        st.session_state[_ISSUED] = made
        st.rerun()


def _draw_issued(issued: IssuedFeed) -> None:
    """The next run of the page no longer has it."""
    if issued.was_shown:
        st.info("This address was shown already. If it was not copied, revoke it and make a new one.")
        return
    here = urlsplit(st.context.url or "")
    origin = f"{here.scheme}://{here.netloc}" if here.netloc else ""
    st.success(
        "Copy this address now and subscribe to it in the calendar program; it is not shown again.",
        icon=":material/link:",
    )
    st.code(origin + issued.path.get_secret_value(), language=None, wrap_lines=True)


def _draw_feed(page: Page, row: FeedRow, place: ZoneInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(_words(row, place, page.actor.settings.locale)), width="content")
        pressed = st.button("Revoke", icon=":material/link_off:", key=f"feeds_revoke_{row.id}", type="tertiary")
    if pressed:
        wish = RevokeFeed(feed_id=row.id, request_id=page.request_id(f"revoke/{row.id}"))
        page.run_for_next(revoke_feed, wish, done="The calendar address no longer works.")
        st.rerun()


def _words(row: FeedRow, place: ZoneInfo, locale: Locale) -> str:
    read = f"last read {datetime_text(row.last_read_at, place, locale)}" if row.last_read_at else "never read yet"
    names = "with names" if row.with_names else "without names"
    return f"{names.capitalize()} · made {datetime_text(row.created_at, place, locale)} by {row.created_by} · {read}"
