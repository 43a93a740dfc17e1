"""Absences of practitioners: the list, a form to record one, and one to change or take back what was chosen."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.kit.clock import now
from clinic_core.scheduling.queries import list_absences
from clinic_core.scheduling.schemas import (
    AbsenceRow,
    AddAbsence,
    ChangeAbsence,
    ListAbsences,
    PractitionerRow,
    RemoveAbsence,
)
from clinic_core.scheduling.service import add_absence, change_absence, remove_absence
from clinic_core.ui.absence_fields import draw_away_fields, first_text, last_text
from clinic_core.ui.absence_rebook import show_displaced
from clinic_core.ui.forms import choice_field, text_field
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import AbsenceKind

LOOK_BACK = timedelta(days=31)
LOOK_AHEAD = timedelta(days=366)


def draw_absences(page: Page, place: ZoneInfo, people: Sequence[PractitionerRow]) -> None:
    """Who is away from a month ago on; a click on a row opens it, otherwise the form of a new one is there."""
    names = {row.id: row.name for row in people}
    if not names:
        st.caption("There is no practitioner whose absences you record.")
        return
    period = ListAbsences(user_ids=tuple(names), starts_before=now() + LOOK_AHEAD, ends_after=now() - LOOK_BACK)
    rows = page.read(list_absences, period)
    found = show_table(
        rows,
        [
            Column[AbsenceRow]("name", "Practitioner"),
            Column[AbsenceRow](lambda row: first_text(row.starts_at, place), "From"),
            Column[AbsenceRow](lambda row: last_text(row.ends_at, place), "To"),
            Column[AbsenceRow]("label", "Kind"),
            Column[AbsenceRow]("reason", "Reason"),
        ],
        key=f"absences_{'_'.join(f'{row.id.hex[-6:]}{row.version}' for row in rows)}",
        select=True,
        wording=Wording(page.actor.settings.locale, place),
        empty="Nobody is away from a month ago to a year from now.",
    )
    if found is None:
        _draw_new(page, place, names)
    else:
        _draw_chosen(page, place, found)


def _draw_new(page: Page, place: ZoneInfo, names: Mapping[UUID, str]) -> None:
    st.subheader("Record an absence", anchor=False)
    ids = list(names)
    own = next((at for at, found in enumerate(ids) if found == page.actor.user_id), 0)
    with st.container(horizontal=True, gap="small"):
        with st.container(width=260):
            who = st.selectbox(
                "Practitioner", ids, index=own, format_func=lambda found: names[found], key="absence_who"
            )
        with st.container(width=160):
            kind = choice_field("Kind", AbsenceKind, key="absence_kind")
    fields = draw_away_fields("absence", place)
    reason = text_field("Reason", key="absence_reason", help="Told to those who plan the rota, and to oneself")

    def request() -> AddAbsence:
        starts_at, ends_at = fields.span(place)
        return AddAbsence(
            user_id=who,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=kind,
            reason=reason,
            request_id=page.request_id("absence"),
        )

    if st.button("Record absence", type="primary", key="absence_add"):
        saved = page.run(add_absence, request, done="The absence is recorded.")
        if saved is not None:
            show_displaced(page, saved.displaced, practitioner_id=saved.user_id)


def _draw_chosen(page: Page, place: ZoneInfo, row: AbsenceRow) -> None:
    key = f"absence_{row.id}_{row.version}"
    st.subheader("Change the absence", anchor=False)
    with st.container(width=160):
        kind = choice_field("Kind", AbsenceKind, key=f"{key}_kind", value=row.kind)
    fields = draw_away_fields(key, place, (row.starts_at, row.ends_at))
    reason = text_field("Reason", key=f"{key}_reason", value=row.reason)

    def request() -> ChangeAbsence:
        starts_at, ends_at = fields.span(place)
        return ChangeAbsence(
            absence_id=row.id,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=kind,
            reason=reason,
            version=row.version,
            request_id=page.request_id(key),
        )

    with st.container(horizontal=True, gap="small"):
        if st.button("Save absence", type="primary", key=f"{key}_save"):
            saved = page.run(change_absence, request, done="The absence is saved.")
            if saved is not None:
                show_displaced(page, saved.displaced, practitioner_id=saved.user_id)
        if st.button("Remove absence", key=f"{key}_remove"):
            removal = RemoveAbsence(absence_id=row.id, request_id=page.request_id(f"{key}/remove"))
            if page.run(remove_absence, removal, done="The absence is removed.") is not None:
                st.rerun()
