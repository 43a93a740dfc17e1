"""Which invoices are due for which payment reminder today (B6), as one query over the open invoices.

An invoice is due for the first step when so many days have passed since its due date, for each further one since the
day by which the reminder before asked for payment; today is the date at its location. PostgreSQL holds the same
rules against whoever writes a reminder (billing_batch_items.sql).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.types import Integer, String
from sqlmodel import col

from clinic_core.access import Actor, Permission
from clinic_core.access.organization import ReminderStep
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.schemas.reminders import ReminderObstacle
from clinic_core.billing.status import date_at_location
from clinic_core.kit.clock import now
from clinic_core.models import ClinicLocation, Invoice, Patient, PaymentReminder, ReminderHold

AnySelect = Select[*tuple[Any, ...]]

_PATIENT_PAYS = ""
_BETWEEN_NAME_AND_ADDRESS = "\x1f"


def invoices_to_remind(actor: Actor, *conditions: ColumnElement[bool]) -> AnySelect:
    """The open invoices in reach whose next reminder would go out by today, one row each.

    `conditions` narrow the invoices. `step` is the next one, `obstacle` why it does not go out, None where it does;
    `until` and `reason` are those of a hold. `payer` tells apart who pays for a patient, empty for the patient.
    ClinicLocation and Patient are joined, so the caller may add their columns.
    """
    steps = actor.settings.reminder_steps
    opened = _open_invoices(actor, *conditions)
    last = (
        select(col(PaymentReminder.step), col(PaymentReminder.reminded_on), col(PaymentReminder.pay_by))
        .where(
            col(PaymentReminder.organization_id) == actor.organization_id,
            col(PaymentReminder.invoice_id) == opened.c.id,
        )
        .order_by(col(PaymentReminder.step).desc())
        .limit(1)
        .lateral("last")
    )
    today = date_at_location(now())
    sent = func.coalesce(last.c.step, 0)
    is_held = and_(
        col(ReminderHold.organization_id) == actor.organization_id,
        col(ReminderHold.invoice_id) == opened.c.id,
        or_(col(ReminderHold.until).is_(None), col(ReminderHold.until) >= today),
    )
    return (
        select(
            *opened.c,
            (sent + 1).label("step"),
            last.c.reminded_on.label("last_on"),
            today.label("today"),
            _obstacle(actor, sent, opened.c.balance).label("obstacle"),
            col(ReminderHold.until).label("until"),
            func.coalesce(col(ReminderHold.reason), "").label("reason"),
        )
        .select_from(opened)
        .join(ClinicLocation, col(ClinicLocation.id) == opened.c.clinic_location_id)
        .join(Patient, col(Patient.id) == opened.c.patient_id)
        .join(last, true(), isouter=True)
        .join(ReminderHold, is_held, isouter=True)
        .where(func.coalesce(last.c.pay_by, opened.c.due_on) + _days_after(steps, sent) <= today if steps else false())
    )


def _open_invoices(actor: Actor, *conditions: ColumnElement[bool]) -> CTE:
    """What is owed, by the index of the open.

    Materialized, because PostgreSQL takes the tenant and its location for unrelated, expects hardly an invoice at a
    location, and would begin there: with all invoices that were ever issued.
    """
    return (
        select(
            col(Invoice.id),
            col(Invoice.patient_id),
            col(Invoice.clinic_location_id),
            col(Invoice.number),
            col(Invoice.issued_on),
            func.coalesce(col(Invoice.due_on), col(Invoice.issued_on)).label("due_on"),
            col(Invoice.total),
            col(Invoice.balance),
            func.coalesce(func.jsonb_extract_path_text(col(Invoice.bill_to_json), "name"), "").label("payer_name"),
            _payer_key().label("payer"),
        )
        .where(
            col(Invoice.organization_id) == actor.organization_id,
            col(Invoice.balance) > 0,
            invoices_in_scope(actor, Permission.BILLING_MANAGE),
            *conditions,
        )
        .cte("opened")
        .prefix_with("materialized", dialect="postgresql")
    )


def due_letters(actor: Actor, location_id: UUID | None) -> tuple[CTE, CTE]:
    """The invoices that are due today, of one location or of all in reach, and the letters that they make.

    A letter is all that one payer is reminded of for one patient; its step is the highest among its invoices.
    """
    found = invoices_to_remind(actor, at_location(location_id)).subquery("found")
    due = select(found).where(found.c.obstacle.is_(None)).cte("due")
    letters = (
        select(
            due.c.patient_id,
            due.c.payer,
            func.max(due.c.step).label("step"),
            func.count().label("invoices"),
            func.sum(due.c.balance).label("amount"),
            func.min(due.c.due_on).label("oldest_on"),
        )
        .group_by(due.c.patient_id, due.c.payer)
        .cte("letter")
    )
    return due, letters


def due_of_letters(due: CTE, letters: FromClause) -> ColumnElement[bool]:
    """How the invoices that are due belong to their letters."""
    return and_(due.c.patient_id == letters.c.patient_id, due.c.payer == letters.c.payer)


def at_location(location_id: UUID | None) -> ColumnElement[bool]:
    """The invoices of one location, or all."""
    return true() if location_id is None else col(Invoice.clinic_location_id) == location_id


def is_patients_own(payer_key: str) -> bool:
    """Whether a `payer` of the rows above is the patient."""
    return payer_key == _PATIENT_PAYS


def _payer_key() -> ColumnElement[str]:
    """One payer is one name at one address, as written down at issue; where the patient lives may change."""
    name, address, is_patient = (
        func.coalesce(func.jsonb_extract_path_text(col(Invoice.bill_to_json), part), "")
        for part in ("name", "address", "is_patient")
    )
    return case(
        (is_patient == "true", _PATIENT_PAYS),
        else_=cast(name, String) + literal(_BETWEEN_NAME_AND_ADDRESS) + cast(address, String),
    )


def _days_after(steps: Sequence[ReminderStep], sent: ColumnElement[int]) -> ColumnElement[int]:
    """The days before the next step; once all went out, those of the last one."""
    days = {number: step.days_after for number, step in enumerate(steps)}
    return cast(case(days, value=sent, else_=steps[-1].days_after), Integer)


def _obstacle(actor: Actor, sent: ColumnElement[int], balance: ColumnElement[Decimal]) -> ColumnElement[str | None]:
    """Why nothing goes out; what a person decided comes before what follows by itself."""
    is_gone = or_(
        col(Patient.archived_at).is_not(None),
        col(Patient.deleted_at).is_not(None),
        col(Patient.merged_into_id).is_not(None),
    )
    return case(
        (col(ReminderHold.id).is_not(None), ReminderObstacle.HELD.value),
        (col(Patient.deceased_on).is_not(None), ReminderObstacle.DECEASED.value),
        (is_gone, ReminderObstacle.ARCHIVED.value),
        (sent >= len(actor.settings.reminder_steps), ReminderObstacle.ALL_SENT.value),
        (balance < actor.settings.reminder_minimum, ReminderObstacle.BELOW_MINIMUM.value),
        else_=null(),
    )
