"""Text for people: the only place where money, dates, names and codes become text.

Nothing here rounds in secret: amounts are rounded half up like everywhere else (`kit.money`), and wall time comes
from `kit.calendar`. Reading text back is in `kit.money` and `kit.text`.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import to_wall
from clinic_core.kit.money import EXACT, exact, round_money
from clinic_core.kit.text import field_error, fold

_SPACE = "\N{NO-BREAK SPACE}"
_SYMBOLS = {
    "EUR": "€",
    "USD": "$",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "PLN": "zł",
    "CZK": "Kč",
    "ILS": "₪",
    "UAH": "₴",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_SERIES_PREFIX = re.compile(r"[A-Z][A-Z0-9]{0,9}")


class Locale(StrEnum):
    """How an organisation writes numbers and dates; the words stay English."""

    EN = "en"
    DE = "de"
    FR = "fr"


@dataclass(frozen=True)
class _Conventions:
    decimal_mark: str
    group_mark: str
    symbol_first: bool
    percent: str
    date: str
    short_date: str


# English has dates of both orders, so it names the month.
_CONVENTIONS = {
    Locale.EN: _Conventions(".", ",", True, "%", "{day} {month_name} {year}", "{day} {month_name}"),
    Locale.DE: _Conventions(",", ".", False, f"{_SPACE}%", "{day:02d}.{month:02d}.{year}", "{day:02d}.{month:02d}."),
    Locale.FR: _Conventions(",", _SPACE, False, f"{_SPACE}%", "{day:02d}/{month:02d}/{year}", "{day:02d}/{month:02d}"),
}


def money(amount: Decimal, currency: str, locale: Locale = Locale.EN) -> str:
    """An amount with its currency: €1,234.50 · 1.234,50 € · 1 234,50 €. Raises: TypeError for a float."""
    return _with_currency(_grouped(round_money(amount), 2, 2, locale), currency, locale)


def unit_price(price: Decimal, currency: str, locale: Locale = Locale.EN) -> str:
    """A price with two to six decimals, as many as it has. Raises: TypeError for a float."""
    return _with_currency(_grouped(exact(price), 2, 6, locale), currency, locale)


def amount(value: Decimal, locale: Locale = Locale.EN) -> str:
    """An amount without its currency, for columns that name it in the heading: 1,234.50."""
    return _grouped(round_money(value), 2, 2, locale)


def quantity(value: Decimal, locale: Locale = Locale.EN) -> str:
    """A quantity with as many decimals as it has, at most four: 2 · 1.5."""
    return _grouped(exact(value), 0, 4, locale)


def rate_text(rate: Decimal | None, locale: Locale = Locale.EN) -> str:
    """A fraction as per cent with at most two decimals: 19% · 8.1%; "n/a" where there is none to give."""
    if rate is None:
        return "n/a"
    percent = _grouped(EXACT.multiply(exact(rate), Decimal(100)), 0, 2, locale)
    return percent + _CONVENTIONS[locale].percent


def plain_amount(value: Decimal) -> str:
    """An amount for files and stored breakdowns: "1234.50", the same in every locale."""
    return f"{round_money(value):f}"


def plain_number(value: Decimal) -> str:
    """A number for files and stored breakdowns, without trailing zeros or exponent: "0.19"."""
    return _trimmed(f"{exact(value) + 0:f}", 0)


def date_text(day: date, locale: Locale = Locale.EN) -> str:
    """A date as the organisation writes it: 22 Nov 2026 · 22.11.2026 · 22/11/2026."""
    return _CONVENTIONS[locale].date.format(
        day=day.day, month=day.month, month_name=_MONTHS[day.month - 1], year=f"{day.year:04d}"
    )


def day_text(day: date, locale: Locale = Locale.EN) -> str:
    """A date with its weekday, for appointments: Sun 22 Nov 2026."""
    return f"{_WEEKDAYS[day.weekday()]} {date_text(day, locale)}"


def short_date_text(day: date, locale: Locale = Locale.EN) -> str:
    """A date where the year is known: 22 Nov · 22.11. · 22/11."""
    return _CONVENTIONS[locale].short_date.format(day=day.day, month=day.month, month_name=_MONTHS[day.month - 1])


def short_day_text(day: date, locale: Locale = Locale.EN) -> str:
    """A date with its weekday where the year is known: Sun 22 Nov."""
    return f"{_WEEKDAYS[day.weekday()]} {short_date_text(day, locale)}"


def time_text(instant: datetime, place: ZoneInfo) -> str:
    """The time on the wall of that place, on the 24 hour clock: 08:05."""
    return f"{to_wall(instant, place):%H:%M}"


def datetime_text(instant: datetime, place: ZoneInfo, locale: Locale = Locale.EN) -> str:
    """Date and time on the wall of that place: 22 Nov 2026, 08:05."""
    return f"{date_text(to_wall(instant, place).date(), locale)}, {time_text(instant, place)}"


def datetime_zone_text(instant: datetime, place: ZoneInfo, locale: Locale = Locale.EN) -> str:
    """Date and time with the zone's name, for readers who may be elsewhere: 22 Nov 2026, 08:05 (Europe/Berlin)."""
    return f"{datetime_text(instant, place, locale)} ({place.key})"


