"""Changing a series: one appointment, this and following, or all that lie ahead (S6), as previewed."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col

from clinic_core.access import Work, use_case
from clinic_core.errors import BookingConflict, InvalidInput
from clinic_core.kit.recurrence import ends_before
from clinic_core.models import AppointmentSeries, ClinicLocation
from clinic_core.scheduling.bookable import find_resources
from clinic_core.scheduling.conflicts import RESERVED, Settled
from clinic_core.scheduling.reach import MANAGE, find_managed_appointment, refuse_inactive
from clinic_core.scheduling.schemas import EditSeries, MovedOccurrence, SeriesOutcome
from clinic_core.scheduling.series import FOREVER, settle_dates
from clinic_core.scheduling.series_book import changed_calendars, series_refusal
from clinic_core.scheduling.series_edit import Draft, DraftRow, by_step, draft_edit, draft_rows, skipped_by_choice
from clinic_core.scheduling.series_held import Held
from clinic_core.scheduling.series_store import (
    NewOccurrence,
    Replaced,
    add_series,
    book_occurrences,
    cancel_occurrences,
    close_gaps,
    replace_occurrences,
)
from clinic_core.scheduling.service.series import TAKEN_MEANWHILE
from clinic_core.vocabulary import CancelledBy, SeriesStep

CHANGED = "The series was changed."


@use_case(MANAGE, name="series.edit")
def edit_series(work: Work, request: EditSeries) -> SeriesOutcome:
    """Gives one appointment of a series, it and those after it, or all ahead another time, rule, person or place.

    One appointment moves like any other and stays the date of its series. Otherwise the rule of the series ends
    before the first date concerned and a new series goes on from there: the k-th date becomes the k-th of the new
    rule, what is left over is called off, what is missing is booked. What has begun, is over, cancelled, invoiced or
    documented never changes; exceptions keep their own changes unless they are ticked. Takes the organisation's
    calendar lock; all times change in one statement, so appointments may trade places.

    Raises:
        BookingConflict: dates that are not free as chosen; names them, and nothing is saved.
        StaleEdit: the series was changed after the preview.
        Conflict: a fixed appointment, no date ahead, dates that changed since the preview, or the patient is archived,
            deleted, merged or has died: then a series is only called off.
        InvalidInput, NotFound, PermissionDenied: as for `book_series`.
    """
    work.lock_calendar()
    anchor, patient = find_managed_appointment(work.session, work.actor, request.appointment_id)
    if anchor.series_id is None:
        raise InvalidInput("This appointment is not part of a series.")
    series = work.lock(AppointmentSeries, anchor.series_id, called="series", version=request.version)
    calendars = changed_calendars(series, anchor, request.reach, request.changes)
    refused = series_refusal(work.actor, patient, *calendars)
    if refused:
        raise work.refused("series.edit", MANAGE, refused)
    refuse_inactive(patient)
    draft = draft_edit(work.session, work.actor, series, anchor, request)
    rows = draft_rows(work.session, work.actor, draft, request.choices)
    settled = _settled(work, draft, rows)
    with work.constraints({RESERVED: lambda _: BookingConflict(TAKEN_MEANWHILE)}):
        return _save(work, series, draft, rows, settled)


def _settled(work: Work, draft: Draft, rows: Sequence[DraftRow]) -> dict[UUID, Settled]:
    """What is kept with each appointment that asks for a time, by its id."""
    asking = [(row, row.wanted) for row in rows if row.wanted is not None and not row.is_same]
    for resource_ids in {wanted.resource_ids for _, wanted in asking} - {draft.new.resource_ids}:
        location = work.get(ClinicLocation, draft.new.clinic_location_id, called="location")
        find_resources(work.session, location, resource_ids, kept=draft.old.resource_ids)
    kept = settle_dates(
        work.actor,
        [wanted for _, wanted in asking],
        [row.obstacles for row, _ in asking],
        [row.chosen for row, _ in asking],
        draft.new.timezone,
    )
    return {wanted.appointment_id: one for (_, wanted), one in zip(asking, kept, strict=True)}


def _save(
    work: Work, series: AppointmentSeries, draft: Draft, rows: Sequence[DraftRow], settled: dict[UUID, Settled]
) -> SeriesOutcome:
    steps = by_step(rows)
    cancelled = _ids(steps[SeriesStep.CANCEL])
    cancel_occurrences(work.session, cancelled, cancelled_by=CancelledBy.CLINIC, reason=CHANGED)
    series_id, split_from_id = series.id, None
    if draft.split is not None:
        split_from_id = series.id
        series_id = _split(work, series, draft, rows)
    moving = [row for row in rows if row.step.held and row.step.kind in {SeriesStep.MOVE, SeriesStep.KEEP}]
    replaced = [_replaced(draft, row, row.step.held, series_id, settled) for row in moving if row.step.held]
    replace_occurrences(work.session, work.actor, replaced)
    new = [
        NewOccurrence(row.step.date.instant, row.wanted, settled[row.wanted.appointment_id])
        for row in steps[SeriesStep.BOOK]
        if row.step.date and row.wanted
    ]
    booked = book_occurrences(work.session, work.actor, series_id, draft.new, new)
    before = {row.step.held.id: row.step.held for row in moving if row.step.held}
    moved = tuple(
        MovedOccurrence(appointment_id=one.id, old_starts_at=before[one.id].starts_at, starts_at=one.starts_at)
        for one in replaced
        if one.starts_at != before[one.id].starts_at
    )
    return SeriesOutcome(
        id=series_id,
        split_from_id=split_from_id,
        booked=booked,
        moved=moved,
        changed=_ids(steps[SeriesStep.MOVE]),
        cancelled=cancelled,
        summary=_summary(len(steps[SeriesStep.MOVE]), len(booked), len(cancelled)),
    )


def _split(work: Work, series: AppointmentSeries, draft: Draft, rows: Sequence[DraftRow]) -> UUID:
    """Ends the old series and lets a new one go on; series that went on from the old one's end follow the new one."""
    assert draft.split is not None  # noqa: S101 (only a change of several appointments splits)
    terms = replace(draft.new, exdates=skipped_by_choice(draft, rows))
    old_id = series.id
    series.rrule = ends_before(series.rrule, draft.split.wall)
    series.materialised_until = FOREVER
    work.session.flush()
    close_gaps(work.session, old_id, draft.split.instant)
    made = add_series(
        work.session,
        work.actor,
        terms,
        materialised_until=draft.change.materialised_until,
        split_from_id=old_id,
    )
    work.session.execute(
        update(AppointmentSeries)
        .where(col(AppointmentSeries.split_from_id) == old_id, col(AppointmentSeries.id) != made.id)
        .values(split_from_id=made.id)
        .execution_options(synchronize_session=False)
    )
    return made.id


