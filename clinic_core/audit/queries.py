"""Reading the audit log: the filtered list, the history of one row, and what the filters offer (U4)."""

import json

from sqlalchemy import ColumnElement, RowMapping, Text, cast, select, tuple_
from sqlmodel import SQLModel, col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.audit.schemas import (
    AuditActor,
    AuditChange,
    AuditChoices,
    AuditCursor,
    AuditFilter,
    AuditPage,
    AuditRow,
    EntityHistory,
    ListAudit,
)
from clinic_core.errors import InvalidInput
from clinic_core.kit.calendar import day_bounds, zone
from clinic_core.kit.text import clean, escape_like
from clinic_core.models import AppUser, AuditLog

SYSTEM = "System"
REDACTED = "[redacted]"
UPDATE = "update"
EVENT_TYPES = ("report", "use_case")


@query(Permission.AUDIT_VIEW, name="audit.list")
def list_audit(work: Work, request: ListAudit) -> AuditPage:
    """A page of the log, newest first.

    Raises: InvalidInput for a period that ends before it begins, an unknown time zone, or text that cannot be one.
    """
    return _page(work, _conditions(work.actor, request), request.after, request.limit)


@query(Permission.AUDIT_VIEW, name="audit.history")
def list_history(work: Work, request: EntityHistory) -> AuditPage:
    """All that happened to one row, newest first."""
    about = AuditFilter(entity_type=request.entity_type, entity_id=request.entity_id)
    return _page(work, _conditions(work.actor, about), request.after, request.limit)


@query(Permission.AUDIT_VIEW, name="audit.choices")
def list_audit_choices(work: Work) -> AuditChoices:
    """The people and kinds of rows by which the log can be filtered."""
    people = work.session.execute(
        select(col(AppUser.id), col(AppUser.display_name))
        .where(col(AppUser.organization_id) == work.actor.organization_id)
        .order_by(col(AppUser.display_name), col(AppUser.id))
    )
    return AuditChoices(
        actors=tuple(AuditActor(id=user_id, name=name) for user_id, name in people),
        entity_types=tuple(sorted({*SQLModel.metadata.tables, *EVENT_TYPES})),
    )


def _page(work: Work, conditions: list[ColumnElement[bool]], after: AuditCursor | None, limit: int) -> AuditPage:
    place = (col(AuditLog.created_at), col(AuditLog.id))
    if after is not None:
        conditions = [*conditions, tuple_(*place) < (after.created_at, after.id)]
    found = work.session.execute(
        select(
            col(AuditLog.id),
            col(AuditLog.created_at),
            col(AuditLog.actor_user_id),
            col(AppUser.display_name).label("actor"),
            col(AuditLog.use_case),
            col(AuditLog.request_id),
            col(AuditLog.entity_type),
            col(AuditLog.entity_id),
            col(AuditLog.action),
            cast(col(AuditLog.diff_json), Text).label("diff"),
        )
        .outerjoin(AppUser, col(AppUser.id) == col(AuditLog.actor_user_id))
        .where(*conditions)
        .order_by(*(column.desc() for column in place))
        .limit(limit + 1)
    ).mappings()
    rows = tuple(_row(row) for row in found)
    shown = rows[:limit]
    is_last = len(rows) <= limit
    return AuditPage(
        rows=shown, next=None if is_last else AuditCursor(created_at=shown[-1].created_at, id=shown[-1].id)
    )


def _conditions(actor: Actor, wanted: AuditFilter) -> list[ColumnElement[bool]]:
    conditions = [col(AuditLog.organization_id) == actor.organization_id]
    if wanted.by_system:
        conditions.append(col(AuditLog.actor_user_id).is_(None))
    elif wanted.actor_user_id is not None:
        conditions.append(col(AuditLog.actor_user_id) == wanted.actor_user_id)
    if entity_type := clean(wanted.entity_type, limit=100, field="entity_type"):
        conditions.append(col(AuditLog.entity_type) == entity_type)
    if wanted.entity_id is not None:
        conditions.append(col(AuditLog.entity_id) == wanted.entity_id)
    if action := clean(wanted.action, limit=100, field="action"):
        conditions.append(col(AuditLog.action) == action)
    if use_case := clean(wanted.use_case, limit=100, field="use_case"):
        conditions.append(col(AuditLog.use_case).like(f"{escape_like(use_case)}%"))
    return [*conditions, *_days(wanted)]


def _days(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    place = zone(wanted.timezone)
    if wanted.first_day and wanted.last_day and wanted.last_day < wanted.first_day:
        raise InvalidInput(f"The period ends ({wanted.last_day}) before it begins ({wanted.first_day}).")
    days = []
    if wanted.first_day is not None:
        days.append(col(AuditLog.created_at) >= day_bounds(wanted.first_day, place).start)
    if wanted.last_day is not None:
        days.append(col(AuditLog.created_at) < day_bounds(wanted.last_day, place).end)
    return days


def _row(row: RowMapping) -> AuditRow:
    changes = _changes(row["action"], row["diff"])
    return AuditRow.model_validate({**row, "actor": row["actor"] or SYSTEM, "changes": changes})


def _changes(action: str, diff: str) -> tuple[AuditChange, ...]:
    """An update has [before, after] for each field; other entries have the values alone. Numbers stay as stored."""
    changes = []
    for field, value in json.loads(diff, parse_float=str).items():
        before, after = value if action == UPDATE and isinstance(value, list) and len(value) == 2 else (None, value)
        hidden = value == REDACTED
        changes.append(
            AuditChange(field=field, before=_text(before), after="" if hidden else _text(after), hidden=hidden)
        )
    return tuple(changes)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
