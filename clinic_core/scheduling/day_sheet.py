"""The day sheet as PDF: the day of a location at a glance, for when screens are out of reach."""

from clinic_core.kit.calendar import zone
from clinic_core.kit.formats import Locale, amount, date_text, datetime_zone_text, time_text
from clinic_core.kit.paper import GridColumn, GridRow, Paper
from clinic_core.kit.paper_text import isolated
from clinic_core.scheduling.schemas import DaySheet, DaySheetRow

_TIME = GridColumn("Time", 22)
_PATIENT = GridColumn("Patient", 50)
_CODE = GridColumn("Code", 19)
_PHONE = GridColumn("Phone", 32)
_SERVICE = GridColumn("Service", 37)
_PRACTITIONER = GridColumn("Practitioner", 34)
_ROOM = GridColumn("Room", 26)
_STATUS = GridColumn("Status", 21)


def day_sheet_pdf(sheet: DaySheet, locale: Locale, logo: bytes | None = None) -> bytes:
    """The day on A4 across: one row an appointment, alerts and the desk's note below it; no balance without money."""
    day = f"{sheet.day:%A}, {date_text(sheet.day, locale)}"
    paper = Paper(
        title=f"Day sheet, {day}",
        author=sheet.organization,
        footer=f"{isolated(sheet.organization)} · {isolated(sheet.location)} · {day}",
        across=True,
    )
    whose = f"Practitioner: {sheet.practitioner}" if sheet.practitioner else "All practitioners"
    place = ", ".join(part for part in (sheet.location, *sheet.address.splitlines()) if part)
    lines = [*sheet.letterhead.splitlines(), place, sheet.phone, whose, _counted(sheet)]
    paper.letterhead(sheet.organization, f"Day sheet\n{day}", lines, logo)
    if sheet.rows:
        paper.grid(_columns(sheet), [_row(sheet, row, locale) for row in sheet.rows])
    else:
        paper.note("Nobody is booked for this day.")
    printed = datetime_zone_text(sheet.printed_at, zone(sheet.timezone), locale)
    paper.note(f"Printed {printed} by {sheet.printed_by}. It holds patients' data: shred it after use.")
    return paper.to_bytes()


def _counted(sheet: DaySheet) -> str:
    count = len(sheet.rows)
    cancelled = f", {sheet.cancelled} cancelled left out" if sheet.cancelled else ""
    return f"{count} appointment{'' if count == 1 else 's'}{cancelled}"


def _columns(sheet: DaySheet) -> list[GridColumn]:
    """One practitioner's sheet names no practitioner in its rows; the patients get the room."""
    balance = [GridColumn(f"Balance {sheet.currency}", 20, "R")] if sheet.with_money else []
    spare = (_PRACTITIONER.width if sheet.practitioner else 0) + (0 if sheet.with_money else 20)
    patient = _PATIENT._replace(width=_PATIENT.width + spare)
    practitioner = [] if sheet.practitioner else [_PRACTITIONER]
    return [_TIME, patient, _CODE, _PHONE, _SERVICE, *practitioner, _ROOM, _STATUS, *balance]


def _row(sheet: DaySheet, row: DaySheetRow, locale: Locale) -> GridRow:
    appointment, place = row.appointment, zone(sheet.timezone)
    cells = [
        f"{time_text(appointment.starts_at, place)}–{time_text(appointment.ends_at, place)}",
        appointment.patient_name,
        appointment.patient_code,
        row.phone,
        appointment.service,
        *([] if sheet.practitioner else [appointment.practitioner]),
        ", ".join(resource.name for resource in appointment.resources),
        appointment.status.label,
    ]
    if sheet.with_money:
        balance = appointment.patient_balance
        cells.append(amount(balance, locale) if balance else "–")
    alerts = f"! {', '.join(appointment.patient_alerts)}" if appointment.patient_alerts else ""
    note = " / ".join(line for line in appointment.note.splitlines() if line.strip())
    lifted = appointment.double_book_reason or appointment.override_reason
    return GridRow(
        cells, strong=alerts, below=tuple(filter(None, (note, f"Booked on purpose: {lifted}" if lifted else "")))
    )
