"""The runs of payment reminders: when, by whom, how many letters over how much."""

from typing import Any

from sqlalchemy import Select, func, select, true
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.billing.batches import batches_in_reach
from clinic_core.billing.schemas import ListReminderRuns, ReminderRun
from clinic_core.models import AppUser, DocumentBatch, DocumentBatchItem, PaymentReminder
from clinic_core.vocabulary import BatchKind


@query(Permission.BILLING_MANAGE, name="reminder.list_runs")
def list_reminder_runs(work: Work, request: ListReminderRuns) -> tuple[ReminderRun, ...]:
    """A page of the runs that the actor sees among the print runs, the newest first."""
    sums = (
        select(
            func.max(col(PaymentReminder.reminded_on)).label("reminded_on"),
            func.count().label("invoices"),
            func.coalesce(func.sum(col(PaymentReminder.balance)), 0).label("amount"),
        )
        .join(DocumentBatchItem, col(DocumentBatchItem.id) == col(PaymentReminder.document_batch_item_id))
        .where(
            col(DocumentBatchItem.organization_id) == work.actor.organization_id,
            col(DocumentBatchItem.document_batch_id) == col(DocumentBatch.id),
        )
        .correlate(DocumentBatch)
        .lateral("sums")
    )
    emailed = (
        select(func.count())
        .where(col(DocumentBatchItem.document_batch_id) == col(DocumentBatch.id), col(DocumentBatchItem.by_email))
        .correlate(DocumentBatch)
        .scalar_subquery()
    )
    statement: Select[*tuple[Any, ...]] = (
        select(
            col(DocumentBatch.id).label("id"),
            sums.c.reminded_on,
            func.coalesce(col(AppUser.display_name), "").label("started_by"),
            col(DocumentBatch.status).label("status"),
            col(DocumentBatch.total).label("letters"),
            sums.c.invoices,
            sums.c.amount,
            emailed.label("by_email"),
        )
        .select_from(DocumentBatch)
        .join(sums, true())
        .join(AppUser, col(AppUser.id) == col(DocumentBatch.actor_user_id), isouter=True)
        .where(col(DocumentBatch.kind) == BatchKind.REMINDERS, batches_in_reach(work.actor), sums.c.invoices > 0)
        .order_by(col(DocumentBatch.created_at).desc(), col(DocumentBatch.id).desc())
        .offset(request.offset)
        .limit(request.limit)
    )
    return tuple(ReminderRun(**row._mapping) for row in work.session.execute(statement))
