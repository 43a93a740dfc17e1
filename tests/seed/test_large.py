"""`clinic seed large` in a database of its own: as much as asked for, in order, and twice alike."""

import json
from datetime import UTC, datetime, timedelta

from clinic_core.seed.large_plan import plan_appointments, plan_patients, sites_for
from tests.cli.shell import SOUND, clinic
from tests.harness import Database
from tests.seed.test_demo import business

AS_OF = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
SIZE = ("--patients", "150", "--appointments", "700", "--invoices", "460", "--today", "2026-11-24", "--json")
COMPARED = ("patients", "appointments", "reservations")


def test_a_large_clinic_is_in_order_and_twice_alike(own_database: Database) -> None:
    made = [clinic("seed", "large", "--organization", name, *SIZE) for name in ("One", "Two")]
    assert [result.exit_code for result in made] == [0, 0], [result.output for result in made]
    counts = json.loads(made[0].stdout)
    assert (counts["patient"], counts["appointment"], counts["app_user"]) == (150, 700, 21)
    assert counts["invoice"] == 460
    assert json.loads(clinic("check", "--json").stdout) == SOUND
    with own_database.connect_owner() as owner:
        one, two = (business(owner, name) for name in ("One", "Two"))
        written = owner.execute("select count(*) from audit_log where entity_type = 'appointment'").fetchone()
        events = owner.execute("select count(*) from appointment_event").fetchone()
    assert {name: one[name] for name in COMPARED} == {name: two[name] for name in COMPARED}
    assert None not in {one[name] for name in COMPARED}
    assert written == (2,)
    assert events == (1400,)


def test_appointments_without_patients_are_refused(own_database: Database) -> None:
    refused = clinic("seed", "large", "--patients", "0", "--appointments", "10")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "Appointments and invoices need patients; ask for at least one.\n",
    )


def test_the_plan_lies_on_both_sides_of_the_day_and_has_the_size_asked_for() -> None:
    planned = list(plan_appointments(7, 5_000, 500, AS_OF))
    assert len(planned) == 5_000
    assert min(one.starts_at for one in planned) < AS_OF - timedelta(days=7)
    assert max(one.starts_at for one in planned) > AS_OF + timedelta(days=7)
    assert planned != list(plan_appointments(8, 5_000, 500, AS_OF))


def test_more_appointments_take_more_sites() -> None:
    assert [sites_for(count) for count in (0, 1, 200_000, 200_001, 1_000_000)] == [1, 1, 1, 2, 5]


def test_patients_are_invented_and_counted() -> None:
    patients = list(plan_patients(7, 50, AS_OF.date()))
    assert [one.index for one in patients] == list(range(50))
    assert all(one.email.endswith("@example.org") and one.phone.startswith("+49 30 23125") for one in patients)
