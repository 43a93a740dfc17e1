"""Keeping series booked as far ahead as the organisation wants, and the dates for which that failed (S6)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.errors import BookingConflict, Conflict, NotFound, Obstacle
from clinic_core.kit.calendar import day_bounds, zone
from clinic_core.kit.clock import now
from clinic_core.kit.recurrence import Occurrence
from clinic_core.models import (
    AppointmentSeries,
    AppointmentSeriesGap,
    AppUser,
    ClinicLocation,
    LocationResource,
    Patient,
)
from clinic_core.scheduling.bookable import find_bookable, find_resources
from clinic_core.scheduling.conflicts import RESERVED, Reasons, Settled, find_obstacles, settle
from clinic_core.scheduling.reach import MANAGE, find_bookable_patient, reaches
from clinic_core.scheduling.schemas import ExtendSeries, ResolveGap, SeriesExtension, SeriesGapRow
from clinic_core.scheduling.series import FOREVER, Terms, date_obstacles, horizon
from clinic_core.scheduling.series_book import series_refusal
from clinic_core.scheduling.series_gaps import gap_rows
from clinic_core.scheduling.series_held import original_dates, series_terms
from clinic_core.scheduling.series_store import NewOccurrence, add_gaps, book_occurrences
from clinic_core.scheduling.service.series import TAKEN_MEANWHILE
from clinic_core.vocabulary import ConflictKind, Severity, UserStatus


@use_case(MANAGE, name="series.extend")
def extend_series(work: Work, request: ExtendSeries) -> SeriesExtension:
    """Books the next dates of the series that is furthest behind the horizon, 60 at most; call it until none is left.

    Nothing is booked twice, however often, at once or half done this ran before: it takes the organisation's calendar
    lock and leaves out every date that an appointment or a gap stands for. A date that is not free becomes a gap for
    the desk; nothing is forced. Dates of the past are left alone. A series waits while its patient is archived,
    deleted, merged or has died, its practitioner is inactive or its location closed down.
    """
    work.lock_calendar()
    # A whole day: the clock runs on between two steps, and a series must not fall behind by that alone.
    end = day_bounds(horizon(work.actor).date(), zone("UTC")).start
    series = work.session.scalars(_behind(end)).first()
    if series is None:
        return SeriesExtension()
    terms = series_terms(work.session, series)
    since = max(now(), series.materialised_until or now())
    dates = terms.open_dates(after=since, before=end, limit=request.limit + 1)
    if len(dates) > request.limit:
        until = dates.pop().instant
    else:
        until = end if terms.open_dates(after=end, limit=1) else FOREVER
    done = original_dates(work.session, series.id) | _gap_dates(work, series.id)
    booked, gaps = _extend(work, series.id, terms, [date for date in dates if date.instant not in done])
    series.materialised_until = until
    work.session.flush()
    return SeriesExtension(series_id=series.id, booked=booked, gaps=gaps)


@use_case(MANAGE, name="series.resolve_gap")
def resolve_gap(work: Work, request: ResolveGap) -> SeriesGapRow:
    """Books a date that could not be booked at another time, with a colleague or in another room, or lets it be.

    The appointment is one of the series and stands for the date of its rule.

    Raises:
        NotFound: an unknown date, or one on a calendar out of reach.
        Conflict: it was dealt with already; the patient is archived, deleted, merged or has died.
        BookingConflict: the other time is not free either; no reason was given, or not by who may lift it.
        InvalidInput: somebody or something that cannot be booked any more.
    """
    work.lock_calendar()
    gap = work.lock(AppointmentSeriesGap, request.gap_id, called="date")
    series = work.get(AppointmentSeries, gap.series_id, called="series")
    own = {"practitioner_id": series.practitioner_user_id, "location_id": series.clinic_location_id}
    if not reaches(work.actor, MANAGE, **own):
        raise NotFound("This date does not exist.")
    if gap.resolved_at is not None:
        raise Conflict("This date was dealt with already.")
    gap.resolved_at = now()
    if request.starts_at is not None:
        gap.appointment_id = _book_gap(work, series, gap, request, request.starts_at)
    work.session.flush()
    return gap_rows(work.session, col(AppointmentSeriesGap.id) == request.gap_id)[0]


def _behind(end: datetime) -> Select[AppointmentSeries]:
    return (
        select(AppointmentSeries)
        .join(
            Patient,
            and_(
                col(Patient.id) == col(AppointmentSeries.patient_id),
                col(Patient.deceased_on).is_(None),
                col(Patient.archived_at).is_(None),
                col(Patient.deleted_at).is_(None),
                col(Patient.merged_into_id).is_(None),
            ),
        )
        .join(
            AppUser,
            and_(
                col(AppUser.id) == col(AppointmentSeries.practitioner_user_id),
                col(AppUser.status) != UserStatus.INACTIVE,
            ),
        )
        .join(
            ClinicLocation,
            and_(col(ClinicLocation.id) == col(AppointmentSeries.clinic_location_id), col(ClinicLocation.active)),
        )
        .where(
            or_(col(AppointmentSeries.materialised_until).is_(None), col(AppointmentSeries.materialised_until) < end)
        )
        .order_by(col(AppointmentSeries.materialised_until).asc().nulls_first(), col(AppointmentSeries.id))
        .limit(1)
        .with_for_update(of=AppointmentSeries, key_share=True)
        .execution_options(populate_existing=True)
    )


def _extend(work: Work, series_id: UUID, terms: Terms, dates: Sequence[Occurrence]) -> tuple[tuple[UUID, ...], int]:
    wanted = [terms.wanted(date.instant) for date in dates]
    out_of_service = _has_resource_out_of_service(work, terms)
    new: list[NewOccurrence] = []
    gaps: list[tuple[datetime, set[ConflictKind]]] = []
    for date, one, obstacles in zip(dates, wanted, date_obstacles(work.session, work.actor, wanted), strict=True):
        kinds = _in_the_way(obstacles) | ({ConflictKind.OUT_OF_SERVICE} if out_of_service else set())
        if kinds:
            gaps.append((date.instant, kinds))
        else:
            new.append(NewOccurrence(date.instant, one, Settled()))
    booked = book_occurrences(work.session, work.actor, series_id, terms, new)
    add_gaps(work.session, work.actor, series_id, gaps)
    return booked, len(gaps)


def _in_the_way(obstacles: Sequence[Obstacle]) -> set[ConflictKind]:
    return {one.kind for one in obstacles if one.severity is not Severity.INFO}


def _has_resource_out_of_service(work: Work, terms: Terms) -> bool:
    statement = select(col(LocationResource.id)).where(
        col(LocationResource.id).in_(terms.resource_ids), col(LocationResource.active).is_(False)
    )
    return bool(terms.resource_ids) and work.session.scalars(statement.limit(1)).first() is not None


def _gap_dates(work: Work, series_id: UUID) -> set[datetime]:
    statement = select(col(AppointmentSeriesGap.original_starts_at)).where(
        col(AppointmentSeriesGap.series_id) == series_id
    )
    return set(work.session.scalars(statement))


def _book_gap(
    work: Work, series: AppointmentSeries, gap: AppointmentSeriesGap, request: ResolveGap, starts_at: datetime
) -> UUID:
    terms = series_terms(work.session, series)
    practitioner_id = request.practitioner_user_id or terms.practitioner_user_id
    patient = find_bookable_patient(work.session, work.actor, terms.patient_id)
    refused = series_refusal(work.actor, patient, (practitioner_id, terms.clinic_location_id))
    if refused:
        raise work.refused("series.resolve_gap", MANAGE, refused)
    location = find_bookable(work.session, terms.clinic_location_id, practitioner_id=practitioner_id).location
    resource_ids = terms.resource_ids if request.resource_ids is None else request.resource_ids
    find_resources(work.session, location, resource_ids)
    wanted = replace(terms.wanted(starts_at, resource_ids=resource_ids), practitioner_user_id=practitioner_id)
    obstacles = find_obstacles(work.session, work.actor, [wanted])[0]
    settled = settle(work.actor, wanted, obstacles, Reasons(request.double_book_reason, request.override_reason))
    new = NewOccurrence(gap.original_starts_at, wanted, settled)
    with work.constraints({RESERVED: lambda _: BookingConflict(TAKEN_MEANWHILE)}):
        return book_occurrences(work.session, work.actor, series.id, terms, [new])[0]
