"""The text area of a note: the one component that is not Streamlit's own, because `st.text_area` sends on blur only.

Here is only what crosses between browser and script; what is done with the text is in `editor`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from clinic_core.clinical_docs.schemas import SECTION_LIMIT, Section, SoapNotes
from clinic_core.ui.components import own_component

HINTS = {
    Section.SUBJECTIVE: "What the patient tells",
    Section.OBJECTIVE: "What is seen and measured",
    Section.ASSESSMENT: "What it means",
    Section.PLAN: "What is done next",
}


@dataclass(frozen=True)
class Typed:
    """What the browser sent: its number, the text it was begun on (token and version), and the sections as typed."""

    number: int
    token: str
    base: int
    sections: tuple[tuple[str, str], ...]

    def notes(self) -> SoapNotes:
        """The sections as a note. Raises: InvalidInput for what cannot be stored."""
        return SoapNotes.model_validate(dict(self.sections))


@dataclass(frozen=True)
class Answer:
    """What became of the text with that number, in words for the person."""

    number: int
    kept: bool
    text: str


@dataclass(frozen=True)
class Shown:
    """What the area shows where nothing is typed yet; a new `token` makes the browser take the text over."""

    notes: SoapNotes
    token: str
    base: int
    told: str


def draw_area(shown: Shown, answer: Answer | None, *, key: str, on_typed: Callable[[], None]) -> None:
    """Draw the four sections; `on_typed` runs whenever the browser sent text, and reads it with `typed_in`."""
    data = {
        "sections": [{"name": part.value, "label": part.label, "hint": HINTS[part]} for part in Section],
        "limit": SECTION_LIMIT,
        "notes": shown.notes.model_dump(),
        "token": shown.token,
        "base": shown.base,
        "told": shown.told,
        "answer": None if answer is None else {"number": answer.number, "kept": answer.kept, "text": answer.text},
    }
    area = own_component(Path(__file__).parent, "note_editor", has_css=True)
    area(key=key, data=data, on_typed_change=on_typed)


def typed_in(key: str) -> Typed | None:
    """What the browser sent last to the area of that key; None before it sent anything."""
    sent = (st.session_state.get(key) or {}).get("typed")
    if not isinstance(sent, dict):
        return None
    texts = sent.get("notes")
    sections = texts.items() if isinstance(texts, dict) else ()
    return Typed(
        number=int(sent.get("number", 0)),
        token=str(sent.get("token", "")),
        base=int(sent.get("base") or 0),
        sections=tuple((str(name), str(text)) for name, text in sections),
    )
