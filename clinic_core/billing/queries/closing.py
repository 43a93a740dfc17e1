"""Reading closings: what a day or a month comes to before it is signed, and who signed what when (B10)."""

from datetime import date
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.billing.closing import (
    day_figures,
    open_points,
    place_to_close,
    reaches_place,
    takings_of_day,
)
from clinic_core.billing.closing_rows import closing_conditions, read_closings
from clinic_core.billing.roll_forward import has_passed, month_figures, month_span
from clinic_core.billing.schemas import (
    ClosingFilter,
    ClosingRow,
    DayBeforeClosing,
    DayToClose,
    ListClosings,
    MonthBeforeClosing,
    MonthToClose,
)
from clinic_core.errors import NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.models import Closing
from clinic_core.vocabulary import ClosingKind


@query(Permission.BILLING_COLLECT, name="closing.day")
def day_to_close(work: Work, request: DayToClose) -> DayBeforeClosing:
    """What a day at a location leaves open and comes to, as `close_day` would sign it, and the closing that holds.

    Raises:
        NotFound: no such location, or not the actor's.
    """
    session, actor = work.session, work.actor
    place = place_to_close(session, actor, Permission.BILLING_COLLECT, request.clinic_location_id)
    points = open_points(session, place, request.day)
    takings = takings_of_day(session, place.id, request.day)
    return DayBeforeClosing(
        day=request.day,
        location_name=place.name,
        timezone=place.timezone,
        has_come=request.day <= local_date(now(), zone(place.timezone)),
        points=points,
        figures=day_figures(actor.settings.currency, takings, points, {}),
        closing=_held(work, ClosingKind.DAY, request.day, place.id),
    )


@query(Permission.BILLING_CLOSE_PERIOD, name="closing.month")
def month_to_close(work: Work, request: MonthToClose) -> MonthBeforeClosing:
    """What a month of the organisation comes to, as `close_month` would sign it, and the closing that holds.

    Raises:
        NotFound: the actor does not reach the whole organisation.
    """
    if not reaches_place(work.actor, Permission.BILLING_CLOSE_PERIOD, None):
        raise NotFound("Months are closed for the whole organisation, which your role does not reach.")
    first, last = month_span(request)
    return MonthBeforeClosing(
        starts_on=first,
        ends_on=last,
        is_over=has_passed(work.session, last),
        figures=month_figures(work.session, work.actor.settings.currency, first, last),
        closing=_held(work, ClosingKind.MONTH, first, None),
    )


@query(Permission.BILLING_COLLECT, Permission.BILLING_CLOSE_PERIOD, name="closing.list")
def list_closings(work: Work, request: ListClosings) -> tuple[ClosingRow, ...]:
    """A page of the closings in the reader's reach, reopened ones too, the latest period first."""
    conditions = closing_conditions(work.actor, request)
    return read_closings(work.session, *conditions, offset=request.offset, limit=request.limit)


@query(Permission.BILLING_COLLECT, Permission.BILLING_CLOSE_PERIOD, name="closing.count")
def count_closings(work: Work, request: ClosingFilter) -> int:
    """How many closings in the reader's reach pass the filters."""
    counted = select(func.count()).select_from(Closing).where(*closing_conditions(work.actor, request))
    return work.session.execute(counted).scalar_one()


def _held(work: Work, kind: ClosingKind, starts_on: date, location_id: UUID | None) -> ClosingRow | None:
    """The closing of that day or month that nobody opened again."""
    found = read_closings(
        work.session,
        col(Closing.kind) == kind,
        col(Closing.starts_on) == starts_on,
        col(Closing.clinic_location_id).is_not_distinct_from(location_id),
        col(Closing.reopened_at).is_(None),
    )
    return found[0] if found else None
