"""Day sheets with fixed contents, to be compared with golden files."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from clinic_core.scheduling.schemas import AppointmentRow, DaySheet, DaySheetRow, ResourceRef
from clinic_core.vocabulary import AppointmentStatus, ResourceType

_ID = UUID(int=1)
_START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
_PATIENTS = (
    "Łucja Ångström-Παπαδόπουλος (Люся)",
    "Nguyễn Thị Ánh",
    "Bo Demo",
    "Maximiliane von und zu Hohenstein-Waldburg",
)
_LONG_NOTE = "Needs the lift; brings a translator. " * 12
_STATUSES = list(AppointmentStatus)


def day_sheet(rows: int, *, practitioner: str = "", with_money: bool = True) -> DaySheet:
    """A Monday in Berlin with so many appointments, a quarter of an hour apart; names need several alphabets."""
    return DaySheet(
        organization="Clinic on the hill",
        letterhead="Physiotherapy and sports medicine",
        location="Main street",
        address="Hill 1\n10115 Berlin",
        phone="+49 30 123456",
        timezone="Europe/Berlin",
        day=date(2026, 11, 23),
        practitioner=practitioner,
        rows=tuple(_row(at, with_money=with_money) for at in range(rows)),
        cancelled=2,
        with_money=with_money,
        currency="EUR",
        printed_by="Ada Desk",
        printed_at=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
    )


def _row(at: int, *, with_money: bool) -> DaySheetRow:
    starts_at = _START + timedelta(minutes=15 * at)
    appointment = AppointmentRow.model_validate(
        {
            **dict.fromkeys(AppointmentRow.model_fields),
            "id": _ID,
            "patient_id": _ID,
            "patient_name": _PATIENTS[at % 4],
            "patient_code": f"P-{4217 + at:06d}",
            "patient_alerts": ("Latex", "Falls easily") if at % 3 == 0 else (),
            "practitioner_user_id": _ID,
            "practitioner": "Dr North" if at % 2 else "Dr South-Eastern",
            "clinic_location_id": _ID,
            "location": "Main street",
            "timezone": "Europe/Berlin",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "buffer_minutes": 0,
            "status": _STATUSES[at % 6],
            "service": "First visit with examination" if at % 5 == 0 else "Follow-up",
            "service_code": "FU",
            "service_color": "",
            "resources": (ResourceRef(id=_ID, type=ResourceType.ROOM, name=f"Room {at % 3 + 1}"),),
            "note": "" if at % 4 else ("First line\nsecond line" if at else _LONG_NOTE),
            "cancelled_late": False,
            "cancel_reason": "",
            "double_book_reason": "Acute pain" if at == 2 else "",
            "override_reason": "",
            "override_kinds": (),
            "is_imported": False,
            "patient_balance": (Decimal("1240.50") if at % 2 else Decimal("0.00")) if with_money else None,
            "created_at": _START,
            "version": 1,
        }
    )
    return DaySheetRow(appointment=appointment, phone="+49 151 23456789" if at % 4 != 2 else "")
