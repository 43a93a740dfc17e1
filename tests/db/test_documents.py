"""Issued papers and money under SQL as the app's own role: what no use case does, no statement does either."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest
from psycopg import errors as pg

from clinic_core.access import perform
from clinic_core.billing.schemas import InvoiceHead, ReceiptHead
from clinic_core.billing.service import record_receipt
from clinic_core.kit.ids import new_id
from tests.billing.arrange import draft, priced, read, receipt
from tests.factories import Clinic, make_clinic, make_patient
from tests.harness import Database


@contextmanager
def as_app(database: Database, clinic: Clinic, use_case: str = "test.sql") -> Iterator[psycopg.Connection]:
    """A plain connection of the app's role that names organisation, actor and use case, as the door does."""
    with database.connect_app() as connection:
        for name, value in (
            ("organization_id", clinic.organization_id),
            ("actor_id", clinic.users["owner"]),
            ("use_case", use_case),
        ):
            connection.execute("select set_config(%s, %s, true)", [f"clinic.{name}", str(value)])
        yield connection
        connection.rollback()


def refused(database: Database, clinic: Clinic, statement: str, values: Mapping[str, object]) -> str:
    """The constraint (or the state) under which PostgreSQL refuses the statement."""
    with as_app(database, clinic) as connection, pytest.raises(psycopg.Error) as refusal:
        connection.execute(statement, values)
    return refusal.value.diag.constraint_name or refusal.value.sqlstate or ""


@pytest.fixture
def invoice(clinic: Clinic) -> InvoiceHead:
    return priced(clinic, make_patient(clinic), "80.00")


@pytest.fixture
def taken(clinic: Clinic, invoice: InvoiceHead) -> ReceiptHead:
    request = receipt(invoice.patient_id, "50.00", allocations=((invoice.id, Decimal(30)),))
    return perform(clinic.actor("owner"), record_receipt, request)


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("net = net + 1, total = total + 1", "invoice_frozen"),
        ("totals_json = '{}'", "invoice_frozen"),
        ("number = 'INV-2026-99999'", "invoice_frozen"),
        ("issued_on = issued_on - 1", "invoice_frozen"),
        ("due_on = due_on + 30", "invoice_frozen"),
        ("currency = 'USD'", "invoice_frozen"),
        ("bill_to_json = '{}'", "invoice_frozen"),
        ("seller_json = '{}'", "invoice_frozen"),
        ("clinic_location_id = (select id from clinic_location where name = 'Harbour')", "invoice_frozen"),
        ("patient_id = (select id from patient where last_name = 'Other')", "invoice_frozen"),
        ("kind = 'credit_note', corrects_invoice_id = id", "invoice_frozen"),
        ("paid = total", "invoice_derived"),
        ("credited = 1", "invoice_derived"),
        ("written_off = 1", "invoice_derived"),
        ("status = 'draft', number = null", "invoice_transition"),
        ("status = 'void'", "invoice_transition"),
        ("balance = 0", "428C9"),
    ],
)
def test_an_issued_invoice_does_not_change(
    database: Database, clinic: Clinic, invoice: InvoiceHead, change: str, constraint: str
) -> None:
    make_patient(clinic, last_name="Other")
    statement = f"update invoice set {change} where id = %(id)s"
    assert refused(database, clinic, statement, {"id": invoice.id}) == constraint


@pytest.mark.parametrize(
    "statement",
    [
        "update invoice_line set unit_price = 1, net = 1 where invoice_id = %(id)s",
        "update invoice_line set description = 'x' where invoice_id = %(id)s",
        "delete from invoice_line where invoice_id = %(id)s",
        "insert into invoice_line (id, organization_id, invoice_id, position, item_type, description, qty, unit_price,"
        " net) select gen_random_uuid(), organization_id, id, 9, 'fee', 'x', 1, 1, 1 from invoice where id = %(id)s",
    ],
)
def test_the_lines_of_an_issued_invoice_do_not_change(
    database: Database, clinic: Clinic, invoice: InvoiceHead, statement: str
) -> None:
    assert refused(database, clinic, statement, {"id": invoice.id}) == "invoice_line_frozen"


def test_an_issued_invoice_is_not_deleted(database: Database, clinic: Clinic, invoice: InvoiceHead) -> None:
    assert refused(database, clinic, "delete from invoice where id = %(id)s", {"id": invoice.id}) == "invoice_frozen"


@pytest.mark.parametrize(
    ("totals", "constraint"),
    [
        ("net = 79, total = 79", "invoice_totals"),
        ("tax = 1, total = 81", "invoice_totals"),
        ('totals_json = \'{"net": "1.00", "tax": "0.00", "total": "1.00"}\'', "invoice_totals"),
    ],
)
def test_a_draft_is_not_issued_with_other_totals_than_its_lines(
    database: Database, clinic: Clinic, totals: str, constraint: str
) -> None:
    made = draft(clinic, make_patient(clinic))
    statement = (
        "update invoice set status = 'issued', number = 'X-1', series = 'X', series_year = 2026, sequence = 1,"
        f" issued_at = now(), issued_on = current_date, currency = 'EUR', {totals} where id = %(id)s"
    )
    assert refused(database, clinic, statement, {"id": made.id}) == constraint


