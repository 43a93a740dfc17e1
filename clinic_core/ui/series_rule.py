"""The rule of a series as a form: daily, weekly or monthly, every n, until when."""

from calendar import monthrange
from datetime import date, datetime, time, timedelta

import streamlit as st

from clinic_core.kit.recurrence import Frequency, NthWeekday, Recurrence, Weekday, format_rrule, parse_rrule
from clinic_core.ui.forms import date_field
from clinic_core.ui.opening_hours import WEEKDAYS

ONCE = "Once"
_FREQUENCIES = {"Daily": Frequency.DAILY, "Weekly": Frequency.WEEKLY, "Monthly": Frequency.MONTHLY}
_UNITS = {Frequency.DAILY: "days", Frequency.WEEKLY: "weeks", Frequency.MONTHLY: "months"}
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_NEVER, _AFTER, _ON = "Never", "After", "On a date"
_USUAL_COUNT = 6
_END_OF_DAY = time(23, 59, 59)


def draw_rule(first: date, *, key: str, present: str | None = None, optional: bool = True) -> str | None:
    """The fields of a rule for a series that begins on that day; None for a single appointment.

    `present` is the rule that a series has now; parts of it that the form does not know stay out of the new one.
    """
    rule = parse_rrule(present) if present else None
    words = [ONCE, *_FREQUENCIES] if optional else list(_FREQUENCIES)
    usual = next((word for word, frequency in _FREQUENCIES.items() if rule and frequency is rule.freq), words[0])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        word = st.selectbox("Repeat", words, index=words.index(usual), key=f"{key}_freq", width=150)
        if word == ONCE:
            return None
        frequency = _FREQUENCIES[word]
        every = st.number_input(
            f"Every … {_UNITS[frequency]}",
            min_value=1,
            max_value=99,
            value=rule.interval if rule else 1,
            key=f"{key}_every",
            width=130,
        )
        ends, until, count = _draw_end(first, rule, key)
    weekdays: tuple[NthWeekday, ...] = ()
    monthdays: tuple[int, ...] = ()
    if frequency is Frequency.WEEKLY:
        weekdays = _draw_weekdays(first, rule, key)
    if frequency is Frequency.MONTHLY:
        weekdays, monthdays = _draw_month(first, rule, key)
    return format_rrule(
        Recurrence(
            freq=frequency,
            interval=int(every),
            count=count if ends == _AFTER else None,
            until=datetime.combine(until, _END_OF_DAY) if ends == _ON and until else None,
            by_weekday=weekdays,
            by_monthday=monthdays,
        )
    )


def _draw_end(first: date, rule: Recurrence | None, key: str) -> tuple[str, date | None, int]:
    words = [_AFTER, _ON, _NEVER]
    present = _NEVER
    if rule is None or rule.count is not None:
        present = _AFTER
    elif rule.until is not None:
        present = _ON
    ends = st.selectbox("Ends", words, index=words.index(present), key=f"{key}_ends", width=130)
    until: date | None = None
    count = rule.count if rule and rule.count else _USUAL_COUNT
    if ends == _AFTER:
        count = int(st.number_input("Times", min_value=1, max_value=500, value=count, key=f"{key}_count", width=110))
    if ends == _ON:
        usual = rule.until.date() if rule and rule.until else first + timedelta(weeks=_USUAL_COUNT)
        until = date_field("Last day", key=f"{key}_until", value=max(usual, first), earliest=first)
    return ends, until, count


def _draw_weekdays(first: date, rule: Recurrence | None, key: str) -> tuple[NthWeekday, ...]:
    """One box for each day; a single weekday follows the date of the start, several were chosen on purpose."""
    state, last = st.session_state, f"{key}_last_first"
    present = {int(day.weekday) for day in rule.by_weekday} if rule and rule.freq is Frequency.WEEKLY else set()
    usual = present or {first.weekday()}
    chosen = {day for day in range(7) if state.get(f"{key}_day_{day}", day in usual)}
    if chosen == {state.get(last, first.weekday())}:
        chosen = {first.weekday()}
    state[last] = first.weekday()
    with st.container(horizontal=True, gap="small"):
        for day in range(7):
            state[f"{key}_day_{day}"] = day in chosen
            st.checkbox(WEEKDAYS[day][:3], key=f"{key}_day_{day}", width="content")
    return tuple(NthWeekday(Weekday(day)) for day in sorted(chosen or {first.weekday()}))


def _draw_month(first: date, rule: Recurrence | None, key: str) -> tuple[tuple[NthWeekday, ...], tuple[int, ...]]:
    """By the day of the month, or by the n-th weekday of it; the last one where the day may be both."""
    nth = (first.day - 1) // 7
    weekday = Weekday(first.weekday())
    ways: dict[str, tuple[tuple[NthWeekday, ...], tuple[int, ...]]] = {
        f"On day {first.day}": ((), (first.day,)),
        f"On the {_ORDINALS[nth]} {WEEKDAYS[weekday]}": ((NthWeekday(weekday, nth + 1),), ()),
    }
    length = monthrange(first.year, first.month)[1]
    if first.day + 7 > length:
        ways[f"On the last {WEEKDAYS[weekday]}"] = ((NthWeekday(weekday, -1),), ())
    if first.day == length:
        ways["On the last day"] = ((), (-1,))
    by_weekday = bool(rule and rule.freq is Frequency.MONTHLY and rule.by_weekday)
    way = st.selectbox("On", list(ways), index=1 if by_weekday else 0, key=f"{key}_way_{first}")
    return ways[way]
