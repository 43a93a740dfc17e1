"""Numbers of documents: `PREFIX-YYYY-NNNNN`, given out so that no gap remains (B3)."""

from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.orm import Session

from clinic_core.kit.formats import document_number


class Number(NamedTuple):
    """A number as it is printed, and where it stands in its series."""

    text: str
    series: str
    year: int
    sequence: int


def next_number(session: Session, series: str, year: int) -> Number:
    """The next number of the series in that year.

    Its row stays locked until the end of the transaction: take it last, after every other lock.
    """
    sequence = session.execute(
        text("select next_number(:series, :year)"), {"series": series, "year": year}
    ).scalar_one()
    return Number(document_number(series, year, sequence), series, year, sequence)
