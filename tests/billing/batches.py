"""Arranging batches: papers of a clinic printed by its own jobs, and what lies in its folder."""

from io import BytesIO
from pathlib import Path
from uuid import UUID

from pypdf import PdfReader

from clinic_core.access import perform, system_actor_of
from clinic_core.billing.archive import batch_folder
from clinic_core.billing.queries import get_batch
from clinic_core.billing.schemas import BatchDetail, BatchRow, GetBatch, InvoiceHead, StartDocuments
from clinic_core.billing.service import fetch_batch, start_document_batch
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
