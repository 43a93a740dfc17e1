"""Several documents on one stack of paper: they share their fonts and pictures, and each counts its own pages."""

from clinic_core.kit.paper import Paper


class PaperStack(Paper):
    """The pages of one document after the other; `next_document` says where one begins and what stands below it."""

    def __init__(self, *, title: str, author: str) -> None:
        super().__init__(title=title, author=author, footer="")
        self._begins_after = 0
        self._next_footer: str | None = None
        self._is_closed = False

    def next_document(self, footer: str) -> None:
        """The page added next is the first of a document."""
        self._next_footer = footer

    def header(self) -> None:
        """Called by fpdf2 on a fresh page, once the page before has got what stands below it."""
        if self._next_footer is None:
            return
        last = self.page - 1
        self._tell_count(last)
        self._begins_after = last
        self._footer, self._next_footer = self._next_footer, None

    def page_no(self) -> int:
        """The number of the page in its document."""
        return self.page - self._begins_after

    def footer(self) -> None:
        """What stands below a page of the document; called by fpdf2, at the end once more than there are pages."""
        if not self._is_closed:
            super().footer()

    def to_bytes(self) -> bytes:
        """The finished PDF, with no more of the fonts than its documents use."""
        self._render_footer()
        self._is_closed = True
        self._tell_count(self.page)
        return super().to_bytes()

    def _tell_count(self, last: int) -> None:
        """Writes the count of pages on those of the document that ends on page `last`."""
        count = str(last - self._begins_after)
        for number in range(self._begins_after + 1, last + 1):
            page = self.pages[number]
            for place in page.get_text_substitutions():
                told = place.render_text_substitution(count).encode("latin-1")
                if isinstance(page.contents, bytearray):
                    page.contents = page.contents.replace(place.get_placeholder_string().encode("latin-1"), told)
