"""The writer of a paper's PDF: fpdf2's, but for the fonts, whose used glyphs it cuts out by itself.

Each glyph gets in the embedded font the number by which the text names it, so the map from the one to the other, 128 kB
a font in fpdf2, is the identity.
"""

from collections.abc import Iterable, Sequence

from fpdf.fonts import Glyph, TTFFont
from fpdf.output import CIDSystemInfo, OutputProducer, PDFExtGState, PDFFont, PDFFontStream, PDFType3Font, PDFXObject
from fpdf.pattern import Pattern
from fpdf.syntax import Name, PDFArray, PDFContentStream

from clinic_core.kit.paper_fonts import paper_font

_BLOCK = 100  # Adobe Technical Note 5014: no more entries in one block
_TO_UNICODE = (
    "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
    "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n"
    "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
    "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
    "{blocks}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend"
)


class PaperProducer(OutputProducer):
    """Writes a document whose fonts are all of `paper_fonts`."""

    def _add_fonts(
        self,
        image_objects_per_index: dict[int, PDFXObject],  # noqa: ARG002 (this and the next two are fpdf2's)
        gfxstate_objs_per_name: dict[str, PDFExtGState],  # noqa: ARG002
        pattern_objs_per_name: dict[str, Pattern],  # noqa: ARG002
    ) -> dict[int, PDFFont | PDFType3Font]:
        """Takes the place of fpdf2's: the font objects by the number that pages know them by."""
        found: dict[int, PDFFont | PDFType3Font] = {}
        for font in self.fpdf.fonts.values():
            if isinstance(font, TTFFont):
                found[font.i] = self._add_font(font)
                # fpdf2 remembers each font's letters in caches of the whole process, and empties them at this point.
                font.subset.pick.cache_clear()
                font.subset.get_glyph.cache_clear()
        return found

    def _add_font(self, font: TTFFont) -> PDFFont:
        used = [(code, glyph) for glyph, code in font.subset.items() if glyph is not None and code]
        used.sort(key=lambda pair: pair[0])
        name = f"MPDFAA+{font.name}"
        whole = PDFFont(subtype="Type0", base_font=name, encoding="Identity-H")
        outlines = PDFFont(subtype="CIDFontType2", base_font=name, d_w=font.desc.missing_width, w=_widths(used))
        self._add_pdf_obj(whole, "fonts")
        self._add_pdf_obj(outlines, "fonts")
        whole.descendant_fonts = PDFArray([outlines])
        whole.to_unicode = PDFContentStream(_to_unicode(used), compress=True)
        self._add_pdf_obj(whole.to_unicode, "fonts")
        outlines.c_i_d_system_info = CIDSystemInfo()
        self._add_pdf_obj(outlines.c_i_d_system_info, "fonts")
        outlines.c_i_d_to_g_i_d_map = Name("Identity")  # type: ignore[assignment]
        font.desc.font_name = Name(name)
        self._add_pdf_obj(font.desc, "fonts")
        outlines.font_descriptor = font.desc
        shared = paper_font(font.fontkey.rstrip("B"), "B" if font.fontkey.endswith("B") else "")
        file = PDFFontStream(shared.glyphs.cut({code: glyph.glyph_id for code, glyph in used}))
        self._add_pdf_obj(file, "fonts")
        font.desc.font_file2 = file  # type: ignore[attr-defined]
        return whole


def _widths(used: Iterable[tuple[int, Glyph]]) -> str:
    return f"[{' '.join(f'{code} [{glyph.glyph_width}]' for code, glyph in used)}]"


def _to_unicode(used: Iterable[tuple[int, Glyph]]) -> bytes:
    lines = [
        f"<{code:04X}> <{''.join(map(chr, glyph.unicode)).encode('utf-16-be').hex().upper()}>\n"
        for code, glyph in used
        if isinstance(glyph.unicode, tuple)
    ]
    return _TO_UNICODE.format(blocks="".join(map(_block, _in_blocks(lines)))).encode("ascii")


def _in_blocks(lines: Sequence[str]) -> Iterable[Sequence[str]]:
    return (lines[start : start + _BLOCK] for start in range(0, len(lines), _BLOCK))


def _block(lines: Sequence[str]) -> str:
    return f"{len(lines)} beginbfchar\n{''.join(lines)}endbfchar\n"
