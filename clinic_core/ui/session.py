"""Who is at the screen: the actor behind the header that the gate sets, read from the database at every run."""

import threading
from typing import NoReturn

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

from clinic_core.access import Actor
from clinic_core.auth.sessions import ANONYMOUS, actor_for_session, end_session
from clinic_core.errors import NotSignedIn

SIGNED_OUT = "You are signed out. Please sign in again."
SIGN_IN_ADDRESS = "/session/login?r=expired"

_held = threading.local()


def session_id() -> str | None:
    """The id of the session, `anonymous`, or None where no gate stands before the app."""
    found = st.user.get("sid")
    return str(found) if found else None


def current_actor() -> Actor:
    """The person at the screen with the permissions of this moment.

    Read once in a run of the script and anew in the next, so also in each run of a fragment, dialog or callback.

    Raises:
        NotSignedIn: there is no live session.
        Unavailable: the database does not answer.
    """
    context = get_script_run_ctx()
    # Streamlit makes the cursors anew for every run, whole or fragment: holding them tells one run from the next.
    run = context.cursors if context else None
    if run is None or getattr(_held, "run", None) is not run:
        _held.run = None
        _held.actor = actor_for_session(session_id() or ANONYMOUS)
        _held.run = run
    actor: Actor | None = _held.actor
    if actor is None:
        raise NotSignedIn(SIGNED_OUT)
    return actor


def sign_out() -> None:
    """End the session in every tab; for the callback of the button, so that the run after it finds nobody."""
    end_session(session_id() or ANONYMOUS)
    st.session_state.clear()
    _held.run = None


def go_to_sign_in() -> NoReturn:
    """Send the tab to the sign-in page and end the run."""
    context = get_script_run_ctx()
    if context is not None:
        message = ForwardMsg()
        message.auth_redirect.url = SIGN_IN_ADDRESS
        context.enqueue(message)
    st.info(SIGNED_OUT)
    st.stop()
