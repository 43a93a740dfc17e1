"""What the plan of the demo clinic is made of: an appointment with its outcome, and who works where."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from clinic_core.kit.calendar import from_wall, zone
from clinic_core.seed.demo_clinic import CATALOGUE, LOCATIONS, STAFF, DemoItem
from clinic_core.vocabulary import AppointmentStatus, BaselineRole, CancelledBy, ProductType

SERVICES = tuple(item for item in CATALOGUE if item.type is ProductType.SERVICE)
PRACTITIONERS = tuple(person for person in STAFF if person.role is BaselineRole.PRACTITIONER)


@dataclass(frozen=True)
class PlannedAppointment:
    """An appointment with its outcome as of the moment of the plan; instants in UTC, `series` is a key of `SERIES`."""

    index: int
    patient: int
    practitioner: str
    location: str
    room: str
    equipment: str
    service: DemoItem
    starts_at: datetime
    ends_at: datetime
    status: AppointmentStatus = AppointmentStatus.BOOKED
    status_at: datetime | None = None
    cancelled_by: CancelledBy | None = None
    cancelled_late: bool = False
    cancel_reason: str = ""
    note: str = ""
    series: str = ""

    @property
    def taken(self) -> tuple[datetime, datetime]:
        """The time it holds, its buffer included."""
        return self.starts_at, self.ends_at + timedelta(minutes=self.service.buffer)

    @property
    def attended(self) -> bool:
        """Whether the patient came."""
        return self.status in {
            AppointmentStatus.ARRIVED,
            AppointmentStatus.IN_PROGRESS,
            AppointmentStatus.COMPLETED,
        }


@lru_cache
def place(location: str) -> ZoneInfo:
    """The time zone of a location of the demo clinic."""
    return zone(next(one.timezone for one in LOCATIONS if one.key == location))


def instant(day: date, wall: time, location: str) -> datetime:
    """That time on the wall of a location."""
    return from_wall(datetime.combine(day, wall), place(location)).instant
