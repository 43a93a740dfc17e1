"""Text of any script in runs of one direction and one font, as papers draw it.

Latin, Greek and Cyrillic go the fast way: one run, no joining. For everything else the bidirectional algorithm
(Unicode Standard Annex 9) orders the text, and letters that join or stack are shaped by HarfBuzz.
"""

import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from fpdf.bidi import BidiParagraph, auto_detect_base_direction
from fpdf.enums import TextDirection
from fpdf.line_break import Fragment

from clinic_core.kit.paper_fonts import BASE, FAMILY, Face, face_of, paper_font

MISSING = "\N{REPLACEMENT CHARACTER}"
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PLAIN = (range(0x20, 0x300), range(0x370, 0x483), range(0x48A, 0x530), range(0x1E00, 0x2000), range(0x2070, 0x2200))
_PLAIN_MARKS = frozenset("\n\r\u2002\u2003\u2009\u2010\u2011–—‘’\u201a“”„†•…‰\u2039\u203a€™")
_NEUTRAL = ("M", "Z", "C", "P", "N", "S")


class Run(NamedTuple):
    """Letters of one face in one direction; unless `shaped`, each stands for itself and they follow each other."""

    text: str
    face: Face
    direction: TextDirection
    paragraph: TextDirection
    shaped: bool


class ShapedFragment(Fragment):
    """A run of shaped letters that tells its text to whoever copies it or reads it aloud (ISO 32000-1, 14.9.4).

    Its glyphs stand for parts of letters and not in the order of the text. From right to left they tell it themselves:
    readers turn the order of such letters around, and would turn around the told text too.
    """

    def render_pdf_text(
        self,
        frag_ws: float,
        current_ws: float,
        word_spacing: float,
        adjust_x: float,
        adjust_y: float,
        h: float,
    ) -> str:
        """The operators that draw it, within a span that holds its text."""
        drawn = super().render_pdf_text(frag_ws, current_ws, word_spacing, adjust_x, adjust_y, h)
        if self.fragment_direction is TextDirection.RTL:
            return drawn
        return f"/Span <</ActualText <FEFF{self.string.encode('utf-16-be').hex().upper()}>>> BDC {drawn} EMC"


def is_plain(text: str) -> bool:
    """Whether the base font prints that letter by letter, from left to right."""
    return text.isascii() or _plain_letters().issuperset(text)


def isolated(text: str) -> str:
    """A name for use within an English phrase: written from right to left, it leaves the order of the phrase alone."""
    turned = any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}" if turned else text


def runs_of(text: str) -> list[Run]:
    """The runs of a text in the order in which it is read."""
    if not any(_is_shaped(letter) for letter in text):
        left = TextDirection.LTR
        return [Run(part, face, left, left, shaped=False) for part, face in _by_face(text)]
    paragraph = auto_detect_base_direction(text)
    ordered = BidiParagraph(text=text, base_direction=paragraph, preserve_bn_chars=True).get_bidi_fragments()
    return [
        Run(part, face, direction, paragraph, shaped=True)
        for piece, direction in ordered
        for part, face in _by_face(piece)
    ]


def _is_shaped(letter: str) -> bool:
    return face_of(letter).joined or unicodedata.category(letter)[0] == "M" or letter in _DIRECTIONS


def _by_face(text: str) -> Iterator[tuple[str, Face]]:
    """Marks, spaces and signs stay with the letters before them where their face has them."""
    run: list[str] = []
    current = BASE
    for letter in text:
        face = _placed(letter, current)
        if letter in _DIRECTIONS or (face is None and _is_unseen(letter)):
            continue
        face = face or BASE
        if run and face.family != current.family:
            yield "".join(run), current
            run = []
        run.append(letter if letter == "\n" or ord(letter) in _letters(face.family) else MISSING)
        current = face
    if run:
        yield "".join(run), current


def _placed(letter: str, current: Face) -> Face | None:
    own = face_of(letter)
    follows = unicodedata.category(letter)[0] in _NEUTRAL
    wanted = (current, own, BASE) if follows and own is BASE else (own, BASE)
    if letter == "\n":
        return current
    return next((face for face in wanted if ord(letter) in _letters(face.family)), None)


def _is_unseen(letter: str) -> bool:
    """Controls, joiners and selectors of variants, which have no picture of their own."""
    return unicodedata.category(letter) in ("Cc", "Cf") or 0xFE00 <= ord(letter) <= 0xFE0F


@cache
def _letters(family: str) -> frozenset[int]:
    return frozenset(paper_font(family, "").parsed.cmap)


@cache
def _plain_letters() -> frozenset[str]:
    own = _letters(FAMILY)
    return _PLAIN_MARKS | {chr(code) for codes in _PLAIN for code in codes if code in own}
