"""From the table `notification` to what leaves the core."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session
from sqlmodel import col

from clinic_core.models import Notification
from clinic_core.notifications.schemas import NotificationRow


def notification_rows(rows: Iterable[Notification]) -> tuple[NotificationRow, ...]:
    """Messages without their payload."""
    return tuple(NotificationRow.model_validate(row.model_dump(exclude={"payload_json"})) for row in rows)


def find_notifications(session: Session, *conditions: ColumnElement[bool]) -> list[Notification]:
    """The messages for which the conditions hold, by time of sending, as the database has them now."""
    return list(session.scalars(_found(conditions)))


def lock_notifications(session: Session, *conditions: ColumnElement[bool]) -> list[Notification]:
    """As `find_notifications`, locked; one that is just being sent is waited for, and left out when it was."""
    return list(session.scalars(_found(conditions).with_for_update()))


def _found(conditions: Sequence[ColumnElement[bool]]) -> Select[Notification]:
    return (
        select(Notification)
        .where(*conditions)
        .order_by(col(Notification.scheduled_at), col(Notification.id))
        .execution_options(populate_existing=True)
    )
