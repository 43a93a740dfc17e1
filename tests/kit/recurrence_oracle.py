"""Repeat rules worked out the slow way: each moment of a window is asked whether every part lets it pass."""

from datetime import date, datetime, timedelta
from functools import cache

from clinic_core.kit.recurrence import Frequency, Recurrence, Weekday

_DAY = timedelta(days=1)
_SIZES = {
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.MINUTELY: timedelta(minutes=1),
    Frequency.SECONDLY: timedelta(seconds=1),
}


def dates_of(rule: Recurrence, start: datetime, end: datetime) -> list[datetime]:
    """The wall times of the rule from start to end, both included, without COUNT."""
    chosen: list[datetime] = []
    period: list[datetime] = []
    number: int | None = None
    # From well before the start to well after the end, so that BYSETPOS sees whole periods.
    margin = timedelta(days=400) if rule.freq not in _SIZES else timedelta(hours=2)
    for moment in _moments(rule, start, start - margin, end + margin):
        own = _period_number(rule, moment)
        if own != number:
            chosen += _by_position(rule, period)
            period, number = [], own
        if (own - _period_number(rule, start)) % rule.interval == 0:
            period.append(moment)
    chosen += _by_position(rule, period)
    last = min(end, rule.until or end)
    return [moment for moment in chosen if start <= moment <= last]


def _by_position(rule: Recurrence, period: list[datetime]) -> list[datetime]:
    if not rule.by_setpos:
        return period
    return [
        moment
        for place, moment in enumerate(period)
        if place + 1 in rule.by_setpos or place - len(period) in rule.by_setpos
    ]


def _moments(rule: Recurrence, start: datetime, low: datetime, high: datetime) -> list[datetime]:
    found = []
    day = low.date()
    while day <= high.date():
        if _day_passes(rule, start, day):
            found += _times(rule, start, day, low, high)
        day += _DAY
    return found


def _times(rule: Recurrence, start: datetime, day: date, low: datetime, high: datetime) -> list[datetime]:
    hours = rule.by_hour or (range(24) if rule.freq in _SIZES else [start.hour])
    fine = rule.freq in {Frequency.MINUTELY, Frequency.SECONDLY}
    minutes = rule.by_minute or (range(60) if fine else [start.minute])
    seconds = rule.by_second or (range(60) if rule.freq is Frequency.SECONDLY else [start.second])
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001 wall time
    return [
        moment
        for hour in sorted(hours)
        if low - timedelta(hours=1) <= midnight + timedelta(hours=hour) <= high
        for minute in sorted(minutes)
        for second in sorted({59 if second == 60 else second for second in seconds})
        if low <= (moment := midnight.replace(hour=hour, minute=minute, second=second)) <= high
    ]


def _period_number(rule: Recurrence, moment: datetime) -> int:
    day = moment.date()
    match rule.freq:
        case Frequency.YEARLY:
            return week_of(day, rule.week_start)[0] if rule.by_weekno else day.year
        case Frequency.MONTHLY:
            return day.year * 12 + day.month
        case Frequency.WEEKLY:
            while day.weekday() != rule.week_start:
                day -= _DAY
            return day.toordinal() // 7
        case Frequency.DAILY:
            return day.toordinal()
        case _:
            return (moment - datetime(1900, 1, 1)) // _SIZES[rule.freq]  # noqa: DTZ001 wall time


def week_of(day: date, week_start: int) -> tuple[int, int, int]:
    """Year and number of the week that holds the day, and how many weeks that year has."""
    for year in (day.year + 1, day.year, day.year - 1):
        first, after = first_week(year, week_start), first_week(year + 1, week_start)
        if first <= day < after:
            return year, (day - first).days // 7 + 1, (after - first).days // 7
    raise AssertionError(day)


@cache
def first_week(year: int, week_start: int) -> date:
    """The first day of the first week that has four days or more in the year."""
    day = date(year - 1, 12, 20)
    while day.weekday() != week_start or sum((day + n * _DAY).year == year for n in range(7)) < 4:
        day += _DAY
    return day


def _day_passes(rule: Recurrence, start: datetime, day: date) -> bool:
    months, monthdays, weekdays = rule.by_month, rule.by_monthday, rule.by_weekday
    plain = {weekday for weekday, nth in weekdays if nth is None}
    if not (monthdays or weekdays or rule.by_yearday):
        if rule.freq is Frequency.YEARLY and not rule.by_weekno:
            months, monthdays = months or (start.month,), (start.day,)
        elif rule.freq is Frequency.MONTHLY:
            monthdays = (start.day,)
        elif rule.freq is Frequency.WEEKLY or rule.by_weekno:
            plain = {Weekday(start.weekday())}
    year_end, month_end = date(day.year, 12, 31), _month_end(day)
    if months and day.month not in months:
        return False
    if monthdays and day.day not in monthdays and (day - month_end).days - 1 not in monthdays:
        return False
    yearday = (day - date(day.year, 1, 1)).days + 1
    if rule.by_yearday and yearday not in rule.by_yearday and (day - year_end).days - 1 not in rule.by_yearday:
        return False
    if rule.by_weekno:
        _, week, weeks = week_of(day, rule.week_start)
        if week not in rule.by_weekno and week - weeks - 1 not in rule.by_weekno:
            return False
    if not (plain or weekdays):
        return True
    whole_year = rule.freq is Frequency.YEARLY and not rule.by_month
    first, last = (date(day.year, 1, 1), year_end) if whole_year else (day.replace(day=1), month_end)
    return day.weekday() in plain or any(
        nth is not None and _nth_weekday(first, last, weekday, nth) == day for weekday, nth in weekdays
    )


def _month_end(day: date) -> date:
    end = day
    while (end + _DAY).month == day.month:
        end += _DAY
    return end


def _nth_weekday(first: date, last: date, weekday: int, nth: int) -> date | None:
    day, step = (first, _DAY) if nth > 0 else (last, -_DAY)
    left = abs(nth)
    while first <= day <= last:
        left -= day.weekday() == weekday
        if left == 0:
            return day
        day += step
    return None
