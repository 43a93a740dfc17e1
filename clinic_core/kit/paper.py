"""Paper: A4 pages with our fonts and a few ways to put text on them. What is printed is the features' to say."""

import logging
from collections.abc import Sequence
from io import BytesIO
from typing import Any, NamedTuple

from fpdf import FPDF
from fpdf.fonts import TTFFont
from fpdf.line_break import Fragment, TextLine

from clinic_core.kit.paper_fonts import BASE, FAMILY, Face, own_font
from clinic_core.kit.paper_logo import place_logo
from clinic_core.kit.paper_output import PaperProducer
from clinic_core.kit.paper_text import Run, ShapedFragment, is_plain, runs_of

MARGIN = 18
BOTTOM = 22
HALF = 87
LEADING = 4.6
CELL_LINES = 6
INK = (24, 29, 38)
GREY = (96, 103, 115)
RULE = (190, 196, 206)

# It names the letters a font lacks, and so parts of people's names.
logging.getLogger("fpdf.output").setLevel(logging.ERROR)


class PaperColumn(NamedTuple):
    """A column of a table: its heading, its width in millimetres, and whether it stands left or right (L, R)."""

    heading: str
    width: int
    align: str = "R"


class PaperRow(NamedTuple):
    """A row of a table: its cells, grey text below the first wide one, and the sum of the rows so far."""

    cells: Sequence[str]
    below: str
    sum_so_far: str


class GridColumn(NamedTuple):
    """A column of a grid, all of whose cells wrap: its heading, its width in millimetres, left or right (L, R)."""

    heading: str
    width: int
    align: str = "L"


class GridRow(NamedTuple):
    """A row of a grid: its cells, a line in bold below them from the second column on, and grey lines below that."""

    cells: Sequence[str]
    strong: str
    below: Sequence[str]


