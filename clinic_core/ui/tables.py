"""Tables: rows of a query as people read them, money to the right, a click opens the row."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from clinic_core.kit.formats import Locale, amount, date_text, datetime_text, quantity
from clinic_core.ui.states import draw_empty
from clinic_core.vocabulary import Choice

Row = TypeVar("Row")

ROW_HEIGHT = 32
# With filters above and a pager below it still fits a screen of 900 pixels.
MOST_ROWS_WITHOUT_SCROLLING = 16
_LEFT_TO_RIGHT_MARK = "\N{LEFT-TO-RIGHT MARK}"


@dataclass(frozen=True)
class Column(Generic[Row]):
    """One column: the attribute of the row (or a function of it) and its heading.

    Amounts (Decimal) and whole numbers stand to the right; instants are written in `zone`, dates and amounts as
    the organisation does.
    """

    value: str | Callable[[Row], object]
    label: str
    width: Literal["small", "medium", "large"] | None = None
    help: str | None = None
    right: bool | None = None
    zone: ZoneInfo | None = None

    def of(self, row: Row) -> object:
        """What the row has in this column."""
        return getattr(row, self.value) if isinstance(self.value, str) else self.value(row)


@dataclass(frozen=True)
class Wording:
    """How the organisation writes; the page passes `Wording(page.actor.settings.locale)`."""

    locale: Locale = Locale.EN
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    def cell(self, value: object, zone: ZoneInfo | None) -> str:
        """One value as text."""
        match value:
            case None:
                return ""
            case bool():
                return "Yes" if value else "No"
            case Choice():
                return value.label
            case Decimal():
                return amount(value, self.locale)
            case datetime():
                return datetime_text(value, zone or self.zone, self.locale)
            case date():
                return date_text(value, self.locale)
            case int():
                return quantity(Decimal(value), self.locale)
            case _:
                return _from_the_left(str(value))


def show_table(
    rows: Sequence[Row],
    columns: Sequence[Column[Row]],
    *,
    key: str,
    select: bool = False,
    wording: Wording | None = None,
    empty: str = "There is nothing here yet.",
) -> Row | None:
    """Draw the rows; with `select` a click on a row returns it (and runs the page again)."""
    if not rows:
        draw_empty(empty)
        return None
    grid = _grid(rows, columns, wording or Wording())
    if not select:
        st.dataframe(**grid, key=key)
        return None
    state = st.dataframe(**grid, key=key, on_select="rerun", selection_mode=["single-row", "single-cell"])
    found = _selected(state)
    return rows[found[0]] if found and found[0] < len(rows) else None


def choose_rows(
    rows: Sequence[Row], columns: Sequence[Column[Row]], *, key: str, wording: Wording | None = None
) -> list[Row]:
    """Draw the rows with a box to tick before each, and one for all; returns those that are ticked."""
    state = st.dataframe(
        **_grid(rows, columns, wording or Wording()), key=key, on_select="rerun", selection_mode="multi-row"
    )
    return [rows[at] for at in sorted(_selected(state)) if at < len(rows)]


def _grid(rows: Sequence[Row], columns: Sequence[Column[Row]], spoken: Wording) -> dict[str, Any]:
    """What the rows look like, whether or not they can be chosen."""
    values = [[column.of(row) for column in columns] for row in rows]
    frame = pd.DataFrame(
        [[spoken.cell(value, columns[at].zone) for at, value in enumerate(line)] for line in values],
        columns=[str(at) for at in range(len(columns))],
    )
    config = {
        str(at): st.column_config.TextColumn(
            column.label,
            width=column.width,
            help=column.help,
            alignment="right" if _is_right(column, [line[at] for line in values]) else "left",
        )
        for at, column in enumerate(columns)
    }
    return {
        "data": frame,
        "hide_index": True,
        "column_config": config,
        "height": (min(len(rows), MOST_ROWS_WITHOUT_SCROLLING) + 1) * ROW_HEIGHT + 2,
        "row_height": ROW_HEIGHT,
        "alt": f"Table of {len(rows)} rows: {', '.join(column.label for column in columns)}",
    }


def draw_pager(total: int, *, page_size: int, key: str) -> int:
    """The buttons below a paged list; returns the offset of the page shown. Draw it before the query by a container."""
    last = max(0, (total - 1) // page_size)
    number = min(int(st.session_state.get(key, 0)), last)
    if total > page_size:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                "Previous",
                icon=":material/chevron_left:",
                disabled=number == 0,
                key=f"{key}_back",
                on_click=_turn,
                args=(key, number - 1),
            )
            st.caption(f"{number * page_size + 1}–{min(total, (number + 1) * page_size)} of {total}", width="content")
            st.button(
                "Next",
                icon=":material/chevron_right:",
                disabled=number == last,
                key=f"{key}_on",
                on_click=_turn,
                args=(key, number + 1),
            )
    return number * page_size


def _turn(key: str, number: int) -> None:
    st.session_state[key] = number


def _from_the_left(text: str) -> str:
    """The text as the grid places it at the left edge: what begins in Arabic or Hebrew it draws outside its cell."""
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in {"L", "R", "AL"}), "L")
    return text if strong == "L" else _LEFT_TO_RIGHT_MARK + text


def _is_right(column: Column[Row], values: Sequence[object]) -> bool:
    if column.right is not None:
        return column.right
    numbers = [value for value in values if value is not None]
    return bool(numbers) and all(isinstance(value, Decimal | int) and not isinstance(value, bool) for value in numbers)


def _selected(state: object) -> list[int]:
    """The rows that are chosen, or those of the chosen cells."""
    selection = getattr(state, "selection", None) or {}
    cells = selection.get("cells") or []
    return [*(selection.get("rows") or []), *(int(cell[0]) for cell in cells)]
