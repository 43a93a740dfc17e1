"""The dialog in which a series is changed: each appointment old to new, and a choice for each that is not free."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from clinic_core.access import perform
from clinic_core.errors import ClinicError
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.clock import now
from clinic_core.kit.recurrence import remaining
from clinic_core.notifications.service import edit_series_with_reminders
from clinic_core.scheduling.queries import (
    get_appointment,
    get_series,
    list_practitioners,
    list_resources,
    preview_series_edit,
)
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    ChosenDate,
    EditSeries,
    FindDateAlternatives,
    GetAppointment,
    GetSeries,
    ListPractitioners,
    ListResources,
    PreviewSeriesEdit,
    SeriesChanges,
    SeriesEditPreview,
    SeriesEditRow,
    SeriesRow,
)
from clinic_core.scheduling.schemas.series import LIST_LIMIT
from clinic_core.ui.forms import date_field
from clinic_core.ui.page import Page
from clinic_core.ui.series_dates import OpenDate, clock_note, draw_open_dates, when_text
from clinic_core.ui.series_reach import KEY, close_series, draw_reach, series_title
from clinic_core.ui.series_rule import draw_rule
from clinic_core.ui.states import as_invalid_input
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import DateStatus, SeriesReach, SeriesStep

_WORDS = {
    SeriesStep.MOVE: "Changed",
    SeriesStep.BOOK: "New",
    SeriesStep.CANCEL: "Cancelled",
    SeriesStep.KEEP: "Keeps its own changes",
    SeriesStep.STAY: "Stays",
}


@st.dialog("Change the series", width="large", dismissible=False, icon=":material/edit_calendar:")
def draw_change(page: Page, appointment_id: UUID) -> None:
    """The fields of a change, what it does with each appointment, and a choice for each date that is not free."""
    row = page.read(get_appointment, GetAppointment(appointment_id=appointment_id))
    series = page.read(get_series, GetSeries(appointment_id=appointment_id, limit=LIST_LIMIT))
    st.markdown(f":material/event_repeat: **{plain(series_title(series))}** · {plain(row.patient_name)}")
    reach = draw_reach()
    changes = _draw_fields(page, row, series, reach)
    exceptions = _draw_exceptions(page, row, series, reach)
    asked = {"appointment_id": row.id, "reach": reach, "changes": changes, "exceptions": exceptions}
    choices, version = _draw_preview(page, row, asked, is_empty=not changes)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Close", key=f"{KEY}_close"):
            close_series()
            st.rerun()
        pressed = st.button("Save change", type="primary", key=f"{KEY}_save", disabled=version is None)
    if not pressed:
        return

    def request() -> EditSeries:
        named = {"choices": choices, "version": version, "request_id": page.request_id(f"series/{row.id}")}
        return EditSeries.model_validate({**asked, **named})

    if page.run(edit_series_with_reminders, request, done="{summary}") is not None:
        close_series()
        st.rerun()


def _draw_fields(page: Page, row: AppointmentRow, series: SeriesRow, reach: SeriesReach) -> dict[str, object]:
    """What shall be different; what is left as it is stays out."""
    is_one = reach is SeriesReach.THIS
    key = f"{KEY}_{'one' if is_one else 'rest'}"
    wall = to_wall(row.starts_at, zone(series.timezone))
    present: dict[str, Any] = {
        "starts_on": wall.date() if is_one else None,
        "time_of_day": wall.time() if is_one else series.starts_at_wall.time(),
        "duration_minutes": _minutes(row) if is_one else series.duration_minutes,
        "practitioner_user_id": row.practitioner_user_id if is_one else series.practitioner_user_id,
        "resource_ids": tuple(sorted(row.resource_ids if is_one else series.resource_ids)),
        "rrule": None,
    }
    people = page.read(list_practitioners, ListPractitioners(clinic_location_id=row.clinic_location_id))
    things = page.read(list_resources, ListResources(clinic_location_id=row.clinic_location_id))
    names = {found.id: found.name for found in people} | {found.id: found.name for found in things}
    names.setdefault(present["practitioner_user_id"], row.practitioner if is_one else series.practitioner)
    ids = list(dict.fromkeys([present["practitioner_user_id"], *(found.id for found in people)]))
    chosen: dict[str, Any] = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        label = "Date" if is_one else "First date (empty: as it falls)"
        chosen["starts_on"] = date_field(label, key=f"{key}_day", value=present["starts_on"])
        chosen["time_of_day"] = st.time_input(
            "Time", value=present["time_of_day"], key=f"{key}_clock", step=timedelta(minutes=5), width=120
        )
        length = present["duration_minutes"]
        chosen["duration_minutes"] = int(
            st.number_input(
                "Minutes", min_value=5, max_value=720, step=5, value=length, key=f"{key}_minutes", width=130
            )
        )
        chosen["practitioner_user_id"] = st.selectbox(
            "Practitioner", ids, format_func=lambda found: names[found], key=f"{key}_person", width=200
        )
        taken = st.multiselect(
            "Room and equipment",
            [found.id for found in things],
            default=[found for found in present["resource_ids"] if found in names],
            format_func=lambda found: names[found],
            key=f"{key}_rooms",
            placeholder="None",
        )
        chosen["resource_ids"] = tuple(sorted(taken))
    if not is_one and st.toggle("Another rule from then on", key=f"{key}_is_ruled"):
        first: date = chosen["starts_on"] or wall.date()
        chosen["rrule"] = draw_rule(first, key=f"{key}_rule", present=_rest(row, series, reach), optional=False)
    return {name: value for name, value in chosen.items() if value is not None and value != present[name]}


def _rest(row: AppointmentRow, series: SeriesRow, reach: SeriesReach) -> str:
    """The rule of the part of the series that is changed: with the number of times that is left."""
    place, since = zone(series.timezone), now()
    if reach is SeriesReach.THIS_AND_FOLLOWING and row.original_starts_at is not None:
        since = max(since, row.original_starts_at)
    return remaining(series.rrule, series.starts_at_wall, series.timezone, to_wall(since, place)) or series.rrule


def _minutes(row: AppointmentRow) -> int:
    return int((row.ends_at - row.starts_at).total_seconds()) // 60


def _draw_exceptions(page: Page, row: AppointmentRow, series: SeriesRow, reach: SeriesReach) -> tuple[UUID, ...]:
    """Appointments with changes of their own keep them unless they are ticked; the one that was clicked is."""
    if reach is SeriesReach.THIS:
        return ()
    found = {one.id: one for one in series.occurrences if one.is_exception and not one.is_fixed}
    if not found:
        return ()
    locale = page.actor.settings.locale
    return tuple(
        st.multiselect(
            "Exceptions that lose their own changes",
            list(found),
            default=[one for one in found if one == row.id],
            format_func=lambda one: when_text(found[one].starts_at, series.timezone, locale),
            key=f"{KEY}_exceptions",
            placeholder="All keep theirs",
        )
    )


def _draw_preview(
    page: Page, row: AppointmentRow, asked: dict[str, object], *, is_empty: bool
) -> tuple[tuple[ChosenDate, ...], int | None]:
    """Old to new; the choices made and the version they hold for, None while there is nothing to save."""
    if is_empty:
        st.caption("Change a field to see each appointment, old and new.")
        return (), None
    try:
        preview = perform(page.actor, preview_series_edit, PreviewSeriesEdit.model_validate(asked))
    except ValidationError as error:
        st.warning(plain(as_invalid_input(error).message), icon=":material/event_repeat:")
        return (), None
    except ClinicError as error:
        st.warning(plain(error.message), icon=":material/event_repeat:")
        return (), None
    _draw_rows(page, preview)
    if preview.elsewhere:
        st.info(_elsewhere(preview.elsewhere), icon=":material/call_split:")
    changes = SeriesChanges.model_validate(asked["changes"])
    not_free = [_open_date(row, changes, one) for one in preview.rows if one.status is not DateStatus.FREE]
    choices = draw_open_dates(page, not_free, preview.timezone, key=f"{KEY}_open")
    return choices, preview.version


def _elsewhere(number: int) -> str:
    since = "another rule since an earlier change of this series"
    if number == 1:
        return f"1 more appointment ahead follows {since} and stays as it is. Open it to change it too."
    return f"{number} more appointments ahead follow {since} and stay as they are. Open one of them to change them too."


def _draw_rows(page: Page, preview: SeriesEditPreview) -> None:
    locale = page.actor.settings.locale

    def when(one: SeriesEditRow, *, old: bool) -> str:
        instant = one.old_starts_at if old else one.starts_at
        return when_text(instant, preview.timezone, locale) if instant else "—"

    show_table(
        preview.rows,
        [
            Column(lambda one: when(one, old=True), "Old"),
            Column(lambda one: when(one, old=False), "New"),
            Column(lambda one: _WORDS[one.step], "What happens"),
            Column(_remark, "Remark", width="large"),
        ],
        key=f"{KEY}_rows",
        wording=Wording(locale),
    )


def _remark(one: SeriesEditRow) -> str:
    note = clock_note(shifted=one.shifted, repeated=one.repeated)
    parts = (f"It is {one.why}." if one.why else "", note, *(found.sentence for found in one.obstacles))
    return " ".join(part for part in parts if part)


def _open_date(row: AppointmentRow, changes: SeriesChanges, one: SeriesEditRow) -> OpenDate:
    assert one.starts_at is not None  # noqa: S101 (only a time that is asked for can be taken)
    assert one.ends_at is not None  # noqa: S101
    assert one.original_starts_at is not None  # noqa: S101
    return OpenDate(
        original_starts_at=one.original_starts_at,
        starts_at=one.starts_at,
        status=one.status,
        obstacles=one.obstacles,
        can_override=one.can_override,
        skip="Leave as it is" if one.step is SeriesStep.MOVE else "Skip",
        alternatives=FindDateAlternatives(
            clinic_location_id=row.clinic_location_id,
            practitioner_user_id=changes.practitioner_user_id or row.practitioner_user_id,
            starts_at=one.starts_at,
            duration_minutes=int((one.ends_at - one.starts_at).total_seconds()) // 60,
            patient_id=row.patient_id,
            resource_ids=changes.resource_ids if changes.resource_ids is not None else row.resource_ids,
            product_service_id=row.product_service_id,
            appointment_id=one.appointment_id,
        ),
    )
