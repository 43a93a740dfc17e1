"""The audit log: who did what to which row, filtered, page by page, and as a file."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.audit.queries import list_audit, list_audit_choices
from clinic_core.audit.schemas import AuditChange, AuditRow, ListAudit
from clinic_core.errors import InvalidInput
from clinic_core.ui.audit_filters import (
    audit_export,
    draw_audit_filters,
    draw_audit_pager,
    in_words,
    shown_after,
)
from clinic_core.ui.export import draw_export
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import open_page, stop_with
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain

page = open_page("Audit log", Permission.AUDIT_VIEW)

PAGE_SIZE = 100
zone = reader_zone()
wording = Wording(page.actor.settings.locale, zone)

try:
    wanted = draw_audit_filters(page.read(list_audit_choices), zone)
except InvalidInput as error:
    stop_with(error)
found = page.read(list_audit, ListAudit(**dict(wanted), after=shown_after(), limit=PAGE_SIZE))
with page.actions:
    draw_export(audit_export(wanted))

st.caption(f"Times in {zone.key}. Values of clinical text and of personal data are never kept in the log.")
chosen = show_table(
    found.rows,
    [
        Column[AuditRow]("created_at", "Time", width="medium"),
        Column[AuditRow]("actor", "Person"),
        Column[AuditRow]("use_case", "Use case"),
        Column[AuditRow](lambda row: in_words(row.entity_type), "Kind"),
        Column[AuditRow](lambda row: in_words(row.action), "Action"),
        Column[AuditRow]("summary", "Changes", width="large"),
    ],
    key="audit_rows",
    select=True,
    wording=wording,
    empty="No entry matches these filters; clear one of them.",
)
draw_audit_pager(found.next)

if chosen is not None:
    with st.container(border=True):
        heading = f"{chosen.use_case}: {in_words(chosen.action)} · {in_words(chosen.entity_type)}"
        st.subheader(plain(heading), anchor=False)
        st.caption(f"Row {chosen.entity_id or 'none'} · request {chosen.request_id or 'none'} · entry {chosen.id}")
        show_table(
            chosen.changes,
            [
                Column[AuditChange]("field", "Field"),
                Column[AuditChange]("before", "Before", width="large"),
                Column[AuditChange](
                    lambda change: "changed, not shown" if change.hidden else change.after, "After", width="large"
                ),
            ],
            key="audit_changes",
            empty="This entry has no details.",
        )
