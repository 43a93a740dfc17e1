"""Numbers as price lists of several countries write them: 1,234.50 · 1.234,50 · 1'234.50 · 12,5 · 19 %."""

import re
from collections.abc import Iterable
from decimal import Decimal

from clinic_core.kit.money import RATE, UNIT_PRICE, check_limit, parse_number
from clinic_core.kit.text import field_error

_DECORATION = re.compile(r"[\s\u00a0\u202f'’]|[€$£¥]|\b[A-Z]{3}\b")
_GROUPED = {mark: re.compile(rf"[+-]?[1-9][0-9]{{0,2}}(?:\{mark}[0-9]{{3}})+") for mark in ".,"}
_MARKED = {
    mark: re.compile(rf"(?:.*\{other}.*)?[^{mark}]*\{mark}(?:[0-9]{{1,2}}|[0-9]{{4,}})") for mark, other in (".,", ",.")
}


def decimal_mark(cells: Iterable[str]) -> str | None:
    """The sign before the decimals in this column, where one cell shows it and none shows the other."""
    plain = [_DECORATION.sub("", cell).removesuffix("%") for cell in cells]
    shown = {mark for mark in ".," if any(_MARKED[mark].fullmatch(cell) for cell in plain)}
    return shown.pop() if len(shown) == 1 else None


def price_of(text: str, mark: str | None) -> Decimal:
    """A price of zero or more with up to six decimals, currency and thousands separators aside.

    `mark` is the column's decimal mark: it decides what 1,234 means, which is refused without it.

    Raises: InvalidInput that says what is wrong with the text.
    """
    price = parse_number(_ungrouped(_DECORATION.sub("", text), mark), UNIT_PRICE, field="unit_price")
    if price < 0:
        raise field_error("unit_price", "must not be negative")
    return price


def rate_of(text: str, mark: str | None, *, is_fraction: bool) -> Decimal:
    """A tax rate as a fraction; the text is per cent unless the column holds fractions and no sign says otherwise.

    Raises: InvalidInput that says what is wrong with the text.
    """
    plain = _DECORATION.sub("", text)
    number = parse_number(_ungrouped(plain.removesuffix("%"), mark), UNIT_PRICE, field="tax_rate")
    rate = number if is_fraction and not plain.endswith("%") else number.scaleb(-2)
    if not 0 <= rate <= 1:
        raise field_error("tax_rate", "must be between 0 and 100 per cent")
    return check_limit(rate, RATE, field="tax_rate")


def are_fractions(cells: Iterable[str]) -> bool:
    """Whether a column of tax rates is written as fractions: none above 1, one between 0 and 1, no per cent sign."""
    plain = [_DECORATION.sub("", cell).replace(",", ".") for cell in cells if cell]
    numbers = [Decimal(cell) for cell in plain if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", cell)]
    return len(numbers) == len(plain) and any(0 < one < 1 for one in numbers) and all(one <= 1 for one in numbers)


def minutes_of(text: str, *, field: str) -> int:
    """Whole minutes: 45 or 45 min. Raises: InvalidInput that says what is wrong with the text."""
    digits = re.fullmatch(r"([0-9]{1,6})\s*(?:min(?:\.|ute[ns]?|s)?)?", text.strip(), re.IGNORECASE)
    if digits is None:
        raise field_error(field, "must be whole minutes, for example 45")
    return int(digits[1])


def _ungrouped(number: str, mark: str | None) -> str:
    """The number without thousands separators and with a point before the decimals; left alone where it is unclear."""
    if "." in number and "," in number:
        mark = max(".,", key=number.rfind)
    if mark is None:
        return number
    other = "." if mark == "," else ","
    whole, point, decimals = number.partition(mark)
    if _GROUPED[other].fullmatch(whole):
        whole = whole.replace(other, "")
    if other in whole or other in decimals or mark in decimals:
        return number
    return f"{whole}.{decimals}" if point else whole
