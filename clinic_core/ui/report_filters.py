"""The filters above a report: period, comparison, location, practitioner; each with the words people use for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import NoReturn
from uuid import UUID

import streamlit as st

from clinic_core.analytics.schemas import AgeBucket, Choosable, Comparison, OverviewRequest, PeriodFilter, ReportChoices
from clinic_core.ui.export import Export
from clinic_core.ui.forms import choice_field
from clinic_core.ui.page import Page
from clinic_core.vocabulary import Choice

_DAY = timedelta(days=1)
OUTSTANDING_PAGE = "pages/analytics/outstanding.py"
ALL_LOCATIONS, ALL_PRACTITIONERS = "All locations", "All practitioners"


class Period(Choice):
    """The periods that people ask for."""

    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    LAST_30_DAYS = "last_30_days"
    THIS_QUARTER = "this_quarter"
    THIS_YEAR = "this_year"
    NEXT_4_WEEKS = "next_4_weeks"
    CHOSEN_DAYS = "chosen_days"


def days_of(period: Period, today: date) -> tuple[date, date]:
    """The first and last day of a period; running ones end today, so that they compare with what has happened."""
    month = today.replace(day=1)
    match period:
        case Period.LAST_MONTH:
            last = month - _DAY
            return last.replace(day=1), last
        case Period.LAST_30_DAYS:
            return today - 29 * _DAY, today
        case Period.THIS_QUARTER:
            return month.replace(month=month.month - (month.month - 1) % 3), today
        case Period.THIS_YEAR:
            return month.replace(month=1), today
        case Period.NEXT_4_WEEKS:
            return today, today + 27 * _DAY
        case _:
            return month, today


def whole_days_of(period: Period, today: date) -> tuple[date, date]:
    """As `days_of`, but running periods to their end, for what is booked ahead too."""
    first, last = days_of(period, today)
    months = {Period.THIS_MONTH: 1, Period.THIS_QUARTER: 3, Period.THIS_YEAR: 12}.get(period)
    if months is None:
        return first, last
    following = first.month - 1 + months
    return first, first.replace(year=first.year + following // 12, month=following % 12 + 1) - _DAY


def draw_report_filters(choices: ReportChoices, *, key: str) -> OverviewRequest:
    """The row of filters of a report that compares with another period."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        first_day, last_day = _draw_days(choices, key, days_of)
        compare = choice_field("Compare with", Comparison, key=f"{key}_compare")
        location_id = draw_location_filter(choices, key=key)
        practitioner_id = draw_practitioner_filter(choices, key=key)
    return OverviewRequest(
        first_day=first_day,
        last_day=last_day,
        compare=compare,
        clinic_location_id=location_id,
        practitioner_user_id=practitioner_id,
    )


def draw_period_filters(choices: ReportChoices, *, key: str) -> PeriodFilter:
    """The filters of a report on one whole period, days ahead included, within the row that the page has begun."""
    first_day, last_day = _draw_days(choices, key, whole_days_of)
    return PeriodFilter(
        first_day=first_day,
        last_day=last_day,
        clinic_location_id=draw_location_filter(choices, key=key),
        practitioner_user_id=draw_practitioner_filter(choices, key=key),
    )


def draw_location_filter(choices: ReportChoices, *, key: str) -> UUID | None:
    """One location, or None for all that the reader reaches."""
    return _one_or_all("Location", ALL_LOCATIONS, choices.locations, key=f"{key}_location")


def draw_practitioner_filter(choices: ReportChoices, *, key: str) -> UUID | None:
    """One practitioner, or None for all that the reader reaches."""
    return _one_or_all("Practitioner", ALL_PRACTITIONERS, choices.practitioners, key=f"{key}_practitioner")


def period_export(name: str, request: PeriodFilter, *, label: str = "", **more: UUID | Choice | None) -> Export:
    """The file with the rows of a figure of that period: dates, ids and words of closed lists."""
    return _export(label, name, {"from": request.first_day, "to": request.last_day, **more}, request)


def receivables_export(name: str, request: OverviewRequest, choices: ReportChoices, *, label: str = "") -> Export:
    """The file with what was outstanding at the end of that period."""
    return _export(label, name, {"as_of": as_of(request, choices)}, request)


def as_of(request: OverviewRequest, choices: ReportChoices) -> date | None:
    """The day of what is outstanding at the end of the period; None where that is now."""
    return None if request.last_day >= choices.today else request.last_day


def open_receivables(
    page: Page, request: OverviewRequest, choices: ReportChoices, *, bucket: AgeBucket | None = None
) -> NoReturn:
    """Open the page of what is outstanding with the same filters."""
    st.session_state["outstanding_as_of"] = as_of(request, choices)
    st.session_state["outstanding_location"] = request.clinic_location_id or ""
    st.session_state["outstanding_practitioner"] = request.practitioner_user_id or ""
    st.session_state["outstanding_bucket"] = bucket or ""
    st.session_state["outstanding_view"] = "Invoices"
    page.go(OUTSTANDING_PAGE)


def _draw_days(
    choices: ReportChoices, key: str, days: Callable[[Period, date], tuple[date, date]]
) -> tuple[date, date]:
    period = choice_field("Period", Period, key=f"{key}_period")
    first_day, last_day = days(period, choices.today)
    if period is Period.CHOSEN_DAYS:
        first_day = st.date_input("From", first_day, key=f"{key}_from", format="YYYY-MM-DD")
        last_day = st.date_input("To", last_day, key=f"{key}_to", format="YYYY-MM-DD")
    return first_day, last_day


def _one_or_all(label: str, everything: str, choices: Sequence[Choosable], *, key: str) -> UUID | None:
    names: dict[UUID | str, str] = {"": everything, **{each.id: each.name for each in choices}}
    chosen = st.selectbox(label, list(names), format_func=lambda one: names[one], key=key)
    return chosen if isinstance(chosen, UUID) else None


def _export(label: str, name: str, parts: Mapping[str, object], request: PeriodFilter) -> Export:
    parts = {**parts, "location": request.clinic_location_id, "practitioner": request.practitioner_user_id}
    return Export(name, parts, label)
