"""What somebody does on the calendar, as its component answers."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from streamlit.testing.v1 import AppTest

from clinic_core.scheduling.schemas import AppointmentRow

CALENDAR = "pages/front_desk/calendar.py"


def answer(app: AppTest, callback: str, said: dict[str, Any]) -> AppTest:
    """What the calendar answers; the running number is that of the last drawing."""
    rev = {"extendedProps": {"rev": app.session_state["_calendar_rev"]}}
    for part in ("event", "resource"):
        if part in said:
            said[part] |= {"extendedProps": said[part].get("extendedProps", {}) | rev["extendedProps"]}
    app.session_state["calendar_board"] = {"callback": callback, callback: said}
    return app.run()


def dropped(booked: AppointmentRow, at: datetime, *, column: UUID | None = None, minutes: int = 30) -> dict[str, Any]:
    """The event of the appointment, dropped at that time on the wall of Berlin."""
    return {
        "event": {
            "id": f"appointment/{booked.id}/{booked.practitioner_user_id}",
            "resourceId": str(column or booked.practitioner_user_id),
            "start": f"{at:%Y-%m-%dT%H:%M:%S}Z",
            "end": f"{at + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}Z",
            "extendedProps": {
                "version": booked.version,
                "starts": booked.starts_at.isoformat(),
                "ends": booked.ends_at.isoformat(),
            },
        }
    }


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()
