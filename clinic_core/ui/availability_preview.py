"""What working hours come to on the next weeks: a strip of days with the spans of work, and the same in words."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID

import plotly.graph_objects as go
import streamlit as st

from clinic_core.kit.formats import Locale, date_text, minutes_text
from clinic_core.scheduling.schemas import PreviewedSpan

HEIGHT = 210
_OPENS, _CLOSES = 7, 19


def draw_strip(spans: Sequence[PreviewedSpan], first: date, days: int, locale: Locale, *, key: str) -> None:
    """A column for each day, time running down, the spans in the colour of their location."""
    figure = go.Figure()
    by_place: dict[UUID, list[PreviewedSpan]] = defaultdict(list)
    for span in spans:
        by_place[span.clinic_location_id].append(span)
    for found in by_place.values():
        figure.add_bar(
            x=[span.day for span in found],
            y=[_hour_of_end(span) - _hour(span.starts) for span in found],
            base=[_hour(span.starts) for span in found],
            name=found[0].location,
            customdata=[[f"{date_text(span.day, locale)}, {_span_text(span)}"] for span in found],
            hovertemplate="%{customdata[0]}",
        )
    hours = [_hour(span.starts) for span in spans] + [_hour_of_end(span) for span in spans]
    figure.update_layout(
        barmode="overlay",
        bargap=0.25,
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 8, "b": 0},
        dragmode=False,
        showlegend=len(by_place) > 1,
        legend={"orientation": "h", "y": 1.2, "x": 0},
        colorway=_colors(),
        font={"family": "Inter, sans-serif"},
    )
    half = timedelta(hours=12)
    begin = datetime.combine(first, time())
    figure.update_xaxes(
        fixedrange=True,
        range=[begin - half, begin + timedelta(days=days) - half],
        tickvals=[first + timedelta(days=at) for at in range(0, days, 7)],
        ticktext=[date_text(first + timedelta(days=at), locale) for at in range(0, days, 7)],
    )
    low, high = int(min([_OPENS, *hours])), int(max([_CLOSES, *hours]) + 0.99)
    ticks = list(range(low, high + 1, 3))
    figure.update_yaxes(
        fixedrange=True, range=[high, low], tickvals=ticks, ticktext=[f"{hour:02}:00" for hour in ticks]
    )
    st.plotly_chart(figure, key=key, alt=_spoken(spans, days), config={"displayModeBar": False})


def week_sums(spans: Sequence[PreviewedSpan], first: date, weeks: int) -> Mapping[date, int]:
    """The minutes of work by the first day of each week."""
    sums = {first + timedelta(weeks=at): 0 for at in range(weeks)}
    for span in spans:
        week = first + timedelta(weeks=(span.day - first).days // 7)
        sums[week] += round((_hour_of_end(span) - _hour(span.starts)) * 60)
    return sums


def _span_text(span: PreviewedSpan) -> str:
    return f"{span.starts:%H:%M}–{'24:00' if span.ends == time() else f'{span.ends:%H:%M}'}"


def _hour(clock: time) -> float:
    return clock.hour + clock.minute / 60


def _hour_of_end(span: PreviewedSpan) -> float:
    return 24.0 if span.ends == time() else _hour(span.ends)


def _spoken(spans: Sequence[PreviewedSpan], days: int) -> str:
    minutes = sum(round((_hour_of_end(span) - _hour(span.starts)) * 60) for span in spans)
    worked = len({span.day for span in spans})
    return f"Working time on the next {days} days: {minutes_text(minutes)} on {worked} days"


def _colors() -> list[str]:
    shown = "dark" if st.context.theme.type == "dark" else "light"
    colors: list[str] = st.get_option(f"theme.{shown}.chartCategoricalColors")
    return colors
