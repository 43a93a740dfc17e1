"""The editor of a note: every pause is kept as a draft on the server, what is saved and signed is what is on screen."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.access import perform
from clinic_core.clinical_docs.diff import note_diff
from clinic_core.clinical_docs.schemas import (
    AmendVisit,
    DiscardDraft,
    SaveDraft,
    SaveVisit,
    SignVisit,
    SoapNotes,
    VisitChart,
    VisitRow,
)
from clinic_core.clinical_docs.service import amend_visit, discard_draft, save_draft, save_visit, sign_visit
from clinic_core.errors import ClinicError
from clinic_core.kit.formats import datetime_text, time_text
from clinic_core.ui.forms import reason_field
from clinic_core.ui.note_editor.area import Answer, Shown, Typed, draw_area, typed_in
from clinic_core.ui.note_editor.views import draw_changes
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain

_DISCARDED = "note_discarded"


@dataclass(frozen=True)
class _Desk:
    """One visit in the editor: where its text stands in the session, and the wall clock of its location."""

    page: Page
    visit: VisitChart
    place: ZoneInfo

    @property
    def key(self) -> str:
        return f"note_{self.visit.id.hex}"

    @property
    def base(self) -> int:
        """The version of the visit that the text on screen was begun on."""
        draft = self.visit.draft
        return draft.version if draft is not None and draft.version is not None else self.visit.version

    @property
    def token(self) -> str:
        return f"{self.base}.{_discarded().get(self.visit.id, 0)}"

    @property
    def is_stale(self) -> bool:
        return self.visit.draft is not None and self.visit.draft.is_stale

    def shown(self) -> Shown:
        """The text as the page was drawn with it: the writer's draft, else the note."""
        draft = self.visit.draft
        if draft is None:
            return Shown(self.visit.notes, self.token, self.base, "")
        return Shown(draft.notes, self.token, self.base, f"saved {time_text(draft.saved_at, self.place)}")

    def typed(self) -> Typed | None:
        """What was typed on top of the text now shown; older text of this session does not count."""
        found = typed_in(self.key)
        return found if found is not None and found.token == self.token else None

    def notes(self) -> SoapNotes:
        """The note on screen. Raises: InvalidInput for what cannot be stored."""
        found = self.typed()
        return self.shown().notes if found is None else found.notes()


@st.fragment
def draw_editor(page: Page, visit: VisitChart, place: ZoneInfo) -> None:
    """The four sections with Save and Sign; a pause of two seconds keeps a draft that only the writer sees."""
    desk = _Desk(page, visit, place)
    _draw_area(desk)
    if desk.is_stale:
        return
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _draw_discard(desk)
        if st.button("Save", key=f"{desk.key}_save", type="secondary" if visit.may_sign else "primary"):
            _save(desk)
        if visit.may_sign and st.button("Sign note", key=f"{desk.key}_sign", type="primary", icon=":material/draw:"):
            _sign(desk)


@st.fragment
def draw_amendment(page: Page, visit: VisitChart, place: ZoneInfo) -> None:
    """The four sections of a signed note, with the reason for changing them."""
    desk = _Desk(page, visit, place)
    _draw_area(desk)
    if desk.is_stale:
        return
    reason = reason_field("Reason for the amendment", key=f"{desk.key}_reason")
    with st.container(horizontal=True, horizontal_alignment="right", gap="small"):
        _draw_discard(desk)
        if st.button("Amend note", key=f"{desk.key}_amend", type="primary"):
            _amend(desk, reason)


def _draw_area(desk: _Desk) -> None:
    visit = desk.visit
    if visit.other_writers:
        names = plain(", ".join(visit.other_writers))
        st.info(f"Also writing in this note: {names}. Both texts are kept.", icon=":material/group:")
    if desk.is_stale:
        _draw_meeting(desk)
    draw_area(
        desk.shown(),
        st.session_state.get(_answer_key(desk)),
        key=desk.key,
        on_typed=lambda: _keep(desk),
    )
    if st.session_state.pop(_told_key(desk), False) and not desk.is_stale:
        st.rerun(scope="app")