def minutes_text(minutes: int) -> str:
    """A length of time: 45 min · 2 h · 1 h 30 min."""
    hours, rest = divmod(abs(minutes), 60)
    parts = [f"{hours} h"] if hours else []
    if rest or not hours:
        parts.append(f"{rest} min")
    return ("-" if minutes < 0 else "") + " ".join(parts)


def person_name(first: str, last: str, preferred: str | None = None) -> str:
    """A name as people are called: Anna Schmidt, with the preferred name behind it where it differs.

    People with one name have it in either field.
    """
    full = " ".join(part for part in (first.strip(), last.strip()) if part)
    called = (preferred or "").strip()
    return f"{full} ({called})" if called and called not in {full, first.strip()} else full


def sort_key(first: str, last: str) -> str:
    """What lists of people are sorted by: family name, then given name, folded as for search."""
    return fold(f"{last} {first}")


def age(born_on: date, on: date) -> int:
    """Completed years on that day; who was born on 29 February is a year older on 1 March of other years.

    Raises: InvalidInput for a day before the birth.
    """
    if on < born_on:
        raise InvalidInput("The date of birth lies after the day for which the age is asked.")
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def patient_code(number: int) -> str:
    """The code of a patient as people say and type it: P-004217."""
    return f"P-{_positive(number):06d}"


def document_number(prefix: str, year: int, number: int) -> str:
    """The number of an issued document: INV-2026-00042, at least five digits.

    Raises: InvalidInput for a prefix that is not one to ten capital letters and digits, or a number below one.
    """
    if not _SERIES_PREFIX.fullmatch(prefix):
        raise field_error("prefix", "must be one to ten capital letters and digits, a letter first")
    return f"{prefix}-{year:04d}-{_positive(number):05d}"


def _positive(number: int) -> int:
    if number < 1:
        raise field_error("number", "must be one or more")
    return number


def _with_currency(number: str, currency: str, locale: Locale) -> str:
    symbol = _SYMBOLS.get(currency, currency)
    if not _CONVENTIONS[locale].symbol_first:
        return f"{number}{_SPACE}{symbol}"
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    return f"{sign}{symbol}{digits}" if len(symbol) == 1 else f"{sign}{symbol}{_SPACE}{digits}"


def _grouped(value: Decimal, least: int, most: int, locale: Locale) -> str:
    """The number in the locale's marks, rounded to `most` decimals, trailing zeros dropped down to `least`."""
    conventions = _CONVENTIONS[locale]
    rounded = EXACT.add(EXACT.quantize(value, Decimal(1).scaleb(-most)), Decimal(0))
    text = _trimmed(f"{rounded:,f}", least)
    marks = str.maketrans({",": conventions.group_mark, ".": conventions.decimal_mark})
    return text.translate(marks)


def _trimmed(text: str, least: int) -> str:
    """The digits without trailing zeros after the point, keeping `least` decimals."""
    whole, _, decimals = text.partition(".")
    kept = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{kept}" if kept else whole
