"""The text area of a note: the one component that is not Streamlit's own, because `st.text_area` sends on blur only.

Here is only what crosses between browser and script; what is done with the text is in `editor`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from clinic_core.clinical_docs.schemas import SECTION_LIMIT, Section, SoapNotes

if TYPE_CHECKING:
    from streamlit.components.v2.types import ComponentRenderer

PACKAGE = "clinicboard"
COMPONENT = "note_editor"
NAME = f"{PACKAGE}.{COMPONENT}"

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
    _renderer()(key=key, data=data, on_typed_change=on_typed)


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


def _renderer() -> "ComponentRenderer":
    """The component, its files served by Streamlit from this package: scripts in pages would break the CSP.

    Streamlit finds such files by itself only in packages named like their distribution, so they are told here.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(NAME) is None:
        manifest = ComponentManifest(PACKAGE, "1", [ComponentConfig(COMPONENT, asset_dir="assets")])
        manager.register_from_manifest(manifest, Path(__file__).parent)
    return _declared()


@lru_cache(maxsize=1)
def _declared() -> "ComponentRenderer":
    return st.components.v2.component(NAME, js="note_editor.js", css="note_editor.css")
