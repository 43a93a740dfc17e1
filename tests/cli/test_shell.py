"""`clinic migrate`, `seed baseline` and `create-owner`, as scripts and people type them."""

import json
from uuid import UUID

from clinic_core.access import actor_for
from clinic_core.auth.baseline import create_organization
from clinic_core.auth.passwords import verify_password
from clinic_core.db.migrate import head
from clinic_core.vocabulary import BaselineRole
from tests.cli.shell import clinic
from tests.harness import Database

PASSWORD = "a-long-and-quiet-river"


def stored_password(database: Database, email: str) -> str:
    with database.connect_owner() as owner:
        row = owner.execute("select password_hash from app_user where email = %s", [email]).fetchone()
    assert row
    return str(row[0])


def test_migrating_twice_stands_at_the_same_revision(own_database: Database) -> None:
    for _ in range(2):
        result = clinic("migrate", "--json")
        assert (result.exit_code, json.loads(result.stdout)) == (0, {"revision": head()})


def test_migrate_gives_every_organisation_its_roles(own_database: Database) -> None:
    create_organization("Bare Clinic")
    with own_database.connect_owner() as owner:
        owner.execute("delete from role_permission")
        owner.execute("delete from role")
    assert clinic("migrate").exit_code == 0
    with own_database.connect_owner() as owner:
        assert owner.execute("select count(*) from role").fetchone() == (len(BaselineRole),)


def test_the_baseline_is_added_once(own_database: Database) -> None:
    first = json.loads(clinic("seed", "baseline", "--json").stdout)
    assert set(first) == {"permissions", "roles", "grants"}
    assert json.loads(clinic("seed", "baseline", "--json").stdout) == dict.fromkeys(first, 0)


def test_an_owner_and_the_organisation_are_made_in_one_step(own_database: Database) -> None:
    options = ("--organization", "New Clinic", "--email", "Owner@new.test", "--name", "Olga Owner", "--json")
    result = clinic("create-owner", *options, CLINIC_PASSWORD=PASSWORD)
    assert result.exit_code == 0
    actor = actor_for(email="owner@new.test", organization="New Clinic")
    assert actor.user_id == UUID(json.loads(result.stdout)["user_id"])
    assert (actor.display_name, list(actor.role_keys)) == ("Olga Owner", ["owner"])
    assert verify_password(stored_password(own_database, "Owner@new.test"), PASSWORD)
    assert PASSWORD not in result.output


def test_a_second_owner_joins_the_organisation_that_exists(own_database: Database) -> None:
    for email in ("one@new.test", "two@new.test"):
        options = ("--organization", "New Clinic", "--email", email)
        assert clinic("create-owner", *options, CLINIC_PASSWORD=PASSWORD).exit_code == 0
    assert actor_for(email="two@new.test", organization="new clinic").display_name == "two@new.test"


def test_the_password_is_asked_for_until_it_is_good_and_typed_twice_alike(own_database: Database) -> None:
    typed = "\n".join(["short", "password", PASSWORD, "another-river", PASSWORD, PASSWORD, ""])
    result = clinic("create-owner", "--organization", "New Clinic", "--email", "owner@new.test", typed=typed)
    assert result.exit_code == 0
    assert "at least 8 characters" in result.stderr
    assert "most common" in result.stderr
    assert "two passwords differ" in result.stderr
    assert PASSWORD not in result.output
    assert verify_password(stored_password(own_database, "owner@new.test"), PASSWORD)


def test_a_refused_owner_leaves_no_organisation_behind(own_database: Database) -> None:
    base = ("create-owner", "--organization", "New Clinic", "--email")
    for email, password, sentence in (
        ("owner@new.test", "short", "The password must have at least 8 characters."),
        ("not an address", PASSWORD, "Email must look like name@example.org."),
    ):
        result = clinic(*base, email, CLINIC_PASSWORD=password)
        assert (result.exit_code, result.stderr.strip()) == (1, sentence)
    with own_database.connect_owner() as owner:
        assert owner.execute("select count(*) from organization").fetchone() == (0,)


def test_an_owner_who_cannot_be_made_is_refused_before_a_password_is_asked_for(own_database: Database) -> None:
    clinic("create-owner", "--organization", "One", "--email", "owner@new.test", CLINIC_PASSWORD=PASSWORD)
    for organization, email, sentence in (
        ("One", "owner@new.test", "Somebody signs in with that address already; choose another one."),
        ("One", "not an address", "Email must look like name@example.org."),
        ("x" * 201, "two@new.test", "The name of the organisation must not be longer than 200 characters; it has 201."),
    ):
        result = clinic("create-owner", "--organization", organization, "--email", email, typed="")
        assert (result.exit_code, result.stderr.strip()) == (1, sentence)


def test_without_a_terminal_the_way_to_give_the_password_is_named(own_database: Database) -> None:
    result = clinic("create-owner", "--organization", "New Clinic", "--email", "owner@new.test", typed="")
    assert result.exit_code == 1
    assert result.stderr.endswith("Nobody is there to type a password; set CLINIC_PASSWORD.\n")
    with own_database.connect_owner() as owner:
        assert owner.execute("select count(*) from organization").fetchone() == (0,)


def test_an_address_signs_in_at_one_organisation_only(own_database: Database) -> None:
    clinic("create-owner", "--organization", "One", "--email", "owner@new.test", CLINIC_PASSWORD=PASSWORD)
    result = clinic("create-owner", "--organization", "Two", "--email", "OWNER@NEW.TEST", CLINIC_PASSWORD=PASSWORD)
    assert result.exit_code == 1
    assert result.stderr.strip() == "Somebody signs in with that address already; choose another one."


def test_a_missing_option_is_wrong_usage() -> None:
    assert clinic("create-owner", "--organization", "New Clinic").exit_code == 2
    assert clinic("seed", "demo", "--today", "yesterday").exit_code == 2
