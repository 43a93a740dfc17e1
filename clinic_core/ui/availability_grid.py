"""The week of a practitioner as a grid: spans by weekday, to open, add and copy."""

from collections.abc import Mapping
from uuid import UUID

import streamlit as st

from clinic_core.kit.formats import Locale, date_text
from clinic_core.scheduling.schemas import AvailabilityRule
from clinic_core.scheduling.schemas.hours import WEEKDAYS
from clinic_core.ui.availability_draft import Draft, copied, keep
from clinic_core.ui.availability_rule import begin_rule
from clinic_core.ui.wording import plain


def draw_grid(draft: Draft, places: Mapping[UUID, str], locale: Locale, *, first_weekday: int) -> None:
    """Seven columns, one below the other on a phone; a click on a span opens it."""
    order = [(first_weekday - 1 + at) % 7 + 1 for at in range(7)]
    for weekday, column in zip(order, st.columns(7, gap="small", border=True), strict=True):
        with column, st.container(gap="xsmall"):
            _draw_day(draft, weekday, places, locale)


def _draw_day(draft: Draft, weekday: int, places: Mapping[UUID, str], locale: Locale) -> None:
    st.markdown(f"**{WEEKDAYS[weekday - 1]}**")
    rules = [(at, rule) for at, rule in enumerate(draft.rules) if rule.weekday == weekday]
    for at, rule in rules:
        _draw_rule(draft, at, rule, places, locale)
    if not rules:
        st.caption("Does not work")
    with st.container(horizontal=True, gap="xsmall"):
        st.button(
            "Add",
            icon=":material/add:",
            key=f"rule_add_{weekday}",
            type="tertiary",
            on_click=begin_rule,
            args=(weekday, None),
        )
        if rules:
            _draw_copy(draft, weekday)


def _draw_rule(draft: Draft, at: int, rule: AvailabilityRule, places: Mapping[UUID, str], locale: Locale) -> None:
    st.button(
        hours_text(rule),
        key=f"rule_{draft.practitioner_id}_{at}",
        on_click=begin_rule,
        args=(rule.weekday, at),
        width="stretch",
        help="Change or remove",
    )
    where = places.get(rule.clinic_location_id, "Another location")
    conditions = [where, _every_text(rule, locale), _validity_text(rule, locale)]
    st.caption(plain(" · ".join(part for part in conditions if part)))


def hours_text(rule: AvailabilityRule) -> str:
    """From … to …: 08:00–12:00; midnight as an end is 24:00."""
    ends = f"{rule.ends:%H:%M}"
    return f"{rule.starts:%H:%M}–{'24:00' if ends == '00:00' else ends}"


def _every_text(rule: AvailabilityRule, locale: Locale) -> str:
    if rule.every_weeks == 1 or rule.anchor is None:
        return ""
    return f"every {rule.every_weeks} weeks, as in that of {date_text(rule.anchor, locale)}"


def _validity_text(rule: AvailabilityRule, locale: Locale) -> str:
    first = f"from {date_text(rule.valid_from, locale)}" if rule.valid_from else ""
    last = f"to {date_text(rule.valid_to, locale)}" if rule.valid_to else ""
    return " ".join(part for part in (first, last) if part)


def _draw_copy(draft: Draft, weekday: int) -> None:
    with st.popover("Copy", icon=":material/content_copy:", type="tertiary"):
        others = [other for other in range(1, 8) if other != weekday]
        onto = st.multiselect(
            f"{WEEKDAYS[weekday - 1]} onto",
            others,
            default=[other for other in others if other <= 5],
            format_func=lambda other: WEEKDAYS[other - 1],
            key=f"rule_copy_{weekday}",
        )
        st.caption("What stands on those days is replaced.")
        if st.button("Copy the day", key=f"rule_copy_do_{weekday}", disabled=not onto):
            keep(draft, copied(draft.rules, weekday, onto))
            st.rerun()
