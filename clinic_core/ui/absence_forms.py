"""Absences of practitioners: the list, a form to record one, and one to change or take back what was chosen."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import streamlit as st

from clinic_core.scheduling.queries import list_absences
from clinic_core.scheduling.schemas import AbsenceRow, ListAbsences, PractitionerRow
from clinic_core.ui.absence_fields import draw_away_fields, listed_period, table_key, when_columns
from clinic_core.ui.absence_rebook import show_displaced
from clinic_core.ui.absence_saving import draw_steps, record_absence, remove_away, save_absence
from clinic_core.ui.forms import choice_field
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.vocabulary import AbsenceKind


def draw_absences(page: Page, place: ZoneInfo, people: Sequence[PractitionerRow]) -> None:
    """Who is away from a month ago on; a click on a row opens it, otherwise the form of a new one is there."""
    names = {row.id: row.name for row in people}
    if not names:
        st.caption("There is no practitioner whose absences you record.")
        return
    starts_before, ends_after = listed_period()
    period = ListAbsences(user_ids=tuple(names), starts_before=starts_before, ends_after=ends_after)
    rows = page.read(list_absences, period)
    found = show_table(
        rows,
        [
            Column[AbsenceRow]("name", "Practitioner"),
            *when_columns(rows, place),
            Column[AbsenceRow]("label", "Kind"),
            Column[AbsenceRow]("reason", "Reason"),
        ],
        key=table_key("absences", rows),
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
    fields = draw_away_fields("absence", place, reason_help="Told to those who plan the rota, and to oneself")
    if st.button("Record absence", type="primary", key="absence_add"):
        saved = record_absence(page, who, kind, fields, done="The absence is recorded.")
        if saved is not None:
            show_displaced(page, saved.displaced, practitioner_id=saved.user_id)


def _draw_chosen(page: Page, place: ZoneInfo, row: AbsenceRow) -> None:
    key = f"absence_{row.id}_{row.version}"
    st.subheader("Change the absence", anchor=False)
    with st.container(width=160):
        kind = choice_field("Kind", AbsenceKind, key=f"{key}_kind", value=row.kind)
    fields = draw_away_fields(key, place, (row.starts_at, row.ends_at), reason=row.reason)
    match draw_steps("absence", key):
        case "save":
            saved = save_absence(page, row, kind, fields, done="The absence is saved.")
            if saved is not None:
                show_displaced(page, saved.displaced, practitioner_id=saved.user_id)
        case "remove" if remove_away(page, row, done="The absence is removed."):
            st.rerun()
