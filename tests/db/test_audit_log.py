"""The audit log: nothing is written without it, nothing is taken out of it, nothing clinical is copied into it."""

from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql

from clinic_core.access import owner_work, perform
from clinic_core.errors import PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.models import Patient
from tests.access.test_door import RenameLocation, rename_location
from tests.factories import Clinic, make_patient
from tests.harness import Database

TECHNICAL = {"reservation", "number_series", "user_session", "sign_in_attempt", "draft", "request", "audit_log"}


@pytest.fixture
def app(database: Database, clinic: Clinic) -> Iterator[psycopg.Connection[Any]]:
    """A connection as clinic_app inside the organisation, naming no use case."""
    with database.connect_app() as connection:
        connection.execute("select set_config('clinic.organization_id', %s, false)", (str(clinic.organization_id),))
        connection.commit()
        yield connection
        connection.rollback()


def granted(connection: psycopg.Connection[Any], right: str) -> list[str]:
    rows = connection.execute(
        "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')"
        " and not c.relispartition and has_table_privilege('clinic_app', c.oid, %s)",
        (right,),
    )
    return sorted({str(row[0]) for row in rows} - TECHNICAL - {"permission", "alembic_version"})


@pytest.mark.parametrize("right", ["insert", "update", "delete"])
def test_a_write_of_the_app_that_names_no_use_case_is_refused_for_every_table(
    app: psycopg.Connection[Any], right: str
) -> None:
    tables = granted(app, right)
    assert tables
    statements: dict[str, LiteralString] = {
        "insert": "insert into {t} select * from {t} where false",
        "update": "update {t} set organization_id = organization_id where false",
        "delete": "delete from {t} where false",
    }
    open_tables = []
    for table in tables:
        if table == "organization":
            continue
        statement = statements[right]
        if right == "insert":
            columns = [
                str(row[0])
                for row in app.execute(
                    "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                    " and not attisdropped and attgenerated = ''",
                    (table,),
                )
            ]
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            query = sql.SQL("insert into {t} ({c}) select {c} from {t} where false").format(
                t=sql.Identifier(table), c=names
            )
        else:
            query = sql.SQL(statement).format(t=sql.Identifier(table))
        try:
            app.execute(query)
        except psycopg.errors.InsufficientPrivilege as refused:
            if refused.diag.constraint_name != "audit_use_case":
                open_tables.append(f"{table}: {refused}")
            app.rollback()
            continue
        open_tables.append(table)
        app.rollback()
    assert open_tables == []


def test_the_organisations_own_row_is_not_changed_without_a_use_case(app: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="names no use case"):
        app.execute("update organization set name = 'Mine'")


@pytest.mark.parametrize(
    "statement", ["update audit_log set action = 'x'", "delete from audit_log", "truncate audit_log"]
)
def test_not_even_the_owner_changes_the_audit_log(own_database: Database, statement: LiteralString) -> None:
    with own_database.connect_owner() as owner:
        owner.execute("select set_config('clinic.use_case', 'test', false)")
        owner.execute("insert into organization (id, name) values (gen_random_uuid(), 'Somebody')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            owner.execute(statement)


def test_the_app_reaches_the_audit_log_only_through_its_policy(app: psycopg.Connection[Any]) -> None:
    for statement in ("select * from audit_log_default", "update audit_log set action = 'x'", "delete from audit_log"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
            app.execute(statement)
        app.rollback()


def test_the_app_cannot_ask_for_the_short_audit_of_seeds(app: psycopg.Connection[Any], clinic: Clinic) -> None:
    app.execute("select set_config('clinic.audit', 'summary', true), set_config('clinic.use_case', 'test.short', true)")
    app.execute("update clinic_location set phone = '1'")
    rows = app.execute("select entity_id from audit_log where use_case = 'test.short'").fetchall()
    assert {row[0] for row in rows} == {clinic.main, clinic.branch}


def test_the_owner_may_load_millions_with_one_audit_row_a_statement(database: Database, clinic: Clinic) -> None:
    with database.connect_owner() as owner:
        owner.execute(
            "select set_config('clinic.audit', 'summary', true), set_config('clinic.use_case', 'test.load', true),"
            " set_config('clinic.organization_id', %s, true)",
            (str(clinic.organization_id),),
        )
        owner.execute("update clinic_location set phone = '2' where organization_id = %s", (clinic.organization_id,))
        rows = owner.execute("select entity_id, diff_json from audit_log where use_case = 'test.load'").fetchall()
    assert rows == [(None, {"rows": 2})]


def test_names_and_contacts_of_patients_are_named_but_never_copied(database: Database, clinic: Clinic) -> None:
    patient_id = make_patient(clinic, first_name="Secretive", contact_json={"phone": "5550100"})
    with owner_work("test.change", clinic.organization_id) as session:
        patient = session.get(Patient, patient_id)
        assert patient is not None
        patient.last_name = "Hidden"
    with database.connect_owner() as owner:
        rows = owner.execute(
            "select action, diff_json, diff_json::text from audit_log where entity_id = %s order by created_at",
            (patient_id,),
        ).fetchall()
    assert [row[0] for row in rows] == ["insert", "update"]
    assert rows[0][1]["first_name"] == rows[0][1]["contact_json"] == rows[1][1]["last_name"] == "[redacted]"
    assert not any(word in row[2] for row in rows for word in ("Secretive", "5550100", "Hidden", "secretive"))


def test_a_column_added_later_is_closed_until_a_migration_opens_it(own_database: Database) -> None:
    with own_database.connect_owner() as owner:
        owner.execute("select set_config('clinic.use_case', 'test', false)")
        owner.execute("alter table clinic_location add column door_code int")
        owner.execute("insert into organization (id, name) values (%s, 'Somebody')", (organization := new_id(),))
        owner.execute(
            "insert into clinic_location (id, organization_id, name, timezone, door_code)"
            " values (%s, %s, 'A', 'UTC', 4711)",
            (new_id(), organization),
        )
        row = owner.execute("select diff_json from audit_log where entity_type = 'clinic_location'").fetchone()
    assert row is not None
    assert row[0] == {"id": row[0]["id"], "name": "A", "timezone": "UTC", "active": True, "door_code": "[redacted]"}


def test_a_refusal_names_the_permission_and_no_person(database: Database, clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("patient"), rename_location, RenameLocation(location_id=clinic.main, name="X"))
    with database.connect_owner() as owner:
        row = owner.execute(
            "select actor_user_id, diff_json from audit_log where action = 'refused' and organization_id = %s",
            (clinic.organization_id,),
        ).fetchone()
    assert row == (clinic.users["patient"], {"permission": "settings.manage", "reason": "permission"})


def test_bulk_statements_leave_one_audit_row_for_each_changed_row(database: Database, clinic: Clinic) -> None:
    with database.connect_app() as connection:
        connection.execute(
            "select set_config('clinic.organization_id', %s, true), set_config('clinic.use_case', 'test.bulk', true)",
            (str(clinic.organization_id),),
        )
        connection.execute("update product_service set unit_price = unit_price + 1")
        connection.execute("update product_service set active = active")
        rows = connection.execute(
            "select diff_json from audit_log where use_case = 'test.bulk' and entity_type = 'product_service'"
        ).fetchall()
    assert len(rows) == 2
    assert all(list(row[0]) == ["unit_price"] for row in rows)
