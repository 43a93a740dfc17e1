"""Notes as they are read: sections, versions, and the words that changed; text is shown as typed, never as markup."""

from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.clinical_docs.queries import list_revisions
from clinic_core.clinical_docs.schemas import (
    DiffKind,
    DiffPart,
    ListRevisions,
    RevisionText,
    Section,
    SectionDiff,
    SoapNotes,
    VisitChart,
)
from clinic_core.kit.formats import datetime_text
from clinic_core.ui.page import Page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import RevisionKind

VERSIONS_SHOWN = 20
_CHANGES, _WHOLE = "Changes", "Whole note"
_HEAD = "font-weight:600;margin-top:0.6rem"
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45"
_MARKS = {
    DiffKind.SAME: "{}",
    DiffKind.ADDED: '<ins style="background:#2e7d3233">{}</ins>',
    DiffKind.REMOVED: '<del style="background:#c6282833">{}</del>',
}
_DONE = {RevisionKind.SAVE: "Saved", RevisionKind.SIGN: "Signed", RevisionKind.AMEND: "Amended"}


def draw_note(notes: SoapNotes, *, empty: str = "Nothing is written yet.") -> None:
    """The sections that have text."""
    if notes.is_empty:
        draw_empty(empty)
        return
    st.html("".join(_block(part, escape(notes.text(part))) for part in Section if notes.text(part)))


def draw_changes(changes: tuple[SectionDiff, ...]) -> None:
    """The sections that changed, with removed words struck and added words underlined."""
    st.html("".join(_block(change.section, "".join(map(_marked, change.parts))) for change in changes))


def draw_versions(page: Page, visit: VisitChart, place: ZoneInfo) -> None:
    """Every version of the note, newest first; the chosen one with its text and what changed."""
    if not visit.revisions:
        draw_empty("No version is saved yet.")
        return
    before_key = f"versions_before_{visit.id}"
    request = ListRevisions(visit_id=visit.id, before=st.session_state.get(before_key), limit=VERSIONS_SHOWN)
    versions = page.read(list_revisions, request)
    for version in versions:
        _draw_version(page, version, place)
    if versions and versions[-1].version > 1:
        st.button("Older versions", on_click=_set_before, args=(before_key, versions[-1].version))
    elif request.before is not None:
        st.button("Newest versions", on_click=_set_before, args=(before_key, None))


def _draw_version(page: Page, version: RevisionText, place: ZoneInfo) -> None:
    when = datetime_text(version.created_at, place, page.actor.settings.locale)
    head = f"Version {version.version} · {_DONE[version.kind]} {when} · {plain(version.author)}"
    with st.expander(head):
        if version.reason:
            st.markdown(f"Reason: {plain(version.reason)}")
        if not version.is_intact:
            st.error(
                "This version does not match its digest: it was altered outside the app.", icon=":material/gpp_bad:"
            )
        shown = st.radio(
            "Show",
            [_CHANGES, _WHOLE],
            horizontal=True,
            key=f"version_{version.id}",
            label_visibility="collapsed",
        )
        if shown == _WHOLE:
            draw_note(version.notes)
        elif version.changes:
            draw_changes(version.changes)
        else:
            st.caption("The text is that of the version before.")
        st.caption(f"SHA-256 {version.digest}")


def _set_before(key: str, version: int | None) -> None:
    st.session_state[key] = version


def _block(section: Section, markup: str) -> str:
    return f'<div style="{_HEAD}">{section.label}</div><div style="{_TEXT}">{markup}</div>'


def _marked(part: DiffPart) -> str:
    return _MARKS[part.kind].format(escape(part.text))
