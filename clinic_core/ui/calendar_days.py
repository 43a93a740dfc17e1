"""The month on a phone: a line for each day with what is booked on it; a press opens the day."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from clinic_core.kit.formats import short_day_text
from clinic_core.scheduling.schemas import ClosureRow, DayTotal, OpeningSpan
from clinic_core.ui.calendar_filters import Mode, View, show
from clinic_core.ui.calendar_month import total_text
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain


def draw_days(
    page: Page,
    view: View,
    today: date,
    totals: Sequence[DayTotal],
    closures: Sequence[ClosureRow],
    opening: Sequence[OpeningSpan],
) -> None:
    """Every day of the month; `opening` are the opening hours of the location, empty where none are known."""
    first, last = view.period(page.actor.settings.first_weekday)
    booked = {total.day: total_text(total) for total in totals if sum(total.by_status.values())}
    open_on = {span.weekday for span in opening} or set(range(1, 8))
    with st.container(gap="xxsmall"):
        for day in (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)):
            if day > first and day.isoweekday() == page.actor.settings.first_weekday:
                st.space("xxsmall")
            called = next((one.name for one in closures if one.starts_on <= day <= one.ends_on), None)
            is_closed = called is not None or day.isoweekday() not in open_on
            shut = f"closed: {called}" if called else "closed" if is_closed else ""
            said = " · ".join(part for part in (booked.get(day, ""), shut) if part) or "nothing booked"
            text = f"{short_day_text(day, page.actor.settings.locale)} · {said}"
            st.button(
                f"**Today, {plain(text)}**" if day == today else plain(text),
                key=f"calendar_day_{day}",
                type="secondary" if day in booked else "tertiary",
                width="stretch" if day in booked else "content",
                on_click=show,
                args=(replace(view, mode=Mode.DAY, day=day),),
            )
