"""The demo clinic: three months behind it, four weeks ahead, everything in it invented.

Made in steps that are files beside this one: the base, the plan of weeks, patients and calendar, charts, money. The
same seed and day give the same clinic, apart from ids and the time stamps of rows.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol, TypeVar

from sqlalchemy import func, select
from sqlmodel import SQLModel

from clinic_core.access import owner_work
from clinic_core.errors import ConfigurationError
from clinic_core.kit.calendar import from_wall, to_wall
from clinic_core.kit.clock import now
from clinic_core.seed.demo_appointment import place
from clinic_core.seed.demo_base import DEMO_PASSWORD, USE_CASE, DemoClinic, hand_over, make_base, tell_planner
from clinic_core.seed.demo_bills import plan_bills, plan_credits
from clinic_core.seed.demo_calendar import DemoRecords, register_patients, write_calendar
from clinic_core.seed.demo_charts import plan_visits, write_charts
from clinic_core.seed.demo_clinic import LOCATIONS
from clinic_core.seed.demo_desk import arrange_calendar
from clinic_core.seed.demo_money import charge_and_collect
from clinic_core.seed.demo_plan import plan_weeks
from clinic_core.settings import settings

__all__ = ["DEMO_ORGANIZATION", "DEMO_PASSWORD", "DEMO_SEED", "Progress", "seed_demo"]

DEMO_ORGANIZATION = "Demo Clinic"
DEMO_SEED = 7
USUAL_TIME = time(11)
QUIET_TIME = timedelta(hours=2)

Step = TypeVar("Step")
COUNTED = (
    "clinic_location", "location_resource", "app_user", "product_service", "patient", "clinical_case", "appointment",
    "appointment_series", "appointment_fee", "absence", "waiting_list_entry", "notification", "visit",
    "visit_revision", "invoice", "invoice_line", "receipt", "payment", "payment_reminder", "refund_request",
    "closing",
)  # fmt: skip


class Progress(Protocol):
    """Shows how far a long step is: hands the same items on."""

    def __call__(self, title: str, work: Sequence[Step]) -> Iterable[Step]:
        """The items of `work`, in order."""


def seed_demo(
    organization: str, *, progress: Progress, seed: int = DEMO_SEED, today: date | None = None
) -> dict[str, int]:
    """Makes a demo clinic of that name and returns how many rows of each kind it has.

    Without `today` it lives at this moment, moved into the opening hours, so that its waiting room is not empty;
    with it, at eleven o'clock of that day.

    Raises:
        ConfigurationError: in production, where nobody wants people with a well-known password.
        Conflict: an organisation of that name, or one with the same sign-ins, exists.
    """
    if settings().is_production:
        raise ConfigurationError("In production no demo clinic is made: its people have a password that is well known.")
    as_of = _at_usual_time(today) if today else _within_hours(now())
    plan = plan_weeks(seed, as_of)
    visits = plan_visits(plan, seed)
    bills = plan_bills(plan, visits, seed)
    records = DemoRecords()
    clinic = make_base(organization)
    register_patients(clinic, plan.patients, records)
    write_calendar(clinic, plan, records)
    write_charts(clinic, plan, visits, records)
    tell_planner(clinic)
    arrange_calendar(clinic, plan, records)
    charge_and_collect(
        clinic,
        plan,
        records,
        bills,
        plan_credits(plan, seed),
        days=lambda days: progress("Making the demo clinic", days),
    )
    hand_over(clinic, organization)
    return _counts(clinic)


def _at_usual_time(today: date) -> datetime:
    return from_wall(datetime.combine(today, USUAL_TIME), place(LOCATIONS[0].key)).instant


def _within_hours(instant: datetime) -> datetime:
    """The instant, at least two hours from the opening and the closing of the main location on that day."""
    wall = to_wall(instant, place(LOCATIONS[0].key)).replace(second=0, microsecond=0)
    spans = [span for span in LOCATIONS[0].hours if wall.isoweekday() in span.weekdays]
    opens = datetime.combine(wall.date(), min(span.opens for span in spans)) + QUIET_TIME
    closes = datetime.combine(wall.date(), max(span.closes for span in spans)) - QUIET_TIME
    return from_wall(min(max(wall, opens), closes), place(LOCATIONS[0].key)).instant.astimezone(UTC)


def _counts(clinic: DemoClinic) -> dict[str, int]:
    with owner_work(USE_CASE, clinic.organization_id) as session:
        return {
            table: session.scalar(
                select(func.count()).where(SQLModel.metadata.tables[table].c.organization_id == clinic.organization_id)
            )
            or 0
            for table in COUNTED
        }
