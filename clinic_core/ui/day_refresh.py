"""A day that keeps itself fresh: the page is drawn anew when somebody changed the day, or a minute has passed.

The timer's own requests do not count as activity, so a screen that nobody touches is signed out as ever.
"""

from datetime import timedelta
from functools import partial

import streamlit as st

from clinic_core.access import perform
from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import day_pulse
from clinic_core.scheduling.schemas import ListDay
from clinic_core.ui.page import guarded
from clinic_core.ui.session import current_actor

EVERY_SECONDS = 20
LONGEST_UNCHANGED = timedelta(seconds=60)

_DRAWN = "day_drawn"
# What dialogs keep while they are open begins so: nothing moves under somebody who types.
_DIALOGS = ("panel_", "booking_", "payment_", "series_")


def keep_fresh(request: ListDay) -> None:
    """Draw nothing, and look after the day of the request while the page is open."""
    st.session_state.pop(_DRAWN, None)
    _look(request)


@st.fragment(run_every=EVERY_SECONDS)
def _look(request: ListDay) -> None:
    guarded(partial(_compare, request))


def _compare(request: ListDay) -> None:
    if any(str(key).startswith(_DIALOGS) for key in st.session_state):
        return
    pulse = perform(current_actor(), day_pulse, request)
    drawn = st.session_state.get(_DRAWN)
    if drawn is None:
        st.session_state[_DRAWN] = (pulse, now())
    elif drawn[0] != pulse or now() - drawn[1] >= LONGEST_UNCHANGED:
        st.rerun(scope="app")
