"""What holds for every table, read from PostgreSQL's catalogue, so that a new table cannot be forgotten."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.db.snapshot import describe
from tests.harness import Database

GLOBAL = {"permission", "sign_in_attempt", "alembic_version"}
UNAUDITED = {"audit_log", "reservation", "number_series", "user_session", "sign_in_attempt", "draft", "request"}
SNAPSHOT = Path(__file__).parents[1] / "golden" / "schema.txt"


@pytest.fixture(scope="module")
def owner(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect_owner() as connection:
        yield connection


def names(owner: psycopg.Connection, sql: str) -> set[str]:
    return {row[0] for row in owner.execute(sql)}


def tables(owner: psycopg.Connection) -> set[str]:
    """Every table of ours but the partitions, whose rows are reached through their parent alone."""
    return names(
        owner,
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition",
    )


def test_every_table_but_the_global_ones_carries_its_organisation(owner: psycopg.Connection) -> None:
    carrying = names(
        owner,
        "select attrelid::regclass::text from pg_attribute where attname = 'organization_id' and attnotnull",
    )
    assert tables(owner) - carrying == GLOBAL | {"organization"}


def test_every_tenant_table_has_row_level_security_that_fails_closed(owner: psycopg.Connection) -> None:
    secured = names(
        owner,
        "select c.relname from pg_class c join pg_policy p on p.polrelid = c.oid"
        " where c.relrowsecurity and not c.relforcerowsecurity and pg_get_expr(p.polqual, c.oid) like"
        " '%( SELECT (NULLIF(current_setting(''clinic.organization_id''::text, true), ''''::text))::uuid%'"
        " and p.polroles = array['clinic_app'::regrole::oid]",
    )
    assert tables(owner) - secured == GLOBAL


def test_the_app_owns_nothing_and_cannot_step_around_row_level_security(owner: psycopg.Connection) -> None:
    role = owner.execute(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'clinic_app'"
    ).fetchone()
    assert role == (False, False, False, False)
    assert names(owner, "select relname from pg_class where relowner = 'clinic_app'::regrole") == set()


def test_partitions_of_the_audit_log_are_granted_to_nobody(owner: psycopg.Connection) -> None:
    granted = names(owner, "select relname from pg_class where relispartition and relkind = 'r' and relacl is not null")
    assert granted == set()


def test_every_table_is_audited_on_insert_update_and_delete(owner: psycopg.Connection) -> None:
    audited = names(
        owner,
        "select c.relname from pg_class c join pg_trigger t on t.tgrelid = c.oid join pg_proc f on f.oid = t.tgfoid"
        " where f.proname = 'audit_rows' and t.tgenabled = 'O' group by c.relname having count(*) = 3",
    )
    unaudited = tables(owner) - audited
    assert unaudited == UNAUDITED | {"permission", "alembic_version", "organization"}
    organization = names(owner, "select tgname from pg_trigger where tgrelid = 'organization'::regclass")
    assert "audit_row" in organization


def test_every_table_but_the_technical_ones_is_stamped(owner: psycopg.Connection) -> None:
    stamped = names(
        owner,
        "select c.relname from pg_class c join pg_trigger t on t.tgrelid = c.oid join pg_proc f on f.oid = t.tgfoid"
        " where f.proname in ('stamp', 'stamp_version')",
    )
    assert tables(owner) - stamped == UNAUDITED | {"permission", "alembic_version"}


def test_every_reference_to_a_tenant_row_carries_the_tenant(owner: psycopg.Connection) -> None:
    loose = names(
        owner,
        "select conrelid::regclass || '.' || conname from pg_constraint where contype = 'f'"
        " and connamespace = 'public'::regnamespace and conparentid = 0"
        " and confrelid not in ('organization'::regclass, 'permission'::regclass)"
        " and not exists (select from pg_attribute a where a.attrelid = conrelid and a.attnum = any(conkey)"
        " and a.attname = 'organization_id')",
    )
    assert loose == set()


def test_every_column_named_like_a_reference_is_one(owner: psycopg.Connection) -> None:
    unbound = names(
        owner,
        "select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace"
        " and a.attname like '%\\_id' and a.atttypid = 'uuid'::regtype"
        " and a.attname not in ('organization_id', 'request_id') and not exists (select from pg_constraint f"
        " where f.conrelid = c.oid and f.contype = 'f' and a.attnum = any(f.conkey))",
    )
    # Either kind of subject, any kind of row, any form's object, history that outlives its row, a generated column.
    assert unbound == {
        "reservation.subject_id",
        "audit_log.entity_id",
        "external_reference.entity_id",
        "draft.object_id",
        "invoice_line.item_id",
        "appointment_event.from_practitioner_user_id",
        "appointment_event.to_practitioner_user_id",
        "appointment_event.from_clinic_location_id",
        "appointment_event.to_clinic_location_id",
        "request.actor_user_id",
    }


def test_every_foreign_key_has_an_index_that_starts_with_it(owner: psycopg.Connection) -> None:
    missing = names(
        owner,
        "select f.conrelid::regclass || '.' || f.conname from pg_constraint f where f.contype = 'f'"
        " and f.connamespace = 'public'::regnamespace and f.conparentid = 0"
        " and not exists (select from pg_index i where i.indrelid = f.conrelid"
        " and i.indpred is null and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)",
    )
    assert missing == set()


def test_every_audited_table_is_indexed_by_organisation_and_time(owner: psycopg.Connection) -> None:
    indexed = names(
        owner,
        "select tablename from pg_indexes where schemaname = 'public'"
        " and indexdef like '%(organization_id, created_at)%'",
    )
    assert tables(owner) - indexed - {"user_session"} == GLOBAL | {
        "organization",
        "number_series",
        "reservation",
        "draft",
        "request",
    }


def test_no_function_of_ours_is_callable_by_everybody(owner: psycopg.Connection) -> None:
    open_to_all = names(
        owner,
        "select proname from pg_proc p where p.pronamespace = 'public'::regnamespace"
        " and p.proowner = 'clinic_owner'::regrole and has_function_privilege('public', p.oid, 'execute')",
    )
    assert open_to_all == set()


def test_functions_with_the_owners_rights_fix_their_search_path(owner: psycopg.Connection) -> None:
    loose = names(
        owner,
        "select proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef"
        " and not coalesce(p.proconfig::text like '%search_path=pg_catalog, public, pg_temp%', false)",
    )
    assert loose == set()


def test_before_the_tenant_is_known_only_the_named_functions_answer(owner: psycopg.Connection) -> None:
    callable_by_app = names(
        owner,
        "select proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prosecdef"
        " and has_function_privilege('clinic_app', p.oid, 'execute')",
    )
    tenantless = {
        "auth_find_user",
        "auth_find_session",
        "auth_redeem_ticket",
        "auth_find_link",
        "ics_find_feed",
        "jobs_organizations",
        "organization_find",
    }
    inside_a_tenant = {"audit_event", "patient_search", "next_number", "next_numbers"}
    assert tenantless <= callable_by_app <= tenantless | inside_a_tenant


def test_views_use_the_rights_of_the_one_who_asks(owner: psycopg.Connection) -> None:
    views = names(
        owner, "select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace"
    )
    safe = names(
        owner, "select relname from pg_class where relkind = 'v' and 'security_invoker=true' = any(reloptions)"
    )
    extension = names(
        owner, "select objid::regclass::text from pg_depend where deptype = 'e' and classid = 'pg_class'::regclass"
    )
    assert views - extension - safe == set()


def test_the_schema_is_the_one_that_was_reviewed(owner: psycopg.Connection) -> None:
    """Autogenerate is silent about constraints, policies, triggers, grants and defaults: the snapshot is not.

    After a wanted change: `python -m tests.db.snapshot > tests/golden/schema.txt`, and read the difference.
    """
    assert describe(owner).splitlines() == SNAPSHOT.read_text(encoding="utf-8").splitlines()
