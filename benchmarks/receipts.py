"""Taking money for three invoices through the door, oldest first, against the same rows written bare.

The door: role, row-level security, locks in order, a number without gaps, payments that triggers check and add up
on receipt and invoices, closed periods, history, audit, request ids. The floor: a plain connection that writes the very
same rows into tables without triggers, policies and foreign keys: an insert for each table, an update of the invoices.
Both commit to disk.
"""

import time
from decimal import Decimal
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from benchmarks.bare import Batch, Connection, make_bare_tables, milliseconds, same_rows, send
from benchmarks.result import BenchResult, against_floor, settle
from clinic_core.access import Actor, perform, unit_of_work
from clinic_core.billing.schemas import DraftInvoice, DraftLine, IssueInvoice, RecordReceipt
from clinic_core.billing.service import draft_invoice, issue_invoice, record_receipt
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.seed.demo_base import DemoClinic, make_base
from clinic_core.vocabulary import ItemType, PaymentMethod

DEFAULT_SCALE = 200
WARM_UP = 30
INVOICES = 3

# Table, and how its rows of one receipt are found again.
_WRITTEN = (
    ("receipt", "id = %(receipt)s"),
    ("payment", "receipt_id = %(receipt)s"),
    ("audit_log", "request_id = %(request)s"),
    ("request", "request_id = %(request)s"),
)
_OPEN = (("invoice", "id = any(%(invoices)s)"),)
_PAID = sql.SQL(
    "update bare.invoice b set paid = i.paid, version = i.version, updated_at = i.updated_at"
    " from unnest(%s::uuid[], %s::numeric[], %s::int[], %s::timestamptz[]) as i(id, paid, version, updated_at)"
    " where b.id = i.id"
).format()


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Measures `scale` receipts of each kind in turns, after a warm-up; the database is the process's own."""
    clinic = make_base("Receipts benchmark")
    with unit_of_work(clinic.actor("admin")) as work:
        place = clinic.locations["berlin"]
        patient_id = register_patient(work, RegisterPatient(last_name="Demo", clinic_location_id=place)).id
    manager = clinic.actor("admin")
    figures: list[float] = []
    floors: list[float] = []
    settle()
    with psycopg.connect(libpq_url(DatabaseRole.OWNER), row_factory=tuple_row) as bare:
        make_bare_tables(bare, dict.fromkeys(table for table, _ in (*_WRITTEN, *_OPEN)))
        for turn in range(WARM_UP + scale):
            if turn == WARM_UP:
                bare.execute("analyze")  # as the server does by itself before long; plans of empty tables end with it
                bare.commit()
            owed = _issued(clinic, manager, patient_id)
            send(bare, same_rows(bare, _OPEN, {"invoices": list(owed)}))
            request = RecordReceipt(
                patient_id=patient_id,
                amount=sum(owed.values()) - Decimal(1),
                method=PaymentMethod.CARD,
                received_at=now(),
                invoice_ids=tuple(owed),
                request_id=new_id(),
            )
            started = time.perf_counter()
            receipt = perform(manager, record_receipt, request)
            figures.append(milliseconds(started))
            keys = {"receipt": receipt.id, "request": request.request_id}
            batch = [*same_rows(bare, _WRITTEN, keys), *_updates(bare, list(owed))]
            floors.append(send(bare, batch))
    return against_floor("receipts", figures[WARM_UP:], floors[WARM_UP:])


def _issued(clinic: DemoClinic, actor: Actor, patient_id: UUID) -> dict[UUID, Decimal]:
    """New invoices of the patient, and what each comes to."""
    line = DraftLine(item_type=ItemType.SERVICE, product_service_id=clinic.items["FUP30"])
    place = clinic.locations["berlin"]
    owed: dict[UUID, Decimal] = {}
    for _ in range(INVOICES):
        draft = DraftInvoice(patient_id=patient_id, lines=(line,), clinic_location_id=place)
        made = perform(actor, issue_invoice, IssueInvoice(invoice_id=perform(actor, draft_invoice, draft).id))
        owed[made.id] = made.total
    return owed


def _updates(bare: Connection, invoice_ids: list[UUID]) -> Batch:
    """What the door changed on the invoices, as one statement."""
    found = bare.execute(
        "select id, paid, version, updated_at from invoice where id = any(%s)", [invoice_ids]
    ).fetchall()
    bare.commit()
    return [(_PAID, [list(column) for column in zip(*found, strict=True)])]
