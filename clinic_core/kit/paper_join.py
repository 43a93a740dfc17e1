"""Joining papers into one PDF, piece by piece: memory holds one object at a time and where each was written.

It reads what `Paper` writes and nothing else: plain objects one after the other, a table of their places at the end
(ISO 32000-1, 7.5.4), and no text between their keys but in the description of the file, which is written anew. Each
paper keeps its own node in the tree of pages, with what its pages inherit.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from clinic_core.errors import ConfigurationError

_HEAD = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_CATALOG, _TREE, _INFO = 1, 2, 3
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_BEGIN = re.compile(rb"\A\d+ 0 obj")
_COUNT = re.compile(rb"/Count (\d+)")
_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_END_BYTES = 64


class _Contents(NamedTuple):
    """Where the objects of a paper begin, in the order of their numbers, where the last one ends, and what is what."""

    places: list[int]
    end: int
    catalog: int
    tree: int
    info: int


def join_papers(parts: Sequence[Path], target: IO[bytes], *, title: str) -> None:
    """Writes the pages of the papers into one PDF, in that order; `title` is told to who opens it.

    Raises:
        ConfigurationError: a file is not one of our papers.
        OSError: a paper is missing, or the target cannot be written.
    """
    target.write(_HEAD)
    places = [0] * (_INFO + 1)
    trees: list[int] = []
    pages = 0
    for part in parts:
        with part.open("rb") as source:
            contents = _contents(source, part)
            trees.append(contents.tree + len(places) - 1)
            pages += int(_found(_COUNT, _object(source, contents, contents.tree), part))
            _copy(source, contents, target, places)
    kids = b" ".join(b"%d 0 R" % number for number in trees)
    named = ("\N{ZERO WIDTH NO-BREAK SPACE}" + title).encode("utf-16-be").hex().encode()
    for number, keys in (
        (_CATALOG, b"/Lang (en)\n/Pages %d 0 R\n/Type /Catalog" % _TREE),
        (_TREE, b"/Count %d\n/Kids [%s]\n/Type /Pages" % (pages, kids)),
        (_INFO, b"/Creator (Clinicboard)\n/Title <%s>" % named),
    ):
        places[number] = target.tell()
        target.write(b"%d 0 obj\n<<\n%s\n>>\nendobj\n" % (number, keys))
    _write_table(target, places)


def _copy(source: IO[bytes], contents: _Contents, target: IO[bytes], places: list[int]) -> None:
    """Writes the objects of a paper under the next numbers and notes where; 0 is a number without an object."""
    shift = len(places) - 1
    for number in range(1, len(contents.places) + 1):
        if number in (contents.catalog, contents.info):
            places.append(0)
            continue
        content = _moved(_object(source, contents, number), number, shift)
        if number == contents.tree:
            content = content.replace(b"/Type /Pages", b"/Parent %d 0 R\n/Type /Pages" % _TREE, 1)
        places.append(target.tell())
        target.write(content)


def _write_table(target: IO[bytes], places: Sequence[int]) -> None:
    begin = target.tell()
    target.write(b"xref\n0 %d\n" % len(places))
    target.writelines(b"%010d 00000 n \n" % place if place else b"0000000000 65535 f \n" for place in places)
    keys = b"/Size %d\n/Root %d 0 R\n/Info %d 0 R" % (len(places), _CATALOG, _INFO)
    target.write(b"trailer\n<<\n%s\n>>\nstartxref\n%d\n%%%%EOF\n" % (keys, begin))


def _contents(source: IO[bytes], part: Path) -> _Contents:
    length = source.seek(0, 2)
    source.seek(max(0, length - _END_BYTES))
    end = int(_found(_START, source.read(), part))
    source.seek(end)
    table, _, trailer = source.read().partition(b"trailer")
    places = [int(line[:10]) for line in table.splitlines()[3:]]
    catalog, info = (int(_found(re.compile(rb"/%s (\d+) 0 R" % key), trailer, part)) for key in (b"Root", b"Info"))
    listed = _Contents(places, end, catalog, 0, info)
    tree = int(_found(re.compile(rb"/Pages (\d+) 0 R"), _object(source, listed, catalog), part))
    return listed._replace(tree=tree)


def _object(source: IO[bytes], contents: _Contents, number: int) -> bytes:
    begin = contents.places[number - 1]
    end = contents.places[number] if number < len(contents.places) else contents.end
    source.seek(begin)
    return source.read(end - begin)


def _moved(content: bytes, number: int, shift: int) -> bytes:
    """The object under its number in the whole; what a stream holds stays as it is."""
    keys, stream, held = content.partition(b"\nstream")
    keys = _BEGIN.sub(b"%d 0 obj" % (number + shift), keys, count=1)
    return _REFERENCE.sub(lambda found: b"%d 0 R" % (int(found[1]) + shift), keys) + stream + held


def _found(pattern: re.Pattern[bytes], content: bytes, part: Path) -> bytes:
    found = pattern.search(content)
    if found is None:
        raise ConfigurationError(f"“{part.name}” is not a paper of this app, or it is damaged.")
    return found[1]
