"""CSV files of other systems, read as a stream: plain or gzip, with or without a byte-order mark, any case."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clinic_core.errors import InvalidInput

GZIP_MAGIC = b"\x1f\x8b"
_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True)
class CsvRow:
    """One record: its cells by header in upper case, and the line of the file on which it ends."""

    line: int
    cells: dict[str, str]

    def text(self, *headers: str) -> str:
        """The first of these columns that the file has and that is not blank here, without spaces around it."""
        return next((cell for header in headers if (cell := self.cells.get(header, "").strip())), "")


class CsvSource:
    """A CSV file that is read once, row by row; `bytes_read` of `size` tells how far it got."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.bytes_read = 0

    def rows(self) -> Iterator[CsvRow]:
        """Every record below the header; blank lines are left out, cells beyond the header are ignored.

        Raises:
            InvalidInput: the file cannot be opened, unpacked, decoded or split into cells.
        """
        try:
            with self.path.open("rb") as raw:
                yield from self._rows(raw)
        except UnicodeDecodeError as error:
            raise InvalidInput(f"The file {self.path.name} is not UTF-8 text.") from error
        except csv.Error as error:
            raise InvalidInput(f"The file {self.path.name} is not CSV: {error}.") from error
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InvalidInput(f"The file {self.path.name} is damaged and cannot be unpacked.") from error
        except OSError as error:
            raise InvalidInput(f"The file {self.path.name} cannot be read: {error.strerror or 'no reason'}.") from error

    def _rows(self, raw: io.BufferedReader) -> Iterator[CsvRow]:
        with _text(raw) as text:
            lines = records(text)
            header = [name.strip().upper() for name in next(lines, (0, []))[1]]
            for line, cells in lines:
                self.bytes_read = raw.tell()
                # Reversed, so that of two columns of one name the first counts.
                yield CsvRow(line, dict(reversed(list(zip(header, cells, strict=False)))))
        self.bytes_read = self.size


def records(text: Iterable[str], delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Every record, the header too, with the line on which it ends; blank lines are left out.

    Raises: csv.Error for what cannot be split into cells.
    """
    reader = csv.reader(text, delimiter=delimiter)
    for cells in reader:
        if cells:
            yield reader.line_num, cells


def encoding_of(start: bytes) -> str:
    """The encoding that the byte-order mark names; UTF-8 without one."""
    return next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), "utf-8")


def find_csv(directory: Path, name: str) -> CsvSource | None:
    """The file `<name>.csv` or `<name>.csv.gz` of the directory, whatever the case of its name; None without one."""
    found = {path.name.lower(): path for path in sorted(directory.iterdir()) if path.is_file()}
    path = found.get(f"{name}.csv") or found.get(f"{name}.csv.gz")
    return CsvSource(path) if path else None


def _text(raw: io.BufferedReader) -> io.TextIOWrapper:
    packed = raw.peek(2).startswith(GZIP_MAGIC)
    stream = gzip.GzipFile(fileobj=raw) if packed else raw
    return io.TextIOWrapper(stream, encoding=encoding_of(stream.peek(4)), newline="")
