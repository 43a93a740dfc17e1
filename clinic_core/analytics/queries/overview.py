"""The manager's dashboard in one reading: every figure beside the same figure of the period compared with."""

from calendar import monthrange
from datetime import date, timedelta

from clinic_core.access import Permission, Work, query
from clinic_core.analytics.filters import check_period, read_filters
from clinic_core.analytics.queries.attendance import no_show_rate
from clinic_core.analytics.queries.income import revenue
from clinic_core.analytics.queries.occupancy import utilization
from clinic_core.analytics.queries.receivables import aging, outstanding
from clinic_core.analytics.schemas import (
    AgingRequest,
    Comparison,
    OutstandingRequest,
    Overview,
    OverviewRequest,
    PeriodFilter,
)

_DAY = timedelta(days=1)


@query(Permission.REPORT_VIEW, name="report.overview")
def overview(work: Work, request: OverviewRequest) -> Overview:
    """All figures of the dashboard; outstanding is as of the end of the period, or now where that lies ahead.

    Raises:
        InvalidInput: the period ends before it begins or is too long.
        NotFound: an unknown location or practitioner.
    """
    check_period(request)
    first_day, last_day = compared_days(request)
    before = PeriodFilter(
        first_day=first_day,
        last_day=last_day,
        clinic_location_id=request.clinic_location_id,
        practitioner_user_id=request.practitioner_user_id,
    )
    financial = work.actor.can(Permission.REPORT_FINANCIAL)
    now_open = _receivables(work, request, request.last_day) if financial else None
    before_open = _receivables(work, request, last_day) if financial else None
    return Overview(
        before_first_day=first_day,
        before_last_day=last_day,
        outstanding=outstanding(work, now_open) if now_open else None,
        outstanding_before=outstanding(work, before_open) if before_open else None,
        aging=aging(work, AgingRequest(**dict(now_open))) if now_open else None,
        revenue=revenue(work, request) if financial else None,
        revenue_before=revenue(work, before) if financial else None,
        utilization=utilization(work, request),
        utilization_before=utilization(work, before),
        no_show=no_show_rate(work, request),
        no_show_before=no_show_rate(work, before),
    )


def compared_days(request: OverviewRequest) -> tuple[date, date]:
    """The first and last day of the period compared with.

    Periods that begin with a month are compared with as many months before, up to the same day (1 to 22 November with
    1 to 22 October) or whole with whole; others with the days just before them. A year back keeps the dates. A day
    that a month does not have is its last.
    """
    first, last = request.first_day, request.last_day
    if request.compare is Comparison.PREVIOUS_YEAR:
        return _months_before(first, 12), _months_before(last, 12)
    if first.day != 1:
        return first - (last - first) - _DAY, first - _DAY
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    is_whole = (last + _DAY).day == 1
    return _months_before(first, months), first - _DAY if is_whole else _months_before(last, months)


def _months_before(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 - months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _receivables(work: Work, request: OverviewRequest, day: date) -> OutstandingRequest:
    filters = read_filters(
        work.session,
        work.actor,
        Permission.REPORT_FINANCIAL,
        clinic_location_id=request.clinic_location_id,
        practitioner_user_id=request.practitioner_user_id,
    )
    return OutstandingRequest(
        as_of=None if day >= filters.today else day,
        clinic_location_id=request.clinic_location_id,
        practitioner_user_id=request.practitioner_user_id,
    )
