"""`clinic check`: green on a sound database, and every check names what is broken."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from clinic_core.access import perform
from clinic_core.billing.schemas import DraftInvoice, DraftLine, IssueInvoice, RecordReceipt
from clinic_core.billing.service import draft_invoice, issue_invoice, record_receipt
from clinic_core.db.promises import RULE_TRIGGERS
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.vocabulary import ItemType, PaymentMethod
from tests.cli.shell import CHECKS, SOUND, clinic
from tests.factories import make_clinic, make_patient, slot
from tests.harness import Database, Harness, use_database


@pytest.fixture(scope="module")
def busy_template(database: Database, harness: Harness) -> Iterator[Database]:
    """A clinic with an appointment, an issued invoice and a receipt for part of it; made once and only copied."""
    template = harness.clone()
    with use_database(template):
        do_business()
    yield template
    harness.drop(template)


@pytest.fixture
def busy_database(busy_template: Database, harness: Harness) -> Iterator[Database]:
    """A copy of the busy clinic for a test to break; the engines lead to it."""
    made = harness.clone(busy_template)
    with use_database(made):
        yield made
    harness.drop(made)


def do_business() -> None:
    made = make_clinic()
    patient = make_patient(made)
    starts_at, ends_at = slot()
    booking = BookAppointment(
        patient_id=patient,
        practitioner_user_id=made.users["practitioner"],
        clinic_location_id=made.main,
        starts_at=starts_at,
        ends_at=ends_at,
        resource_ids=(made.room, made.laser),
        product_service_id=made.service,
    )
    manager = made.actor("manager")
    perform(manager, book_appointment, booking)
    for _ in range(2):
        line = DraftLine(item_type=ItemType.SERVICE, product_service_id=made.service)
        draft = perform(
            manager, draft_invoice, DraftInvoice(patient_id=patient, lines=(line,), clinic_location_id=made.main)
        )
        perform(manager, issue_invoice, IssueInvoice(invoice_id=draft.id))
    money = RecordReceipt(
        patient_id=patient,
        amount=Decimal("30.00"),
        method=PaymentMethod.CARD,
        received_at=datetime.now(UTC) - timedelta(minutes=1),
        invoice_ids=(draft.id,),
    )
    perform(manager, record_receipt, money)


def superuser(database: Database) -> psycopg.Connection:
    """Past all triggers, as nobody but the server's own superuser can be."""
    connection = psycopg.connect(database.server.superuser_conninfo(database.name), autocommit=True)
    connection.execute("set session_replication_role = replica")
    return connection


