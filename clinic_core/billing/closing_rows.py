"""Rows of closings as lists and files return them: whose they are to read, and who signed and opened them when."""

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.billing.closing import closing_head, reaches_place
from clinic_core.billing.schemas import ClosingFilter, ClosingRow
from clinic_core.kit.clock import now
from clinic_core.models import AppUser, ClinicLocation, Closing
from clinic_core.vocabulary import ClosingKind, Scope

_SIGNER, _OPENER = aliased(AppUser), aliased(AppUser)


def closing_conditions(actor: Actor, request: ClosingFilter) -> list[ColumnElement[bool]]:
    """Which closings pass the filters and are in the reader's reach."""
    conditions: list[ColumnElement[bool]] = [_in_reach(actor)]
    if request.kind is not None:
        conditions.append(col(Closing.kind) == request.kind)
    if request.clinic_location_id is not None:
        conditions.append(col(Closing.clinic_location_id) == request.clinic_location_id)
    if request.first_day is not None:
        conditions.append(col(Closing.starts_on) >= request.first_day)
    if request.last_day is not None:
        conditions.append(col(Closing.starts_on) <= request.last_day)
    return conditions


def read_closings(
    session: Session, *conditions: ColumnElement[bool], offset: int = 0, limit: int = 1
) -> tuple[ClosingRow, ...]:
    """Closings for which the conditions hold, the latest period first."""
    found = session.execute(
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
