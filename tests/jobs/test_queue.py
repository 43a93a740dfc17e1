"""The queue: jobs belong to the transaction that asks for them, carry ids alone, and wait once under a key."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from importlib.metadata import version
from threading import Barrier

import pytest

from clinic_core.access import system_actor_of, unit_of_work
from clinic_core.errors import InvalidInput
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.queue import defer
from tests.factories import Clinic, make_clinic
from tests.harness import Database
from tests.jobs.arrange import NOTE, jobs, queue


class Undone(Exception):
    """Ends a unit of work without keeping it."""


def test_a_job_is_queued_with_its_transaction_or_not_at_all(own_database: Database) -> None:
    clinic, subject = make_clinic(), new_id()
    actor = system_actor_of(clinic.organization_id)
    with suppress(Undone), unit_of_work(actor) as work:
        assert defer(work, NOTE, {"subject_id": subject})
        raise Undone
    assert jobs(own_database) == []
    with unit_of_work(actor) as work:
        assert defer(work, NOTE, {"subject_id": subject})
        assert jobs(own_database) == []
    ids = {"organization_id": str(clinic.organization_id), "subject_id": str(subject)}
    assert jobs(own_database) == [("todo", 0, ids, None)]


def test_a_job_may_begin_later_and_its_time_has_a_zone(own_database: Database) -> None:
    clinic = make_clinic()
    with unit_of_work(system_actor_of(clinic.organization_id)) as work:
        defer(work, NOTE, at=now() + timedelta(hours=1))
        with pytest.raises(InvalidInput):
            defer(work, NOTE, at=datetime(2031, 1, 1))  # noqa: DTZ001 (the point of it)
    assert jobs(own_database)[0][3] == pytest.approx(3600, abs=60)


def test_a_keyed_job_waits_once_for_each_organisation(own_database: Database) -> None:
    first, second = make_clinic(), make_clinic()
    assert [queue(clinic, key="daily") for clinic in (first, second, first)] == [True, True, False]
    assert len(jobs(own_database)) == 2


def test_of_two_transactions_that_queue_the_same_key_at_once_one_does(own_database: Database) -> None:
    clinic, together = make_clinic(), Barrier(2)
    actor = system_actor_of(clinic.organization_id)

    def ask() -> bool:
        with unit_of_work(actor) as work:
            assert work.session is not None
            together.wait()
            return defer(work, NOTE, key="daily")

    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(ask) for _ in range(2)]
        assert sorted(answer.result() for answer in answers) == [False, True]
    assert len(jobs(own_database)) == 1


def test_the_transaction_goes_on_after_a_key_that_waits_already(own_database: Database) -> None:
    clinic = make_clinic()
    with unit_of_work(system_actor_of(clinic.organization_id)) as work:
        assert [defer(work, NOTE, key="daily") for _ in range(3)] == [True, False, False]
        assert defer(work, "test.other")
    assert (len(jobs(own_database)), len(jobs(own_database, "test.other"))) == (1, 1)


def test_the_schema_of_the_queue_holds_the_librarys_tables_alone_and_the_app_gets_what_it_needs(
    database: Database, clinic: Clinic
) -> None:
    """They have no organisation and no row-level security, so they must never hold anything else."""
    with database.connect_owner() as owner:
        tables = owner.execute(
            "select c.relname, has_table_privilege('clinic_app', c.oid, 'select, insert, update, delete'),"
            " has_table_privilege('clinic_app', c.oid, 'delete'), has_table_privilege('clinic_app', c.oid, 'truncate'),"
            " coalesce(c.relacl::text like '%,=%' or c.relacl::text like '{=%', false)"
            " from pg_class c where c.relnamespace = 'queue'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')"
            " order by 1"
        ).fetchall()
        open_to_all = owner.execute(
            "select proname from pg_proc p where pronamespace = 'queue'::regnamespace"
            " and has_function_privilege('public', p.oid, 'execute')"
        ).fetchall()
        comment = owner.execute("select obj_description('queue'::regnamespace)").fetchone()
        creates = owner.execute("select has_schema_privilege('clinic_app', 'queue', 'create')").fetchone()
    assert tables == [
        ("procrastinate_events", True, False, False, False),
        ("procrastinate_jobs", True, True, False, False),
        ("procrastinate_periodic_defers", True, True, False, False),
        ("procrastinate_workers", True, True, False, False),
    ]
    assert open_to_all == []
    assert creates == (False,)
    assert comment == (f"procrastinate {version('procrastinate')}",)
