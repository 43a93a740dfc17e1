"""The files of batches: each paper as it was made, and the one file that people fetch, until they are deleted.

They lie in the data directory, open to this system's user alone: `batches/<organisation>/<batch>/`. Every file is
written aside, synced and renamed, so one that is there is whole, and a worker that dies leaves nothing half done.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple
from uuid import UUID
from zipfile import ZIP_STORED, ZipFile

from clinic_core.kit.paper_join import join_papers
from clinic_core.settings import settings

PAPERS_OF_PART = 25
_UNFINISHED = ".part"
_PAPER = ".pdf"


class Member(NamedTuple):
    """A paper in a zip: its name there, and its position in the batch."""

    name: str
    position: int


def batch_folder(organization_id: UUID, batch_id: UUID) -> Path:
    """Where the files of a batch lie."""
    return _root() / str(organization_id) / str(batch_id)


def paper_path(organization_id: UUID, batch_id: UUID, position: int) -> Path:
    """Where the paper of that position lies."""
    return batch_folder(organization_id, batch_id) / f"{position:06d}{_PAPER}"


def part_of(position: int) -> int:
    """The position under which the part with that document lies: documents that share fonts are one file."""
    return position - (position - 1) % PAPERS_OF_PART


def relative_name(path: Path) -> str:
    """The path of a file as `document_batch.file_name` keeps it."""
    return str(path.relative_to(_root()))


def kept_file(name: str) -> Path:
    """The file of that relative name."""
    return _root() / name


def made_positions(organization_id: UUID, batch_id: UUID) -> set[int]:
    """The positions whose paper lies in the folder of the batch."""
    found = batch_folder(organization_id, batch_id).glob(f"*{_PAPER}")
    return {int(path.stem) for path in found if path.stem.isdigit()}


def write_papers(organization_id: UUID, batch_id: UUID, papers: Mapping[int, bytes]) -> None:
    """Writes papers by their position; they are on the disk on return.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder = _made_folder(organization_id, batch_id)
    for position, content in papers.items():
        _write(paper_path(organization_id, batch_id, position), partial(_fill, content))
    _sync_directory(folder)


def write_zip(organization_id: UUID, batch_id: UUID, name: str, members: Sequence[Member]) -> Path:
    """Writes the papers of the members into one zip, paper by paper.

    Raises:
        OSError: a paper is missing, or the folder cannot be written.
    """

    def fill(file: IO[bytes]) -> None:
        with ZipFile(file, "w", ZIP_STORED) as archive:
            for member in members:
                archive.write(paper_path(organization_id, batch_id, member.position), member.name)

    return _write_whole(organization_id, batch_id, name, fill)


def write_joined(organization_id: UUID, batch_id: UUID, name: str, positions: Sequence[int], title: str) -> Path:
    """Writes the papers of those positions into one PDF, in that order. Raises as `write_zip`."""
    parts = [paper_path(organization_id, batch_id, position) for position in positions]
    return _write_whole(organization_id, batch_id, name, lambda file: join_papers(parts, file, title=title))


def batches_with_files(organization_id: UUID) -> list[UUID]:
    """The batches of an organisation that have a folder."""
    found = (_root() / str(organization_id)).glob("*-*-*-*-*")
    return [UUID(path.name) for path in found]


def delete_folder(organization_id: UUID, batch_id: UUID) -> None:
    """Deletes the files of a batch; what somebody else deletes meanwhile is not missed.

    Raises:
        OSError: a file cannot be deleted.
    """
    with suppress(FileNotFoundError):
        shutil.rmtree(batch_folder(organization_id, batch_id))


def _root() -> Path:
    return settings().data_dir / "batches"


def _made_folder(organization_id: UUID, batch_id: UUID) -> Path:
    folder = batch_folder(organization_id, batch_id)
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    for path in (_root(), folder.parent, folder):
        path.mkdir(mode=0o700, exist_ok=True)
    return folder


def _write_whole(organization_id: UUID, batch_id: UUID, name: str, fill: Callable[[IO[bytes]], object]) -> Path:
    folder = _made_folder(organization_id, batch_id)
    target = folder / name
    _write(target, fill)
    _sync_directory(folder)
    return target


def _fill(content: bytes, file: IO[bytes]) -> int:
    return file.write(content)


def _write(target: Path, fill: Callable[[IO[bytes]], object]) -> None:
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=_UNFINISHED, dir=target.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _sync_directory(directory: Path) -> None:
    """Without it a power cut could lose a file that the database has noted as made."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
