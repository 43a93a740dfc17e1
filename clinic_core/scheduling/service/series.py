"""Series of appointments: booked as previewed, and called off (S6); changes are in `series_edit`, the job in
`series_horizon`."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.errors import BookingConflict, Conflict, InvalidInput
from clinic_core.kit.clock import now
from clinic_core.kit.recurrence import ends_before
from clinic_core.models import Appointment, AppointmentSeries, ClinicLocation
from clinic_core.scheduling.bookable import check_case, find_resources
from clinic_core.scheduling.conflicts import RESERVED
from clinic_core.scheduling.fees import keep_fee
from clinic_core.scheduling.reach import MANAGE, find_bookable_patient, find_managed_appointment
from clinic_core.scheduling.schemas import BookSeries, CancelSeries, SeriesOutcome
from clinic_core.scheduling.series import FOREVER, settle_dates
from clinic_core.scheduling.series_book import (
    changed_calendars,
    chosen_dates,
    opening_dates,
    series_refusal,
    wished_terms,
)
from clinic_core.scheduling.series_held import series_terms
from clinic_core.scheduling.series_parts import draft_call_off
from clinic_core.scheduling.series_store import (
    NewOccurrence,
    add_series,
    book_occurrences,
    cancel_occurrences,
    close_gaps,
)
from clinic_core.vocabulary import CancelledBy, DateChoice, SeriesReach

TAKEN_MEANWHILE = "Nothing was saved: one of the times was taken a moment ago. Look at the dates again."


@use_case(MANAGE, name="series.book")
def book_series(work: Work, request: BookSeries) -> SeriesOutcome:
    """Books the dates of a series up to the horizon, 60 at the most; the horizon job books the others.

    Takes the organisation's calendar lock. A date is taken as it is, skipped, booked against the rules with a reason
    and the permission for it, or booked at another time, which it keeps as an exception.

    Raises:
        BookingConflict: dates that are not free as chosen; names them, and nothing is saved.
        InvalidInput: a start that is not a date of its own rule (the next one is named), a rule without a date.
        NotFound, PermissionDenied, Conflict: as for booking; patients do not book series, and for archived ones none
            is booked.
    """
    work.lock_calendar()
    patient = find_bookable_patient(work.session, work.actor, request.patient_id)
    calendar = (request.practitioner_user_id, request.clinic_location_id)
    refused = series_refusal(work.actor, patient, calendar)
    if refused:
        raise work.refused("series.book", MANAGE, refused)
    terms = wished_terms(work.session, work.actor, request, patient.id)
    check_case(work.session, request.case_id, patient.id)
    opening = opening_dates(work.actor, terms)
    rows = chosen_dates(work.session, work.actor, terms, opening.dates, request.choices)
    if not rows:
        raise InvalidInput("Every date of this series is skipped; nothing would be booked.")
    for resource_ids in {row.wanted.resource_ids for row in rows} - {terms.resource_ids}:
        _check_rooms(work, terms.clinic_location_id, resource_ids)
    settled = settle_dates(
        work.actor,
        [row.wanted for row in rows],
        [row.obstacles for row in rows],
        [row.chosen for row in rows],
        terms.timezone,
    )
    skipped = {one.original_starts_at for one in request.choices if one.choice is DateChoice.SKIP}
    walls = (date.wall for date in opening.dates if date.instant in skipped)
    terms = replace(terms, exdates=(*terms.exdates, *walls), case_id=request.case_id, note=request.note)
    new = [NewOccurrence(row.date.instant, row.wanted, kept) for row, kept in zip(rows, settled, strict=True)]
    with work.constraints({RESERVED: lambda _: BookingConflict(TAKEN_MEANWHILE)}):
        series = add_series(work.session, work.actor, terms, materialised_until=opening.until)
        series_id = series.id
        booked = book_occurrences(work.session, work.actor, series_id, terms, new)
    return SeriesOutcome(id=series_id, booked=booked, summary=f"{_counted(len(booked))} booked")


@use_case(MANAGE, name="series.cancel")
def cancel_series(work: Work, request: CancelSeries) -> SeriesOutcome:
    """Calls off one appointment of a series, it and those after it, or all that lie ahead; exceptions too.

    What has begun, is over, invoiced or documented stays. The rule ends before the first date that is called off, so
    the horizon job does not bring it back. Parts that a change split off are reached like the series itself, as far as
    they are on calendars of the actor. Takes the organisation's calendar lock.

    Raises:
        NotFound: an unknown appointment, or one out of reach.
        InvalidInput: it is not part of a series.
        Conflict: nothing of it can be called off any more.
        StaleEdit: the series was changed after the form was drawn.
        PermissionDenied: patients do not call off series.
    """
    work.lock_calendar()
    anchor, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    if anchor.series_id is None or anchor.original_starts_at is None:
        raise InvalidInput("This appointment is not part of a series.")
    series = work.lock(AppointmentSeries, anchor.series_id, called="series", version=request.version)
    refused = series_refusal(work.actor, patient, *changed_calendars(series, anchor, request.reach))
    if refused:
        raise work.refused("series.cancel", MANAGE, refused)
    instant = now()
    found = draft_call_off(work.session, work.actor, anchor, request.reach, instant)
    ids = [one.id for one in found.held]
    since = instant if request.reach is SeriesReach.ALL_FUTURE else max(instant, anchor.original_starts_at)
    ended = request.reach is not SeriesReach.THIS and _end(work, series, since=since)
    for part in found.others:
        other = work.lock(AppointmentSeries, part.id, called="series")
        ended = _end(work, other, since=instant) or ended
    if not ids and not ended:
        raise Conflict("Nothing of this series can be called off any more.")
    limit = timedelta(hours=work.actor.settings.late_cancellation_hours)
    is_patient = request.cancelled_by is CancelledBy.PATIENT
    late = [one.id for one in found.held if is_patient and one.starts_at - instant < limit]
    cancel_occurrences(work.session, ids, cancelled_by=request.cancelled_by, reason=request.reason, late=late)
    _keep_fees(work, late)
    return SeriesOutcome(id=anchor.series_id, cancelled=tuple(ids), summary=f"{_counted(len(ids))} cancelled")


def _end(work: Work, series: AppointmentSeries, *, since: datetime) -> bool:
    """Ends the rule before its first date from then on; whether there was one."""
    terms = series_terms(work.session, series)
    left = terms.dates(after=since, limit=1)
    if not left:
        return False
    series.rrule = ends_before(terms.rrule, left[0].wall)
    series.materialised_until = FOREVER
    work.session.flush()
    close_gaps(work.session, series.id, left[0].instant)
    return True


def _keep_fees(work: Work, ids: Collection[UUID]) -> None:
    for appointment in work.session.scalars(
        select(Appointment).where(col(Appointment.id).in_(ids)).order_by(col(Appointment.id))
    ):
        keep_fee(work.session, work.actor, appointment)


def _check_rooms(work: Work, location_id: UUID, resource_ids: Collection[UUID]) -> None:
    location = work.get(ClinicLocation, location_id, called="location")
    find_resources(work.session, location, resource_ids)


def _counted(number: int) -> str:
    return "1 appointment is" if number == 1 else f"{number} appointments are"
