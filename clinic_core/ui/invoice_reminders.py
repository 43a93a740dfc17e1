"""The payment reminders of an invoice on its page: what went out, what comes next, and holding them back."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import list_invoice_reminders
from clinic_core.billing.schemas import HoldReminders, InvoiceDetail, InvoiceReminders, OfInvoice, ReleaseHold
from clinic_core.billing.service import hold_reminders, release_hold
from clinic_core.kit.formats import date_text, money
from clinic_core.ui.forms import date_field, reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import InvoiceKind, InvoiceStatus


def draw_reminders(page: Page, invoice: InvoiceDetail) -> None:
    """What was asked for and until when, whether it is held back and why; who manages billing may hold or release."""
    if invoice.kind is not InvoiceKind.INVOICE or invoice.status is not InvoiceStatus.ISSUED:
        return
    story = page.read(list_invoice_reminders, OfInvoice(invoice_id=invoice.id))
    if not (story.reminders or story.hold or story.next_on):
        return
    st.subheader("Payment reminders", anchor=False)
    with st.container(gap="xxsmall"):
        for line in _lines(page, invoice, story):
            st.markdown(plain(line))
    is_held = story.hold is not None and story.hold.is_active
    if page.actor.can(Permission.BILLING_MANAGE) and (is_held or invoice.balance):
        if is_held:
            _draw_release(page, invoice)
        else:
            _draw_hold(page, invoice)


def _lines(page: Page, invoice: InvoiceDetail, story: InvoiceReminders) -> list[str]:
    settings = page.actor.settings

    def title(step: int) -> str:
        steps = settings.reminder_steps
        return steps[step - 1].title if step <= len(steps) else f"Reminder {step}"

    lines = []
    for row in story.reminders:
        day, pay_by = (date_text(one, settings.locale) for one in (row.reminded_on, row.pay_by))
        amount = money(row.balance, invoice.currency, settings.locale)
        by = f", by {row.reminded_by}" if row.reminded_by else ""
        way = "by e-mail" if row.by_email else "by post"
        lines.append(f"{title(row.step)} on {day}{by}, {way}: {amount}, pay by {pay_by}")
    hold = story.hold
    if hold is not None:
        is_over = "Held back" if hold.is_active else "Was held back"
        until = f" until {date_text(hold.until, settings.locale)}" if hold.until else ""
        lines.append(f"{is_over}{until}, {hold.held_by}: {hold.reason}")
    if story.next_step and story.next_on and not (hold and hold.is_active and hold.until is None):
        lines.append(f"Next: {title(story.next_step)} from {date_text(story.next_on, settings.locale)}")
    return lines


def _draw_hold(page: Page, invoice: InvoiceDetail) -> None:
    with st.popover("Hold reminders", icon=":material/pause_circle:"):
        until = date_field("Until", key="reminder_hold_until")
        st.caption("Up to and with that day; without a day until somebody releases it.")
        reason = reason_field(key="reminder_hold_reason")
        pressed = st.button("Hold", type="primary", key="reminder_hold_do")

    def request() -> HoldReminders:
        return HoldReminders(
            invoice_id=invoice.id, until=until, reason=reason, request_id=page.request_id("hold_reminders")
        )

    if pressed and page.run(hold_reminders, request, done="The reminders of this invoice are held back.") is not None:
        st.rerun()


def _draw_release(page: Page, invoice: InvoiceDetail) -> None:
    with st.popover("Release reminders", icon=":material/play_circle:"):
        reason = reason_field(key="reminder_release_reason")
        pressed = st.button("Release", type="primary", key="reminder_release_do")

    def request() -> ReleaseHold:
        return ReleaseHold(invoice_id=invoice.id, reason=reason, request_id=page.request_id("release_reminders"))

    if pressed and page.run(release_hold, request, done="The reminders of this invoice go out again.") is not None:
        st.rerun()