class Paper(FPDF):
    """A document of A4 pages in Noto Sans, with page numbers below and its language told to readers aloud.

    `across` turns the pages on their side.
    """

    def __init__(self, *, title: str, author: str, footer: str, across: bool = False) -> None:
        super().__init__(orientation="landscape" if across else "portrait", format="A4", unit="mm")
        self._footer = footer
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(auto=True, margin=BOTTOM)
        self.set_title(title)
        self.set_author(author)
        self.set_creator("Clinicboard")
        self.set_lang("en")
        self.set_text_color(*INK)
        self.set_draw_color(*RULE)
        for style in ("", "B"):
            self._font(BASE, style)
        self.write_in(9)

    def write_in(self, points: int, style: str = "", color: tuple[int, int, int] = INK) -> None:
        """The size, weight ("" or "B") and colour of what is written next."""
        self.set_font(FAMILY, style, points)
        self.set_text_color(*color)

    def letterhead(self, name: str, title: str, lines: Sequence[str], logo: bytes | None = None) -> None:
        """The head of the first page: who sends it, with a logo above, what it is, the lines of the letterhead."""
        self.add_page()
        top = self.y
        if logo is not None:
            self._logo(logo, name)
        self.write_in(15, "B")
        self._block(HALF, 7, name)
        self._grey_lines(lines)
        end = self.y
        self.set_xy(self.l_margin + HALF, top)
        self.write_in(15, "B")
        self.multi_cell(0, 7, title, align="R", new_x="LMARGIN", new_y="NEXT")
        self.set_y(max(self.y, end) + 3)
        self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
        self.ln(6)

    def address_and_facts(self, address: Sequence[str], facts: Sequence[tuple[str, str]]) -> None:
        """To whom it goes on the left; on the right the facts that have a value, each under its name."""
        top = self.y
        self.write_in(10)
        for text in filter(None, address):
            self._block(HALF, 5, text)
        end = self.y
        self.set_y(top)
        for label, value in facts:
            if value:
                self.set_x(self.l_margin + HALF + 7)
                self.write_in(9, color=GREY)
                self.cell(20, 5, label)
                self.write_in(9)
                self._block(self.w - self.r_margin - self.x, 5, value)
        self.set_y(max(self.y, end) + 8)

    def ruled_table(self, columns: Sequence[PaperColumn], rows: Sequence[PaperRow], *, wide: int) -> None:
        """Rows under headings; the column `wide` wraps. Each page begins with the headings and the sum brought over."""
        self._headings(columns)
        carried = ""
        for row in rows:
            self.write_in(9)
            lines = self._lines(columns[wide].width, row.cells[wide])
            height = LEADING * (len(lines) + bool(row.below)) + 1.8
            if self.y + height + LEADING > self.h - BOTTOM:
                self.sum_line("Carried forward", carried)
                self.add_page()
                self._headings(columns)
                self.sum_line("Brought forward", carried)
                self.ln(1)
            self._row(columns, row, wide, lines)
            self.ln(1.8)
            carried = row.sum_so_far
        self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
        self.ln(2)

    def grid(self, columns: Sequence[GridColumn], rows: Sequence[GridRow]) -> None:
        """Rows under headings, which every page repeats; a row stays on one page, long text below it may go on."""
        self._headings(columns)
        for row in rows:
            self.write_in(9)
            cells = [self._wrapped(column.width, text) for column, text in zip(columns, row.cells, strict=True)]
            height = LEADING * (max(map(len, cells)) + bool(row.strong) + bool(row.below)) + 1.8
            if self.y + height > self.h - BOTTOM:
                self.add_page()
                self._headings(columns)
            self._grid_row(columns, cells)
            for text, style, color in ((row.strong, "B", INK), *((text, "", GREY) for text in row.below)):
                self._line_below(text, columns[0].width, style, color)
            self.ln(0.9)
            self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
            self.ln(0.9)

    def sum_line(self, label: str, value: str, *, strong: bool = False) -> None:
        """A sum at the right edge with its name before it."""
        self.write_in(10 if strong else 9, "B" if strong else "")
        self.set_x(self.l_margin + HALF)
        self.cell(self.epw - HALF - 30, 5, label, align="R")
        self.cell(30, 5, value, align="R", new_x="LMARGIN", new_y="NEXT")

    def heading(self, text: str) -> None:
        """A heading within the page."""
        self.ln(4)
        self.write_in(10, "B")
        self.cell(0, 6, text, new_x="LMARGIN", new_y="NEXT")

    def note(self, text: str) -> None:
        """A sentence to the reader."""
        self.ln(4)
        self.write_in(9, color=GREY)
        self.multi_cell(0, LEADING, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        """What stands below every page; called by fpdf2."""
        self.set_y(-14)
        self.write_in(8, color=GREY)
        self.cell(0, 4, self._footer)
        self.set_x(self.l_margin)
        self.cell(0, 4, f"Page {self.page_no()} of {{nb}}", align="R")

    def to_bytes(self) -> bytes:
        """The finished PDF, with no more of the fonts than it uses."""
        return bytes(self.output(output_producer_class=PaperProducer))

    def _preload_font_styles(
        self, text: str | None, markdown: bool, _initial_emphasis: tuple[bool, bool, bool, bool] | None = None
    ) -> Sequence[Fragment]:
        """Takes the place of fpdf2's, for texts that need more than the base font or more than one letter at a time."""
        if not text or is_plain(text):
            return super()._preload_font_styles(text, markdown, _initial_emphasis)
        return tuple(map(self._fragment, runs_of(text)))

    def _render_styled_text_line(self, text_line: TextLine, *args: Any, **kwargs: Any) -> bool:
        """As fpdf2's, which takes the font of the first run on a page for the one of all that follows."""
        font, style = self.current_font, self.font_style
        broke = super()._render_styled_text_line(text_line, *args, **kwargs)
        if self.current_font is not font:
            self.current_font, self.font_style, self.current_font_is_set_on_page = font, style, False
        return broke

    def _fragment(self, run: Run) -> Fragment:
        state = self._get_current_graphics_state()
        state.current_font = self._font(run.face, self.font_style)
        state.font_family = run.face.family
        if run.shaped:
            state.text_shaping = {
                "use_shaping_engine": True,
                "features": {},
                "direction": run.paragraph,
                "script": None,
                "language": None,
                "fragment_direction": run.direction,
                "paragraph_direction": run.paragraph,
            }
        return (ShapedFragment if run.shaped else Fragment)(list(run.text), state, self.k)

    def _font(self, face: Face, style: str) -> TTFFont:
        weight = style if style in face.weights else ""
        known = self.fonts.get(face.family + weight)
        if isinstance(known, TTFFont):
            return known
        own = own_font(face, weight, len(self.fonts) + 1)
        self.fonts[own.fontkey] = own
        return own

    def _lines(self, width: float, text: str) -> list[str]:
        """The text in lines of that width; most fit on one, which is far cheaper to find than where to break."""
        if "\n" not in text and self.get_string_width(text) <= width - 2 * self.c_margin:
            return [text]
        lines = self.multi_cell(width, LEADING, text, align="L", dry_run=True, output="LINES")
        return lines if isinstance(lines, list) else [text]

    def _block(self, width: float, leading: float, text: str) -> None:
        """The text in lines that begin where it begins; what comes next begins at the left margin."""
        left = self.x
        for line in self._lines(width, text):
            self.set_x(left)
            self.cell(width, leading, line, new_x="LMARGIN", new_y="NEXT")

    def _wrapped(self, width: int, text: str) -> list[str]:
        """The text in lines of a column; what would fill more than a few of them ends in dots."""
        found = self._lines(width, text)
        return found if len(found) <= CELL_LINES else [*found[: CELL_LINES - 1], f"{found[CELL_LINES - 1][:-1]}…"]

    def _grid_row(self, columns: Sequence[GridColumn], cells: Sequence[Sequence[str]]) -> None:
        top, left = self.y, self.l_margin
        self.write_in(9)
        for column, lines in zip(columns, cells, strict=True):
            for number, line in enumerate(lines):
                self.set_xy(left, top + number * LEADING)
                self.cell(column.width, LEADING, line, align=column.align)
            left += column.width
        self.set_xy(self.l_margin, top + max(map(len, cells)) * LEADING)

    def _line_below(self, text: str, indent: int, style: str, color: tuple[int, int, int]) -> None:
        if text:
            self.write_in(9, style, color)
            self.set_x(self.l_margin + indent)
            self.multi_cell(0, LEADING, text, align="L", new_x="LMARGIN", new_y="NEXT")

    def _logo(self, logo: bytes, name: str) -> None:
        """The picture as large as its place allows, in its own proportions."""
        width, height = place_logo(self.image_cache, logo)
        left = self.l_margin + self.c_margin
        self.image(BytesIO(logo), x=left, w=width, h=height, alt_text=f"Logo of {name}")
        self.y += 3

    def _grey_lines(self, lines: Sequence[str]) -> None:
        self.write_in(9, color=GREY)
        for text in filter(None, lines):
            self._block(HALF, LEADING, text)

    def _headings(self, columns: Sequence[PaperColumn] | Sequence[GridColumn]) -> None:
        self.write_in(8, "B", GREY)
        for column in columns:
            self.cell(column.width, 5, column.heading, align=column.align)
        self.ln(6)
        self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
        self.ln(1.2)

    def _row(self, columns: Sequence[PaperColumn], row: PaperRow, wide: int, lines: Sequence[str]) -> None:
        top, left = self.y, self.l_margin
        self.write_in(9)
        for index, column in enumerate(columns):
            for number, line in enumerate(lines if index == wide else (row.cells[index],)):
                self.set_xy(left, top + number * LEADING)
                self.cell(column.width, LEADING, line, align=column.align)
            left += column.width
        self.set_y(top + len(lines) * LEADING)
        if row.below:
            self.write_in(8, color=GREY)
            self.set_x(self.l_margin + sum(column.width for column in columns[:wide]))
            self.cell(columns[wide].width, LEADING, row.below)
            self.set_y(top + (len(lines) + 1) * LEADING)
