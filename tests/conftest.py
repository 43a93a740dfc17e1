"""Fixtures every test may use: databases and servers. No test ever sees the person's own data."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.settings import settings
from tests.factories import Clinic, make_clinic
from tests.harness import ROOT, Database, Harness, use_database

for variable in [name for name in os.environ if name.startswith(("DATABASE_", "CLINIC_"))]:
    if variable not in {"CLINIC_BROWSER_TESTS", "CLINIC_CHROMIUM", "CLINIC_PG_BIN", "CLINIC_PG_USER"}:
        del os.environ[variable]
os.environ["CLINIC_DATA_DIR"] = str(ROOT / "stray")
settings.cache_clear()

# A time limit per example fails on a busy machine, not on a wrong rule.
hypothesis.settings.register_profile("clinic", deadline=None)
hypothesis.settings.load_profile("clinic")


@pytest.fixture(scope="session")
def harness() -> Iterator[Harness]:
    """The fast server that all test processes share."""
    made = Harness()
    yield made
    made.server.stop()


@pytest.fixture(scope="session", autouse=True)
def database(harness: Harness) -> Iterator[Database]:
    """This worker's clone; the engines of the process lead to it, the app's as clinic_app.

    What a test writes stays: it works in an organisation of its own. Folders that need no database override this.
    """
    made = harness.clone()
    with use_database(made):
        yield made
    harness.drop(made)


@pytest.fixture
def own_database(database: Database, harness: Harness) -> Iterator[Database]:
    """A clone for one test that looks at the database as a whole or changes its schema; the engines lead to it."""
    made = harness.clone()
    with use_database(made):
        yield made
    harness.drop(made)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory with a short path that every user may enter, as a server that root starts needs."""
    made = Path(tempfile.mkdtemp(prefix="clinic-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data directory of the test's own."""
    monkeypatch.setenv("CLINIC_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def own_server(open_directory: Path) -> Iterator[Callable[[], EmbeddedPostgres]]:
    """Makes a server with production settings, not yet started, to be killed at will; each call joins the same one."""
    made: list[EmbeddedPostgres] = []

    def make() -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(open_directory / "server"))
        return made[-1]

    yield make
    for server in made:
        server.stop()
    if made:
        made[0].shut_down()


@pytest.fixture
def clinic(database: Database) -> Clinic:
    """An organisation of the test's own, with a person of every role."""
    return make_clinic()
