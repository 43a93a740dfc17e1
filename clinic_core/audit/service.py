"""Exporting the audit log; the export is itself an entry of the log."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.audit.queries import list_audit
from clinic_core.audit.schemas import AuditCursor, AuditFilter, AuditRow, ListAudit
from clinic_core.errors import InvalidInput
from clinic_core.kit.tables import MOST_ROWS, Table, table

CHUNK = 1000
HEADER = ("Time (UTC)", "Person", "Use case", "Kind", "Id", "Action", "Changes", "Request")


@use_case(Permission.AUDIT_VIEW, name="audit.export")
def export_audit(work: Work, request: AuditFilter) -> Table:
    """The filtered log, newest first.

    Raises: InvalidInput when more than 100,000 entries match, and as `list_audit`.
    """
    rows: list[AuditRow] = []
    after: AuditCursor | None = None
    while True:
        page = list_audit(work, ListAudit(**dict(request), after=after, limit=CHUNK))
        rows += page.rows
        if len(rows) > MOST_ROWS:
            raise InvalidInput(f"More than {MOST_ROWS:,} entries match; choose a shorter period.")
        if page.next is None:
            break
        after = page.next
    work.audit("audit_log", None, "exported", rows=len(rows))
    return table(
        HEADER,
        (
            (
                row.created_at,
                row.actor,
                row.use_case,
                row.entity_type,
                str(row.entity_id or ""),
                row.action,
                row.summary,
                str(row.request_id or ""),
            )
            for row in rows
        ),
    )
