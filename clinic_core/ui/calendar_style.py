"""The looks of the calendar inside its frame, where the theme of the page does not reach."""

from clinic_core.ui.status import Theme

_LINES: dict[Theme, dict[str, str]] = {
    "light": {"line": "#dfe5eb", "shade": "#eceff3", "text": "#1d2733", "muted": "#53616e", "page": "#ffffff"},
    "dark": {"line": "#2e3944", "shade": "#1b2229", "text": "#e6ebf0", "muted": "#a6b3bf", "page": "#12171c"},
}

_CSS = """
  font-family: Inter, system-ui, sans-serif; font-size: 12px; color: {text};
  --fc-border-color: {line}; --fc-page-bg-color: {page}; --fc-neutral-bg-color: {shade};
  --fc-today-bg-color: transparent; --fc-now-indicator-color: #c2410c; --fc-event-text-color: {text};
  --fc-highlight-color: rgba(15, 110, 132, 0.22);
  overflow-x: auto;
  .fc {{ min-width: {least_width}px; }}
  .fc .fc-timegrid-slot {{ height: 17px; }}
  .fc .fc-timegrid-slot-minor {{ border-top-style: dotted; }}
  .fc .fc-timegrid-slot-label-cushion, .fc .fc-timegrid-axis-cushion {{ color: {muted}; padding: 0 6px; }}
  .fc .fc-col-header-cell-cushion {{ color: {text}; font-weight: 600; padding: 5px 4px; text-decoration: none; }}
  .fc .fc-bg-event.shade {{ background: {shade}; opacity: 1; }}
  .fc .fc-timegrid-event {{ border-width: 0 0 0 4px; border-radius: 4px; box-shadow: 0 0 0 1px {page}; }}
  .fc .fc-timegrid-event .fc-event-main {{ padding: 1px 4px; line-height: 1.25; overflow: hidden; }}
  .fc .fc-timegrid-event .fc-event-time {{ font-size: 11px; white-space: nowrap; margin: 0; }}
  .fc .fc-timegrid-event .fc-event-title {{ font-weight: 600; }}
  .fc .fc-event:focus-visible {{ outline: 2px solid {text}; outline-offset: 1px; }}
  .fc .status-cancelled {{ box-shadow: inset 0 0 0 1px {muted}; }}
  .fc .status-cancelled .fc-event-title {{ text-decoration: line-through; font-weight: 400; }}
"""


def calendar_css(theme: Theme, *, least_width: int) -> str:
    """The style sheet for the theme; below that width in pixels the calendar scrolls sideways."""
    return _CSS.format(least_width=least_width, **_LINES[theme])
