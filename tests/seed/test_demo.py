"""`clinic seed demo` in a database of its own: what it leaves behind, and that it does so twice alike."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from clinic_core.access import actor_for, system_actor, unit_of_work
from clinic_core.auth.passwords import verify_password
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.conflicts import WantedTime, find_obstacles
from clinic_core.scheduling.queries import displaced_appointments, list_recall, list_series_gaps, list_waiting
from clinic_core.scheduling.schemas import ListDisplaced, ListRecall, ListSeriesGaps, ListWaiting
from clinic_core.seed.demo_base import DEMO_PASSWORD, demo_email
from clinic_core.settings import settings
from clinic_core.vocabulary import BaselineRole, ConflictKind, Severity
from tests.cli.shell import SOUND, clinic
from tests.harness import Database

OPTIONS = ("seed", "demo", "--json", "--today", "2026-11-24")
# What is no fault in a clinic that lives: time passes, people come twice a day, one is ill and a device broken.
ALLOWED = {ConflictKind.PAST, ConflictKind.SAME_DAY, ConflictKind.ABSENCE, ConflictKind.OUT_OF_SERVICE}

# What the clinic is about, without ids and stamps; each row as text, in an order of its own.
BUSINESS = {
    "patients": "select code, first_name, last_name, dob, sex, contact_json, insurance_json from patient t",
    "appointments": "select p.code, s.code, u.display_name, l.name, starts_at, ends_at, t.status,"
    " case when status_at not in (t.created_at, t.updated_at) then status_at end,"
    " cancelled_by, cancelled_late from appointment t join patient p on p.id = t.patient_id join app_user u"
    " on u.id = t.practitioner_user_id join clinic_location l on l.id = t.clinic_location_id"
    " join product_service s on s.id = t.product_service_id",
    "waiting list": "select p.code, s.code, t.urgency, t.created_at, t.status, booked.starts_at"
    " from waiting_list_entry t join patient p on p.id = t.patient_id"
    " join product_service s on s.id = t.product_service_id"
    " left join appointment booked on booked.id = t.appointment_id",
    "offers": "select starts_at, ends_at, expires_at, t.status from waiting_list_offer t",
    "series": "select p.code, rrule, starts_at_wall, materialised_until, g.original_starts_at, g.kinds_json"
    " from appointment_series t join patient p on p.id = t.patient_id"
    " left join appointment_series_gap g on g.series_id = t.id",
    "absences": "select u.display_name, starts_at, ends_at, kind, reason from absence t"
    " join app_user u on u.id = t.user_id",
    "fees": "select p.code, kind, amount, t.status from appointment_fee t join patient p on p.id = t.patient_id",
    "messages": "select p.code, type, channel, t.status, scheduled_at from notification t"
    " join patient p on p.id = t.patient_id",
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


def against_the_rules(connection: psycopg.Connection, organization: str) -> Counter[ConflictKind]:
    """What the validator finds in the way of appointments that were not booked against the rules on purpose."""
    rows = connection.execute(
        "select a.id, a.patient_id, a.practitioner_user_id, a.clinic_location_id, a.starts_at, a.ends_at,"
        " a.buffer_minutes, array(select r.resource_id from appointment_resource r where r.appointment_id = a.id),"
        " coalesce(a.override_reason, a.double_book_reason) is not null from appointment a"
        " join organization o on o.id = a.organization_id where o.name = %s and a.status <> 'cancelled'",
        [organization],
    ).fetchall()
    on_purpose = {row[0] for row in rows if row[8]}
    names = ("appointment_id", "patient_id", "practitioner_user_id", "clinic_location_id", "starts_at", "ends_at")
    wanted = [
        WantedTime(**dict(zip(names, row[:6], strict=True)), buffer_minutes=row[6], resource_ids=tuple(row[7]))
        for row in rows
        if not row[8]
    ]
    found: Counter[ConflictKind] = Counter()
    with unit_of_work(system_actor(organization)) as work:
        for start in range(0, len(wanted), 60):
            for obstacles in find_obstacles(work.session, work.actor, wanted[start : start + 60]):
                found.update(one.kind for one in obstacles if one.appointment_id not in on_purpose)
    return found


def expect_a_week_worth_opening(organization: str, as_of: datetime) -> None:
    """What manager and desk find to do when they open the demo clinic."""
    with frozen_at(as_of), unit_of_work(system_actor(organization)) as work:
        displaced = displaced_appointments(work, ListDisplaced(limit=50))
        sick = [row for row in displaced.rows if any(one.kind is ConflictKind.ABSENCE for one in row.obstacles)]
        kinds = {one.kind for row in displaced.rows for one in row.obstacles if one.severity is not Severity.INFO}
        assert len(sick) >= 3
        assert len({row.appointment.practitioner_user_id for row in sick}) == 1
        assert kinds - {ConflictKind.PRACTITIONER, ConflictKind.BUFFER} <= {
            ConflictKind.ABSENCE,
            ConflictKind.OUT_OF_SERVICE,
        }
        waiting = list_waiting(work, ListWaiting())
        assert len(waiting) == 8
        assert len({row.urgency for row in waiting}) == 3
        assert [row.offer.is_free for row in waiting if row.offer] == [True]
        assert any(ConflictKind.ABSENCE in gap.kinds for gap in list_series_gaps(work, ListSeriesGaps()))
        recall = ListRecall(seen_from=as_of.date() - timedelta(days=365), seen_to=as_of.date() - timedelta(days=92))
        assert list_recall(work, recall).count >= 5


def expect_a_lively_clinic(database: Database) -> None:
    """Of everything that the pages show there is something, on either side of the day."""
    with database.connect_owner() as owner:
        assert one(owner, "select count(*) from invoice where status = 'draft'") > 0
        assert one(owner, "select count(*) from invoice where balance > 0 and paid > 0") > 3
        assert one(owner, "select count(*) from invoice where balance > 0 and due_on < '2026-11-24'") > 10
        assert one(owner, "select count(*) from invoice where status = 'void'") == 3
        assert one(owner, "select count(*) from invoice where kind = 'credit_note' and status = 'issued'") == 4
        assert one(owner, "select count(*) from invoice where written_off > 0 and balance = 0") == 1
        assert one(owner, "select count(*) from receipt where kind = 'refund'") == 1
        assert one(owner, "select count(*) from payment where amount < 0") >= 2
        in_part = "select count(*) from invoice where kind = 'invoice' and status = 'issued' and credited > 0"
        assert one(owner, in_part) == 1
        assert one(owner, "select count(*) from refund_request where status = 'requested'") == 1
        assert one(owner, "select count(*) from closing where kind = 'day'") == 6
        assert one(owner, "select count(*) from closing where kind = 'month'") == 1
        buckets = (
            "select count(distinct least((date '2026-11-24' - due_on - 1) / 30, 3)) from invoice where balance > 0"
        )
        assert one(owner, buckets + " and due_on < '2026-11-24'") == 4
        assert one(owner, "select count(*) from receipt where allocated < amount") >= 4
        assert one(owner, "select count(distinct step) from payment_reminder") == 2
        assert one(owner, "select count(*) from payment_reminder r join invoice i on i.id = r.invoice_id"
                   " where i.balance > 0 and r.pay_by < '2026-11-17'") > 10  # fmt: skip
        assert one(owner, "select count(*) from reminder_hold") == 1
        assert one(owner, "select count(*) from visit_revision where kind = 'amend'") > 3
        assert (
            one(owner, "select count(*) from draft") >= 1
            or one(owner, "select count(*) from appointment where status = 'in_progress'") == 0
        )
        overridden = "select count(*) from appointment where starts_at {} '2026-11-24' and {}"
        for when in ("<", ">"):
            assert one(owner, overridden.format(when, "double_book_reason is not null")) == 1
            assert one(owner, overridden.format(when, "override_kinds_json = '[\"buffer\"]'")) == 1
            assert one(owner, overridden.format(when, "override_kinds_json = '[\"outside_hours\"]'")) == 1
        of_series = "select count(*) from appointment where series_id is not null and "
        assert one(owner, of_series + "starts_at <> original_starts_at and status <> 'cancelled'") == 1
        assert one(owner, of_series + "status = 'cancelled'") == 1
        assert one(owner, "select count(distinct status) from appointment_fee") == 2
        assert one(owner, "select count(*) from appointment_fee where status = 'waived'") == 1
        assert one(owner, "select count(distinct kind) from absence") == 4
        assert one(owner, "select count(*) from notification where type = 'appointment_reminder'") > 150
        assert against_the_rules(owner, "Demo Clinic").keys() <= ALLOWED
        assert one(owner, "select count(*) from audit_log where use_case = 'owner'") == 0
        assert one(owner, "select count(*) from patient where user_id is not null") == 1


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

    expect_a_lively_clinic(own_database)
    expect_a_week_worth_opening("Demo Clinic", datetime(2026, 11, 24, 10, tzinfo=UTC))

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

    assert json.loads(clinic("check", "--json").stdout) == SOUND


def test_a_clinic_made_on_a_sunday_on_which_the_clocks_change_is_sound(own_database: Database) -> None:
    made = clinic("seed", "demo", "--today", "2027-03-28")
    assert made.exit_code == 0, made.output
    with own_database.connect_owner() as owner:
        found = against_the_rules(owner, "Demo Clinic")
        assert one(owner, "select count(*) from appointment where override_kinds_json <> '[]'") == 4
    assert found.keys() <= ALLOWED
    expect_a_week_worth_opening("Demo Clinic", datetime(2027, 3, 28, 9, tzinfo=UTC))
    assert json.loads(clinic("check", "--json").stdout) == SOUND


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
