"""Fields of forms: drawn here, read by the parse functions of the kit in the function that makes the request."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import from_wall
from clinic_core.kit.money import parse_money, parse_percent, parse_quantity, parse_unit_price
from clinic_core.kit.text import field_error
from clinic_core.vocabulary import Choice

Kind = TypeVar("Kind", bound=Choice)
Option = TypeVar("Option")

LONGEST_TEXT = 4000
EARLIEST_BIRTH = date(1850, 1, 1)


def text_field(label: str, *, key: str, value: str = "", limit: int = 200, help: str | None = None) -> str:  # noqa: A002
    """One line of text. The limit is checked by the use case too, with a sentence."""
    return st.text_input(label, value=value, key=key, max_chars=limit, help=help)


def reason_field(label: str = "Reason", *, key: str) -> str:
    """Why something that can't be undone is done; kept in the audit log."""
    return st.text_input(label, key=key, max_chars=300, placeholder="Kept with the record")


def long_text_field(label: str, *, key: str, value: str = "", height: int = 100) -> str:
    """Several lines of text."""
    return st.text_area(label, value=value, key=key, max_chars=LONGEST_TEXT, height=height)


def choice_field(label: str, kind: type[Kind], *, key: str, value: Kind | None = None) -> Kind:
    """One word of a closed vocabulary."""
    words = list(kind)
    return st.selectbox(
        label, words, index=words.index(value) if value else 0, format_func=lambda word: word.label, key=key
    )


def option_field(
    label: str, options: Sequence[Option], *, key: str, show: Callable[[Option], str], optional: bool = False
) -> Option | None:
    """One of some rows, by what `show` says of each; None only where it is optional or there is none."""
    return st.selectbox(
        label, options, index=None if optional or not options else 0, format_func=show, key=key, placeholder="Choose"
    )


def date_field(label: str, *, key: str, value: date | None = None, earliest: date | None = None) -> date | None:
    """A date, or nothing."""
    found = st.date_input(label, value=value, key=key, min_value=earliest or EARLIEST_BIRTH, format="YYYY-MM-DD")
    return found if isinstance(found, date) else None


def number_field(label: str, *, key: str, value: str = "", help: str | None = None) -> str:  # noqa: A002
    """A number as typed; read it with `amount_of`, `price_of`, `quantity_of` or `percent_of`, never as a float."""
    return st.text_input(label, value=value, key=key, max_chars=24, help=help)


def amount_of(text: str, *, field: str = "amount") -> Decimal:
    """The amount of money in the text. Raises: InvalidInput with a sentence."""
    return parse_money(text, field=field)


def price_of(text: str, *, field: str = "unit_price") -> Decimal:
    """The unit price in the text. Raises: InvalidInput with a sentence."""
    return parse_unit_price(text, field=field)


def quantity_of(text: str, *, field: str = "quantity") -> Decimal:
    """The quantity in the text. Raises: InvalidInput with a sentence."""
    return parse_quantity(text, field=field)


def percent_of(text: str, *, field: str) -> Decimal:
    """The fraction for the per cent in the text, nothing typed is zero. Raises: InvalidInput with a sentence."""
    return parse_percent(text, field=field) if text.strip() else Decimal(0)


def chosen(value: Option | None, *, field: str) -> Option:
    """The value that a form must have. Raises: InvalidInput naming the field when nothing was chosen."""
    if value is None:
        raise field_error(field, "is missing")
    return value


def instant_of(day: date | None, clock: time | None, place: ZoneInfo) -> datetime:
    """The instant of a date and a time on the wall of that place.

    Raises: InvalidInput when one is missing, or the clocks skip that time.
    """
    wall = datetime.combine(chosen(day, field="date"), chosen(clock, field="time").replace(tzinfo=None))
    found = from_wall(wall, place)
    if found.shifted:
        raise InvalidInput(f"{wall:%H:%M} does not exist on that day: the clocks are put forward.")
    return found.instant
