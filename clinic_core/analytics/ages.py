"""How old an open amount is: days since it was issued or due, and the bucket of the ageing they fall in."""

from collections.abc import Iterator
from datetime import date, timedelta

from sqlalchemy import ColumnElement, Date, Integer, case, cast, literal

from clinic_core.analytics.schemas import AgeBucket

# The last day of each bucket that has one; what is older is in the last bucket.
_MOST_DAYS = {each: each.most_days for each in AgeBucket if each.most_days is not None}


def days_since(since: ColumnElement[date], day: date) -> ColumnElement[int]:
    """How many days lie between; below zero for what comes after the day."""
    return cast(literal(day, Date) - cast(since, Date), Integer)


def bucket_of(days: ColumnElement[int]) -> ColumnElement[str]:
    """The bucket of so many days; what is not due yet is in the first."""
    return case(*((days <= most, each.value) for each, most in _MOST_DAYS.items()), else_=AgeBucket.OVER_90.value)


def is_in(bucket: AgeBucket, since: ColumnElement[date], day: date) -> Iterator[ColumnElement[bool]]:
    """The conditions for the bucket as dates to compare, which cost less than making the label of each amount."""
    before = (day - date.min).days  # nothing is older than the calendar
    firsts = [day - timedelta(days=min(most, before)) for most in _MOST_DAYS.values()]
    at = list(AgeBucket).index(bucket)
    if at > 0:
        yield since < firsts[at - 1]
    if at < len(firsts):
        yield since >= firsts[at]
