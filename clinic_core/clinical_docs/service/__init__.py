"""What people do with cases, visits and notes; each function is one use case."""

from clinic_core.clinical_docs.service.cases import close_case, open_case, reopen_case, update_case
from clinic_core.clinical_docs.service.charts import break_glass, open_chart, open_visit
from clinic_core.clinical_docs.service.notes import amend_visit, discard_draft, save_draft, save_visit, sign_visit
from clinic_core.clinical_docs.service.visits import start_visit

__all__ = [
    "amend_visit",
    "break_glass",
    "close_case",
    "discard_draft",
    "open_case",
    "open_chart",
    "open_visit",
    "reopen_case",
    "save_draft",
    "save_visit",
    "sign_visit",
    "start_visit",
    "update_case",
]
