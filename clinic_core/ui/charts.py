"""Charts of the reports: drawn by Plotly in the colours of the theme, with words for those who do not see them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import plotly.graph_objects as go
import streamlit as st

from clinic_core.analytics.schemas import AgeBucket, Aging, HourMinutes, Revenue
from clinic_core.kit.formats import Locale, minutes_text, money, rate_text
from clinic_core.ui.tiles import counted

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HEIGHT = 280
# Light enough at both ends for the dark label in the cell, on either background.
HEAT = ((0.0, "#f1f8fa"), (1.0, "#6fb3c4"))
HEAT_LABEL = "#1d2733"


def draw_aging(aging: Aging, locale: Locale, *, key: str) -> AgeBucket | None:
    """Bars of the outstanding amount by age; a click on a bar returns its bucket."""
    labels = [each.bucket.label for each in aging.buckets]
    texts = [money(each.amount, aging.currency, locale) for each in aging.buckets]
    bars = go.Bar(
        x=labels,
        y=_heights(each.amount for each in aging.buckets),
        text=texts,
        textposition="outside",
        cliponaxis=False,
        customdata=[[counted(each.invoices, "invoice")] for each in aging.buckets],
        hovertemplate="%{x}: %{text}, %{customdata[0]}<extra></extra>",
    )
    state = _draw(
        go.Figure(bars),
        key=key,
        alt=f"Outstanding by age: {_listed(labels, texts)}",
        selectable=True,
    )
    chosen = _chosen_labels(state)
    return next((each.bucket for each in aging.buckets if each.bucket.label in chosen), None)


def draw_revenue(revenue: Revenue, locale: Locale, *, key: str) -> None:
    """Invoiced and collected side by side by month."""
    months = [f"{each.month:%b %Y}" for each in revenue.months]
    figure = go.Figure()
    spoken = []
    for name, values in (
        ("Invoiced", [each.invoiced for each in revenue.months]),
        ("Collected", [each.collected for each in revenue.months if each.collected is not None]),
    ):
        if len(values) < len(months):
            continue
        texts = [money(value, revenue.currency, locale) for value in values]
        figure.add_bar(
            x=months,
            y=_heights(values),
            name=name,
            text=texts,
            textposition="none",
            hovertemplate="%{x}: %{text}",
        )
        spoken.append(f"{name}: {_listed(months, texts)}")
    figure.update_layout(barmode="group", legend={"orientation": "h", "y": 1.15, "x": 0})
    figure.update_yaxes(title=revenue.currency)
    _draw(figure, key=key, alt=f"Revenue by month. {'. '.join(spoken)}")


def draw_heat_map(cells: Sequence[HourMinutes], locale: Locale, *, key: str) -> None:
    """Utilization by weekday and hour; hours without working time stay empty."""
    hours = range(min(cell.hour for cell in cells), max(cell.hour for cell in cells) + 1)
    found = {(cell.weekday, cell.hour): cell for cell in cells}
    days = sorted({cell.weekday for cell in cells})
    grid = [[found.get((day, hour)) for hour in hours] for day in days]
    heat = go.Heatmap(
        x=[f"{hour:02}:00" for hour in hours],
        y=[WEEKDAYS[day - 1] for day in days],
        z=[[_percent(cell) for cell in line] for line in grid],
        text=[[_rate(cell, locale) for cell in line] for line in grid],
        customdata=[[_minutes(cell) for cell in line] for line in grid],
        texttemplate="%{text}",
        textfont={"color": HEAT_LABEL},
        hovertemplate="%{y} %{x}: %{text}, %{customdata}<extra></extra>",
        colorscale=HEAT,
        zmin=0,
        zmax=100,
        showscale=False,
        xgap=2,
        ygap=2,
        hoverongaps=False,
    )
    figure = go.Figure(heat)
    figure.update_yaxes(autorange="reversed")
    busiest = max(cells, key=lambda cell: (cell.rate or Decimal(0), -cell.weekday, -cell.hour))
    spoken = f"{WEEKDAYS[busiest.weekday - 1]} {busiest.hour:02}:00 with {rate_text(busiest.rate, locale)}"
    _draw(figure, key=key, alt=f"Utilization by weekday and hour; the busiest is {spoken}")


def _draw(figure: go.Figure, *, key: str, alt: str, selectable: bool = False) -> object:
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 28, "b": 0},
        bargap=0.35,
        dragmode=False,
        colorway=_colors(),
        font={"family": "Inter, sans-serif"},
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return st.plotly_chart(
        figure,
        key=key,
        alt=alt,
        config={"displayModeBar": False},
        on_select="rerun" if selectable else "ignore",
        selection_mode="points",
    )


def _colors() -> list[str]:
    """The theme's colours of data; those of the light theme while the browser has not said which it shows."""
    shown = "dark" if st.context.theme.type == "dark" else "light"
    colors: list[str] = st.get_option(f"theme.{shown}.chartCategoricalColors")
    return colors


def _chosen_labels(state: object) -> set[str]:
    selection = getattr(state, "selection", None) or {}
    return {str(point.get("x")) for point in selection.get("points") or []}


def _heights(amounts: Iterable[Decimal]) -> list[float]:
    """The length of bars; what people read beside them stays exact."""
    return [float(value) for value in amounts]


def _percent(cell: HourMinutes | None) -> float | None:
    return None if cell is None or cell.rate is None else float(cell.rate * 100)


def _rate(cell: HourMinutes | None, locale: Locale) -> str:
    return "" if cell is None or cell.rate is None else rate_text(round(cell.rate, 2), locale)


def _minutes(cell: HourMinutes | None) -> str:
    if cell is None:
        return ""
    return f"{minutes_text(cell.booked_minutes)} of {minutes_text(cell.available_minutes)}"


def _listed(labels: Sequence[str], texts: Sequence[str]) -> str:
    return ", ".join(f"{label} {text}" for label, text in zip(labels, texts, strict=True))
