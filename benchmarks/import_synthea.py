"""How long `clinic import synthea` takes for 30,000 encounters on a server of its own with production settings.

    python -m benchmarks.import_synthea [ENCOUNTERS]

Wall time depends on what else the machine does; processor time of the importing process and of its database
connection, which take turns, is what an idle machine would need.
"""

import json
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

from clinic_core.db.embedded import EmbeddedPostgres
from clinic_core.db.engine import owner_engine
from clinic_core.db.migrate import upgrade
from clinic_core.db.roles import DatabaseRole
from clinic_core.interchange.synthea import ImportSynthea, import_synthea
from tests.harness import Database, use_database
from tests.interchange.synthea_files import write_many

ENCOUNTERS = 30_000
ENCOUNTERS_PER_PATIENT = 25
ORGANIZATION = "Benchmark"


def main(encounters: int) -> dict[str, float]:
    """Imports a made-up population twice and answers seconds and megabytes."""
    with tempfile.TemporaryDirectory(prefix="clinic-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        files = write_many(
            directory / "csv", encounters=encounters, patients=max(1, encounters // ENCOUNTERS_PER_PATIENT)
        )
        server = EmbeddedPostgres(directory / "server")
        server.start()
        try:
            upgrade(server.url(DatabaseRole.OWNER))
            with use_database(Database(server, server.database)):
                return _measured(files, encounters)
        finally:
            server.stop()
            server.shut_down()


def _measured(files: Path, encounters: int) -> dict[str, float]:
    request = ImportSynthea(files, ORGANIZATION)
    backends: dict[int, float] = {}
    begun, own = time.perf_counter(), time.process_time()
    import_synthea(request, progress=lambda *_: backends.update(_backend_seconds()))
    first = time.perf_counter() - begun
    own = time.process_time() - own
    begun = time.perf_counter()
    import_synthea(request)
    return {
        "encounters": encounters,
        "seconds": round(first, 1),
        "encounters_per_second": round(encounters / first),
        "processor_seconds_import": round(own, 1),
        "processor_seconds_database": round(sum(backends.values()), 1),
        "seconds_second_run": round(time.perf_counter() - begun, 1),
        "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def _backend_seconds() -> dict[int, float]:
    """Processor seconds of every connection of the app; Linux tells them in /proc."""
    with owner_engine().connect() as connection:
        pids = (
            connection.exec_driver_sql("select pid from pg_stat_activity where usename = 'clinic_app'").scalars().all()
        )
    ticks = os.sysconf("SC_CLK_TCK")
    stats = {pid: Path(f"/proc/{pid}/stat") for pid in pids}
    return {
        pid: sum(map(int, path.read_text().rpartition(")")[2].split()[11:13])) / ticks
        for pid, path in stats.items()
        if path.exists()
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(int(sys.argv[1]) if len(sys.argv) > 1 else ENCOUNTERS), indent=2) + "\n")
