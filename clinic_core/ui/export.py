"""The button that lets a list leave as a file: the rows of the screen with its filters, as CSV or as a workbook."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import streamlit as st

_FORMS = {"CSV": "csv", "Excel": "xlsx"}


@dataclass(frozen=True)
class Export:
    """A list as a file: its name under /docs, and what its address carries (ids, dates and words of closed lists)."""

    name: str
    parts: Mapping[str, object]
    label: str = ""

    def address(self, form: str) -> str:
        """The address of the file in that form; what is empty is left out."""
        given = {part: str(value) for part, value in self.parts.items() if value}
        return f"/docs/{self.name}.{form}{'?' if given else ''}{urlencode(given)}"


def draw_export(*lists: Export) -> None:
    """One button that offers each list in both forms."""
    with st.popover("Export", icon=":material/download:"):
        for each in lists:
            draw_forms(each)


def draw_forms(wanted: Export) -> None:
    """The list in both forms, one beside the other."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for word, form in _FORMS.items():
            label = f"{wanted.label} ({word})" if wanted.label else word
            st.link_button(label, wanted.address(form), type="tertiary")
