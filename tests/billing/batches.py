"""Arranging batches: papers of a clinic printed by its own jobs, and what lies in its folder."""

from io import BytesIO
from pathlib import Path
from uuid import UUID

from pypdf import PdfReader
from sqlalchemy import text

from clinic_core.access import owner_work, perform, system_actor_of
from clinic_core.billing.archive import batch_folder
from clinic_core.billing.queries import get_batch
from clinic_core.billing.schemas import BatchDetail, BatchRow, GetBatch, InvoiceHead, MakePapers, StartDocuments
from clinic_core.billing.service import fetch_batch, make_next_papers, start_document_batch
from clinic_core.jobs.batches import make_batch, purge_batches
from tests.billing.arrange import issued
from tests.factories import Clinic, make_patient


def invoices(clinic: Clinic, count: int) -> list[InvoiceHead]:
    """So many issued invoices, each of a patient of its own."""
    return [issued(clinic, make_patient(clinic, last_name=f"Demo {at}")) for at in range(count)]


def start(clinic: Clinic, *, role: str = "manager", **fields: object) -> BatchRow:
    """A print run of documents, not yet made."""
    return perform(clinic.actor(role), start_document_batch, StartDocuments.model_validate(fields))


def work_off(clinic: Clinic, batch_id: UUID) -> BatchDetail:
    """As the worker does it; answers the batch afterwards."""
    make_batch(system_actor_of(clinic.organization_id), {"batch_id": batch_id})
    return look(clinic, batch_id)


def purge(clinic: Clinic) -> None:
    """As every night, and after a batch was stopped."""
    purge_batches(system_actor_of(clinic.organization_id), {})


def look(clinic: Clinic, batch_id: UUID, role: str = "manager") -> BatchDetail:
    return perform(clinic.actor(role), get_batch, GetBatch(batch_id=batch_id))


def fetched(clinic: Clinic, batch_id: UUID, role: str = "manager") -> bytes:
    """The content of the file that a person gets."""
    return Path(perform(clinic.actor(role), fetch_batch, GetBatch(batch_id=batch_id)).path).read_bytes()


def pages(content: bytes) -> list[str]:
    """The text of each page of a PDF."""
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def folder(clinic: Clinic, batch_id: UUID) -> Path:
    return batch_folder(clinic.organization_id, batch_id)


def numbers(content: bytes) -> list[str]:
    """What each page of a PDF says at its foot: which document it is of, and which of its pages."""
    return [page.splitlines()[-1].split(" · ")[-1] for page in pages(content)]


def step(clinic: Clinic, batch_id: UUID, role: str = "manager") -> bool:
    """One step as the person; whether it was the last."""
    return perform(clinic.actor(role), make_next_papers, MakePapers(batch_id=batch_id)).is_finished


def times_made(clinic: Clinic, batch_id: UUID) -> list[int]:
    """How often the row of each paper was changed."""
    with owner_work("test.look", clinic.organization_id) as session:
        found = session.execute(
            text("select version - 1 from document_batch_item where document_batch_id = :id order by position"),
            {"id": batch_id},
        )
        return [row[0] for row in found]


def change(clinic: Clinic, statement: str, **values: object) -> None:
    """Straight into the tables."""
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(text(statement), {"org": clinic.organization_id, **values})


def move_away(clinic: Clinic, invoice_id: UUID) -> None:
    """Takes an invoice out of the reach of those who work at the main location, as no use case does."""
    change(clinic, "alter table invoice disable trigger user")
    change(clinic, "update invoice set clinic_location_id = :to where id = :id", to=clinic.branch, id=invoice_id)
    change(clinic, "alter table invoice enable trigger user")
