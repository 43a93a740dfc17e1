"""Print runs on the screen: how far each has come, its file, what was not printed, and stopping or trying again."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import count_printable, get_batch, list_batches
from clinic_core.billing.schemas import (
    MOST_DOCUMENTS,
    CancelBatch,
    GetBatch,
    InvoiceFilter,
    ListBatches,
    ListedBatch,
    RetryBatch,
    StartDocuments,
)
from clinic_core.billing.service import retry_batch, start_document_batch
from clinic_core.kit.clock import now
from clinic_core.kit.formats import datetime_text
from clinic_core.notifications.service import cancel_batch_with_emails
from clinic_core.ui.batch_emails import draw_emails
from clinic_core.ui.figure_rows import INVOICE_PAGE, PATIENT_PAGE
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import Page, go, guarded
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tiles import counted
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import BatchKind, BatchStatus

BATCHES_PAGE = "pages/billing/batches.py"
EVERY_SECONDS = 2
SLOW = timedelta(minutes=2)
_PRINTING = "printing_filter"
_WORDS = {
    BatchKind.DOCUMENTS: "Invoices and credit notes",
    BatchKind.STATEMENTS: "Statements",
    BatchKind.REMINDERS: "Payment reminders",
}


def draw_batches(page: Page, wanted: ListBatches) -> None:
    """The print runs of one page of the list; while one is under way they are drawn anew every two seconds."""
    rows = page.read(list_batches, wanted)
    if not rows:
        draw_empty(
            "Nothing was printed in the background yet.",
            "Print invoices from their list, or statements from the list of what is outstanding.",
        )
    elif any(row.is_under_way for row in rows):
        _draw_moving(page, wanted)
    else:
        _draw_all(page, rows)


@st.fragment(run_every=EVERY_SECONDS)
def _draw_moving(page: Page, wanted: ListBatches) -> None:
    guarded(partial(_look_again, page, wanted))


def _look_again(page: Page, wanted: ListBatches) -> None:
    rows = page.read(list_batches, wanted)
    _draw_all(page, rows)
    if not any(row.is_under_way for row in rows):
        st.rerun(scope="app")


def _draw_all(page: Page, rows: Sequence[ListedBatch]) -> None:
    for row in rows:
        with st.container(border=True, gap="xsmall", key=f"batch_{row.id}"):
            _draw(page, row)


def _draw(page: Page, row: ListedBatch) -> None:
    settings = page.actor.settings
    asked = datetime_text(row.created_at, reader_zone(), settings.locale)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{_WORDS[row.kind]}** · {counted(row.total, 'paper')}", width="stretch")
        if _is_kept(row):
            st.link_button("Download", f"/docs/batch/{row.id}", icon=":material/download:")
        if row.status is BatchStatus.FAILED:
            _draw_retry(page, row)
        if row.kind is not BatchKind.REMINDERS and (row.is_under_way or row.status is BatchStatus.FAILED):
            _draw_stop(page, row)
    if row.status is BatchStatus.RUNNING:
        st.progress(row.done / row.total if row.total else 0.0, f"{row.done} of {row.total}")
    if row.status is BatchStatus.FAILED:
        st.error(plain(row.problem), icon=":material/error:")
    st.caption(plain(" · ".join([f"{row.asked_by}, {asked}", *_facts(page, row)])))
    if row.problems:
        _draw_problems(page, row)
    if row.by_email and row.status is not BatchStatus.CANCELLED:
        draw_emails(page, row.id)


def _facts(page: Page, row: ListedBatch) -> list[str]:
    facts = [f"{row.by_email} by e-mail"] if row.by_email else []
    facts += [f"{row.problems} not printed"] if row.problems else []
    if row.status is BatchStatus.QUEUED:
        late = now() - row.created_at > SLOW
        facts += ["waits for a worker; ask whoever runs the server" if late else "begins in a moment"]
    if row.status is BatchStatus.CANCELLED:
        facts += ["cancelled"]
    if _is_kept(row) and row.expires_at is not None:
        kept = datetime_text(row.expires_at, reader_zone(), page.actor.settings.locale)
        facts += [_size(row.file_bytes or 0), f"kept until {kept}"]
    elif row.status is BatchStatus.DONE:
        facts += ["the file is no longer kept"]
    return facts


def _is_kept(row: ListedBatch) -> bool:
    return row.status is BatchStatus.DONE and row.expires_at is not None and row.expires_at > now()


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB" if size_bytes >= 100_000 else f"{max(1, round(size_bytes / 1000))} kB"


def _draw_retry(page: Page, row: ListedBatch) -> None:
    request = RetryBatch(batch_id=row.id, request_id=page.request_id(f"retry_{row.id}_{row.done}"))
    pressed = st.button("Try again", key=f"batch_retry_{row.id}", icon=":material/refresh:")
    if pressed and page.run(retry_batch, request, done="The print run goes on.") is not None:
        st.rerun()


def _draw_stop(page: Page, row: ListedBatch) -> None:
    with st.popover("Cancel", icon=":material/close:"):
        st.markdown("What was printed so far is deleted, and e-mails that did not go out yet are withdrawn.")
        request = CancelBatch(batch_id=row.id, request_id=page.request_id(f"cancel_{row.id}"))
        pressed = st.button("Cancel this print run", type="primary", key=f"batch_cancel_{row.id}")
        if pressed and page.run(cancel_batch_with_emails, request, done="The print run is cancelled.") is not None:
            st.rerun()


def _draw_problems(page: Page, row: ListedBatch) -> None:
    if not st.toggle("Show what was not printed", key=f"batch_problems_{row.id}"):
        return
    actor = page.actor
    found = page.read(get_batch, GetBatch(batch_id=row.id))
    for each in found.without_paper:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            label = f"{each.patient_name}, {each.patient_code}"
            if each.invoice_id is not None and st.button("Invoice", key=f"batch_invoice_{each.id}", type="tertiary"):
                go(INVOICE_PAGE, invoice=each.invoice_id)
            if not actor.can(Permission.PATIENT_READ):
                st.markdown(plain(label), width="content")
            elif st.button(plain(label), key=f"batch_patient_{each.id}", type="tertiary"):
                go(PATIENT_PAGE, patient=each.patient_id)
            st.caption(plain(each.problem), width="content")
    if found.problems > len(found.without_paper):
        st.caption(f"These are the first {len(found.without_paper)} of {found.problems}.")


def begin_printing(wanted: InvoiceFilter) -> None:
    """Callback: open the dialog that prints all documents of a filter."""
    st.session_state[_PRINTING] = wanted


def end_printing() -> None:
    """Callback: close the dialog."""
    st.session_state.pop(_PRINTING, None)


def draw_printing(page: Page) -> None:
    """The dialog, if it is open."""
    wanted: InvoiceFilter | None = st.session_state.get(_PRINTING)
    if wanted is not None:
        _printing(page, wanted)


@st.dialog("Print as one PDF", width="small", on_dismiss=end_printing, icon=":material/print:")
def _printing(page: Page, wanted: InvoiceFilter) -> None:
    count = page.read(count_printable, wanted)
    too_many = count > MOST_DOCUMENTS
    if too_many:
        st.warning(f"At most {MOST_DOCUMENTS:,} documents fit one print run; choose a shorter period.")
    else:
        st.markdown(f"**{counted(count, 'issued document')}** by the filters of the list, the earliest first.")
        st.caption("Drafts are left out. It is made in the background and kept for seven days.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="printing_cancel"):
            end_printing()
            st.rerun()
        pressed = st.button("Print", type="primary", key="printing_start", disabled=too_many or not count)
    if pressed:
        request = StartDocuments(**dict(wanted), request_id=page.request_id("printing"))
        if page.run(start_document_batch, request, done="The print run is started.") is not None:
            end_printing()
            page.go(BATCHES_PAGE)
