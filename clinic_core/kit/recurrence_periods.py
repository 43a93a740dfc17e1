"""What a rule for repeats names on the clock on the wall, period by period; zones are not known here.

RFC 5545 (section 3.3.10) lets each part of a rule widen or narrow the dates of a period. For days both come to the
same: a day belongs to the rule when it passes every part that is given, once the parts that are missing are taken from
the start. Which days pass depends only on the shape of a year or month, so it is worked out once for each shape.
"""

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import product
from math import gcd

from clinic_core.errors import InvalidInput
from clinic_core.kit.recurrence_rule import Frequency, NthWeekday, Recurrence, Weekday

DayTest = Callable[[date], bool]

# A year at each end of the calendar is left out, so that weeks may reach over the edge of a year.
_FIRST_YEAR, _LAST_YEAR = 2, 9998
LAST_WALL = datetime.combine(date(_LAST_YEAR, 12, 31), time(23, 59, 59))

_DAY_SECONDS = 86_400
_STEP_SECONDS = {
    Frequency.DAILY: _DAY_SECONDS,
    Frequency.HOURLY: 3_600,
    Frequency.MINUTELY: 60,
    Frequency.SECONDLY: 1,
}
_SPILL = 7


def wall_times(
    rule: Recurrence, start: datetime, *, low: datetime | None = None, high: datetime = LAST_WALL
) -> Iterator[datetime]:
    """The wall times of the rule from `start` (and not before `low`) to `high`, both included, in order.

    COUNT is not looked at: how many count is known only where the zone is. UNTIL is. Periods before `low` are
    skipped without looking at them; the work ends with the calendar at the latest, whatever the rule.

    Raises: InvalidInput for a start in the first or last year of the calendar.
    """
    if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
        raise InvalidInput(f"The year {start.year} is too close to the edge of the calendar for repeats.")
    first = start.replace(microsecond=0, fold=0)
    lowest = first if low is None else max(first, low)
    highest = min(high, LAST_WALL, rule.until or LAST_WALL)
    if lowest > highest:
        return
    walk = _by_step if rule.freq in _STEP_SECONDS else _by_period
    for wall in walk(_completed(rule, first), first, lowest, highest):
        if wall > highest:
            return
        if wall >= lowest:
            yield wall


def _completed(rule: Recurrence, start: datetime) -> Recurrence:
    """The rule with what it leaves open taken from the start."""
    freq = rule.freq
    days = rule.by_weekday or rule.by_monthday or rule.by_yearday
    own_weekday = (NthWeekday(Weekday(start.weekday())),)
    if freq is Frequency.YEARLY and not days and not rule.by_weekno:
        rule = replace(rule, by_month=rule.by_month or (start.month,), by_monthday=(start.day,))
    elif freq is Frequency.MONTHLY and not days:
        rule = replace(rule, by_monthday=(start.day,))
    elif (freq is Frequency.WEEKLY or rule.by_weekno) and not days:
        rule = replace(rule, by_weekday=own_weekday)
    step = _STEP_SECONDS.get(freq, _DAY_SECONDS)
    return replace(
        rule,
        by_hour=rule.by_hour or ((start.hour,) if step > 3_600 else tuple(range(24))),
        by_minute=rule.by_minute or ((start.minute,) if step > 60 else tuple(range(60))),
        by_second=rule.by_second or ((start.second,) if step > 1 else tuple(range(60))),
    )


