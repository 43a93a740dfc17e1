"""Numbers of documents in words: runs as ranges, so that a long gap stays one phrase."""

from collections.abc import Sequence

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
