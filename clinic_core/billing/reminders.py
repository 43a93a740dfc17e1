"""The letters of payment reminders: what one payer is asked for on one day, before it is sent and printed again.

What is asked for is that of the day of the letter (`payment_reminder.balance`), whatever was paid since; a letter of
which nothing is owed any more is settled and not printed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from uuid import UUID

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query
from clinic_core.access.organization import REMINDER_STEPS, ReminderStep
from clinic_core.access.scope import invoices_in_scope
from clinic_core.billing.parties import is_billed_to_patient, payer, paying_patient, seller
from clinic_core.billing.schemas import (
    ReminderLetter,
)
from clinic_core.billing.schemas.reminders import ReminderLine
from clinic_core.kit.formats import person_name
from clinic_core.models import ClinicLocation, Invoice, Patient, PaymentReminder

# An alias copies every column of its table, which costs more than the query: it is made once.
_Before = aliased(PaymentReminder)


@dataclass(frozen=True)
class Asked:
    """An invoice that a letter asks for: what it owes on that day, its step, and when the step before went out."""

    invoice: Invoice
    open: Decimal
    step: int
    asked_on: date
    last_on: date | None


@query(Permission.BILLING_MANAGE, name="reminder.letters")
def read_letters(work: Work, item_ids: Sequence[UUID]) -> dict[UUID, ReminderLetter]:
    """The letters of those items of batches, as far as their invoices are in reach; one statement."""
    statement: Select[PaymentReminder, Invoice, Patient, ClinicLocation, date | None] = (
        select(PaymentReminder, Invoice, Patient, ClinicLocation, col(_Before.reminded_on).label("last_on"))
        .join(Invoice, col(Invoice.id) == col(PaymentReminder.invoice_id))
        .join(Patient, col(Patient.id) == col(Invoice.patient_id))
        .join(ClinicLocation, col(ClinicLocation.id) == col(Invoice.clinic_location_id))
        .join(
            _Before,
            and_(
                col(_Before.organization_id) == work.actor.organization_id,
                col(_Before.invoice_id) == col(PaymentReminder.invoice_id),
                col(_Before.step) == col(PaymentReminder.step) - 1,
            ),
            isouter=True,
        )
        .where(
            col(PaymentReminder.document_batch_item_id).in_(item_ids),
            invoices_in_scope(work.actor, Permission.BILLING_MANAGE),
        )
        .order_by(col(PaymentReminder.document_batch_item_id), col(Invoice.due_on), col(Invoice.number))
        .execution_options(populate_existing=True)
    )
    letters: dict[UUID, ReminderLetter] = {}
    for item_id, found in groupby(
        work.session.execute(statement), key=lambda row: row.PaymentReminder.document_batch_item_id
    ):
        rows = list(found)
        letters[item_id] = make_letter(
            work.actor,
            rows[0].Patient,
            rows[0].ClinicLocation,
            [
                Asked(
                    invoice=row.Invoice,
                    open=row.PaymentReminder.balance,
                    step=row.PaymentReminder.step,
                    asked_on=row.PaymentReminder.reminded_on,
                    last_on=row.last_on,
                )
                for row in rows
            ],
        ).model_copy(update={"pay_by": max(row.PaymentReminder.pay_by for row in rows)})
    return letters


def make_letter(actor: Actor, patient: Patient, location: ClinicLocation, asked: Sequence[Asked]) -> ReminderLetter:
    """The letter over those invoices of one payer, in that order, from the clinic at that location.

    Its words are those of the highest step. A patient is written to where they live today, anybody else as the last
    of the invoices says.
    """
    latest = max(asked, key=lambda one: (one.invoice.issued_on or date.min, one.invoice.number or "")).invoice
    is_own = is_billed_to_patient(latest)
    highest = max(one.step for one in asked)
    words = step_words(actor, highest)
    made_on = max(one.asked_on for one in asked)
    return ReminderLetter(
        patient_id=patient.id,
        patient_name=person_name(patient.first_name, patient.last_name),
        patient_code=patient.code,
        payer=paying_patient(patient) if is_own else payer(latest, patient).model_copy(update={"reference": ""}),
        billed_to_patient=is_own,
        seller=seller(actor, location),
        step=highest,
        title=words.title,
        text=words.text,
        made_on=made_on,
        pay_by=made_on + timedelta(days=words.days_to_pay),
        currency=latest.currency or actor.settings.currency,
        lines=tuple(_lines(asked)),
        is_settled=not any(one.invoice.balance for one in asked),
    )


def step_words(actor: Actor, step: int) -> ReminderStep:
    """The words of a step; those of the last one for what went out when there were more."""
    steps = actor.settings.reminder_steps or REMINDER_STEPS
    return steps[min(step, len(steps)) - 1]


def _lines(asked: Sequence[Asked]) -> Iterable[ReminderLine]:
    for one in asked:
        invoice = one.invoice
        issued_on = invoice.issued_on or one.asked_on
        yield ReminderLine(
            invoice_id=invoice.id,
            number=invoice.number or "",
            issued_on=issued_on,
            due_on=invoice.due_on or issued_on,
            total=invoice.total,
            open=one.open,
            step=one.step,
            reminders=one.step - 1,
            last_on=one.last_on,
            reference="" if is_billed_to_patient(invoice) else str(invoice.bill_to_json.get("reference") or ""),
        )
