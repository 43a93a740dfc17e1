"""The tables of docs/rules/billing.md, for the tests that assert them row by row."""

from itertools import groupby
from pathlib import Path

_PAGE = Path(__file__).resolve().parents[2] / "docs/rules/billing.md"

Rows = list[dict[str, str]]


def tables(first: int, last: int) -> list[Rows]:
    """The tables of the sections with these numbers in order, each row by its headings."""
    found: list[Rows] = []
    section = 0
    for is_table, block in groupby(_PAGE.read_text(encoding="utf-8").splitlines(), lambda line: line.startswith("|")):
        lines = list(block)
        if not is_table:
            numbers = [line.split()[1] for line in lines if line.startswith("## ")]
            section = int(numbers[-1].rstrip(".")) if numbers else section
        elif first <= section <= last:
            header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            found.append([dict(zip(header, row, strict=True)) for row in rows])
    return found
