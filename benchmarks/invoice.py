"""Drafting and issuing an invoice of ten lines through the door, against the same rows inserted bare.

The door: role, row-level security, prices, numbers without gaps, frozen papers, period lock, history, audit, request
ids; two use cases, as an invoice is written. The floor: a plain connection that inserts the very same rows, two
transactions, into tables without triggers, policies and foreign keys. Both commit to disk.
"""

import time
from decimal import Decimal

import psycopg
from psycopg.rows import tuple_row

from benchmarks.bare import make_bare_tables, milliseconds, same_rows, send
from benchmarks.result import BenchResult, against_floor
from clinic_core.access import perform, unit_of_work
from clinic_core.billing.schemas import DraftInvoice, DraftLine, IssueInvoice
from clinic_core.billing.service import draft_invoice, issue_invoice
from clinic_core.db.engine import libpq_url
from clinic_core.db.roles import DatabaseRole
from clinic_core.kit.ids import new_id
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.seed.demo_base import make_base
from clinic_core.vocabulary import ItemType

DEFAULT_SCALE = 200
WARM_UP = 30
LINES = 10

# Table, and how its rows of one invoice are found again: those of the draft, then what issuing adds.
_DRAFTED = (
    ("invoice", "id = %(invoice)s"),
    ("invoice_line", "invoice_id = %(invoice)s"),
    ("document_event", "invoice_id = %(invoice)s and to_status = 'draft'"),
    ("audit_log", "request_id = %(drafted)s"),
    ("request", "request_id = %(drafted)s"),
)
_ISSUED = (
    ("document_event", "invoice_id = %(invoice)s and to_status = 'issued'"),
    ("audit_log", "request_id = %(issued)s"),
    ("request", "request_id = %(issued)s"),
)


def run(scale: int = DEFAULT_SCALE) -> BenchResult:
    """Measures `scale` invoices of each kind in turns, after a warm-up; the database is the process's own."""
    clinic = make_base("Invoice benchmark")
    with unit_of_work(clinic.actor("admin")) as work:
        place = clinic.locations["berlin"]
        patient_id = register_patient(work, RegisterPatient(last_name="Demo", clinic_location_id=place)).id
    manager = clinic.actor("admin")
    lines = tuple(
        DraftLine(item_type=ItemType.SERVICE, product_service_id=clinic.items["FUP30"], quantity=Decimal(1 + at % 3))
        for at in range(LINES)
    )
    figures: list[float] = []
    floors: list[float] = []
    with psycopg.connect(libpq_url(DatabaseRole.OWNER), row_factory=tuple_row) as bare:
        make_bare_tables(bare, dict.fromkeys(table for table, _ in (*_DRAFTED, *_ISSUED)))
        for turn in range(WARM_UP + scale):
            if turn == WARM_UP:
                bare.execute("analyze")  # as the server does by itself before long; plans of empty tables end with it
                bare.commit()
            draft = DraftInvoice(patient_id=patient_id, lines=lines, clinic_location_id=place, request_id=new_id())
            issue_id = new_id()
            started = time.perf_counter()
            drafted = perform(manager, draft_invoice, draft)
            perform(manager, issue_invoice, IssueInvoice(invoice_id=drafted.id, request_id=issue_id))
            figures.append(milliseconds(started))
            keys = {"invoice": drafted.id, "drafted": draft.request_id, "issued": issue_id}
            first, second = (same_rows(bare, rows, keys) for rows in (_DRAFTED, _ISSUED))
            floors.append(send(bare, first) + send(bare, second))
    return against_floor("invoice", figures[WARM_UP:], floors[WARM_UP:])
