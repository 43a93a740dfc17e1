"""The figures of the clinic, each with its explanation, and exactly the rows behind each."""

from clinic_core.analytics.queries.attendance import list_no_show, no_show_rate
from clinic_core.analytics.queries.choices import list_report_choices
from clinic_core.analytics.queries.income import list_collected, list_invoiced, revenue
from clinic_core.analytics.queries.occupancy import utilization
from clinic_core.analytics.queries.overrides import list_overrides
from clinic_core.analytics.queries.overview import overview
from clinic_core.analytics.queries.receivables import (
    aging,
    list_credit,
    list_debtors,
    list_outstanding,
    outstanding,
)

__all__ = [
    "aging",
    "list_collected",
    "list_credit",
    "list_debtors",
    "list_invoiced",
    "list_no_show",
    "list_outstanding",
    "list_overrides",
    "list_report_choices",
    "no_show_rate",
    "outstanding",
    "overview",
    "revenue",
    "utilization",
]
