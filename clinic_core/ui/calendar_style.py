"""The looks of the calendar inside its frame, where the theme of the page does not reach."""

from clinic_core.ui.status import Theme

_LINES: dict[Theme, dict[str, str]] = {
    "light": {
        "line": "#dfe5eb",
        "shade": "#eceff3",
        "stripe": "#dde3ea",
        "text": "#1d2733",
        "muted": "#53616e",
        "page": "#ffffff",
        "accent": "#0f6e84",
        "away": "#fdf0d5",
        "away_text": "#6b3f04",
        "away_line": "#c77d0a",
    },
    "dark": {
        "line": "#2e3944",
        "shade": "#1b2229",
        "stripe": "#27313b",
        "text": "#e6ebf0",
        "muted": "#a6b3bf",
        "page": "#12171c",
        "accent": "#5cc3dd",
        "away": "#3d2a0c",
        "away_text": "#fbe5bd",
        "away_line": "#d99a3a",
    },
}

_COMMON = """
  font-family: Inter, system-ui, sans-serif; font-size: 12px; color: {text};
  --fc-border-color: {line}; --fc-page-bg-color: {page}; --fc-neutral-bg-color: {shade};
  --fc-today-bg-color: transparent; --fc-now-indicator-color: #c2410c; --fc-event-text-color: {text};
  --fc-highlight-color: rgba(15, 110, 132, 0.22);
  .fc .fc-col-header-cell-cushion {{ color: {text}; font-weight: 600; padding: 5px 4px; text-decoration: none; }}
  .fc .fc-event:focus-visible {{ outline: 2px solid {text}; outline-offset: 1px; }}
  .fc .is-struck {{ box-shadow: inset 0 0 0 1px {muted}; }}
  .fc .is-struck .fc-event-title {{ text-decoration: line-through; font-weight: 400; }}
"""

_BOARD = """
  overflow-x: auto;
  .fc {{ min-width: {least_width}px; }}
  .fc .fc-timegrid-slot {{ height: 16px; line-height: 13px; font-size: 11px; }}
  .fc .fc-timegrid-slot-minor {{ border-top-style: dotted; }}
  .fc .fc-timegrid-slot-label-cushion, .fc .fc-timegrid-axis-cushion {{ color: {muted}; padding: 0 6px; }}
  .fc .fc-timegrid-axis-cushion {{ font-size: 11px; }}
  .fc .fc-timegrid .fc-daygrid-body .fc-daygrid-day-events {{ margin-bottom: 1px; min-height: 0; }}
  .fc .fc-bg-event {{ opacity: 1; pointer-events: none; }}
  .fc .fc-bg-event .fc-event-title {{ margin: 3px 6px; font-style: normal; font-weight: 600; color: {muted}; }}
  .fc .shade-off, .fc .shade-closed {{ background: {shade}; }}
  .fc .shade-away {{ border-right: 5px solid {away_line};
    background: repeating-linear-gradient(45deg, {shade} 0 7px, {stripe} 7px 9px); }}
  .fc .fc-timegrid-col-events {{ margin: 0 7px 0 2px; }}
  .fc .banner {{ border: 0; border-radius: 3px; box-shadow: none; background: {away}; cursor: default; }}
  .fc .banner.is-opened {{ cursor: pointer; }}
  .fc .banner .fc-event-main {{ color: {away_text}; }}
  .fc .banner .fc-event-title {{ font-weight: 600; white-space: normal; padding: 0 4px; }}
  .fc .fc-timegrid-event {{ border-radius: 4px; box-shadow: 0 0 0 1px {page}; }}
  .fc .fc-timegrid-event.appointment {{ border-width: 0 0 0 4px; }}
  .fc .fc-timegrid-event .fc-event-main {{ padding: 0 4px; line-height: 15px; overflow: hidden; }}
  .fc .fc-timegrid-event .fc-event-main-frame {{ max-height: max(15px, round(down, 100%, 15px)); overflow: hidden; }}
  .fc .fc-timegrid-event .fc-event-time {{ font-size: 11px; white-space: nowrap; margin: 0; }}
  .fc .fc-timegrid-event .fc-event-title {{ font-weight: 600; white-space: pre-line; overflow-wrap: anywhere; }}
  .fc .fc-timegrid-event.is-struck {{ box-shadow: inset 0 0 0 1px {muted}; }}
  .fc .fc-timegrid-event.blocked {{ border: 1px dashed {muted}; box-shadow: none; cursor: pointer;
    background: repeating-linear-gradient(45deg, {shade} 0 7px, {stripe} 7px 9px); }}
  .fc .fc-timegrid-event.blocked .fc-event-main {{ color: {text}; }}
  .fc .fc-timegrid-event.blocked .fc-event-title {{ font-weight: 500; }}
  .fc .fc-timegrid-event.blocked .fc-event-time {{ display: none; }}
  @media (max-width: 640px) {{
    font-size: 14px;
    .fc .fc-timegrid-slot {{ height: 26px; }}
    .fc .fc-timegrid-event .fc-event-time {{ font-size: 12px; }}
    .fc .banner .fc-event-title, .fc .fc-col-header-cell-cushion {{ white-space: nowrap; text-overflow: ellipsis; }}
  }}
"""

_MONTH = """
  .fc .fc-daygrid-day-top {{ display: none; }}
  .fc .fc-daygrid-day {{ cursor: pointer; }}
  .fc .fc-day-disabled {{ background: {shade}; cursor: default; }}
  .fc .fc-daygrid-event {{ border-radius: 3px; }}
  .fc .fc-daygrid-event.appointment {{ border-width: 0 0 0 4px; }}
  .fc .fc-daygrid-event .fc-event-main-frame {{ padding: 0 3px; }}
  .fc .fc-daygrid-event .fc-event-time {{ flex-shrink: 0; overflow: visible; font-weight: 400; margin-right: 4px; }}
  .fc .day-number, .fc .day-today, .fc .day-closed, .fc .day-more {{ background: transparent; border: 0;
    box-shadow: none; cursor: pointer; }}
  .fc .day-number .fc-event-title, .fc .day-today .fc-event-title {{ color: {text}; font-weight: 600;
    white-space: normal; padding: 2px 0; }}
  .fc .day-today .fc-event-title {{ color: {accent}; text-decoration: underline; }}
  .fc .day-more .fc-event-title {{ color: {accent}; font-weight: 600; }}
  .fc .day-closed .fc-event-title {{ color: {muted}; font-style: italic; }}
"""


def board_css(theme: Theme, *, least_width: int) -> str:
    """The style sheet of days side by side, for the theme; below that width in pixels they scroll sideways."""
    return (_COMMON + _BOARD).format(least_width=least_width, **_LINES[theme])


def month_css(theme: Theme) -> str:
    """The style sheet of a month, for the theme."""
    return (_COMMON + _MONTH).format(**_LINES[theme])


def tint(color: str, theme: Theme) -> tuple[str, str]:
    """Fill and text for a block in the colour of its type: so pale, or so dark, that the text can be read on it."""
    paper = _LINES[theme]["page"]
    share = 0.26 if theme == "light" else 0.34
    mixed = [round(share * int(color[at : at + 2], 16) + (1 - share) * int(paper[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#{:02x}{:02x}{:02x}".format(*mixed), _LINES[theme]["text"]
