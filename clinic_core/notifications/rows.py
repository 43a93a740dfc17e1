"""From the table `notification` to what leaves the core."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import Notification
from clinic_core.notifications.schemas import NotificationRow


def notification_rows(rows: Iterable[Notification]) -> tuple[NotificationRow, ...]:
    """Messages without their payload."""
    return tuple(NotificationRow.model_validate(row.model_dump(exclude={"payload_json"})) for row in rows)


def find_notifications(session: Session, *conditions: ColumnElement[bool]) -> list[Notification]:
    """The messages for which the conditions hold, by time of sending, as the database has them now."""
    statement = (
        select(Notification)
        .where(*conditions)
        .order_by(col(Notification.scheduled_at), col(Notification.id))
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(statement))
