"""What the tiles of the dashboard say, in the order of the dashboard."""

from decimal import Decimal

from clinic_core.access.organization import OrganizationSettings
from clinic_core.analytics.schemas import NoShow, Outstanding, Overview, Revenue, Utilization, relative_change
from clinic_core.kit.formats import date_text, minutes_text, money, rate_text
from clinic_core.ui.tiles import Tile, counted


def comparison_text(seen: Overview, settings: OrganizationSettings) -> str:
    """What the changes of the tiles are measured against."""
    first, last = (date_text(day, settings.locale) for day in (seen.before_first_day, seen.before_last_day))
    money_too = "" if seen.outstanding is None else f"; outstanding against the end of {last}"
    return f"Changes against {first} – {last}{money_too}"


def overview_tiles(seen: Overview, settings: OrganizationSettings) -> list[Tile]:
    """The tiles for this reader: money where they may see it, then work."""
    tiles = []
    if seen.outstanding is not None:
        tiles.append(_outstanding(seen.outstanding, seen.outstanding_before, settings))
    if seen.revenue is not None:
        tiles += _revenue(seen.revenue, seen.revenue_before, settings)
    return [
        *tiles,
        _utilization(seen.utilization, seen.utilization_before, settings),
        _no_show(seen.no_show, seen.no_show_before, settings),
    ]


def _outstanding(now: Outstanding, before: Outstanding | None, settings: OrganizationSettings) -> Tile:
    gross, credit, net = (money(value, now.currency, settings.locale) for value in (now.gross, now.credit, now.net))
    return Tile(
        key="outstanding",
        label="Outstanding, net",
        value=net,
        detail=f"{gross} gross less {credit} credit, as of {date_text(now.as_of, settings.locale)}",
        change=relative_change(now.net, before.net if before else None),
        explanation=now.explanation,
        better="less",
    )


def _revenue(now: Revenue, before: Revenue | None, settings: OrganizationSettings) -> list[Tile]:
    taken = "n/a" if now.collected is None else money(now.collected, now.currency, settings.locale)
    return [
        Tile(
            key="invoiced",
            label="Invoiced",
            value=money(now.invoiced, now.currency, settings.locale),
            detail=f"{counted(now.documents, 'document')} by issue date",
            change=relative_change(now.invoiced, before.invoiced if before else None),
            explanation=now.explanation,
        ),
        Tile(
            key="collected",
            label="Collected",
            value=taken,
            detail="Receipts belong to patients"
            if now.receipts is None
            else f"{counted(now.receipts, 'receipt')} by day of receipt",
            change=relative_change(now.collected, before.collected if before else None),
            explanation=now.explanation,
        ),
    ]


def _utilization(now: Utilization, before: Utilization, settings: OrganizationSettings) -> Tile:
    booked, available, outside = (
        minutes_text(minutes) for minutes in (now.booked_minutes, now.available_minutes, now.outside_minutes)
    )
    return Tile(
        key="utilization",
        label="Utilization",
        value=rate_text(now.rate, settings.locale),
        detail=f"{booked} of {available}; {outside} outside working time",
        change=_points(now.rate, before.rate),
        explanation=now.explanation,
        in_points=True,
    )


def _no_show(now: NoShow, before: NoShow, settings: OrganizationSettings) -> Tile:
    visits, open_visits = counted(now.no_show + now.attended, "visit"), counted(now.unclosed, "past visit")
    return Tile(
        key="no_show",
        label="No-show",
        value=rate_text(now.rate, settings.locale),
        detail=f"{now.no_show} of {visits}; {open_visits} without a final status",
        change=_points(now.rate, before.rate),
        explanation=now.explanation,
        better="less",
        in_points=True,
    )


def _points(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else now - before
