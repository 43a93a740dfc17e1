"""Reminding of overdue invoices (B6): starting a run of letters, holding an invoice back, and the steps that go out.

Starting a run is the decision: its rows say what was asked for, of whom and until when, and the letters are their
paper. The invoices are locked first and looked at again under the lock, so that what was paid, held back or reminded
of by somebody else in the meantime is left out.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, insert, select, text
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.billing.batches import NewItem, batch_row, new_batch
from clinic_core.billing.reach import locked_invoices, today_at
from clinic_core.billing.reminders import step_words
from clinic_core.billing.reminders_due import AnySelect, due_letters, due_of_letters, invoices_to_remind
from clinic_core.billing.schemas import (
    HoldReminders,
    ReleaseHold,
    ReminderFilter,
    SetReminderSteps,
    StartedReminders,
    StartReminders,
)
from clinic_core.billing.schemas.reminder_rules import HoldHead, ReminderSteps
from clinic_core.billing.schemas.reminders import LeftOut, ReminderObstacle
from clinic_core.errors import ClinicError, Conflict
from clinic_core.kit.ids import new_id
from clinic_core.kit.text import field_error
from clinic_core.models import Invoice, Patient, PaymentReminder, ReminderHold
from clinic_core.vocabulary import BatchKind

Found = Row[*tuple[Any, ...]]

_SENTENCES = {
    "reminder_needs_debt": "An invoice was settled in the meantime; reload and look again.",
    "reminder_balance": "What an invoice owes changed in the meantime; reload and look again.",
    "reminder_step": "An invoice was reminded of in the meantime; reload and look again.",
    "reminder_too_early": "An invoice was reminded of in the meantime and has time to be paid; reload and look again.",
    "reminder_held": "The reminders of an invoice were held back in the meantime; reload and look again.",
    "uq_payment_reminder_organization_id_invoice_id_step": "An invoice was reminded of in the meantime;"
    " reload and look again.",
}
_OBSTACLES = {
    ReminderObstacle.HELD: "Its reminders are held back.",
    ReminderObstacle.DECEASED: "The patient has died.",
    ReminderObstacle.ARCHIVED: "The patient is archived.",
    ReminderObstacle.ALL_SENT: "All reminders of it went out.",
    ReminderObstacle.BELOW_MINIMUM: "It owes less than what is reminded of.",
}


@use_case(Permission.BILLING_MANAGE, name="reminder.start")
def start_reminders(work: Work, request: StartReminders) -> StartedReminders:
    """Remind of the chosen invoices, or of all that are due under the filters: one letter for each patient and payer.

    What is no longer due when its lock is held is left out, with the reason in a sentence. The letters are made in
    the background. A letter asks for payment by the day that the highest of its steps gives.

    Raises:
        Conflict: none of the invoices is due.
        NotFound: one of the chosen invoices does not exist or is out of scope.
    """
    wanted = request.invoice_ids or _due(work, request)
    locked = locked_invoices(work.session, work.actor, Permission.BILLING_MANAGE, wanted)
    now_true = {row.id: row for row in work.session.execute(_looked_at_again(work, wanted))}
    due = [row for row in now_true.values() if row.obstacle is None]
    left_out = tuple(
        LeftOut(invoice_id=one.id, number=one.number or "", sentence=_why_not(one, now_true.get(one.id)))
        for one in locked.values()
        if one.id not in now_true or now_true[one.id].obstacle is not None
    )
    if not due:
        raise Conflict(_nothing_due(left_out))
    letters = [list(rows) for _, rows in groupby(due, key=lambda row: (row.patient_id, row.payer))]
    items = [NewItem(patient_id=rows[0].patient_id) for rows in letters]
    batch, item_ids = new_batch(work, BatchKind.REMINDERS, items, {"email": request.email})
    values = [
        value for item_id, rows in zip(item_ids, letters, strict=True) for value in _reminders(work, item_id, rows)
    ]
    with work.constraints(_guards()):
        work.session.execute(insert(PaymentReminder), sorted(values, key=lambda value: value["invoice_id"]))
    return StartedReminders(**dict(batch_row(batch)), invoices=len(due), left_out=left_out)


@use_case(Permission.BILLING_MANAGE, name="reminder.hold")
def hold_reminders(work: Work, request: HoldReminders) -> HoldHead:
    """Send no reminders of an invoice up to and with a day, or none at all; a hold that is there is changed.

    Raises:
        Conflict: it owes nothing, so it is not reminded of anyway.
        InvalidInput: the day has passed at its location.
        NotFound: no such invoice, or out of scope.
    """
    invoice = _locked(work, request.invoice_id)
    if not invoice.balance:
        raise Conflict("This document owes nothing, so it is not reminded of.")
    if request.until is not None and request.until < today_at(work.session, invoice.clinic_location_id):
        raise field_error("until", "must not be a day that has passed")
    return _held(work, invoice, request.until, request.reason)


@use_case(Permission.BILLING_MANAGE, name="reminder.release")
def release_hold(work: Work, request: ReleaseHold) -> HoldHead:
    """Let the reminders of an invoice go out again from today on; the hold stays on record as one that has ended.

    Raises:
        Conflict: its reminders are not held back.
        NotFound: no such invoice, or out of scope.
    """
    invoice = _locked(work, request.invoice_id)
    today = today_at(work.session, invoice.clinic_location_id)
    hold = _hold_of(work, invoice)
    if hold is None or (hold.until is not None and hold.until < today):
        raise Conflict("The reminders of this invoice are not held back.")
    return _held(work, invoice, today - timedelta(days=1), request.reason)


@use_case(Permission.SETTINGS_MANAGE, name="reminder.set_steps")
def set_reminder_steps(work: Work, request: SetReminderSteps) -> ReminderSteps:
    """Which reminders go out from now on, after how many days, in which words, and from which amount on; audited.

    What went out stays as it was: an invoice goes on with the step after its last one.
    """
    organization = work.lock_organization()
    wanted = {
        "reminder_steps": [step.model_dump(mode="json") for step in request.steps],
        "reminder_minimum": str(request.minimum),
    }
    if any(organization.settings_json.get(name) != value for name, value in wanted.items()):
        organization.settings_json = {**organization.settings_json, **wanted}
        work.session.flush()
        days = [[step.days_after, step.days_to_pay] for step in request.steps]
        work.audit("organization", organization.id, "reminder_rule", steps=days, minimum=request.minimum)
    return ReminderSteps(id=organization.id, steps=len(request.steps), minimum=request.minimum)


def _due(work: Work, wanted: ReminderFilter) -> Sequence[UUID]:
    """The invoices of all letters that pass the filters."""
    due, letters = due_letters(work.actor, wanted.clinic_location_id)
    statement: Select[UUID] = select(due.c.id).join(letters, due_of_letters(due, letters))
    if wanted.step is not None:
        statement = statement.where(letters.c.step == wanted.step)
    return work.session.scalars(statement).all()


def _looked_at_again(work: Work, invoice_ids: Sequence[UUID]) -> AnySelect:
    """What is true of the invoices now that they are locked, in the order of the letters."""
    found = invoices_to_remind(work.actor, col(Invoice.id).in_(invoice_ids))
    return found.order_by(col(Patient.code), text("payer"), text("due_on"), text("number"))


def _reminders(work: Work, item_id: UUID, rows: Sequence[Found]) -> list[dict[str, Any]]:
    """The rows of one letter; all of it is to be paid by one day, wherever its invoices were issued."""
    words = step_words(work.actor, max(row.step for row in rows))
    pay_by = max(row.today for row in rows) + timedelta(days=words.days_to_pay)
    return [
        {
            "id": new_id(),
            "organization_id": work.actor.organization_id,
            "invoice_id": row.id,
            "document_batch_item_id": item_id,
            "step": row.step,
            "reminded_on": row.today,
            "pay_by": pay_by,
            "balance": row.balance,
        }
        for row in rows
    ]


def _why_not(invoice: Invoice, found: Found | None) -> str:
    """Why a chosen invoice is left out, in a sentence."""
    if found is not None:
        return _OBSTACLES[ReminderObstacle(found.obstacle)]
    if not invoice.balance:
        return "It owes nothing any more."
    return "No reminder of it is due; it may have been sent in the meantime."


def _nothing_due(left_out: Sequence[LeftOut]) -> str:
    if not left_out:
        return "No payment reminder is due."
    if len(left_out) == 1:
        return f"Invoice {left_out[0].number} is not reminded of. {left_out[0].sentence}"
    return "None of these invoices is to be reminded of any more; reload and look again."


def _guards() -> Mapping[str, Callable[[Mapping[str, Any]], ClinicError]]:
    """What PostgreSQL says against a reminder, as errors for people."""
    return {name: _conflict(sentence) for name, sentence in _SENTENCES.items()}


def _conflict(sentence: str) -> Callable[[Mapping[str, Any]], ClinicError]:
    return lambda _: Conflict(sentence)


def _locked(work: Work, invoice_id: UUID) -> Invoice:
    return locked_invoices(work.session, work.actor, Permission.BILLING_MANAGE, [invoice_id])[invoice_id]


def _hold_of(work: Work, invoice: Invoice) -> ReminderHold | None:
    """The hold of an invoice that is locked, which keeps others from changing it."""
    return work.session.scalars(
        select(ReminderHold).where(col(ReminderHold.invoice_id) == invoice.id).execution_options(populate_existing=True)
    ).one_or_none()


def _held(work: Work, invoice: Invoice, until: date | None, reason: str) -> HoldHead:
    hold = _hold_of(work, invoice)
    if hold is None:
        hold = ReminderHold(
            organization_id=work.actor.organization_id, invoice_id=invoice.id, until=until, reason=reason
        )
        work.session.add(hold)
    hold.until, hold.reason = until, reason
    work.session.flush()
    work.session.refresh(hold)
    return HoldHead.model_validate(hold, from_attributes=True)
