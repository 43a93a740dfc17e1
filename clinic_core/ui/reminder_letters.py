"""Letters of payment reminders on the screen: those that are due, one of them in full, and starting to make them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode
from uuid import UUID

import streamlit as st

from clinic_core.billing.queries import list_paying_patients
from clinic_core.billing.schemas import (
    DueInvoice,
    DueLetter,
    ReminderFilter,
    ReminderRun,
    StartReminders,
    UnremindedInvoice,
)
from clinic_core.billing.schemas.reminders import LeftOut
from clinic_core.billing.service import start_reminders
from clinic_core.kit.formats import money
from clinic_core.kit.money import ZERO
from clinic_core.notifications.queries import count_by_email
from clinic_core.notifications.schemas import CountByEmail
from clinic_core.ui.batches import BATCHES_PAGE
from clinic_core.ui.figure_rows import INVOICE_PAGE
from clinic_core.ui.page import Page
from clinic_core.ui.tables import Column, Wording, choose_rows, show_table
from clinic_core.ui.tiles import counted
from clinic_core.ui.wording import plain

_OPEN = "reminders_start"
_LEFT_OUT = "reminders_left_out"
_SHOWN = 10


@dataclass(frozen=True)
class Chosen:
    """What a run would be over: the invoices of the letters that are ticked, or all that pass the filters.

    `patient_ids` are those who are asked themselves, None for all of the filters. Ids only, so that it may be kept.
    """

    filters: ReminderFilter
    count: int
    total: Decimal
    invoice_ids: tuple[UUID, ...] = ()
    patient_ids: tuple[UUID, ...] | None = None


def ticked_letters(filters: ReminderFilter, letters: Sequence[DueLetter]) -> Chosen:
    """A run over those letters only."""
    return Chosen(
        filters,
        len(letters),
        sum((letter.open for letter in letters), ZERO),
        tuple(one.id for letter in letters for one in letter.invoices),
        tuple(letter.patient_id for letter in letters if letter.billed_to_patient),
    )


def letters_table(page: Page, letters: Sequence[DueLetter], *, key: str) -> list[DueLetter]:
    """The letters that are due, with boxes to tick; returns those that are ticked."""
    return choose_rows(
        letters,
        [
            Column[DueLetter]("patient_name", "Patient", width="medium"),
            Column[DueLetter]("patient_code", "Code"),
            Column[DueLetter]("title", "Reminder"),
            Column[DueLetter]("open", f"Open ({page.actor.settings.currency})"),
            Column[DueLetter]("days_overdue", "Days overdue"),
            Column[DueLetter]("last_on", "Last reminder"),
            Column[DueLetter](lambda row: len(row.invoices), "Invoices"),
            Column[DueLetter](lambda row: "" if row.billed_to_patient else row.payer_name, "Other payer"),
        ],
        key=key,
        wording=Wording(page.actor.settings.locale),
    )


def draw_letter(page: Page, letter: DueLetter, location_id: UUID | None) -> None:
    """One letter in full: its invoices, each a way to its page, and the letter itself before it is sent."""
    parts = f"?{urlencode({'location': location_id})}" if location_id else ""
    with st.container(border=True, gap="small"):
        whom = letter.payer_name if letter.billed_to_patient else f"{letter.payer_name}, for {letter.patient_name}"
        st.markdown(plain(f"{letter.title} to {whom}"))
        found = show_table(
            letter.invoices,
            _invoice_columns(page),
            key=f"reminder_letter_{letter.invoices[0].id}",
            select=True,
            wording=Wording(page.actor.settings.locale),
        )
        address = f"/docs/reminder/{letter.invoices[0].id}.pdf{parts}"
        st.link_button("Preview letter", address, icon=":material/picture_as_pdf:", type="tertiary")
    if found is not None:
        page.go(INVOICE_PAGE, invoice=found.id)


def draw_unreminded(page: Page, rows: Sequence[UnremindedInvoice]) -> None:
    """What is overdue and not reminded of, and why; a click opens the invoice."""
    found = show_table(
        rows,
        [
            Column[UnremindedInvoice]("number", "Invoice"),
            Column[UnremindedInvoice]("patient_name", "Patient", width="medium"),
            Column[UnremindedInvoice]("patient_code", "Code"),
            Column[UnremindedInvoice]("obstacle", "Why"),
            Column[UnremindedInvoice]("until", "Until"),
            Column[UnremindedInvoice]("reason", "Reason", width="medium"),
            Column[UnremindedInvoice]("days_overdue", "Days overdue"),
            Column[UnremindedInvoice]("balance", f"Open ({page.actor.settings.currency})"),
        ],
        key="reminders_left",
        select=True,
        wording=Wording(page.actor.settings.locale),
    )
    if found is not None:
        page.go(INVOICE_PAGE, invoice=found.id)


def draw_runs(page: Page, rows: Sequence[ReminderRun]) -> None:
    """The runs so far; a click leads to the print runs, where their letters are."""
    found = show_table(
        rows,
        [
            Column[ReminderRun]("reminded_on", "Day"),
            Column[ReminderRun]("started_by", "By", width="medium"),
            Column[ReminderRun]("status", "Status"),
            Column[ReminderRun]("letters", "Letters"),
            Column[ReminderRun]("by_email", "By e-mail"),
            Column[ReminderRun]("invoices", "Invoices"),
            Column[ReminderRun]("amount", f"Asked for ({page.actor.settings.currency})"),
        ],
        key="reminders_runs",
        select=True,
        wording=Wording(page.actor.settings.locale),
        empty="No reminder was sent yet.",
    )
    if found is not None:
        page.go(BATCHES_PAGE)


def begin_start(chosen: Chosen) -> None:
    """Callback: open the dialog that makes the letters."""
    end_start()
    st.session_state[_OPEN] = chosen


def end_start() -> None:
    """Callback: close the dialog."""
    for key in [key for key in st.session_state if str(key).startswith(_OPEN)]:
        del st.session_state[key]


def draw_start(page: Page) -> None:
    """The dialog, if it is open."""
    chosen: Chosen | None = st.session_state.get(_OPEN)
    if chosen is not None:
        _dialog(page, chosen)


def draw_left_out(page: Page) -> None:
    """What the run that was just started left out, and why, until it is read."""
    left_out: Sequence[LeftOut] = st.session_state.get(_LEFT_OUT, ())
    if not left_out:
        return
    lines = [plain(f"{each.number}: {each.sentence}") for each in left_out[:_SHOWN]]
    lines += [f"And {len(left_out) - _SHOWN} more."] if len(left_out) > _SHOWN else []
    st.warning(
        f"The letters are being made. {counted(len(left_out), 'invoice')} left out:  \n" + "  \n".join(lines),
        icon=":material/info:",
    )
    with st.container(horizontal=True, gap="small"):
        if st.button("Print runs", icon=":material/print:", key="reminders_to_runs"):
            _forget_left_out()
            page.go(BATCHES_PAGE)
        st.button("Close", key="reminders_read", on_click=_forget_left_out)


def _forget_left_out() -> None:
    st.session_state.pop(_LEFT_OUT, None)


@st.dialog("Make letters", width="small", dismissible=False, icon=":material/mail:")
def _dialog(page: Page, chosen: Chosen) -> None:
    settings = page.actor.settings
    patients = chosen.patient_ids if chosen.patient_ids is not None else page.read(list_paying_patients, chosen.filters)
    by_email = page.read(count_by_email, CountByEmail(patient_ids=patients))
    amount = money(chosen.total, settings.currency, settings.locale)
    st.markdown(f"**{counted(chosen.count, 'letter')}** over {plain(amount)}")
    email = st.toggle(
        "Send by e-mail where possible",
        key=f"{_OPEN}_email",
        disabled=not by_email,
        help="To patients with an address who did not refuse e-mail. Letters to other payers go by post.",
    )
    sent = by_email if email else 0
    st.caption(f"{sent} by e-mail, {chosen.count - sent} by post, as one archive of letters to print.")
    st.caption("Each reminder is recorded now; what is paid, held back or reminded of meanwhile is left out.")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key=f"{_OPEN}_cancel"):
            end_start()
            st.rerun()
        pressed = st.button(f"Make {counted(chosen.count, 'letter')}", type="primary", key=f"{_OPEN}_do")
    if not pressed:
        return
    request = StartReminders(
        **dict(chosen.filters),
        invoice_ids=chosen.invoice_ids,
        email=email,
        request_id=page.request_id("start"),
    )
    started = page.run(start_reminders, request, done="The letters are being made.")
    if started is not None:
        end_start()
        if not started.left_out:
            page.go(BATCHES_PAGE)
        st.session_state[_LEFT_OUT] = started.left_out
        st.rerun()


def _invoice_columns(page: Page) -> list[Column[DueInvoice]]:
    return [
        Column[DueInvoice]("number", "Invoice"),
        Column[DueInvoice]("location_name", "Location"),
        Column[DueInvoice]("issued_on", "Issued"),
        Column[DueInvoice]("due_on", "Due"),
        Column[DueInvoice]("days_overdue", "Days overdue"),
        Column[DueInvoice]("step", "Reminder"),
        Column[DueInvoice]("last_on", "Last reminder"),
        Column[DueInvoice]("total", "Total"),
        Column[DueInvoice]("balance", f"Open ({page.actor.settings.currency})"),
    ]