def _by_period(rule: Recurrence, start: datetime, low: datetime, high: datetime) -> Iterator[datetime]:
    """The wall times of rules by year, month or week."""
    times = _seconds(rule.by_hour, rule.by_minute, rule.by_second)
    if rule.freq is Frequency.WEEKLY and rule.by_setpos:
        most = len(rule.by_weekday) * len(times)
        if min(abs(position) for position in rule.by_setpos) > most:
            return
    periods = {Frequency.YEARLY: _years, Frequency.MONTHLY: _months, Frequency.WEEKLY: _weeks}[rule.freq]
    for days in periods(rule, start.date(), low.date(), high.date()):
        if rule.by_setpos:
            chosen = _picked(rule.by_setpos, len(days) * len(times))
            yield from (_moment(days[index // len(times)], times[index % len(times)]) for index in chosen)
        else:
            later = days[bisect_left(days, low.toordinal()) :]
            yield from (_moment(day, seconds) for day in later for seconds in times)


def _years(rule: Recurrence, start: date, low: date, high: date) -> Iterator[Sequence[int]]:
    """The days of each year; with week numbers it is the year of weeks, which may begin or end a few days off."""
    days_of = _days_of_years(rule)
    base = _week_year(start, rule.week_start) if rule.by_weekno else start.year
    for year in range(base + _skipped(low.year - 1 - base, rule.interval), high.year + 2, rule.interval):
        if year <= _LAST_YEAR:
            yield days_of(year)


def _months(rule: Recurrence, start: date, low: date, high: date) -> Iterator[Sequence[int]]:
    passes = _day_test(rule)
    shapes: dict[tuple[int, int, int], list[int]] = {}
    base = _month_index(start)
    for index in range(base + _skipped(_month_index(low) - base, rule.interval), _month_index(high) + 1, rule.interval):
        year, month = index // 12, index % 12 + 1
        weekday, length = monthrange(year, month)
        if rule.by_month and month not in rule.by_month:
            continue
        first = date(year, month, 1).toordinal()
        shape = (month, weekday, length)
        if shape not in shapes:
            shapes[shape] = [offset for offset in range(length) if passes(date.fromordinal(first + offset))]
        yield [first + offset for offset in shapes[shape]]


def _weeks(rule: Recurrence, start: date, low: date, high: date) -> Iterator[Sequence[int]]:
    offsets = sorted((day.weekday - rule.week_start) % 7 for day in rule.by_weekday)
    base = _week_start(start, rule.week_start)
    stride = 7 * rule.interval
    for week in range(base + 7 * _skipped((low.toordinal() - base) // 7, rule.interval), high.toordinal() + 1, stride):
        days = [week + offset for offset in offsets]
        if rule.by_month:
            days = [day for day in days if date.fromordinal(day).month in rule.by_month]
        yield days


def _by_step(rule: Recurrence, start: datetime, low: datetime, high: datetime) -> Iterator[datetime]:
    """The wall times of rules by day, hour, minute or second, whose periods never reach over midnight.

    A period is a step of the day. Whether a step is in turn repeats after as many days as `cycle`, so the steps are
    sorted by the day of that cycle on which they are; a rule whose steps are never in turn ends here at once.
    """
    step = _STEP_SECONDS[rule.freq]
    inner = _picked_of(rule.by_setpos, _seconds_in_step(rule))
    first_day, first_step = start.toordinal(), _second_of_day(start) // step
    per_day = _DAY_SECONDS // step
    shared = gcd(rule.interval, per_day)
    cycle = rule.interval // shared
    inverse = pow(per_day // shared, -1, cycle)
    in_turn: dict[int, list[int]] = {}
    for number in _steps_of_day(rule):
        if (number - first_step) % shared == 0:
            in_turn.setdefault((first_step - number) // shared * inverse % cycle, []).append(number)
    if not inner or not in_turn:
        return
    days_of = _days_of_years(rule)
    for year in range(low.year, high.year + 1):
        days = days_of(year)
        for day in days[bisect_left(days, low.toordinal()) :]:
            steps = in_turn.get((day - first_day) % cycle, ())
            yield from (_moment(day, number * step + seconds) for number in steps for seconds in inner)


def _steps_of_day(rule: Recurrence) -> Iterable[int]:
    if rule.freq is Frequency.DAILY:
        return (0,)
    if rule.freq is Frequency.HOURLY:
        return rule.by_hour
    if rule.freq is Frequency.MINUTELY:
        return [hour * 60 + minute for hour, minute in product(rule.by_hour, rule.by_minute)]
    return _seconds(rule.by_hour, rule.by_minute, rule.by_second)


def _seconds_in_step(rule: Recurrence) -> Sequence[int]:
    if rule.freq is Frequency.DAILY:
        return _seconds(rule.by_hour, rule.by_minute, rule.by_second)
    if rule.freq is Frequency.HOURLY:
        return _seconds((0,), rule.by_minute, rule.by_second)
    if rule.freq is Frequency.MINUTELY:
        return _seconds((0,), (0,), rule.by_second)
    return (0,)


def _days_of_years(rule: Recurrence) -> Callable[[int], Sequence[int]]:
    """A function that gives the days of a year that pass the rule, as ordinals."""
    passes = _day_test(rule)
    every_day = not (rule.by_month or rule.by_weekno or rule.by_yearday or rule.by_monthday or rule.by_weekday)
    shapes: dict[tuple[int, bool, bool, bool], list[int]] = {}

    def days_of(year: int) -> Sequence[int]:
        first = date(year, 1, 1)
        start, length = first.toordinal(), 365 + isleap(year)
        if every_day:
            return range(start, start + length)
        shape = (first.weekday(), isleap(year - 1), isleap(year), isleap(year + 1))
        if shape not in shapes:
            spill = _SPILL if rule.by_weekno else 0
            candidates = ((offset, date.fromordinal(start + offset)) for offset in range(-spill, length + spill))
            shapes[shape] = [
                offset
                for offset, day in candidates
                if passes(day) and (not spill or _week_year(day, rule.week_start) == year)
            ]
        return [start + offset for offset in shapes[shape]]

    return days_of


def _day_test(rule: Recurrence) -> DayTest:
    """Whether a day passes every day part of the rule."""
    tests: list[DayTest] = []
    if rule.by_month:
        tests.append(lambda day: day.month in rule.by_month)
    if rule.by_weekno:
        tests.append(lambda day: _either_end(*_week_number(day, rule.week_start), rule.by_weekno))
    if rule.by_yearday:
        tests.append(lambda day: _either_end(day.timetuple().tm_yday, 365 + isleap(day.year), rule.by_yearday))
    if rule.by_monthday:
        tests.append(lambda day: _either_end(day.day, monthrange(day.year, day.month)[1], rule.by_monthday))
    if rule.by_weekday:
        tests.append(_weekday_test(rule))
    return lambda day: all(test(day) for test in tests)


def _weekday_test(rule: Recurrence) -> DayTest:
    """Numbered weekdays count within the month, but within the year for rules by year that name no month."""
    within_year = rule.freq is Frequency.YEARLY and not rule.by_month
    wanted = {(int(weekday), nth) for weekday, nth in rule.by_weekday}

    def passes(day: date) -> bool:
        if within_year:
            place, length = day.timetuple().tm_yday, 365 + isleap(day.year)
        else:
            place, length = day.day, monthrange(day.year, day.month)[1]
        weekday = day.weekday()
        forward, backward = (place - 1) // 7 + 1, -((length - place) // 7 + 1)
        return not wanted.isdisjoint({(weekday, None), (weekday, forward), (weekday, backward)})

    return passes


def _either_end(place: int, length: int, wanted: tuple[int, ...]) -> bool:
    return place in wanted or place - length - 1 in wanted


def _week_start(day: date, week_start: int) -> int:
    return day.toordinal() - (day.weekday() - week_start) % 7


def _week_year(day: date, week_start: int) -> int:
    """The year that holds four days or more of the week."""
    return date.fromordinal(_week_start(day, week_start) + 3).year


def _week_number(day: date, week_start: int) -> tuple[int, int]:
    """The number of the week in its year, and how many weeks that year has."""
    middle = date.fromordinal(_week_start(day, week_start) + 3)
    last = date.fromordinal(_week_start(date(middle.year, 12, 28), week_start) + 3)
    number, total = ((each.timetuple().tm_yday - 1) // 7 + 1 for each in (middle, last))
    return number, total


def _month_index(day: date) -> int:
    return day.year * 12 + day.month - 1


def _skipped(distance: int, interval: int) -> int:
    """How far to go in whole intervals to come to the last period that is not after the distance."""
    return max(0, distance // interval * interval)


def _seconds(hours: Sequence[int], minutes: Sequence[int], seconds: Sequence[int]) -> Sequence[int]:
    # Clocks that do not know leap seconds take second 60 for 59 (RFC 5545, section 3.3.12).
    whole = sorted({min(second, 59) for second in seconds})
    return [hour * 3_600 + minute * 60 + second for hour, minute, second in product(hours, minutes, whole)]


def _second_of_day(wall: datetime) -> int:
    return wall.hour * 3_600 + wall.minute * 60 + wall.second


def _picked(positions: Iterable[int], size: int) -> list[int]:
    """The indexes that BYSETPOS chooses of that many dates, in order."""
    return sorted(
        {position - 1 if position > 0 else size + position for position in positions if abs(position) <= size}
    )


def _picked_of(positions: tuple[int, ...], items: Sequence[int]) -> Sequence[int]:
    return [items[index] for index in _picked(positions, len(items))] if positions else items


def _moment(day: int, seconds: int) -> datetime:
    return datetime.fromordinal(day) + timedelta(seconds=seconds)
