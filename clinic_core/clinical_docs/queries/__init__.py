"""What people read of cases, visits and notes; every function looks no further than the actor's scope."""

from clinic_core.clinical_docs.queries.charts import chart_access, get_case, get_chart, list_cases, list_visits
from clinic_core.clinical_docs.queries.notes import get_visit, list_revisions, note_as_of
from clinic_core.clinical_docs.queries.worklists import attended_without_note, count_open_notes, unsigned_visits

__all__ = [
    "attended_without_note",
    "chart_access",
    "count_open_notes",
    "get_case",
    "get_chart",
    "get_visit",
    "list_cases",
    "list_revisions",
    "list_visits",
    "note_as_of",
    "unsigned_visits",
]
