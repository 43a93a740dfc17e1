"""Numbers of documents in words: runs as ranges, so that a long gap stays one phrase; what a series goes on with."""

from collections.abc import Sequence

from clinic_core.billing.schemas import PaperSettings
from clinic_core.billing.schemas.paper_settings import PREFIX
from clinic_core.kit.formats import document_number

MOST_RANGES = 20


def numbers_text(numbers: Sequence[int]) -> str:
    """Ascending numbers as people write them: 3, 7 to 9; after twenty runs only how many more there are."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    shown = [f"{first}" if first == last else f"{first} to {last}" for first, last in runs[:MOST_RANGES]]
    left = sum(last - first + 1 for first, last in runs[MOST_RANGES:])
    return ", ".join(shown) + (f" and {left} more" if left else "")


def series_text(settings: PaperSettings, year: int, kept: str, typed: str) -> str:
    """The number that comes next with the prefix that is typed, and where the series of the one that is kept ends."""
    prefix = typed.strip().upper()
    if not PREFIX.fullmatch(prefix):
        return "One to eight letters from A to Z."
    sequence = settings.next_sequence(prefix)
    coming = document_number(prefix, year, sequence)
    if prefix == kept:
        return f"Next is {coming}."
    last = settings.next_sequence(kept) - 1
    start = f"{prefix} {'goes on' if sequence > 1 else 'begins'} with {coming}"
    end = f"ends with {document_number(kept, year, last)}" if last else "was not used this year"
    return f"{start}; {kept} {end}."
