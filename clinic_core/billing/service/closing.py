"""Signing days and months, and opening them again (B10); what PostgreSQL refuses in them is in billing_closing.sql."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.closing import (
    closing_head,
    day_figures,
    open_points,
    place_to_close,
    reaches_place,
    takings_of_day,
)
from clinic_core.billing.roll_forward import has_passed, is_month_closed, month_figures, month_span
from clinic_core.billing.schemas import CloseDay, CloseMonth, ClosingHead, DayFigures, ReopenClosing
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.calendar import local_date, zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import date_text
from clinic_core.models import Closing
from clinic_core.vocabulary import ClosingKind


@use_case(Permission.BILLING_COLLECT, name="day.close")
def close_day(work: Work, request: CloseDay) -> ClosingHead:
    """Sign a day at a location: the takings by method, what was counted, and what is left open.

    Waits for whoever writes money at that moment, so that each receipt is either in the figures or refused. From here
    on no receipt or refund of that day is taken at the location until somebody opens it again.

    Raises:
        Conflict: the day has not come at the location, or is closed already.
        InvalidInput: what was counted differs from the books and there is no note.
        NotFound: no such location, or not the actor's.
    """
    session, actor = work.session, work.actor
    place = place_to_close(session, actor, Permission.BILLING_COLLECT, request.clinic_location_id)
    day = date_text(request.day, actor.settings.locale)
    if request.day > local_date(now(), zone(place.timezone)):
        raise Conflict(f"{day} has not come at {place.name}; a day is closed when it is over or at its end.")
    _lock(session)
    figures = day_figures(
        actor.settings.currency,
        takings_of_day(session, place.id, request.day),
        open_points(session, place, request.day),
        dict(request.counted),
    )
    if _differs(figures) and not request.note:
        sentence = "What was counted differs from the books; say why in the note."
        raise InvalidInput(sentence, fields={"note": sentence})
    closing = Closing(
        organization_id=actor.organization_id,
        kind=ClosingKind.DAY,
        clinic_location_id=place.id,
        starts_on=request.day,
        ends_on=request.day,
        note=request.note,
        figures_json=figures.model_dump(mode="json"),
    )
    return _signed(work, closing, f"{day} is closed at {place.name} already; reload to see who signed it.")


@use_case(Permission.BILLING_CLOSE_PERIOD, name="month.close")
def close_month(work: Work, request: CloseMonth) -> ClosingHead:
    """Sign a month of the organisation: what was owed at its beginning and its end and what changed it in between.

    From here on nothing is dated in it: corrections of its papers and money count in the open period.

    Raises:
        Conflict: the month is not over at every location, or is closed already.
        NotFound: the actor does not reach the whole organisation.
    """
    session, actor = work.session, work.actor
    if not reaches_place(actor, Permission.BILLING_CLOSE_PERIOD, None):
        raise NotFound("Months are closed for the whole organisation, which your role does not reach.")
    first, last = month_span(request)
    if not has_passed(session, last):
        raise Conflict(f"{first:%B %Y} is not over at every location; it can be closed from the day after its last.")
    _lock(session)
    closing = Closing(
        organization_id=actor.organization_id,
        kind=ClosingKind.MONTH,
        starts_on=first,
        ends_on=last,
        note=request.note,
        figures_json=month_figures(session, actor.settings.currency, first, last).model_dump(mode="json"),
    )
    return _signed(work, closing, f"{first:%B %Y} is closed already; reload to see who signed it.")


@use_case(Permission.BILLING_CLOSE_PERIOD, name="closing.reopen")
def reopen_closing(work: Work, request: ReopenClosing) -> ClosingHead:
    """Open a closed day or month again; the closing stays as it was signed, with who opened it, when and why.

    Raises:
        Conflict: it is open again already, or the day lies in a closed month.
        NotFound: no such closing, or not the actor's.
        StaleEdit: somebody changed it after the page was drawn.
    """
    session, actor = work.session, work.actor
    _lock(session)
    closing = work.find(Closing, request.closing_id)
    if closing is None or not reaches_place(actor, Permission.BILLING_CLOSE_PERIOD, closing.clinic_location_id):
        raise NotFound("This closing does not exist.")
    closing = work.lock(Closing, request.closing_id, called="closing", version=request.version)
    if closing.reopened_at is not None:
        raise Conflict("This closing was opened again already; reload to see by whom.")
    if closing.kind is ClosingKind.DAY and is_month_closed(session, closing.starts_on):
        raise Conflict(f"{closing.starts_on:%B %Y} is closed; open the month again first.")
    closing.reopened_at = now()
    closing.reopened_by_user_id = actor.user_id
    closing.reopen_reason = request.reason
    session.flush()
    session.refresh(closing)
    return closing_head(closing)


def _lock(session: Session) -> None:
    """Waits for those who write money, and lets nobody begin until the end of the transaction."""
    session.execute(text("select closing_lock()"))


def _differs(figures: DayFigures) -> bool:
    return any(each.difference for each in figures.methods)


def _signed(work: Work, closing: Closing, already: str) -> ClosingHead:
    with work.constraints({"uq_closing_once": lambda _: Conflict(already)}):
        work.session.add(closing)
    return closing_head(closing)
