"""Who is at the screen: the actor behind the header that the gate sets, read from the database at every run."""

import threading
from collections.abc import Callable
from typing import NoReturn, TypeVar

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

from clinic_core.access import Actor
from clinic_core.auth.sessions import ANONYMOUS, actor_for_session, end_session
from clinic_core.errors import NotSignedIn

SIGNED_OUT = "You are signed out. Please sign in again."
SIGN_IN_ADDRESS = "/session/login?r=expired"

Value = TypeVar("Value")

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
    actor = once_a_run("actor", lambda: actor_for_session(session_id() or ANONYMOUS))
    if actor is None:
        raise NotSignedIn(SIGNED_OUT)
    return actor


def once_a_run(name: str, make: Callable[[], Value]) -> Value:
    """The value made once in this run of the script; a run of a fragment, dialog or callback makes it anew."""
    context = get_script_run_ctx()
    # Streamlit makes the cursors anew for every run, whole or fragment: holding them tells one run from the next.
    run = context.cursors if context else None
    if run is None or getattr(_held, "run", None) is not run:
        _held.values = {}
        _held.run = run
    values: dict[str, Value] = _held.values
    if name not in values:
        values[name] = make()
    return values[name]


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
