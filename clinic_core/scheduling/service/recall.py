"""The recall list as a file; that it was exported is audited."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.tables import Table, table
from clinic_core.scheduling.queries import list_recall
from clinic_core.scheduling.schemas import ListRecall
from clinic_core.scheduling.schemas.recall import RECALL_ROWS

HEADER = (
    "Patient",
    "Name",
    "Last visit",
    "Time zone",
    "Practitioner",
    "Service",
    "Location",
    "Phone",
    "E-mail",
    "Contact",
)


@use_case(Permission.APPOINTMENT_READ, name="recall.export")
def export_recall(work: Work, request: ListRecall) -> Table:
    """The whole recall list, in the order of the screen, times on the wall. Raises as `list_recall`."""
    page = list_recall(work, request.model_copy(update={"limit": RECALL_ROWS, "offset": 0}))
    work.audit("patient", None, "exported", report="recall", rows=len(page.rows))
    return table(
        HEADER,
        (
            (
                row.code,
                row.name,
                to_wall(row.last_visit_at, zone(row.timezone)),
                row.timezone,
                row.practitioner,
                row.service,
                row.location,
                row.phone,
                row.email,
                row.contact,
            )
            for row in page.rows
        ),
    )
