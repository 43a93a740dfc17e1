"""What stands around every page: the menu, the organisation, the person at the screen and the way out."""

from collections.abc import Callable, Mapping
from itertools import groupby

import streamlit as st
from streamlit.navigation.page import Page as StreamlitPage

from clinic_core.access import Actor, Permission, perform
from clinic_core.billing.queries import count_refund_requests
from clinic_core.billing.schemas import RefundFilter
from clinic_core.clinical_docs.queries import count_open_notes
from clinic_core.clinical_docs.schemas import CountOpenNotes
from clinic_core.ui.location import draw_location_switch
from clinic_core.ui.nav import NavPage, entrance, may_open, menu
from clinic_core.ui.page import run_page
from clinic_core.ui.patient_search import draw_jump_search
from clinic_core.ui.session import sign_out
from clinic_core.ui.wording import plain


def draw_shell(actor: Actor) -> None:
    """Draw the sidebar for the person, and run the page that was chosen."""
    pages = menu(actor)
    with st.sidebar:
        st.markdown(f"**{plain(actor.organization_name)}**")
        if not pages:
            st.info("Your role opens no page yet. Ask an administrator of your clinic for access.")
            _draw_person(actor)
            return
        start = entrance(next(iter(pages.values())))
        chosen = st.navigation([start, *pages.values()], position="hidden")
        if chosen is start:
            chosen.run()
        draw_location_switch(actor)
        if may_open(actor, Permission.PATIENT_READ):
            draw_jump_search()
        _draw_menu(actor, pages)
        _draw_person(actor)
    run_page(chosen)


def _draw_menu(actor: Actor, pages: dict[NavPage, StreamlitPage]) -> None:
    for section, entries in groupby((entry for entry in pages.items() if entry[0].listed), key=lambda e: e[0].section):
        with st.container(gap="xxsmall"):
            st.caption(section)
            for found, page in entries:
                waiting = WAITING[found.path](actor) if found.path in WAITING else 0
                st.page_link(page, label=f"{found.title} ({waiting})" if waiting else found.title, width="stretch")


def _notes_waiting(actor: Actor) -> int:
    """How many visits of the person's own are not signed or have no note."""
    lists = perform(actor, count_open_notes, CountOpenNotes())
    return lists.unsigned + lists.missing


def _refunds_waiting(actor: Actor) -> int:
    """How many refunds wait for the person to approve or decline them."""
    if not actor.can(Permission.BILLING_APPROVE):
        return 0
    return perform(actor, count_refund_requests, RefundFilter(to_decide=True))


# What waits for the person on a page of the menu.
WAITING: Mapping[str, Callable[[Actor], int]] = {
    "pages/clinical/worklist.py": _notes_waiting,
    "pages/billing/refunds.py": _refunds_waiting,
}


def _draw_person(actor: Actor) -> None:
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f":material/account_circle: {plain(actor.display_name)}", width="stretch")
        st.button("Sign out", icon=":material/logout:", on_click=sign_out, key="sign_out", type="tertiary")
