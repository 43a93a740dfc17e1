"""Calendar addresses: which a person has, and whose calendar the secret in an address opens."""

from sqlalchemy import func, select, text
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.access.session import app_session
from clinic_core.auth.sessions import hash_token
from clinic_core.errors import NotFound
from clinic_core.models import AppUser, AuditLog, IcsFeed
from clinic_core.scheduling.reach import may_give_calendar
from clinic_core.scheduling.schemas import FeedRow, FoundFeed, ListFeeds

_FIND = text("select * from ics_find_feed(:token_hash)")


def find_feed(token: str) -> FoundFeed | None:
    """Whose calendar that secret opens, by one indexed look-up; None for unknown and revoked ones alike.

    Raises:
        Unavailable: the database does not answer, so nobody knows.
    """
    with app_session() as session:
        row = session.execute(_FIND, {"token_hash": hash_token(token)}).one_or_none()
    return FoundFeed.model_validate(row._asdict()) if row is not None else None


@query(Permission.APPOINTMENT_READ, name="feed.list")
def list_feeds(work: Work, request: ListFeeds) -> list[FeedRow]:
    """The calendar addresses of a person that work, oldest first; never their secrets.

    Raises:
        NotFound: unknown, or somebody whose calendar the actor may not give away.
    """
    user = work.get(AppUser, request.user_id, called="practitioner")
    if not may_give_calendar(work.actor, user.id):
        raise NotFound("This practitioner does not exist.")
    last_read = (
        select(func.max(AuditLog.created_at))
        .where(
            col(AuditLog.organization_id) == work.actor.organization_id,
            col(AuditLog.entity_type) == "ics_feed",
            col(AuditLog.entity_id) == col(IcsFeed.id),
            col(AuditLog.action) == "read",
        )
        .scalar_subquery()
    )
    statement = (
        select(IcsFeed, col(AppUser.display_name), last_read)
        .outerjoin(AppUser, col(AppUser.id) == col(IcsFeed.created_by))
        .where(col(IcsFeed.user_id) == user.id, col(IcsFeed.revoked_at).is_(None))
        .order_by(col(IcsFeed.created_at), col(IcsFeed.id))
    )
    return [
        FeedRow.model_validate(
            {
                **feed.model_dump(include={"id", "user_id", "with_names", "created_at"}),
                "created_by": maker or "system",
                "last_read_at": read_at,
            }
        )
        for feed, maker, read_at in work.session.execute(statement).all()
    ]
