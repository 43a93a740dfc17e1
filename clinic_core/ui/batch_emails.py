"""What became of the e-mails of a print run, and whose paper has to go by post after all."""

from uuid import UUID

import streamlit as st

from clinic_core.billing.schemas import GetBatch
from clinic_core.notifications.batch_emails import batch_emails
from clinic_core.notifications.schemas import UnsentPaper
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.tiles import counted


def draw_emails(page: Page, batch_id: UUID) -> None:
    """How many went out, how many wait; those that did not are listed to be printed and posted."""
    found = page.read(batch_emails, GetBatch(batch_id=batch_id))
    facts = [f"{counted(found.sent, 'e-mail')} sent"] if found.sent else []
    facts += [f"{found.waiting} waiting"] if found.waiting else []
    if facts:
        st.caption(", ".join(facts))
    if not found.unsent:
        return
    st.warning(
        f"{counted(found.unsent, 'e-mail')} not sent. Print the papers, which lie among those e-mailed, and post them.",
        icon=":material/unsubscribe:",
    )
    if st.toggle("Show what was not e-mailed", key=f"batch_unsent_{batch_id}"):
        show_table(
            found.papers,
            [
                Column[UnsentPaper]("position", "Paper"),
                Column[UnsentPaper]("patient_name", "Patient", width="medium"),
                Column[UnsentPaper]("patient_code", "Code"),
                Column[UnsentPaper](_why, "Why"),
            ],
            key=f"batch_unsent_rows_{batch_id}",
            wording=Wording(page.actor.settings.locale),
        )


def _why(paper: UnsentPaper) -> str:
    reason = paper.withdrawn_reason or paper.last_error
    return reason.label if reason is not None else ""
