"""Calendar addresses: made, revoked, read by calendar programs; and one appointment as a calendar file (S12).

Only the hash of an address's secret is stored. What an address shows is read as its person, so that it never shows
more than they may see.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.scope import appointments_in_scope
from clinic_core.auth.sessions import hash_token, new_token
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.kit.calendar import Span
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import Appointment, AppUser, AuditLog, IcsFeed, PractitionerProfile
from clinic_core.scheduling.calendar_rows import absence_entries, calendar_entries
from clinic_core.scheduling.reach import may_give_calendar
from clinic_core.scheduling.schemas import (
    AppointmentFile,
    CreateFeed,
    FeedContent,
    GetAppointment,
    IssuedFeed,
    ReadFeed,
    RevokedFeed,
    RevokeFeed,
)
from clinic_core.vocabulary import UserStatus

SHOWN_BACK = timedelta(days=30)
SHOWN_AHEAD = timedelta(days=365)
MOST_FEEDS = 10
READ_AGAIN = timedelta(minutes=15)

_READ = Permission.APPOINTMENT_READ


@use_case(Permission.APPOINTMENT_READ, name="feed.create")
def create_feed(work: Work, request: CreateFeed) -> IssuedFeed:
    """A new secret address of a practitioner's calendar; its path is in this answer only.

    Raises:
        NotFound: unknown, or not oneself and not somebody whose calendar the actor may give away.
        InvalidInput: the person is no practitioner, so there is no calendar.
        Conflict: ten addresses work already.
    """
    user = work.get(AppUser, request.user_id, called="practitioner")
    if not may_give_calendar(work.actor, user.id) or user.status is UserStatus.INACTIVE:
        raise NotFound("This practitioner does not exist.")
    work.lock(AppUser, user.id, called="practitioner")
    has_profile = exists().where(col(PractitionerProfile.user_id) == user.id)
    if not work.session.execute(select(has_profile)).scalar_one():
        raise InvalidInput("Only practitioners have a calendar to share.")
    working = select(func.count()).where(col(IcsFeed.user_id) == user.id, col(IcsFeed.revoked_at).is_(None))
    if work.session.execute(working).scalar_one() >= MOST_FEEDS:
        raise Conflict(f"There are {MOST_FEEDS} calendar addresses already; revoke one that is no longer used.")
    token = new_token()
    feed = IcsFeed(
        id=new_id(),
        organization_id=work.actor.organization_id,
        user_id=user.id,
        token_hash=hash_token(token),
        with_names=request.with_names,
    )
    work.session.add(feed)
    return IssuedFeed.model_validate({"id": feed.id, "path": f"/ics/{token}.ics"})


@use_case(Permission.APPOINTMENT_READ, name="feed.revoke")
def revoke_feed(work: Work, request: RevokeFeed) -> RevokedFeed:
    """An address stops working at once, for good.

    Raises:
        NotFound: unknown, revoked already, or of somebody whose calendar the actor may not give away.
    """
    feed = work.lock(IcsFeed, request.feed_id, called="calendar address")
    if feed.revoked_at is not None or not may_give_calendar(work.actor, feed.user_id):
        raise NotFound("This calendar address does not exist.")
    feed.revoked_at = now()
    return RevokedFeed(id=feed.id, revoked_at=feed.revoked_at)


@use_case(Permission.APPOINTMENT_READ, name="feed.read")
def read_feed(work: Work, request: ReadFeed) -> FeedContent:
    """What the actor's own calendar address shows: appointments and absences from 30 days back to 365 ahead.

    That it was read is audited once per address and quarter of an hour: programs ask again all day.

    Raises:
        NotFound: unknown, revoked, or somebody else's.
    """
    feed = work.get(IcsFeed, request.feed_id, called="calendar address")
    if feed.revoked_at is not None or feed.user_id != work.actor.user_id:
        raise NotFound("This calendar address does not exist.")
    during = Span(now() - SHOWN_BACK, now() + SHOWN_AHEAD)
    entries = calendar_entries(
        work.session,
        col(Appointment.organization_id) == work.actor.organization_id,
        col(Appointment.practitioner_user_id) == feed.user_id,
        col(Appointment.starts_at) >= during.start,
        col(Appointment.starts_at) < during.end,
        col(Appointment.deleted_at).is_(None),
        appointments_in_scope(work.actor, _READ),
        with_names=feed.with_names and work.actor.can(Permission.PATIENT_READ),
    )
    _audit_once(work, feed.id)
    return FeedContent(
        name=f"{work.actor.display_name}, {work.actor.organization_name}",
        appointments=tuple(entries),
        absences=tuple(absence_entries(work.session, feed, during)),
    )


@use_case(Permission.APPOINTMENT_READ, name="appointment.calendar_file")
def open_appointment_file(work: Work, request: GetAppointment) -> AppointmentFile:
    """One appointment for somebody's own calendar, without the patient's name and the desk's note: it is passed on.

    Raises:
        NotFound: unknown, deleted, or out of reach.
    """
    entries = calendar_entries(
        work.session,
        col(Appointment.id) == request.appointment_id,
        col(Appointment.deleted_at).is_(None),
        appointments_in_scope(work.actor, _READ),
        with_names=False,
    )
    if not entries:
        raise NotFound("This appointment does not exist.")
    work.audit("appointment", request.appointment_id, "exported", format="ics")
    return AppointmentFile(organization=work.actor.organization_name, appointment=entries[0])


def _audit_once(work: Work, feed_id: UUID) -> None:
    recent = exists().where(
        col(AuditLog.organization_id) == work.actor.organization_id,
        col(AuditLog.entity_type) == "ics_feed",
        col(AuditLog.entity_id) == feed_id,
        col(AuditLog.action) == "read",
        col(AuditLog.created_at) > now() - READ_AGAIN,
    )
    if not work.session.execute(select(recent)).scalar_one():
        work.audit("ics_feed", feed_id, "read")
