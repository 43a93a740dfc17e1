"""One appointment as a block: its words and symbols, its colours, and whether the person may move it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from clinic_core.access import Actor, Permission
from clinic_core.scheduling.reach import reaches
from clinic_core.scheduling.schemas import AppointmentRow
from clinic_core.scheduling.transitions import MOVABLE
from clinic_core.ui.calendar_style import tint
from clinic_core.ui.calendar_types import Block
from clinic_core.ui.status import LOOKS, current_theme
from clinic_core.vocabulary import AppointmentStatus, VisitStatus

# The symbols of a block besides that of its status, in the order they are drawn.
LEGEND: Mapping[str, str] = MappingProxyType(
    {
        "!": "alert",
        "★": "first visit",
        "↻": "series",
        "×2": "double-booked",
        "⚑": "a rule was lifted",
        "≡": "desk note",
        "¤": "unpaid",
        "✎": "note begun",
        "✔": "note signed",
    }
)


@dataclass(frozen=True)
class Drawing:
    """For whom blocks are drawn and how: in the colours of status or type, with or without the practitioner's name."""

    actor: Actor
    first_visits: Collection[UUID]
    is_by_type: bool
    with_practitioner: bool


def make_block(drawing: Drawing, row: AppointmentRow, column_id: UUID) -> Block:
    """The appointment in one column."""
    theme = current_theme()
    status_fill, status_text = LOOKS[row.status].pair(theme)
    by_type = drawing.is_by_type and bool(row.service_color) and row.status is not AppointmentStatus.CANCELLED
    fill, text = tint(row.service_color, theme) if by_type else (status_fill, status_text)
    about = " · ".join(part for part in (row.service, row.practitioner if drawing.with_practitioner else "") if part)
    head = " ".join([LOOKS[row.status].symbol, row.patient_name, *symbols_of(row, drawing.first_visits)])
    return Block(
        id=row.id,
        column_id=column_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        version=row.version,
        title=f"{head}\n{about}" if about else head,
        fill=fill,
        text=text,
        bar=row.service_color or status_text,
        is_struck=row.status is AppointmentStatus.CANCELLED,
        is_movable=is_movable(drawing.actor, row),
    )


def symbols_of(row: AppointmentRow, first_visits: Collection[UUID]) -> list[str]:
    """What is to be known of the appointment at a glance, as symbols of the legend."""
    holds = {
        "!": bool(row.patient_alerts),
        "★": row.id in first_visits,
        "↻": row.series_id is not None,
        "×2": row.double_booked,
        "⚑": bool(row.override_reason),
        "≡": bool(row.note),
        "¤": bool(row.patient_balance),
        "✎": row.visit_status is VisitStatus.DRAFT,
        "✔": row.visit_status is VisitStatus.SIGNED,
    }
    return [symbol for symbol in LEGEND if holds[symbol]]


def is_movable(actor: Actor, row: AppointmentRow) -> bool:
    """Whether its status lets it be moved and its calendar is the person's to change."""
    return row.status in MOVABLE and reaches(
        actor,
        Permission.APPOINTMENT_MANAGE,
        practitioner_id=row.practitioner_user_id,
        location_id=row.clinic_location_id,
    )


def legend_text() -> str:
    """What the symbols and status marks mean, in one paragraph."""
    statuses = " · ".join(f"{LOOKS[status].symbol} {status.label.lower()}" for status in AppointmentStatus)
    return f"{statuses}  \n" + " · ".join(f"{symbol} {word}" for symbol, word in LEGEND.items())
