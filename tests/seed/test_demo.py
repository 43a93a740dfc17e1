"""`clinic seed demo` in a database of its own: what it leaves behind, and that it does so twice alike."""

import json

import psycopg
import pytest

from clinic_core.access import actor_for
from clinic_core.auth.passwords import verify_password
from clinic_core.seed.demo_base import DEMO_PASSWORD, demo_email
from clinic_core.settings import settings
from clinic_core.vocabulary import BaselineRole
from tests.cli.shell import clinic
from tests.harness import Database

OPTIONS = ("seed", "demo", "--json", "--today", "2026-11-24")

# What the clinic is about, without ids and stamps; each row as text, in an order of its own.
BUSINESS = {
    "patients": "select code, first_name, last_name, dob, sex, contact_json, insurance_json from patient t",
    "appointments": "select p.code, s.code, u.display_name, l.name, starts_at, ends_at, t.status, status_at,"
    " cancelled_by, cancelled_late from appointment t join patient p on p.id = t.patient_id join app_user u"
    " on u.id = t.practitioner_user_id join clinic_location l on l.id = t.clinic_location_id"
    " join product_service s on s.id = t.product_service_id",
    "reservations": "select kind, during, basis from reservation t",
    "visits": "select p.code, visited_at, t.status, signed_at, notes_json, revision from visit t"
    " join patient p on p.id = t.patient_id",
    "invoices": "select p.code, number, issued_at, due_on, net, tax, total, paid, balance, t.status from invoice t"
    " join patient p on p.id = t.patient_id",
    "receipts": "select number, amount, allocated, method, received_at, received_on from receipt t",
}


def business(connection: psycopg.Connection, organization: str) -> dict[str, str | None]:
    """A digest of everything the clinic is about."""
    digests: dict[str, str | None] = {}
    for name, query in BUSINESS.items():
        row = connection.execute(
            f"select md5(string_agg(row::text, e'\\n' order by row::text)) from ({query} where t.organization_id ="
            " (select id from organization where name = %s)) row",
            [organization],
        ).fetchone()
        digests[name] = str(row[0]) if row and row[0] else None
    return digests


def one(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    assert row
    return int(str(row[0]))


def test_two_runs_make_the_same_sound_and_lively_clinic(own_database: Database) -> None:
    first = clinic(*OPTIONS)
    assert first.exit_code == 0, first.output
    counts = json.loads(first.stdout)
    assert counts["clinic_location"] == 2
    assert counts["patient"] == 120
    assert counts["appointment"] > 1200
    assert counts["visit"] > 900
    assert counts["invoice"] > 300
    assert counts["receipt"] > 250

    with own_database.connect_owner() as owner:
        assert one(owner, "select count(*) from invoice where status = 'draft'") > 0
        assert one(owner, "select count(*) from invoice where balance > 0 and paid > 0") > 3
        assert one(owner, "select count(*) from invoice where balance > 0 and due_on < '2026-11-24'") > 10
        assert one(owner, "select count(*) from invoice where status = 'void'") == 3
        assert one(owner, "select count(*) from invoice where kind = 'credit_note' and status = 'issued'") == 3
        assert one(owner, "select count(*) from invoice where written_off > 0 and balance = 0") == 1
        assert one(owner, "select count(*) from receipt where kind = 'refund'") == 1
        assert one(owner, "select count(*) from payment where amount < 0") >= 2
        buckets = (
            "select count(distinct least((date '2026-11-24' - due_on - 1) / 30, 3)) from invoice where balance > 0"
        )
        assert one(owner, buckets + " and due_on < '2026-11-24'") == 4
        assert one(owner, "select count(*) from receipt where allocated < amount") >= 4
        assert one(owner, "select count(*) from visit_revision where kind = 'amend'") > 3
        assert (
            one(owner, "select count(*) from draft") >= 1
            or one(owner, "select count(*) from appointment where status = 'in_progress'") == 0
        )
        assert one(owner, "select count(*) from audit_log where use_case = 'owner'") == 0
        assert one(owner, "select count(*) from patient where user_id is not null") == 1

    for sign_in, role in (
        ("owner", BaselineRole.OWNER),
        ("north", BaselineRole.PRACTITIONER),
        ("patient", BaselineRole.PATIENT),
    ):
        actor = actor_for(email=demo_email("Demo Clinic", sign_in), organization="Demo Clinic")
        assert actor.role_keys == {role}

    again = clinic(*OPTIONS)
    assert again.exit_code == 1
    assert "exists already" in again.stderr

    second = clinic(*OPTIONS, "--organization", "Second Demo")
    assert json.loads(second.stdout) == counts
    with own_database.connect_owner() as owner:
        assert business(owner, "Second Demo") == business(owner, "Demo Clinic")
        assert None not in business(owner, "Demo Clinic").values()
        hashes = [str(row[0]) for row in owner.execute("select password_hash from app_user").fetchall()]
    assert len(set(hashes)) == len(hashes)
    assert verify_password(hashes[0], DEMO_PASSWORD)

    checked = clinic("check", "--json")
    assert [result["faults"] for result in json.loads(checked.stdout)] == [[]] * 9


def test_production_gets_no_people_with_a_well_known_password(
    own_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLINIC_ENVIRONMENT", "production")
    monkeypatch.setenv("CLINIC_SECRET_KEY", "x1" * 20)
    settings.cache_clear()
    try:
        refused = clinic(*OPTIONS)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert refused.exit_code == 1
    assert "In production no demo clinic is made" in refused.stderr
