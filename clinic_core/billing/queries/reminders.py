"""Payment reminders: what is due today in letters, what is not reminded of and why, and the story of one invoice."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, Row, Select, Subquery, func, select
from sqlmodel import col

from clinic_core.access import Actor, Permission, Work, query, use_case
from clinic_core.billing.exports import export_detail
from clinic_core.billing.reach import invoice_in_reach
from clinic_core.billing.reminders import Asked, make_letter, step_words
from clinic_core.billing.reminders_due import (
    AnySelect,
    at_location,
    due_letters,
    due_of_letters,
    invoices_to_remind,
    is_patients_own,
)
from clinic_core.billing.schemas import (
    DueInvoice,
    DueLetter,
    DueStep,
    ListDueReminders,
    ListUnreminded,
    PreviewLetter,
    ReminderFilter,
    ReminderLetter,
    UnremindedInvoice,
)
from clinic_core.billing.schemas.reminders import DueReminders, ReminderObstacle, UnremindedInvoices
from clinic_core.errors import Conflict
from clinic_core.kit.formats import person_name
from clinic_core.kit.money import ZERO
from clinic_core.kit.tables import Table, table_of
from clinic_core.kit.text import Cell
from clinic_core.models import (
    ClinicLocation,
    Invoice,
    Patient,
)

_NAMES: tuple[ColumnElement[Any], ...] = (
    col(ClinicLocation.name).label("location_name"),
    col(Patient.first_name).label("first_name"),
    col(Patient.last_name).label("last_name"),
    col(Patient.preferred_name).label("preferred_name"),
    col(Patient.code).label("patient_code"),
)

_LETTER_CELLS: Mapping[str, Callable[[DueLetter], Cell]] = {
    "Patient": lambda row: row.patient_name,
    "Code": lambda row: row.patient_code,
    "Reminder": lambda row: row.title,
    "Open": lambda row: row.open,
    "Days overdue": lambda row: row.days_overdue,
    "Last reminder": lambda row: row.last_on,
    "Invoices": lambda row: len(row.invoices),
    "Other payer": lambda row: "" if row.billed_to_patient else row.payer_name,
}
_LEFT_CELLS: Mapping[str, Callable[[UnremindedInvoice], Cell]] = {
    "Invoice": lambda row: row.number,
    "Patient": lambda row: row.patient_name,
    "Code": lambda row: row.patient_code,
    "Why": lambda row: row.obstacle.label,
    "Until": lambda row: row.until,
    "Reason": lambda row: row.reason,
    "Days overdue": lambda row: row.days_overdue,
    "Open": lambda row: row.balance,
}


@query(Permission.BILLING_MANAGE, name="reminder.list_due")
def list_due_reminders(work: Work, request: ListDueReminders) -> DueReminders:
    """A page of the letters that are due today at their invoices' locations, what is overdue longest first.

    Sums are those of all letters that pass the filters; each invoice in scope is in one letter at most.
    """
    session, actor = work.session, work.actor
    due, letters = due_letters(actor, request.clinic_location_id)
    steps = tuple(
        DueStep(
            step=row.step,
            title=step_words(actor, row.step).title,
            letters=row.letters,
            invoices=row.invoices,
            amount=row.amount,
        )
        for row in session.execute(_by_step(letters))
    )
    chosen = [each for each in steps if request.step in {None, each.step}]
    page = _chosen(letters, request).offset(request.offset).limit(request.limit)
    return DueReminders(
        letters=tuple(_letters(work, due, page)),
        count=sum(each.letters for each in chosen),
        total=sum((each.amount for each in chosen), ZERO),
        steps=steps,
    )


@use_case(Permission.BILLING_MANAGE, name="due_reminder.export")
def export_due_reminders(work: Work, request: ReminderFilter) -> Table:
    """All letters that pass the filters, in the order and with the amounts of the page; audited."""
    due, letters = due_letters(work.actor, request.clinic_location_id)
    made = table_of(_LETTER_CELLS, _letters(work, due, _chosen(letters, request)))
    work.audit("invoice", None, "export", report="due_reminders", **export_detail(made, request))
    return made


@query(Permission.BILLING_MANAGE, name="reminder.list_addressees")
def list_paying_patients(work: Work, request: ReminderFilter) -> tuple[UUID, ...]:
    """The patients who are themselves asked to pay by the letters that pass the filters: whom an e-mail may reach."""
    _, letters = due_letters(work.actor, request.clinic_location_id)
    wanted: Select[UUID] = select(letters.c.patient_id).where(letters.c.payer == "")
    if request.step is not None:
        wanted = wanted.where(letters.c.step == request.step)
    return tuple(work.session.scalars(wanted.order_by(letters.c.patient_id)))


@query(Permission.BILLING_MANAGE, name="reminder.list_unreminded")
def list_unreminded(work: Work, request: ListUnreminded) -> UnremindedInvoices:
    """A page of the invoices whose next reminder would go out by today and does not, and why."""
    session, actor = work.session, work.actor
    every = _overdue(actor, request.clinic_location_id)
    left = every.c.obstacle.is_not(None)
    count, total = session.execute(
        select(func.count(), func.coalesce(func.sum(every.c.balance), 0)).select_from(every).where(left)
    ).one()
    rows = _left_out(every).offset(request.offset).limit(request.limit)
    return UnremindedInvoices(
        rows=tuple(_unreminded(row) for row in session.execute(rows)), count=count, total=total + ZERO
    )


@use_case(Permission.BILLING_MANAGE, name="unreminded.export")
def export_unreminded(work: Work, request: ReminderFilter) -> Table:
    """All invoices of the location that are not reminded of and why, as the page lists them; audited."""
    every = _overdue(work.actor, request.clinic_location_id)
    made = table_of(_LEFT_CELLS, map(_unreminded, work.session.execute(_left_out(every))))
    work.audit("invoice", None, "export", report="unreminded", **export_detail(made, request))
    return made


@use_case(Permission.BILLING_MANAGE, name="reminder.preview")
def preview_letter(work: Work, request: PreviewLetter) -> ReminderLetter:
    """The letter with that invoice as it would be made now, to be looked at before it is sent; audited.

    Raises:
        Conflict: no reminder of the invoice is due.
        NotFound: no such invoice, or out of scope.
    """
    session, actor = work.session, work.actor
    invoice = invoice_in_reach(session, actor, Permission.BILLING_MANAGE, request.invoice_id)
    of_patient = col(Invoice.patient_id) == invoice.patient_id
    every = invoices_to_remind(actor, at_location(request.clinic_location_id), of_patient).subquery("every")
    rows: AnySelect = (
        select(every, Invoice, Patient, ClinicLocation)
        .join(Invoice, col(Invoice.id) == every.c.id)
        .join(Patient, col(Patient.id) == every.c.patient_id)
        .join(ClinicLocation, col(ClinicLocation.id) == every.c.clinic_location_id)
        .where(every.c.obstacle.is_(None))
        .order_by(every.c.due_on, every.c.number)
        .execution_options(populate_existing=True)
    )
    due = session.execute(rows).all()
    found = [row for row in due if row.payer in {one.payer for one in due if one.id == invoice.id}]
    if not found:
        raise Conflict("No reminder of this invoice is due; reload and look again.")
    asked = [
        Asked(invoice=row.Invoice, open=row.balance, step=row.step, asked_on=row.today, last_on=row.last_on)
        for row in found
    ]
    work.audit("invoice", request.invoice_id, "print", paper="reminder_preview")
    letter = make_letter(actor, found[0].Patient, found[0].ClinicLocation, asked)
    return letter.model_copy(update={"is_preview": True})


def _chosen(letters: CTE, request: ReminderFilter) -> AnySelect:
    """The letters that pass the filters, what is overdue longest first."""
    wanted = select(letters).where(letters.c.step == request.step if request.step else letters.c.step > 0)
    return wanted.order_by(letters.c.oldest_on, letters.c.patient_id, letters.c.payer)


def _letters(work: Work, due: CTE, wanted: AnySelect) -> Iterator[DueLetter]:
    """The letters with their invoices, in the order in which they are wanted."""
    page = wanted.subquery("page")
    rows: AnySelect = (
        select(due, *_NAMES)
        .join(page, due_of_letters(due, page))
        .join(ClinicLocation, col(ClinicLocation.id) == due.c.clinic_location_id)
        .join(Patient, col(Patient.id) == due.c.patient_id)
        .order_by(page.c.oldest_on, due.c.patient_id, due.c.payer, due.c.due_on, due.c.number)
    )
    for _, of_letter in groupby(work.session.execute(rows), key=lambda row: (row.patient_id, row.payer)):
        yield _letter(work.actor, list(of_letter))


def _overdue(actor: Actor, location_id: UUID | None) -> Subquery:
    """The invoices whose next reminder would go out by today, with the names that are shown."""
    return invoices_to_remind(actor, at_location(location_id)).add_columns(*_NAMES).subquery("every")


def _left_out(every: Subquery) -> AnySelect:
    """Those of them that are not reminded of, what is overdue longest first."""
    left = select(every).where(every.c.obstacle.is_not(None))
    return left.order_by(every.c.due_on, every.c.number, every.c.id)


def _by_step(letters: CTE) -> Select[int, int, int, Any]:
    return (
        select(
            letters.c.step,
            func.count().label("letters"),
            func.sum(letters.c.invoices).label("invoices"),
            func.sum(letters.c.amount).label("amount"),
        )
        .group_by(letters.c.step)
        .order_by(letters.c.step)
    )


def _letter(actor: Actor, rows: Sequence[Row[*tuple[Any, ...]]]) -> DueLetter:
    first = rows[0]
    step = max(row.step for row in rows)
    is_own = is_patients_own(first.payer)
    patient = person_name(first.first_name, first.last_name, first.preferred_name)
    return DueLetter(
        patient_id=first.patient_id,
        patient_name=patient,
        patient_code=first.patient_code,
        payer_name=patient if is_own else first.payer_name,
        billed_to_patient=is_own,
        step=step,
        title=step_words(actor, step).title,
        open=sum((row.balance for row in rows), ZERO),
        days_overdue=max((row.today - row.due_on).days for row in rows),
        last_on=max((row.last_on for row in rows if row.last_on), default=None),
        invoices=tuple(DueInvoice(**_invoice(row)) for row in rows),
    )


def _unreminded(row: Row[*tuple[Any, ...]]) -> UnremindedInvoice:
    return UnremindedInvoice(
        **_invoice(row),
        patient_id=row.patient_id,
        patient_name=person_name(row.first_name, row.last_name, row.preferred_name),
        patient_code=row.patient_code,
        obstacle=ReminderObstacle(row.obstacle),
        until=row.until,
        reason=row.reason,
    )


def _invoice(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "location_name": row.location_name,
        "issued_on": row.issued_on,
        "due_on": row.due_on,
        "total": row.total,
        "balance": row.balance,
        "step": row.step,
        "days_overdue": (row.today - row.due_on).days,
        "last_on": row.last_on,
    }
