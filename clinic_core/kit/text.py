"""Text from people: cleaned on the way in, folded for search, made safe for spreadsheets on the way out.

How money, dates and names are written is in `kit.formats`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from clinic_core.errors import InvalidInput
from clinic_core.kit.letters import LETTERS, PUNCTUATION

Cell = str | int | Decimal | date | datetime | None

_LINE_BREAKS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_LINE_SEPARATORS = frozenset("\n\r\v\f\x85\u2028\u2029")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_FINAL_SIGMA, _SIGMA = "\u03c2", "\u03c3"
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)*")
_NEEDS_QUOTES = re.compile(r'[",;\t\r\n]|^\s|\s$')
# Begins with a letter or digit, and has no white space but single blanks inside: no formula, no quotes needed.
_HARMLESS = r'(?:[^\W_][^",;\s]*+(?: [^",;\s]++)*+)?'
_HARMLESS_TEXT = re.compile(_HARMLESS)
_HARMLESS_TEXTS = re.compile(rf"(?:{_HARMLESS}\n)*+")


def field_error(field: str, complaint: str) -> InvalidInput:
    """The error for one field of a form: "First name is missing." for ("first_name", "is missing")."""
    sentence = f"{field.replace('_', ' ').capitalize()} {complaint}."
    return InvalidInput(sentence, fields={field: sentence})


def clean(text: str, *, limit: int, field: str) -> str:
    """One line of text as it is stored: trimmed at both ends, in Unicode form NFC, otherwise as typed.

    `limit` counts characters after that. Empty text stays empty; see `clean_required`.

    Raises: InvalidInput naming the field for NUL and other control characters, line breaks, lone surrogates,
    and text longer than the limit.
    """
    cleaned = unicodedata.normalize("NFC", text.strip())
    if not _LINE_SEPARATORS.isdisjoint(cleaned):
        raise field_error(field, "must be a single line")
    return _checked(cleaned, limit, field, allowed="")


def clean_required(text: str, *, limit: int, field: str) -> str:
    """One line of text that must not be empty. Raises as `clean`, and when nothing is left after trimming."""
    cleaned = clean(text, limit=limit, field=field)
    if not cleaned:
        raise field_error(field, "is missing")
    return cleaned


def clean_multiline(text: str, *, limit: int, field: str) -> str:
    r"""Several lines of text as they are stored: every kind of line break becomes \n, tabs stay.

    Raises as `clean`, but for line breaks.
    """
    cleaned = unicodedata.normalize("NFC", _LINE_BREAKS.sub("\n", text).strip())
    return _checked(cleaned, limit, field, allowed="\n\t")


def fold(text: str) -> str:
    r"""The text as search compares it: lower case, without accents, single spaces.

    The twin, for letters, marks and punctuation, of SQL over stored text (which is NFC already)
    `btrim(regexp_replace(translate(lower(unaccent(x)), U&'\03C2', U&'\03C3'), '\s+', ' ', 'g'))`: a final sigma is
    the same letter as any other, a no-break space is a space.
    """
    plain = unicodedata.normalize("NFC", text).translate(_folding).lower().replace(_FINAL_SIGMA, _SIGMA)
    return " ".join(plain.split())


def escape_like(text: str) -> str:
    r"""The text as a literal part of a LIKE pattern (with the default escape character \)."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def safe_cell(text: str) -> str:
    """The text as a spreadsheet cell that no program takes for a formula; plain numbers are left alone.

    An apostrophe goes before text that starts (also after spaces) with = + - @, a tab or a line break, or with
    the full-width forms of those signs, as OWASP recommends against CSV injection.
    """
    if _NUMBER.fullmatch(text):
        return text
    risky = text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS)
    return f"'{text}" if risky else text


def csv_text(text: str) -> str:
    """The text as a cell of a CSV file: made safe by `safe_cell`, in quotes where a reader could split it."""
    if _HARMLESS_TEXT.fullmatch(text):
        return text
    safe = safe_cell(text)
    return '"' + safe.replace('"', '""') + '"' if _NEEDS_QUOTES.search(safe) else safe


def csv_texts(texts: Sequence[str]) -> Iterable[str]:
    """Each text as `csv_text` writes it; a column in which nothing is to be changed is looked through in one go."""
    different = set(texts)
    joined = "\n".join((*different, ""))
    if joined.count("\n") == len(different) and _HARMLESS_TEXTS.fullmatch(joined):
        return texts
    return map({text: csv_text(text) for text in different}.__getitem__, texts)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """A CSV file (RFC 4180: commas, CRLF, double quotes) in UTF-8 with a byte-order mark, so that Excel reads it.

    Text goes through `safe_cell`; Decimals are written in full ("1234.50"), dates and instants in ISO 8601, None
    as nothing. Cells with a semicolon or tab are quoted too, as programs of some countries split there.

    Raises: TypeError for a float or any other type; ValueError for a row that is not as wide as the header.
    """
    lines = [_csv_line(header)]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"A row has {len(row)} cells under {len(header)} headings.")
        lines.append(_csv_line(row))
    return b"\xef\xbb\xbf" + "".join(lines).encode()


def _checked(text: str, limit: int, field: str, *, allowed: str) -> str:
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cs"} and character not in allowed:
            raise field_error(field, "must not contain control characters")
    if len(text) > limit:
        raise field_error(field, f"must not be longer than {limit:,} characters; it has {len(text):,}")
    return text


def _csv_line(cells: Sequence[Cell]) -> str:
    # One empty cell alone would be an empty line, which readers skip.
    return (",".join(map(_csv_cell, cells)) or '""') + "\r\n"


def _csv_cell(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return csv_text(cell)
        case bool():
            raise TypeError("A cell says yes or no in words, not as a truth value.")
        case int():
            return str(cell)
        case Decimal():
            return f"{cell:f}"
        case date():
            return cell.isoformat()
        case _:
            raise TypeError(f"A cell is text, Decimal, int or a date, not {type(cell).__name__}.")


class _Folding(dict[int, str]):
    """The table for `str.translate`; what is not listed is decided once per character."""

    def __missing__(self, code_point: int) -> str:
        self[code_point] = plain = _without_marks(chr(code_point))
        return plain


def _without_marks(character: str) -> str:
    """Latin and Greek letters lose their marks; other scripts keep theirs, which carry the vowels."""
    if _is_mark(character):
        return ""
    if not unicodedata.category(character).startswith("L"):
        return character
    plain = "".join(part for part in unicodedata.normalize("NFKD", character) if not _is_mark(part))
    return plain if all(part.isascii() or "\u0370" <= part <= "\u03ff" for part in plain) else character


def _is_mark(character: str) -> bool:
    enclosing = "\u20dd" <= character <= "\u20e4" and character != "\u20e1"
    return enclosing or "\u0300" <= character <= "\u0362"


_folding = _Folding(
    {
        ord(character): plain
        for table in (LETTERS, PUNCTUATION)
        for plain, characters in table.items()
        for character in characters
    }
)
