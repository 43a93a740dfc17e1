"""The tests' own ground: each run and each test stands on a database of its own, and nothing is left behind."""

import subprocess
import sys

from sqlalchemy import text

from clinic_core.db.engine import app_engine, owner_engine
from clinic_core.settings import PROJECT_ROOT
from tests.harness import Database, Harness

CURRENT = text("select current_database()::text, current_user::text")
KILLED = """
import os, signal
from tests.harness import Harness
harness = Harness()
print(harness.clone().name, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_engines_lead_to_the_workers_clone(database: Database) -> None:
    with app_engine().connect() as app, owner_engine().connect() as owner:
        assert tuple(app.execute(CURRENT).one()) == (database.name, "clinic_app")
        assert tuple(owner.execute(CURRENT).one()) == (database.name, "clinic_owner")


def test_a_database_of_ones_own_is_migrated_and_apart(database: Database, own_database: Database) -> None:
    with owner_engine().begin() as connection:
        assert connection.execute(CURRENT).one()[0] == own_database.name != database.name
        assert connection.scalar(text("select count(*) from alembic_version")) == 1
        connection.execute(text("create table only_here (id int)"))
    with database.connect_owner() as elsewhere:
        assert elsewhere.execute("select to_regclass('only_here')").fetchone() == (None,)


def test_the_clone_of_a_killed_run_is_dropped_by_the_next(harness: Harness) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", KILLED], capture_output=True, text=True, check=False, cwd=PROJECT_ROOT
    )
    name = killed.stdout.strip()
    assert name.startswith("test_")
    next_run = Harness()
    next_run.server.stop()
    assert name not in harness.databases()