def _draw_meeting(desk: _Desk) -> None:
    """Somebody saved another version while this text was written: both are here, and the person decides."""
    visit = desk.visit
    when = datetime_text(visit.changed_at, desk.place, desk.page.actor.settings.locale)
    st.warning(
        f"{plain(visit.changed_by)} changed this note on {when} while you were writing. Your text is kept below.",
        icon=":material/sync_problem:",
    )
    mine = desk.notes()
    with st.expander("How your text differs from the saved note"):
        draw_changes(note_diff(visit.notes, mine))
    with st.container(horizontal=True, gap="small"):
        if st.button("Go on with my text", key=f"{desk.key}_rebase"):
            _rebase(desk, mine)
        if st.button("Use the saved note", key=f"{desk.key}_theirs"):
            _discard(desk)


def _draw_discard(desk: _Desk) -> None:
    if desk.visit.draft is None and desk.typed() is None:
        return
    with st.popover("Discard changes", type="tertiary"):
        st.markdown("What you typed since the last saved version is thrown away.")
        if st.button("Discard my text", key=f"{desk.key}_discard"):
            _discard(desk)


def _keep(desk: _Desk) -> None:
    """Callback: the browser sent what was typed; the answer goes back with the next drawing of the area."""
    typed = typed_in(desk.key)
    if typed is None:
        return
    try:
        request = SaveDraft(visit_id=desk.visit.id, notes=typed.notes(), version=typed.base)
        kept = perform(desk.page.actor, save_draft, request)
    except ClinicError as error:
        answer = Answer(typed.number, kept=False, text=f"not saved: {error.message}")
    else:
        answer = Answer(typed.number, kept=True, text=f"saved {time_text(kept.saved_at, desk.place)}")
        st.session_state[_told_key(desk)] = kept.is_stale
    st.session_state[_answer_key(desk)] = answer


def _save(desk: _Desk) -> None:
    def request() -> SaveVisit:
        again = desk.page.request_id(f"save_{desk.key}")
        return SaveVisit(visit_id=desk.visit.id, notes=desk.notes(), version=desk.base, request_id=again)

    _after(desk.page.run(save_visit, request, done="The note is saved as version {revision}."))


def _sign(desk: _Desk) -> None:
    def request() -> SignVisit:
        again = desk.page.request_id(f"sign_{desk.key}")
        return SignVisit(visit_id=desk.visit.id, notes=desk.notes(), version=desk.base, request_id=again)

    _after(desk.page.run(sign_visit, request, done="The note is signed as version {revision}."))


def _amend(desk: _Desk, reason: str) -> None:
    def request() -> AmendVisit:
        again = desk.page.request_id(f"amend_{desk.key}")
        return AmendVisit(
            visit_id=desk.visit.id, notes=desk.notes(), reason=reason, version=desk.base, request_id=again
        )

    _after(desk.page.run(amend_visit, request, done="The note is amended as version {revision}."))


def _after(row: VisitRow | None) -> None:
    if row is not None:
        st.rerun(scope="app")


def _rebase(desk: _Desk, mine: SoapNotes) -> None:
    request = SaveDraft(visit_id=desk.visit.id, notes=mine, version=desk.visit.version)
    if desk.page.run(save_draft, request) is not None:
        st.rerun(scope="app")


def _discard(desk: _Desk) -> None:
    try:
        perform(desk.page.actor, discard_draft, DiscardDraft(visit_id=desk.visit.id))
    except ClinicError as error:
        st.error(plain(error.message))
        return
    counts = _discarded()
    counts[desk.visit.id] = counts.get(desk.visit.id, 0) + 1
    st.rerun(scope="app")


def _discarded() -> dict[UUID, int]:
    """How often the text of a visit was thrown away in this session: the browser then takes the saved note over."""
    counts: dict[UUID, int] = st.session_state.setdefault(_DISCARDED, {})
    return counts


def _answer_key(desk: _Desk) -> str:
    return f"{desk.key}_answer"


def _told_key(desk: _Desk) -> str:
    return f"{desk.key}_told"
