"""The fonts of papers, parsed once per process.

fpdf2 parses its fonts again for every document and cuts each subset out of the whole font: 140 ms for a page in two
weights. Here a font is parsed once per process, and subsets are cut from a smaller font that holds the letters of
Latin, Greek and Cyrillic; a text with other letters still gets them, from the whole font, at the old price.
"""

from functools import cache
from io import BytesIO
from threading import Lock
from typing import NamedTuple

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from fpdf import FPDF
from fpdf.fonts import TTFFont

from clinic_core.settings import PROJECT_ROOT

FAMILY = "notosans"
FILES = {"": "NotoSans-Regular.ttf", "B": "NotoSans-Bold.ttf"}
_COMMON = (
    *range(0x20, 0x250),
    *range(0x370, 0x530),
    *range(0x1E00, 0x2070),
    *range(0x20A0, 0x20D0),
    0x2116,
    0x2122,
    0x2212,
)
# Tables for layout that a PDF does not use, and hints that only small screens needed.
_UNUSED = (
    "GDEF",
    "GPOS",
    "GSUB",
    "MATH",
    "hdmx",
    "meta",
    "FFTM",
    "SVG ",
    "DSIG",
    "STAT",
    "fpgm",
    "prep",
    "cvt ",
    "gasp",
)
_parsing = Lock()


class PaperFont(NamedTuple):
    """A parsed font, the bytes of the whole one and of the common part, and the glyphs of that part."""

    parsed: TTFFont
    whole: bytes
    common: bytes
    glyphs: frozenset[str]


def paper_font(style: str) -> PaperFont:
    """The font of that weight ("" or "B")."""
    with _parsing:
        return _parsed(style)


@cache
def _parsed(style: str) -> PaperFont:
    path = PROJECT_ROOT / "clinic_core" / "assets" / "fonts" / FILES[style]
    whole = TTFont(path, recalcTimestamp=False)
    for table in _UNUSED:
        if table in whole:
            del whole[table]
    data = _saved(whole)
    options = subset.Options(notdef_outline=True, recommended_glyphs=True, glyph_names=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=_COMMON)
    cutter.subset(whole)
    return PaperFont(
        parsed=TTFFont(FPDF(), path, f"{FAMILY}{style}", style),
        whole=data,
        common=_saved(whole),
        glyphs=frozenset(whole.getGlyphOrder()),
    )


def _saved(font: TTFont) -> bytes:
    out = BytesIO()
    font.save(out)
    return out.getvalue()
