"""Series for tests, made and changed through the use cases, and what the tables then hold."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.models import Appointment
from clinic_core.scheduling.queries import preview_series, preview_series_edit
from clinic_core.scheduling.schemas import (
    BookSeries,
    CancelSeries,
    ChosenDate,
    EditSeries,
    ExtendSeries,
    MoveAppointment,
    PreviewSeries,
    PreviewSeriesEdit,
    SeriesEditPreview,
    SeriesOutcome,
    SeriesPreview,
)
from clinic_core.scheduling.service import book_series, cancel_series, edit_series, extend_series, move_appointment
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, DateChoice, SeriesReach
from tests.factories import Clinic, make_patient
from tests.scheduling.arrange import drift

BERLIN = zone("Europe/Berlin")
# The first Monday of March 2031 at ten on the wall of Main street, which is nine UTC: where `slot(0)` begins.
MONDAY_AT_TEN = datetime.fromisoformat("2031-03-03T10:00")
THIS, FOLLOWING, FUTURE = SeriesReach.THIS, SeriesReach.THIS_AND_FOLLOWING, SeriesReach.ALL_FUTURE

_ROWS = text(
    "select id, series_id, original_starts_at, starts_at, ends_at, status, practitioner_user_id, product_service_id,"
    " note, deleted_at, override_reason, cancel_reason, recurrence_json, version"
    " from appointment where series_id is not null order by starts_at, original_starts_at, id"
)
_SERIES = text(
    "select id, rrule, starts_at_wall, timezone, exdates_json, split_from_id, materialised_until, version"
    " from appointment_series order by starts_at_wall, id"
)


def wish(clinic: Clinic, rrule: str = "FREQ=WEEKLY;COUNT=5", **fields: object) -> dict[str, Any]:
    """Half an hour on Mondays at ten with the practitioner at Main street, for a new patient."""
    values: dict[str, Any] = {
        "practitioner_user_id": clinic.users["practitioner"],
        "clinic_location_id": clinic.main,
        "rrule": rrule,
        "starts_at_wall": MONDAY_AT_TEN,
        "duration_minutes": 30,
        **fields,
    }
    if "patient_id" not in values:
        values["patient_id"] = make_patient(clinic)
    return values


def repeat(
    clinic: Clinic, rrule: str = "FREQ=WEEKLY;COUNT=5", *, by: str = "assistant", **fields: object
) -> SeriesOutcome:
    """That series, booked by the person of a role."""
    return perform(clinic.actor(by), book_series, BookSeries.model_validate(wish(clinic, rrule, **fields)))


def preview(
    clinic: Clinic, rrule: str = "FREQ=WEEKLY;COUNT=5", *, by: str = "assistant", **fields: object
) -> SeriesPreview:
    """That series, looked at before it is booked."""
    return perform(clinic.actor(by), preview_series, PreviewSeries.model_validate(wish(clinic, rrule, **fields)))


def change(
    clinic: Clinic,
    appointment_id: UUID,
    reach: SeriesReach = FOLLOWING,
    *,
    by: str = "assistant",
    exceptions: Sequence[UUID] = (),
    choices: Sequence[ChosenDate] = (),
    version: int | None = None,
    request_id: UUID | None = None,
    **changes: object,
) -> SeriesOutcome:
    """A change of a series, made by the person of a role."""
    request = EditSeries.model_validate(
        {
            "appointment_id": appointment_id,
            "reach": reach,
            "changes": changes,
            "exceptions": tuple(exceptions),
            "choices": tuple(choices),
            "version": version,
            "request_id": request_id,
        }
    )
    return perform(clinic.actor(by), edit_series, request)


def preview_change(
    clinic: Clinic,
    appointment_id: UUID,
    reach: SeriesReach = FOLLOWING,
    *,
    by: str = "assistant",
    exceptions: Sequence[UUID] = (),
    **changes: object,
) -> SeriesEditPreview:
    """A change of a series, looked at before it is made."""
    request = PreviewSeriesEdit.model_validate(
        {"appointment_id": appointment_id, "reach": reach, "changes": changes, "exceptions": tuple(exceptions)}
    )
    return perform(clinic.actor(by), preview_series_edit, request)


def call_off(
    clinic: Clinic, appointment_id: UUID, reach: SeriesReach, *, by: str = "assistant", **fields: object
) -> SeriesOutcome:
    """Appointments of a series, called off by the person of a role."""
    values = {"appointment_id": appointment_id, "reach": reach, "cancelled_by": CancelledBy.PATIENT, **fields}
    return perform(clinic.actor(by), cancel_series, CancelSeries.model_validate(values))


def chosen(original: datetime, choice: DateChoice, **fields: object) -> ChosenDate:
    """A choice for one date."""
    return ChosenDate.model_validate({"original_starts_at": original, "choice": choice, **fields})


def rows(clinic: Clinic) -> list[Any]:
    """Every appointment of a series, by time, whatever its status."""
    with unit_of_work(clinic.actor("admin")) as work:
        return list(work.session.execute(_ROWS).all())


def live(clinic: Clinic) -> list[Any]:
    """The appointments of series that stand."""
    return [row for row in rows(clinic) if row.status != "cancelled" and row.deleted_at is None]


def walls(clinic: Clinic) -> list[str]:
    """When the appointments of series that stand begin, on the wall of Main street."""
    return [f"{to_wall(row.starts_at, BERLIN):%m-%d %H:%M}" for row in live(clinic)]


def all_series(clinic: Clinic) -> list[Any]:
    """Every series, by its start."""
    with unit_of_work(clinic.actor("admin")) as work:
        return list(work.session.execute(_SERIES).all())


def set_status(clinic: Clinic, appointment_id: UUID, status: AppointmentStatus) -> None:
    """A status as if it had been recorded."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        row = session.get_one(Appointment, appointment_id)
        row.status = status
        row.cancelled_by = CancelledBy.CLINIC if status is AppointmentStatus.CANCELLED else None


def mondays(count: int, clock: time = time(10), first: date = date(2031, 3, 3)) -> list[str]:
    """So many Mondays at a time on the wall, as `walls` writes them."""
    return [f"{datetime.combine(first + timedelta(weeks=n), clock):%m-%d %H:%M}" for n in range(count)]


def move(clinic: Clinic, row: Any, by: timedelta = timedelta(hours=1), **fields: object) -> None:
    """One appointment of a series, moved by itself."""
    request = MoveAppointment.model_validate(
        {
            "appointment_id": row.id,
            "starts_at": row.starts_at + by,
            "ends_at": row.ends_at + by,
            "version": row.version,
            **fields,
        }
    )
    perform(clinic.actor("assistant"), move_appointment, request)


def extended(clinic: Clinic) -> int:
    """How many appointments the horizon job books now."""
    booked = 0
    while (step := perform(clinic.actor("admin"), extend_series, ExtendSeries())).series_id is not None:
        booked += len(step.booked)
    return booked


def sound(clinic: Clinic) -> None:
    """Reservations are what appointments ask for, and no date of a series stands for two appointments."""
    assert drift(clinic) == 0
    found = [(row.series_id, row.original_starts_at) for row in rows(clinic)]
    assert len(found) == len(set(found))
