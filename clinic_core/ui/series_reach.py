"""What both dialogs of a series have: which appointments they are for, and what they are called."""

import streamlit as st

from clinic_core.scheduling.schemas import SeriesRow
from clinic_core.vocabulary import SeriesReach

KEY = "series_form"


def close_series() -> None:
    """Close the dialog and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("series_")]:
        del st.session_state[key]


def series_title(series: SeriesRow) -> str:
    """The rule in words with the time of day, and which one of how many: "Weekly, at 10:00 · 3 of 10"."""
    which = f" · {series.position} of {series.total}" if series.position and series.total else ""
    return f"{series.words[:1].upper()}{series.words[1:]}, at {series.starts_at_wall:%H:%M}{which}"


def draw_reach() -> SeriesReach:
    """Which appointments a change is for."""
    words = {reach: reach.label for reach in SeriesReach} | {SeriesReach.THIS: "This appointment"}
    found: SeriesReach = st.radio(
        "For", list(words), index=1, format_func=words.__getitem__, horizontal=True, key=f"{KEY}_reach"
    )
    return found
