"""Arranging papers that go out by e-mail: overdue invoices, a batch of letters over them, made as the worker does."""

from datetime import timedelta
from uuid import UUID

from sqlmodel import col, select

from clinic_core.access import owner_work, perform, system_actor_of, unit_of_work
from clinic_core.billing.archive import batch_folder
from clinic_core.billing.batches import NewItem, Parameter, new_batch
from clinic_core.billing.schemas import InvoiceHead, MadeStep, MakePapers
from clinic_core.billing.service import record_receipt
from clinic_core.jobs.batches import make_batch
from clinic_core.kit.clock import frozen_at, now
from clinic_core.models import DocumentBatchItem, PaymentReminder
from clinic_core.notifications.service import make_papers
from clinic_core.vocabulary import BatchKind
from tests.billing.arrange import priced, receipt
from tests.factories import Clinic

LONG_AGO = timedelta(days=60)


def overdue(clinic: Clinic, patient_id: UUID, price: str = "80.00") -> InvoiceHead:
    """An invoice that should have been paid weeks ago."""
    with frozen_at(now() - LONG_AGO):
        return priced(clinic, patient_id, price)


def pay(clinic: Clinic, invoice: InvoiceHead) -> None:
    """The patient pays all of it."""
    settled = receipt(invoice.patient_id, str(invoice.balance), allocations=((invoice.id, invoice.balance),))
    perform(clinic.actor("assistant"), record_receipt, settled)


def start_letters(clinic: Clinic, *invoices: InvoiceHead, email: bool = True) -> UUID:
    """A batch of first reminders, one letter for each invoice, not yet made."""
    with unit_of_work(clinic.actor("manager")) as work:
        items = [NewItem(patient_id=invoice.patient_id) for invoice in invoices]
        batch, item_ids = new_batch(work, BatchKind.REMINDERS, items, {"email": email})
    today = now().date()
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all(
            PaymentReminder(
                organization_id=clinic.organization_id,
                invoice_id=invoice.id,
                document_batch_item_id=item_id,
                step=1,
                reminded_on=today,
                pay_by=today + timedelta(days=10),
                balance=invoice.balance,
            )
            for item_id, invoice in zip(item_ids, invoices, strict=True)
        )
    return batch.id


def start_statements(clinic: Clinic, *invoices: InvoiceHead) -> UUID:
    """A batch of statements by e-mail, one for the patient of each invoice, not yet made; it can be cancelled."""
    with unit_of_work(clinic.actor("manager")) as work:
        items = [NewItem(patient_id=invoice.patient_id) for invoice in invoices]
        asked: dict[str, Parameter] = {"email": True, "last_day": now().date()}
        return new_batch(work, BatchKind.STATEMENTS, items, asked)[0].id


def make_step(clinic: Clinic, batch_id: UUID, limit: int = 25) -> MadeStep:
    """One step of the worker."""
    return perform(clinic.actor("manager"), make_papers, MakePapers(batch_id=batch_id, limit=limit))


def make_all(clinic: Clinic, batch_id: UUID) -> None:
    """All steps of the worker, and the archive."""
    make_batch(system_actor_of(clinic.organization_id), {"batch_id": batch_id})


def letters(clinic: Clinic, *invoices: InvoiceHead) -> UUID:
    """A batch of letters that is made and whose e-mails wait."""
    batch_id = start_letters(clinic, *invoices)
    make_all(clinic, batch_id)
    return batch_id


def paper(clinic: Clinic, batch_id: UUID, position: int = 1) -> bytes:
    """The file of one paper, as it was made."""
    return (batch_folder(clinic.organization_id, batch_id) / f"{position:06d}.pdf").read_bytes()


def by_email(clinic: Clinic, batch_id: UUID) -> list[bool]:
    """Which papers of a batch are for the e-mail, in order."""
    with unit_of_work(clinic.actor("manager")) as work:
        statement = select(col(DocumentBatchItem.by_email)).where(col(DocumentBatchItem.document_batch_id) == batch_id)
        return list(work.session.scalars(statement.order_by(col(DocumentBatchItem.position))))