def _replaced(draft: Draft, row: DraftRow, held: Held, series_id: UUID, settled: dict[UUID, Settled]) -> Replaced:
    """The appointment as it shall stand; one that is kept changes only the series that it belongs to."""
    stays = draft.split is None or row.step.date is None
    original = held.original_starts_at if stays or row.step.date is None else row.step.date.instant
    kept = Settled(held.double_book_reason, held.override_reason, held.override_kinds)
    present = Replaced(
        id=held.id,
        series_id=series_id,
        original_starts_at=original,
        starts_at=held.starts_at,
        ends_at=held.ends_at,
        practitioner_user_id=held.practitioner_user_id,
        clinic_location_id=held.clinic_location_id,
        product_service_id=held.product_service_id,
        buffer_minutes=held.buffer_minutes,
        note=held.note,
        settled=kept,
    )
    wanted = row.wanted
    if row.step.kind is SeriesStep.KEEP or wanted is None:
        return present
    return replace(
        present,
        starts_at=wanted.starts_at,
        ends_at=wanted.ends_at,
        practitioner_user_id=wanted.practitioner_user_id,
        clinic_location_id=wanted.clinic_location_id,
        product_service_id=draft.new.product_service_id,
        buffer_minutes=wanted.buffer_minutes,
        note=draft.new.note if held.note == draft.old.note else held.note,
        settled=settled.get(held.id, kept),
        given_back=tuple(sorted(set(held.resource_ids) - set(wanted.resource_ids))),
        taken=tuple(sorted(set(wanted.resource_ids) - set(held.resource_ids))),
    )


def _ids(rows: Collection[DraftRow]) -> tuple[UUID, ...]:
    return tuple(row.step.held.id for row in rows if row.step.held)


def _summary(moved: int, booked: int, cancelled: int) -> str:
    parts = [f"{number} {word}" for number, word in ((moved, "changed"), (booked, "booked"), (cancelled, "cancelled"))]
    return "The series is changed: " + ", ".join(part for part in parts if not part.startswith("0 ")) + "."
