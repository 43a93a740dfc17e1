"""The component that tells the width; what is done with it is decided by the pages."""

from pathlib import Path

import streamlit as st

from clinic_core.ui.components import own_component

_KEY = "calendar_window"
_NARROW = "_window_is_narrow"


def is_narrow() -> bool:
    """Whether the window is as narrow as a phone, as the browser said last; until then whether it calls itself one."""
    told = (st.session_state.get(_KEY) or {}).get("narrow")
    if told is not None:
        st.session_state[_NARROW] = bool(told)
    return bool(st.session_state.get(_NARROW, "Mobi" in (st.context.headers.get("User-Agent") or "")))


def watch_width() -> None:
    """Let the browser tell when that changes; draws nothing. To be called once in a run, after `is_narrow`."""
    tell = own_component(Path(__file__).parent, "calendar_window")
    tell(key=_KEY, data={"narrow": is_narrow()}, on_narrow_change=lambda: None)
