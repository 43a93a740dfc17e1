"""The component that tells the width: a script of this package, as scripts in pages would break the CSP."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

PACKAGE = "clinicboard_window"
COMPONENT = "calendar_window"
NAME = f"{PACKAGE}.{COMPONENT}"

_KEY = "calendar_window"
_NARROW = "_window_is_narrow"


def is_narrow() -> bool:
    """Whether the window is as narrow as a phone, as the browser said last; wide until it says so."""
    told = (st.session_state.get(_KEY) or {}).get("narrow")
    if told is not None:
        st.session_state[_NARROW] = bool(told)
    return bool(st.session_state.get(_NARROW, False))


def watch_width() -> None:
    """Let the browser tell when that changes; draws nothing. To be called once in a run, after `is_narrow`."""
    _renderer()(key=_KEY, data={"narrow": is_narrow()}, on_narrow_change=lambda: None)


def _renderer() -> "ComponentRenderer":
    """The component; Streamlit finds its file by itself only in packages named like their distribution."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(NAME) is None:
        manifest = ComponentManifest(PACKAGE, "1", [ComponentConfig(COMPONENT, asset_dir="assets")])
        manager.register_from_manifest(manifest, Path(__file__).parent)
    return _declared()


@lru_cache(maxsize=1)
def _declared() -> "ComponentRenderer":
    return st.components.v2.component(NAME, js="calendar_window.js")
