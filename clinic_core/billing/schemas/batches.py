"""Papers for many at once: what starts a batch, how far it has come, what became of each paper."""

from datetime import datetime
from uuid import UUID

from pydantic import Field, field_validator

from clinic_core.billing.schemas.base import PAGE_LIMIT, PAGE_SIZE, TEXT_LIMIT, Frozen
from clinic_core.billing.schemas.documents import InvoiceFilter
from clinic_core.errors import InvalidInput
from clinic_core.kit.text import clean
from clinic_core.vocabulary import BatchKind, BatchStatus

MOST_DOCUMENTS = 5_000
PAPERS_AT_ONCE = 25


class StartDocuments(InvoiceFilter):
    """Print all issued documents that pass the filters, or the chosen ones alone; at most 5,000."""

    invoice_ids: tuple[UUID, ...] = Field(default=(), max_length=MOST_DOCUMENTS)
    request_id: UUID | None = None

    def model_post_init(self, context: object, /) -> None:
        """Refuses what the fields say against each other."""
        super().model_post_init(context)
        if len(set(self.invoice_ids)) < len(self.invoice_ids):
            raise InvalidInput("A document is chosen twice for one print run.")


class GetBatch(Frozen):
    """Ask for one batch."""

    batch_id: UUID


class ListBatches(Frozen):
    """A page of the batches, newest first; `own_only` leaves out those of others."""

    own_only: bool = False
    offset: int = Field(default=0, ge=0)
    limit: int = Field(default=PAGE_SIZE, ge=1, le=PAGE_LIMIT)


class MakePapers(Frozen):
    """Make the next papers of a batch; documents come in parts of 25 whatever the limit."""

    batch_id: UUID
    limit: int = Field(default=PAPERS_AT_ONCE, ge=1, le=PAPERS_AT_ONCE)


class FinishBatch(Frozen):
    """Put the papers of a batch into the one file that people fetch."""

    batch_id: UUID


class FailBatch(Frozen):
    """Note why a batch cannot go on."""

    batch_id: UUID
    problem: str

    @field_validator("problem")
    @classmethod
    def _problem(cls, value: str) -> str:
        return clean(value, limit=TEXT_LIMIT, field="problem")


class CancelBatch(Frozen):
    """Stop a batch; what it has made is deleted."""

    batch_id: UUID
    request_id: UUID | None = None


class RetryBatch(Frozen):
    """Let a batch that failed go on where it stopped."""

    batch_id: UUID
    request_id: UUID | None = None


class SweepBatches(Frozen):
    """Look after batches that stopped without an answer."""


class BatchRow(Frozen):
    """A batch without a name of a person; what a write returns, because results of requests are kept."""

    id: UUID
    kind: BatchKind
    status: BatchStatus
    actor_user_id: UUID
    total: int
    done: int
    problem: str
    file_bytes: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None

    @property
    def is_under_way(self) -> bool:
        """Whether papers of it are still to be made."""
        return self.status in {BatchStatus.QUEUED, BatchStatus.RUNNING}


class ListedBatch(BatchRow):
    """A batch in a list: who asked, how many papers there are none of and why not, how many go out by e-mail."""

    asked_by: str
    problems: int
    by_email: int


class BatchProblem(Frozen):
    """A paper that was not made, and why; `id` is the item's."""

    id: UUID
    position: int
    patient_id: UUID
    patient_name: str
    patient_code: str
    invoice_id: UUID | None
    problem: str


class BatchDetail(ListedBatch):
    """A batch with the first papers that were not made."""

    without_paper: tuple[BatchProblem, ...]


class BatchFile(Frozen):
    """The file of a batch on the disk, and the name under which a person saves it."""

    path: str
    name: str
    media_type: str


class MadePaper(Frozen):
    """What became of one item; `for_patient` when the paper is the patient's own to pay."""

    item_id: UUID
    position: int
    patient_id: UUID
    problem: str
    for_patient: bool


class MadeStep(Frozen):
    """What one step has made; `is_finished` when the batch has nothing left to make, or was stopped."""

    batch_id: UUID
    made: tuple[MadePaper, ...]
    is_finished: bool
    wants_email: bool


class KeptBatches(Frozen):
    """Ask which of these batches still need their files."""

    batch_ids: tuple[UUID, ...]


class Swept(Frozen):
    """How many batches were given up."""

    failed: int
