"""The fonts of papers: which face holds a letter, parsed once per process and only when a text needs it.

fpdf2 parses its fonts again for every document; here documents share what was parsed, and each counts its own glyphs.
"""

from bisect import bisect_right
from copy import copy
from functools import cache
from threading import Lock
from typing import NamedTuple

from fpdf import FPDF
from fpdf.fonts import SubsetMap, TTFFont

from clinic_core.kit.paper_glyphs import GlyphSource
from clinic_core.settings import PROJECT_ROOT

FAMILY = "notosans"
_FOLDER = PROJECT_ROOT / "clinic_core" / "assets" / "fonts"
_parsing = Lock()


class Face(NamedTuple):
    """A typeface: its family in documents, its file without the weight, and the weights there are ("" and "B").

    The letters of a face that is `joined` depend on their neighbours.
    """

    family: str
    file: str
    weights: str = ""
    joined: bool = True


class PaperFont(NamedTuple):
    """A parsed font and its outlines, shared by the documents of this process."""

    parsed: TTFFont
    glyphs: GlyphSource


BASE = Face(FAMILY, "NotoSans", "B", joined=False)
_ARMENIAN = Face("armenian", "NotoSansArmenian", "B", joined=False)
_HEBREW = Face("hebrew", "NotoSansHebrew", "B")
_ARABIC = Face("arabic", "NotoSansArabic")
_DEVANAGARI = Face("devanagari", "NotoSansDevanagari")
_BENGALI = Face("bengali", "NotoSansBengali")
_GURMUKHI = Face("gurmukhi", "NotoSansGurmukhi")
_GUJARATI = Face("gujarati", "NotoSansGujarati")
_ORIYA = Face("oriya", "NotoSansOriya")
_TAMIL = Face("tamil", "NotoSansTamil")
_TELUGU = Face("telugu", "NotoSansTelugu")
_KANNADA = Face("kannada", "NotoSansKannada")
_MALAYALAM = Face("malayalam", "NotoSansMalayalam")
_SINHALA = Face("sinhala", "NotoSansSinhala")
_THAI = Face("thai", "NotoSansThai", "B")
_LAO = Face("lao", "NotoSansLao", "B")
_MYANMAR = Face("myanmar", "NotoSansMyanmar")
_GEORGIAN = Face("georgian", "NotoSansGeorgian", "B", joined=False)
_JAMO = Face("cjk", "ClinicboardSansCJK")
_CJK = _JAMO._replace(joined=False)
_ETHIOPIC = Face("ethiopic", "NotoSansEthiopic", joined=False)
_KHMER = Face("khmer", "NotoSansKhmer")

# Where each block of Unicode begins and which face holds it; None is whatever the base face has.
_BLOCKS: tuple[tuple[int, Face | None], ...] = (
    (0x0000, None),
    (0x0530, _ARMENIAN),
    (0x0590, _HEBREW),
    (0x0600, _ARABIC),
    (0x0700, None),
    (0x0750, _ARABIC),
    (0x0780, None),
    (0x0870, _ARABIC),
    (0x0900, _DEVANAGARI),
    (0x0980, _BENGALI),
    (0x0A00, _GURMUKHI),
    (0x0A80, _GUJARATI),
    (0x0B00, _ORIYA),
    (0x0B80, _TAMIL),
    (0x0C00, _TELUGU),
    (0x0C80, _KANNADA),
    (0x0D00, _MALAYALAM),
    (0x0D80, _SINHALA),
    (0x0E00, _THAI),
    (0x0E80, _LAO),
    (0x0F00, None),
    (0x1000, _MYANMAR),
    (0x10A0, _GEORGIAN),
    (0x1100, _JAMO),
    (0x1200, _ETHIOPIC),
    (0x13A0, None),
    (0x1780, _KHMER),
    (0x1800, None),
    (0x19E0, _KHMER),
    (0x1A00, None),
    (0x1C90, _GEORGIAN),
    (0x1CC0, None),
    (0x1CD0, _DEVANAGARI),
    (0x1D00, None),
    (0x2D00, _GEORGIAN),
    (0x2D30, None),
    (0x2D80, _ETHIOPIC),
    (0x2DE0, None),
    (0x2E80, _CJK),
    (0xA000, None),
    (0xA8E0, _DEVANAGARI),
    (0xA900, None),
    (0xA9E0, _MYANMAR),
    (0xAA00, None),
    (0xAA60, _MYANMAR),
    (0xAA80, None),
    (0xAB00, _ETHIOPIC),
    (0xAB30, None),
    (0xAC00, _CJK),
    (0xD7B0, None),
    (0xF900, _CJK),
    (0xFB00, None),
    (0xFB13, _ARMENIAN),
    (0xFB1D, _HEBREW),
    (0xFB50, _ARABIC),
    (0xFE00, None),
    (0xFE30, _CJK),
    (0xFE70, _ARABIC),
    (0xFEFF, None),
    (0xFF00, _CJK),
    (0xFFF0, None),
    (0x20000, _CJK),
    (0x32000, None),
)
_STARTS = [start for start, _ in _BLOCKS]


def face_of(letter: str) -> Face:
    """The face that holds letters of that block; whether it has this very one is for its font to say."""
    return _BLOCKS[bisect_right(_STARTS, ord(letter)) - 1][1] or BASE


def paper_font(family: str, weight: str) -> PaperFont:
    """The font of a family in that weight ("" or "B"), parsed at most once."""
    with _parsing:
        return _parsed(family, weight)


def own_font(face: Face, style: str, number: int) -> TTFFont:
    """The font as one document uses it: its number there, and its own count of the glyphs it needs.

    A face that has no bold gives its regular weight.
    """
    own = copy(paper_font(face.family, style if style in face.weights else "").parsed)
    own.i = number
    own.desc = copy(own.desc)
    own.missing_glyphs = []
    own.biggest_size_pt = 0
    own.subset = SubsetMap(own)
    return own


@cache
def _parsed(family: str, weight: str) -> PaperFont:
    face = next(face for face in (BASE, *(face for _, face in _BLOCKS if face)) if face.family == family)
    path = _FOLDER / f"{face.file}-{'Bold' if weight else 'Regular'}.ttf"
    font = TTFFont(FPDF(), path, f"{family}{weight}", weight)
    font.ttfont.getGlyphOrder()
    font.ttfont.close()  # the names and widths of glyphs are read by now, the outlines are read below
    return PaperFont(font, GlyphSource.of_file(path.read_bytes()))
