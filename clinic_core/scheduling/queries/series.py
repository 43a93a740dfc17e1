"""Series before they are booked or changed, as they stand, and the dates that wait for the desk (S6)."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, null, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.scope import appointments_in_scope, series_in_scope
from clinic_core.errors import InvalidInput, NotFound
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.kit.recurrence import describe
from clinic_core.models import Appointment, AppointmentSeries, AppointmentSeriesGap, Patient
from clinic_core.scheduling.reach import (
    MANAGE,
    KnownPatient,
    find_bookable_patient,
    find_managed_appointment,
    refuse_inactive,
)
from clinic_core.scheduling.schemas import (
    FindDateAlternatives,
    FindSlots,
    GetSeries,
    ListSeriesGaps,
    PreviewSeries,
    PreviewSeriesCancel,
    PreviewSeriesEdit,
    SeriesCancelPreview,
    SeriesDate,
    SeriesEditPreview,
    SeriesGapRow,
    SeriesPreview,
    SeriesRow,
    SlotRow,
)
from clinic_core.scheduling.schemas.checks import SLOT_LIMIT
from clinic_core.scheduling.series import can_override, status_of
from clinic_core.scheduling.series_book import (
    BookedDate,
    changed_calendars,
    chosen_dates,
    number_of_dates,
    opening_dates,
    series_refusal,
    wished_terms,
)
from clinic_core.scheduling.series_edit import draft_edit, draft_rows
from clinic_core.scheduling.series_gaps import OPEN_GAP, gap_rows
from clinic_core.scheduling.series_parts import ahead_in_parts, called_off_rows, draft_call_off, other_parts
from clinic_core.scheduling.series_rows import edit_row, series_row
from clinic_core.scheduling.slots import free_slots

ALTERNATIVES = 3
_DAYS = 14
_HOURS_BEFORE = timedelta(hours=8)
_READ = Permission.APPOINTMENT_READ


@query(MANAGE, name="series.preview")
def preview_series(work: Work, request: PreviewSeries) -> SeriesPreview:
    """Every date that would be booked now: free, taken, or at a time at which nobody is there, and why.

    Raises:
        InvalidInput: a start that is not a date of its own rule (the next one is named), a rule without a date.
        NotFound, PermissionDenied, Conflict: as for `book_series`.
    """
    patient = find_bookable_patient(work.session, work.actor, request.patient_id) if request.patient_id else None
    refused = series_refusal(work.actor, patient, (request.practitioner_user_id, request.clinic_location_id))
    if refused:
        raise work.refused("series.preview", MANAGE, refused)
    terms = wished_terms(work.session, work.actor, request, patient.id if patient else new_id())
    opening = opening_dates(work.actor, terms)
    rows = chosen_dates(work.session, work.actor, terms, opening.dates)
    return SeriesPreview(
        rrule=terms.rrule,
        words=describe(terms.rrule),
        timezone=terms.timezone,
        total=number_of_dates(terms),
        has_more=opening.has_more,
        dates=tuple(_date_row(work, place, row) for place, row in enumerate(rows, start=1)),
    )


@query(MANAGE, name="series.preview_edit")
def preview_series_edit(work: Work, request: PreviewSeriesEdit) -> SeriesEditPreview:
    """What a change would do with each appointment of a series, old to new, and what is in the way.

    Raises:
        NotFound, InvalidInput, Conflict, PermissionDenied: as for `edit_series`.
    """
    anchor, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    if anchor.series_id is None:
        raise InvalidInput("This appointment is not part of a series.")
    series = work.get(AppointmentSeries, anchor.series_id, called="series")
    refused = series_refusal(work.actor, patient, *changed_calendars(series, anchor, request.reach, request.changes))
    if refused:
        raise work.refused("series.preview_edit", MANAGE, refused)
    refuse_inactive(patient)
    draft = draft_edit(work.session, work.actor, series, anchor, request)
    rows = draft_rows(work.session, work.actor, draft)
    others = other_parts(work.session, work.actor, series.id, request.reach)
    return SeriesEditPreview(
        series_id=series.id,
        version=series.version,
        words=describe(draft.new.rrule),
        timezone=draft.new.timezone,
        starts_at_wall=draft.new.starts_at_wall,
        rows=tuple(edit_row(work.actor, row) for row in rows if not (row.step.held and row.step.held.is_deleted)),
        elsewhere=len(ahead_in_parts(work.session, work.actor, others, now())),
    )


@query(MANAGE, name="series.preview_cancel")
def preview_series_cancel(work: Work, request: PreviewSeriesCancel) -> SeriesCancelPreview:
    """Which appointments would be called off, by time; over the parts that changes of the series split off.

    Raises:
        NotFound, InvalidInput, PermissionDenied: as for `cancel_series`.
    """
    anchor, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    if anchor.series_id is None:
        raise InvalidInput("This appointment is not part of a series.")
    series = work.get(AppointmentSeries, anchor.series_id, called="series")
    refused = series_refusal(work.actor, patient, *changed_calendars(series, anchor, request.reach))
    if refused:
        raise work.refused("series.preview_cancel", MANAGE, refused)
    held = draft_call_off(work.session, work.actor, anchor, request.reach, now()).held
    return SeriesCancelPreview(
        series_id=series.id, version=series.version, timezone=series.timezone, rows=called_off_rows(work.session, held)
    )


@query(MANAGE, name="series.find_alternatives")
def find_date_alternatives(work: Work, request: FindDateAlternatives) -> list[SlotRow]:
    """Up to three free times around a date that is not free, the nearest first: same practitioner, place and rooms.

    Raises:
        NotFound, InvalidInput, Conflict: as `find_slots`.
        PermissionDenied: patients, who have no series changed.
    """
    patient: Patient | KnownPatient | None = None
    if request.patient_id is not None:
        patient = find_bookable_patient(work.session, work.actor, request.patient_id)
    if request.appointment_id is not None:
        patient = find_managed_appointment(work.session, work.actor, request.appointment_id)[1]
    refused = series_refusal(work.actor, patient)
    if refused:
        raise work.refused("series.find_alternatives", MANAGE, refused)
    asked = FindSlots(
        clinic_location_id=request.clinic_location_id,
        product_service_id=request.product_service_id,
        duration_minutes=request.duration_minutes,
        practitioner_ids=(request.practitioner_user_id,),
        resource_ids=request.resource_ids,
        needs=(),
        starts_from=max(request.starts_at - _HOURS_BEFORE, now()),
        days=_DAYS,
        patient_id=request.patient_id,
        moved_appointment_id=request.appointment_id,
        limit=SLOT_LIMIT,
    )
    found = free_slots(work.session, work.actor, asked)
    nearest = sorted(found, key=lambda slot: (abs(slot.starts_at - request.starts_at), slot.starts_at))
    return nearest[:ALTERNATIVES]


@query(Permission.APPOINTMENT_READ, name="series.get")
def get_series(work: Work, request: GetSeries) -> SeriesRow:
    """The series with its rule in words, and a page of its appointments by date.

    Raises:
        NotFound: unknown, or out of reach.
        InvalidInput: the appointment is not part of a series.
    """
    series_id, original = _named(work, request)
    series = work.get(AppointmentSeries, series_id, called="series")
    return series_row(work.session, work.actor, series, original=original, page=(request.offset, request.limit))


@query(MANAGE, name="series.list_gaps")
def list_series_gaps(work: Work, request: ListSeriesGaps) -> list[SeriesGapRow]:
    """Dates of series in reach that could not be booked and that nobody dealt with yet, the next first."""
    return gap_rows(work.session, *_gap_conditions(work, request), offset=request.offset, limit=request.limit)


@query(MANAGE, name="series.count_gaps")
def count_series_gaps(work: Work, request: ListSeriesGaps) -> int:
    """How many dates `list_series_gaps` would find without its limit."""
    counted = (
        select(func.count())
        .select_from(AppointmentSeriesGap)
        .join(AppointmentSeries, col(AppointmentSeries.id) == col(AppointmentSeriesGap.series_id))
        .where(*_gap_conditions(work, request))
    )
    return work.session.execute(counted).scalar_one()


def _gap_conditions(work: Work, request: ListSeriesGaps) -> list[ColumnElement[bool]]:
    conditions = [OPEN_GAP, series_in_scope(work.actor, MANAGE)]
    if request.clinic_location_id is not None:
        conditions.append(col(AppointmentSeries.clinic_location_id) == request.clinic_location_id)
    if request.practitioner_ids:
        conditions.append(col(AppointmentSeries.practitioner_user_id).in_(request.practitioner_ids))
    return conditions


def _named(work: Work, request: GetSeries) -> tuple[UUID, datetime | None]:
    if request.appointment_id is not None:
        statement = select(col(Appointment.series_id), col(Appointment.original_starts_at)).where(
            col(Appointment.id) == request.appointment_id,
            col(Appointment.deleted_at).is_(None),
            appointments_in_scope(work.actor, _READ),
        )
        found = work.session.execute(statement).one_or_none()
    else:
        reachable = select(col(AppointmentSeries.id), null()).where(
            col(AppointmentSeries.id) == request.series_id, series_in_scope(work.actor, _READ)
        )
        found = work.session.execute(reachable).one_or_none()
    if found is None:
        raise NotFound("This series does not exist.")
    if found[0] is None:
        raise InvalidInput("This appointment is not part of a series.")
    return found[0], found[1]


def _date_row(work: Work, place: int, row: BookedDate) -> SeriesDate:
    return SeriesDate(
        position=place,
        wall=row.date.wall,
        original_starts_at=row.date.instant,
        starts_at=row.wanted.starts_at,
        ends_at=row.wanted.ends_at,
        shifted=row.date.shifted,
        repeated=row.date.repeated,
        status=status_of(row.obstacles),
        obstacles=row.obstacles,
        can_override=can_override(work.actor, row.wanted, row.obstacles),
    )
