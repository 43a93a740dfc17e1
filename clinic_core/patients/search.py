"""What somebody means who types into the search field: dates of birth in several notations, numbers, codes, names."""

import re
from dataclasses import dataclass
from datetime import date

from clinic_core.kit.clock import now
from clinic_core.kit.text import clean, fold

LIMIT = 200

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})[-./ ]\s?(\d{1,2})[-./ ]\s?(\d{4}|\d{2})")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
_DAY_NAMED = re.compile(r"(\d{1,2})\.? ([a-z]{3,9})\.?,? (\d{4})")
_MONTH_NAMED = re.compile(r"([a-z]{3,9})\.? (\d{1,2}),? (\d{4})")
_CODE = re.compile(r"p-? ?(\d+)")
_NUMBER = re.compile(r"\+?[\d ()/.\-]+")
# Han characters, kana and Hangul syllables: names are written family name first, without a space.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]{2,8}")
_LONGEST_FAMILY_NAME = 3


@dataclass(frozen=True)
class Wanted:
    """The readings of one search text; `births` has two dates where day and month could be either way round.

    `spaced` has the ways to part a name that is written without a space.
    """

    folded: str
    spaced: tuple[str, ...]
    births: tuple[date, ...]
    digits: str


def read_search(text: str) -> Wanted:
    """The readings of a search text.

    Raises:
        InvalidInput: control characters, or more than 200 characters.
    """
    folded = fold(clean(text, limit=LIMIT, field="search"))
    code = _CODE.fullmatch(folded)
    digits = code[1] if code else folded if _NUMBER.fullmatch(folded) else ""
    return Wanted(folded, _spaced(folded), read_births(folded), re.sub(r"\D", "", digits))


def read_births(folded: str) -> tuple[date, ...]:
    """The dates a text may mean: 1980-12-31, 31.12.1980, 31/12/80, 12/31/1980, 19801231, 31 Dec 1980, Dec 31, 1980.

    Where both orders of day and month are possible (3/4/1980) both dates are meant; with points the day is first.
    """
    if found := _YEAR_FIRST.fullmatch(folded) or _COMPACT.fullmatch(folded):
        return _dates((found[1], found[2], found[3]))
    if found := _YEAR_LAST.fullmatch(folded):
        first, second, year = found[1], found[2], _full_year(found[3])
        if "." in folded:
            return _dates((year, second, first))
        return _dates((year, second, first), (year, first, second))
    if found := _DAY_NAMED.fullmatch(folded):
        return _dates((found[3], _month(found[2]), found[1]))
    if found := _MONTH_NAMED.fullmatch(folded):
        return _dates((found[3], _month(found[1]), found[2]))
    return ()


def _spaced(folded: str) -> tuple[str, ...]:
    if not _UNSPACED.fullmatch(folded):
        return ()
    places = range(1, min(_LONGEST_FAMILY_NAME, len(folded) - 1) + 1)
    return tuple(f"{folded[:place]} {folded[place:]}" for place in places)


def _dates(*parts: tuple[str, str, str]) -> tuple[date, ...]:
    found: list[date] = []
    for year, month, day in parts:
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return tuple(dict.fromkeys(found))


def _month(name: str) -> str:
    return str(_MONTHS.index(name[:3]) + 1) if name[:3] in _MONTHS else "0"


def _full_year(year: str) -> str:
    """Two digits mean the latest such year that is not ahead."""
    if len(year) == 4:
        return year
    this_year = now().year
    full = this_year // 100 * 100 + int(year)
    return str(full if full <= this_year else full - 100)