def test_a_sound_database_passes_every_check(busy_database: Database) -> None:
    result = clinic("check", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == SOUND


def test_for_people_each_check_is_one_line(busy_database: Database) -> None:
    assert clinic("check").stdout.splitlines() == [f"ok      {name}" for name in CHECKS]


@pytest.mark.parametrize(
    ("broken_by", "check", "fault"),
    [
        ("alter table patient add column odd int", "schema", "odd"),
        (
            "alter table appointment drop constraint ck_appointment_order",
            "constraints",
            "ck_appointment_order is missing",
        ),
        ("alter table reservation drop constraint reservation_no_overlap", "constraints", "reservation_no_overlap"),
        pytest.param(
            "alter table payment drop constraint ck_payment_amount;"
            "alter table payment add constraint ck_payment_amount check (amount > 0) not valid",
            "constraints",
            "ck_payment_amount is not valid",
            marks=pytest.mark.filterwarnings("ignore:Can't validate argument:sqlalchemy.exc.SAWarning"),
        ),
        ("alter table patient disable row level security", "row-level security", "patient: row-level security is off"),
        ("drop policy tenant on invoice", "row-level security", "invoice: the policy"),
        ("create policy open on visit to clinic_app using (true)", "row-level security", "visit: the policy"),
        ("alter table draft owner to clinic_app", "row-level security", "draft: belongs to clinic_app"),
        (
            "alter view reservation_wanted set (security_invoker = false)",
            "row-level security",
            "reservation_wanted: reads with the rights of its owner",
        ),
        ("alter table invoice disable trigger audit_update", "audit coverage", "invoice: the trigger audit_update"),
        ("drop trigger a_stamp on patient", "audit coverage", "patient: the trigger a_stamp"),
        ("alter table payment disable trigger payment_apply", "rules", "payment: the trigger payment_apply"),
        ("grant insert on reservation to clinic_app", "rules", "reservation: clinic_app may write it"),
        (
            "alter table audit_log_default disable trigger append_only_truncate",
            "rules",
            "audit_log_default: the trigger append_only_truncate",
        ),
        ("delete from reservation where kind = 'room'", "reservations", "is not reserved as it should be"),
        (
            "update reservation set during = tstzrange(lower(during), upper(during) + interval '1 hour')"
            " where kind = 'equipment'",
            "reservations",
            "is reserved without need",
        ),
        ("delete from invoice where sequence = 1", "numbers", "1 documents from 2 to 2, 2 numbers given out"),
        ("update number_series set last = last + 1 where series = 'RCT'", "numbers", "2 numbers given out"),
        ("update invoice set paid = paid + 1 where paid > 0", "ledger", "paid is 31.00, payments are 30.00"),
        ("update invoice set net = net + 1, total = total + 1", "ledger", "its totals are not those of its lines"),
        ("update receipt set allocated = 29", "ledger", "allocated is 29.00, payments are 30.00"),
        (
            "update invoice_line set item_type = 'fee', appointment_id = (select id from appointment limit 1)",
            "ledger",
            "2 documents charge for it",
        ),
        (
            "update receipt set patient_id = gen_random_uuid()",
            "ledger",
            "balances less credit are 0.00, papers and money are -30.00",
        ),
        (
            "insert into closing (id, organization_id, kind, clinic_location_id, starts_on, ends_on) select"
            " gen_random_uuid(), organization_id, 'day', clinic_location_id, received_on, received_on from receipt",
            "ledger",
            "card is signed as 0, receipts are 30.00",
        ),
        (
            "insert into closing (id, organization_id, kind, starts_on, ends_on, figures_json)"
            " select gen_random_uuid(), organization_id, 'month', date_trunc('month', received_on),"
            " date_trunc('month', received_on)"
            """ + interval '1 month' - interval '1 day', '{"invoiced": "170.00"}' from receipt""",
            "ledger",
            "invoiced is signed as 170.00, the books say 160.00",
        ),
    ],
)
def test_what_is_broken_is_named(busy_database: Database, broken_by: str, check: str, fault: str) -> None:
    with superuser(busy_database) as connection:
        connection.execute(broken_by)
    result = clinic("check", "--json")
    assert result.exit_code == 1
    failed = {one["name"]: one["faults"] for one in json.loads(result.stdout) if one["status"] == "failed"}
    assert check in failed
    assert any(fault in one for one in failed[check]), failed


def test_every_trigger_is_known_to_the_checks(own_database: Database) -> None:
    with own_database.connect_owner() as owner:
        found = owner.execute(
            "select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
            " where c.relnamespace = 'public'::regnamespace and not t.tgisinternal"
            " and c.relname !~ '^audit_log_[0-9]' and t.tgname <> 'a_stamp' and t.tgname !~ '^audit_'"
        ).fetchall()
    assert {(table, name) for table, names in RULE_TRIGGERS.items() for name in names} == set(found)


def test_a_month_of_the_audit_log_without_a_partition_is_named(own_database: Database) -> None:
    with own_database.connect_owner() as owner:
        last = owner.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_log'::regclass"
            " and inhrelid::regclass::text <> 'audit_log_default' order by 1 desc limit 1"
        ).fetchone()
        assert last
        owner.execute(f"drop table {last[0]}")
    faults = " ".join(json.loads(clinic("check", "--json").stdout)[CHECKS.index("audit partitions")]["faults"])
    assert f"{last[0]}: the partition is missing" in faults


def test_a_row_in_the_default_partition_is_named(busy_database: Database) -> None:
    with busy_database.connect_owner() as owner:
        owner.execute(
            "insert into audit_log (created_at, organization_id, use_case, entity_type, action, diff_json)"
            " select now() + interval '20 years', id, 'test', 'test', 'test', '{}' from organization limit 1"
        )
    result = json.loads(clinic("check", "--json").stdout)[CHECKS.index("audit partitions")]
    assert result["faults"] == ["audit_log_default: holds 1 rows, so the partition of their month cannot be made."]


def test_a_database_behind_the_code_gets_no_further_than_the_schema(own_database: Database) -> None:
    with own_database.connect_owner() as owner:
        owner.execute("update alembic_version set version_num = 'older'")
    result = clinic("check", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == [
        {
            "name": "schema",
            "status": "failed",
            "faults": ["The database is not at the newest revision; run clinic migrate."],
        }
    ]
