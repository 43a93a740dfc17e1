"""Reading closings: what a day or a month comes to before it is signed, and who signed what when (B10)."""

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.billing.closing import (
    closing_head,
    day_figures,
    open_points,
    place_to_close,
    reaches_place,
    takings_of_day,
)
from clinic_core.billing.roll_forward import has_passed, month_figures, month_span
from clinic_core.billing.schemas import (
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
from clinic_core.models import AppUser, ClinicLocation, Closing
from clinic_core.vocabulary import ClosingKind, Scope

_SIGNER, _OPENER = aliased(AppUser), aliased(AppUser)


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
    conditions: list[ColumnElement[bool]] = [_in_reach(work.actor)]
    if request.kind is not None:
        conditions.append(col(Closing.kind) == request.kind)
    if request.clinic_location_id is not None:
        conditions.append(col(Closing.clinic_location_id) == request.clinic_location_id)
    if request.first_day is not None:
        conditions.append(col(Closing.starts_on) >= request.first_day)
    if request.last_day is not None:
        conditions.append(col(Closing.starts_on) <= request.last_day)
    return _rows(work, *conditions, offset=request.offset, limit=request.limit)


def _held(work: Work, kind: ClosingKind, starts_on: date, location_id: UUID | None) -> ClosingRow | None:
    """The closing of that day or month that nobody opened again."""
    found = _rows(
        work,
        col(Closing.kind) == kind,
        col(Closing.starts_on) == starts_on,
        col(Closing.clinic_location_id).is_not_distinct_from(location_id),
        col(Closing.reopened_at).is_(None),
    )
    return found[0] if found else None


def _rows(work: Work, *conditions: ColumnElement[bool], offset: int = 0, limit: int = 1) -> tuple[ClosingRow, ...]:
    found = work.session.execute(
        select(Closing, col(ClinicLocation.name), col(_SIGNER.display_name), col(_OPENER.display_name))
        .outerjoin(ClinicLocation, col(ClinicLocation.id) == col(Closing.clinic_location_id))
        .outerjoin(_SIGNER, col(_SIGNER.id) == col(Closing.created_by))
        .outerjoin(_OPENER, col(_OPENER.id) == col(Closing.reopened_by_user_id))
        .where(*conditions)
        .order_by(col(Closing.starts_on).desc(), col(Closing.created_at).desc(), col(Closing.id).desc())
        .offset(offset)
        .limit(limit)
        .execution_options(populate_existing=True)
    )
    return tuple(
        ClosingRow(
            **dict(closing_head(closing)),
            location_name=location or "",
            closed_at=closing.created_at or now(),
            closed_by=signer or "",
            reopened_at=closing.reopened_at,
            reopened_by=opener or "",
            reopen_reason=closing.reopen_reason,
        )
        for closing, location, signer, opener in found
    )


def _in_reach(actor: Actor) -> ColumnElement[bool]:
    """Days of the locations that the actor closes or reopens; months for who closes them."""
    scopes = {actor.scope(Permission.BILLING_COLLECT), actor.scope(Permission.BILLING_CLOSE_PERIOD)}
    is_month = col(Closing.kind) == ClosingKind.MONTH
    months = is_month if reaches_place(actor, Permission.BILLING_CLOSE_PERIOD, None) else false()
    if Scope.ORGANISATION in scopes:
        return or_(~is_month, months)
    here = col(Closing.clinic_location_id).in_(actor.location_ids) if Scope.LOCATION in scopes else false()
    return or_(and_(~is_month, here), months)
