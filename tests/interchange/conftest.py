"""An organisation's import, and a look at what it made."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from clinic_core.interchange.synthea import ImportReport, ImportSynthea, import_synthea
from tests.harness import Database


@dataclass
class Imported:
    """One organisation in the making: run the import, ask the database past row-level security."""

    database: Database
    name: str

    def run(self, directory: Path, timezone: str | None = None) -> ImportReport:
        return import_synthea(ImportSynthea(directory, self.name, timezone))

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """`{org}` in the query stands for the organisation's id."""
        with self.database.connect_owner() as connection:
            found = connection.execute("select id from organization where name = %s", [self.name]).fetchone()
            assert found is not None
            return connection.execute(query.replace("{org}", f"'{found[0]}'").encode()).fetchall()

    def value(self, query: str) -> object:
        return self.rows(query)[0][0]

    def state(self) -> dict[str, object]:
        """How many rows every table holds for this organisation, and a digest of what imports must not touch twice."""
        tables = (
            *("clinic_location", "app_user", "patient", "clinical_case", "appointment", "visit", "visit_revision"),
            *("invoice", "invoice_line", "receipt", "payment", "external_reference", "reservation"),
        )
        return {
            table: self.rows(
                f"select count(*), md5(string_agg(t::text, ' ' order by t::text)) from {table} t"
                " where organization_id = {org}"
            )[0]
            for table in tables
        }


@pytest.fixture
def imported(database: Database) -> Imported:
    return Imported(database, f"Import {uuid4()}")


@pytest.fixture
def new_import(database: Database) -> Callable[[], Imported]:
    return lambda: Imported(database, f"Import {uuid4()}")
