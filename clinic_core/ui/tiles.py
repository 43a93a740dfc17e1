"""Tiles: one figure with its change, its explanation, and the way to exactly its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.analytics.schemas import Explanation
from clinic_core.kit.formats import Locale, datetime_zone_text, quantity, rate_text
from clinic_core.ui.wording import plain

BETTER: dict[str, Literal["normal", "inverse"]] = {"more": "normal", "less": "inverse"}


@dataclass(frozen=True)
class Tile:
    """What a tile says. `change` is a fraction of the earlier value, or points where `in_points`."""

    key: str
    label: str
    value: str
    detail: str
    change: Decimal | None
    explanation: Explanation
    better: Literal["more", "less"] = "more"
    in_points: bool = False


def draw_tile(tile: Tile, locale: Locale, *, rows: str, open_rows: Callable[[str], None]) -> None:
    """Draw the tile; the button named `rows` calls `open_rows` with the tile's key."""
    with st.container(border=True, height="stretch"):
        st.metric(
            tile.label,
            tile.value,
            delta=_change_text(tile, locale),
            delta_color=BETTER[tile.better],
        )
        st.caption(plain(tile.detail))
        with st.container(horizontal=True, gap="small"):
            st.button(rows, key=f"tile_{tile.key}", type="tertiary", on_click=open_rows, args=(tile.key,))
            with st.popover("Definition", icon=":material/info:", type="tertiary", key=f"definition_{tile.key}"):
                draw_explanation(tile.explanation, locale)


def draw_explanation(explanation: Explanation, locale: Locale) -> None:
    """How to read a figure: definition, date basis, zones, filters, and when it was computed."""
    zone = ZoneInfo(explanation.zones[0] if explanation.zones else "UTC")
    st.markdown(plain(explanation.definition))
    st.caption(f"Dates: {plain(explanation.date_basis)}")
    st.caption(f"Time zones: {plain(_zones(explanation))}")
    st.caption(f"Filters: {plain(', '.join(explanation.filters) or 'none')}")
    st.caption(f"Computed {plain(datetime_zone_text(explanation.computed_at, zone, locale))}")


def counted(count: int, what: str) -> str:
    """A number of things in words: 1 receipt, 2 receipts."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _change_text(tile: Tile, locale: Locale) -> str | None:
    if tile.change is None:
        return None
    sign = "+" if tile.change > 0 else ""
    points = quantity(round(tile.change * 100, 1), locale)
    return f"{sign}{points} points" if tile.in_points else f"{sign}{rate_text(round(tile.change, 3), locale)}"


def _zones(explanation: Explanation) -> str:
    shown = explanation.zones[:3]
    more = len(explanation.zones) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "") or "none"