def test_a_draft_has_no_number_and_a_paper_begins_as_a_draft(database: Database, clinic: Clinic) -> None:
    made = draft(clinic, make_patient(clinic))
    stamp = "number = 'X-1', series = 'X', series_year = 2026, sequence = 1, issued_on = current_date, currency = 'EUR'"
    numbered = f"update invoice set {stamp}, issued_at = now() where id = %(id)s"
    assert refused(database, clinic, numbered, {"id": made.id}) == "ck_invoice_issued_at"
    half = "update invoice set number = 'X-1' where id = %(id)s"
    assert refused(database, clinic, half, {"id": made.id}) == "ck_invoice_issue_stamp"
    born_issued = (
        "insert into invoice (id, organization_id, patient_id, clinic_location_id, status)"
        " select gen_random_uuid(), organization_id, patient_id, clinic_location_id, 'issued' from invoice"
        " where id = %(id)s"
    )
    assert refused(database, clinic, born_issued, {"id": made.id}) == "invoice_begins_as_draft"


def test_a_number_is_given_once(database: Database, clinic: Clinic, invoice: InvoiceHead) -> None:
    statement = (
        "insert into number_series (organization_id, series, year, last)"
        " select organization_id, series, series_year, 0 from invoice where id = %(id)s"
    )
    assert refused(database, clinic, statement, {"id": invoice.id}) == pg.InsufficientPrivilege.sqlstate
    rewind = "update number_series set last = 0"
    assert refused(database, clinic, rewind, {}) == pg.InsufficientPrivilege.sqlstate


def _payment(amount: str) -> str:
    return (
        "insert into payment (id, organization_id, invoice_id, receipt_id, amount, method, received_at)"
        f" select gen_random_uuid(), organization_id, %(invoice)s, id, {amount}, method, received_at"
        " from receipt where id = %(receipt)s"
    )


@pytest.mark.parametrize(
    ("amount", "constraint"),
    [
        ("20.01", "ck_receipt_not_over_allocated"),
        ("-30.01", "ck_receipt_not_over_allocated"),
        ("0", "ck_payment_amount"),
        ("'NaN'", "ck_payment_amount"),
    ],
)
def test_no_more_is_allocated_than_received(
    database: Database, clinic: Clinic, invoice: InvoiceHead, taken: ReceiptHead, amount: str, constraint: str
) -> None:
    values = {"invoice": invoice.id, "receipt": taken.id}
    assert refused(database, clinic, _payment(amount), values) == constraint


def test_no_more_is_allocated_than_owed(
    database: Database, clinic: Clinic, invoice: InvoiceHead, taken: ReceiptHead
) -> None:
    small = priced(clinic, invoice.patient_id, "10.00")
    values = {"invoice": small.id, "receipt": taken.id}
    assert refused(database, clinic, _payment("10.01"), values) == "ck_invoice_not_over_allocated"


def test_a_draft_and_an_unknown_invoice_take_no_payment(database: Database, clinic: Clinic, taken: ReceiptHead) -> None:
    made = draft(clinic, make_patient(clinic))
    assert refused(database, clinic, _payment("1"), {"invoice": made.id, "receipt": taken.id}) == "payment_needs_issued"
    nowhere = {"invoice": new_id(), "receipt": taken.id}
    assert refused(database, clinic, _payment("1"), nowhere) == "fk_payment_invoice_id"


@pytest.mark.parametrize(
    "statement",
    [
        "update payment set amount = amount * 2",
        "delete from payment",
        "update receipt set amount = 1",
        "update receipt set allocated = 0",
        "delete from receipt",
        "truncate payment",
    ],
)
def test_money_taken_is_not_rewritten(database: Database, clinic: Clinic, taken: ReceiptHead, statement: str) -> None:
    assert refused(database, clinic, statement, {}) == pg.InsufficientPrivilege.sqlstate


def test_a_payment_says_what_its_receipt_says(database: Database, clinic: Clinic, taken: ReceiptHead) -> None:
    (payment,) = read(clinic, _invoice_of(database, clinic)).payments
    with as_app(database, clinic) as connection:
        connection.execute(
            "insert into payment (id, organization_id, invoice_id, receipt_id, amount, method, received_at, reference)"
            " select gen_random_uuid(), organization_id, invoice_id, receipt_id, 1, 'other', now(), 'forged'"
            " from payment"
        )
        found = connection.execute("select distinct method, reference from payment").fetchall()
    assert found == [(payment.method.value, "")]


def test_another_organisation_sees_and_moves_nothing(
    database: Database, clinic: Clinic, invoice: InvoiceHead, taken: ReceiptHead
) -> None:
    other = make_clinic()
    with as_app(database, other) as connection:
        for table in ("invoice", "invoice_line", "payment", "receipt", "document_event", "number_series"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)
        changed = connection.execute("update invoice set bill_to_json = '{}' where id = %s", [invoice.id])
        assert changed.rowcount == 0
    forged = (
        "insert into payment (id, organization_id, invoice_id, receipt_id, amount, method, received_at)"
        " values (gen_random_uuid(), %(org)s, %(invoice)s, %(receipt)s, 1, 'cash', now())"
    )
    values = {"org": clinic.organization_id, "invoice": invoice.id, "receipt": taken.id}
    assert refused(database, other, forged, values) == pg.InsufficientPrivilege.sqlstate


def _invoice_of(database: Database, clinic: Clinic) -> UUID:
    with as_app(database, clinic) as connection:
        row = connection.execute("select invoice_id from payment").fetchone()
    assert row is not None
    assert isinstance(row[0], UUID)
    return row[0]
