"""The import as a whole: which files, in which order, in which transactions; repeatable and resumable at any point."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from clinic_core.access import Actor, Permission, Work, perform, system_actor, use_case
from clinic_core.access.organization import OrganizationSettings
from clinic_core.auth.baseline import create_organization
from clinic_core.errors import Conflict, InvalidInput, NotFound
from clinic_core.interchange.csv_source import CsvRow, CsvSource, find_csv
from clinic_core.interchange.synthea.encounters import save_encounters
from clinic_core.interchange.synthea.followups import save_claims, save_conditions
from clinic_core.interchange.synthea.reading import (
    NAME_LIMIT,
    read_claim,
    read_condition,
    read_encounter,
    read_organization,
    read_patient,
    read_provider,
)
from clinic_core.interchange.synthea.register import USE_CASE, save_organizations, save_patients, save_providers
from clinic_core.interchange.synthea.report import Entity, FlagSink, ImportReport, Outcome
from clinic_core.kit.calendar import zone

BATCH = 500
SMALL_ROWS_BATCH = 2000
DEFAULT_TIMEZONE = "UTC"
CURRENCY = "USD"

Progress = Callable[[str, int, int], None]
T = TypeVar("T")


@dataclass(frozen=True)
class ImportSynthea:
    """A directory of Synthea's CSV files, and the organisation that takes them in; it is made when it is missing.

    `timezone` is the zone of the locations that are made; without it UTC, the zone in which Synthea writes its times.
    An organisation that exists keeps its currency; a new one has US dollars, in which Synthea counts.
    """

    directory: Path
    organization: str
    timezone: str | None = None


def import_synthea(
    request: ImportSynthea, *, progress: Progress | None = None, sink: FlagSink | None = None
) -> ImportReport:
    """Takes the files in, in transactions of about 500 encounters; broken off and run again it goes on where it was.

    `progress` hears the name of a file, how much of it was read and its size in bytes; `sink` hears every odd row.

    Raises:
        InvalidInput: the directory or a file cannot be read, or the time zone does not exist.
    """
    place = zone(request.timezone or DEFAULT_TIMEZONE)
    files = _files(request.directory)
    actor = _actor(request.organization)
    report = ImportReport(actor.organization_name, actor.organization_id, actor.settings.currency, sink)
    run = _Run(actor, files, place, report, progress)
    payers = run.payers()
    run.file(
        Entity.ORGANIZATIONS, read_organization, lambda work, rows: save_organizations(work, rows, timezone=place.key)
    )
    run.file(Entity.PROVIDERS, read_provider, lambda work, rows: save_providers(work, rows, timezone=place.key))
    run.file(Entity.PATIENTS, read_patient, save_patients)
    run.file(
        Entity.ENCOUNTERS,
        lambda row: read_encounter(row, place, report.rounded),
        lambda work, rows: save_encounters(work, rows, payers=payers, timezone=place.key),
    )
    run.file(Entity.CONDITIONS, read_condition, save_conditions, size=SMALL_ROWS_BATCH)
    run.file(Entity.CLAIMS, read_claim, save_claims, size=SMALL_ROWS_BATCH)
    perform(actor, finish_import, report.counts_json())
    return report


@use_case(Permission.DATA_IMPORT, name=USE_CASE)
def finish_import(work: Work, counts: dict[str, dict[str, int]]) -> UUID:
    """Writes one event with the counts of a finished import to the audit log."""
    work.audit("organization", work.actor.organization_id, "imported", source="synthea", counts=counts)
    return work.actor.organization_id


@dataclass(frozen=True)
class _Run:
    actor: Actor
    files: dict[Entity, CsvSource]
    place: ZoneInfo
    report: ImportReport
    progress: Progress | None

    def payers(self) -> dict[str, str]:
        """Names of payers by id; there are few, so they are kept in memory."""
        names = {row.text("ID"): row.text("NAME")[:NAME_LIMIT] for row in self._rows(Entity.PAYERS)}
        counts = self.report.counts[Entity.PAYERS]
        counts.read = counts.unchanged = len(names)
        return names

    def file(
        self,
        entity: Entity,
        read: Callable[[CsvRow], T],
        save: Callable[[Work, list[T]], Outcome],
        *,
        size: int = BATCH,
    ) -> None:
        """Reads one file and saves it batch by batch, each in a transaction of its own."""
        for batch in _batches(map(read, self._rows(entity)), size):
            self.report.add(perform(self.actor, save, batch))
            self._tell(entity)

    def _rows(self, entity: Entity) -> Iterator[CsvRow]:
        if entity in self.files:
            yield from self.files[entity].rows()
            self._tell(entity)

    def _tell(self, entity: Entity) -> None:
        if self.progress is not None:
            source = self.files[entity]
            self.progress(source.path.name, source.bytes_read, source.size)


def _files(directory: Path) -> dict[Entity, CsvSource]:
    if not directory.is_dir():
        raise InvalidInput(f"“{directory}” is not a directory.")
    found = {entity: source for entity in Entity if (source := find_csv(directory, entity.value)) is not None}
    if not found.keys() & {Entity.PATIENTS, Entity.ENCOUNTERS}:
        raise InvalidInput(f"“{directory}” holds neither patients.csv nor encounters.csv; choose Synthea's output/csv.")
    return found


def _actor(organization: str) -> Actor:
    try:
        return system_actor(organization)
    except NotFound:
        with suppress(Conflict):  # somebody made it at this very moment
            create_organization(organization, OrganizationSettings(currency=CURRENCY))
        return system_actor(organization.strip())


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    batch: list[T] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
