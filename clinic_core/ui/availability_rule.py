"""The dialog for one span of working hours: where, when, every how many weeks, from and to which day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from uuid import UUID

import streamlit as st
from pydantic import ValidationError

from clinic_core.errors import ClinicError
from clinic_core.scheduling.schemas import AvailabilityRule
from clinic_core.scheduling.schemas.hours import WEEKDAYS
from clinic_core.ui.availability_draft import Draft, keep
from clinic_core.ui.forms import chosen, date_field
from clinic_core.ui.states import as_invalid_input, draw_refusal

_OPEN = "rule_open"
_STEP = timedelta(minutes=15)
_MOST_WEEKS = 52


@dataclass(frozen=True)
class _Opened:
    """The weekday that was clicked, and the place of the rule in the draft; None for a new one."""

    weekday: int
    at: int | None


def begin_rule(weekday: int, at: int | None) -> None:
    """Callback: open the dialog for a new span of that weekday, or for one that is there."""
    end_rule()
    st.session_state[_OPEN] = _Opened(weekday, at)


def end_rule() -> None:
    """Close the dialog and forget what was typed in it."""
    for key in [key for key in st.session_state if str(key).startswith("rule_form_") or key == _OPEN]:
        del st.session_state[key]


def draw_rule_dialog(draft: Draft, places: Mapping[UUID, str], today: date) -> None:
    """The dialog, when it is open."""
    if _OPEN in st.session_state:
        _dialog(draft, places, today)


@st.dialog("Working hours", width="medium", dismissible=False, icon=":material/schedule:")
def _dialog(draft: Draft, places: Mapping[UUID, str], today: date) -> None:
    opened: _Opened = st.session_state[_OPEN]
    present = draft.rules[opened.at] if opened.at is not None and opened.at < len(draft.rules) else None
    try:
        rule = _draw_fields(present, opened.weekday, places, today)
        sentence: ClinicError | None = None
    except ValidationError as error:
        rule, sentence = None, as_invalid_input(error)
    except ClinicError as error:
        rule, sentence = None, error
    others = [each for at, each in enumerate(draft.rules) if at != opened.at]
    with st.container(horizontal=True, gap="small"):
        if st.button("Take over", type="primary", key="rule_take"):
            if rule is None:
                draw_refusal(sentence or ClinicError("These hours cannot be right; please check them."))
            else:
                _finish(draft, [*others, rule])
        if present is not None and st.button("Remove", key="rule_remove"):
            _finish(draft, others)
        if st.button("Close", key="rule_close"):
            end_rule()
            st.rerun()


def _finish(draft: Draft, rules: Sequence[AvailabilityRule]) -> None:
    keep(draft, rules)
    end_rule()
    st.rerun()


def _draw_fields(
    present: AvailabilityRule | None, weekday: int, places: Mapping[UUID, str], today: date
) -> AvailabilityRule:
    ids = list(places)
    known = present is not None and present.clinic_location_id in places
    location_id = st.selectbox(
        "Location",
        ids,
        index=ids.index(present.clinic_location_id) if present and known else 0 if ids else None,
        format_func=lambda found: places[found],
        key="rule_form_location",
    )
    with st.container(horizontal=True, gap="small"):
        day = st.selectbox(
            "Weekday",
            range(1, 8),
            index=(present.weekday if present else weekday) - 1,
            format_func=lambda number: WEEKDAYS[number - 1],
            key="rule_form_weekday",
        )
        starts = st.time_input("From", value=present.starts if present else time(8), key="rule_form_from", step=_STEP)
        ends = st.time_input(
            "To",
            value=present.ends if present else time(12),
            key="rule_form_to",
            step=_STEP,
            help="00:00 is midnight at the end of the day",
        )
    with st.container(horizontal=True, gap="small"):
        every = st.number_input(
            "Every … weeks", 1, _MOST_WEEKS, value=present.every_weeks if present else 1, key="rule_form_every"
        )
        anchor = None
        if every > 1:
            anchor = date_field(
                "In the week of", key="rule_form_anchor", value=(present.anchor if present else None) or today
            )
    with st.container(horizontal=True, gap="small"):
        valid_from = date_field(
            "Valid from (or always)", key="rule_form_since", value=present.valid_from if present else None
        )
        valid_to = date_field(
            "Valid to (or always)", key="rule_form_until", value=present.valid_to if present else None
        )
    return AvailabilityRule(
        clinic_location_id=chosen(location_id, field="location"),
        weekday=day,
        starts=chosen(starts, field="from"),
        ends=chosen(ends, field="to"),
        every_weeks=int(every),
        anchor=anchor,
        valid_from=valid_from,
        valid_to=valid_to,
    )
