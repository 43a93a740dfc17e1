"""Progress on the terminal: bars go to standard error and only where a person looks, so output stays parseable."""

from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

from rich.console import Console
from rich.progress import track

Step = TypeVar("Step")

_TERMINAL = Console(stderr=True)


def steps(title: str, work: Iterable[Step], *, total: int | None = None) -> Iterator[Step]:
    """The same items, with a bar that moves as each is done; `total` where the items cannot be counted."""
    length = total if total is not None else len(work) if isinstance(work, Sized) else None
    yield from track(work, title, total=length, console=_TERMINAL, transient=True, disable=not _TERMINAL.is_terminal)
