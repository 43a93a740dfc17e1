"""The forms in the panel of an appointment: cancel, details, fee; moving is in `appointment_move`."""

from collections.abc import Callable

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.formats import money
from clinic_core.notifications.service import cancel_with_reminders
from clinic_core.scheduling.queries import list_fees, list_services_for_booking
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    CancelAppointment,
    EditAppointment,
    FeeRow,
    ListFees,
    ListServices,
    WaiveFee,
)
from clinic_core.scheduling.service import edit_appointment, waive_fee
from clinic_core.ui.appointment_done import gave_time_free, tell_done
from clinic_core.ui.appointment_words import cancelled_text
from clinic_core.ui.forms import choice_field, long_text_field, reason_field
from clinic_core.ui.page import Page
from clinic_core.ui.waiting_list_rows import list_fitting
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import CancelledBy, FeeStatus

Done = Callable[[], None]


def draw_cancel(page: Page, row: AppointmentRow, close: Done) -> None:
    """Who calls it off and why."""
    with st.expander("Cancel"):
        by = choice_field("Called off by", CancelledBy, key="panel_cancelled_by")
        reason = reason_field(key="panel_reason")

        def request() -> CancelAppointment:
            return CancelAppointment(
                appointment_id=row.id,
                cancelled_by=by,
                reason=reason,
                version=row.version,
                request_id=page.request_id(f"cancel/{row.id}"),
            )

        if not st.button("Cancel appointment", key="panel_cancel"):
            return
        cancelled = page.run(cancel_with_reminders, request)
        if cancelled is None:
            return
        tell_done(page, cancelled, cancelled_text(cancelled, page.actor.settings))
        # Who waits for the time is in the panel, so it stays open for them.
        if not (gave_time_free(cancelled) and list_fitting(page, cancelled)):
            close()
        st.rerun()


def draw_details(page: Page, row: AppointmentRow) -> None:
    """The desk note and the service."""
    with st.expander("Desk note and service", expanded=bool(row.note)):
        note = long_text_field("Note for the desk", key="panel_desk_note", value=row.note, height=72)
        services = page.read(list_services_for_booking, ListServices())
        names = {found.id: found.name for found in services}
        if row.product_service_id is not None:
            names = {row.product_service_id: row.service, **names}
        ids = list(names)
        service = st.selectbox(
            "Service",
            ids,
            index=ids.index(row.product_service_id) if row.product_service_id else None,
            format_func=lambda found: names[found],
            placeholder="None",
            disabled=row.has_visit or bool(row.invoiced),
            key="panel_service",
        )

        def request() -> EditAppointment:
            return EditAppointment(
                appointment_id=row.id,
                note=note,
                product_service_id=service,
                version=row.version,
                request_id=page.request_id(f"details/{row.id}"),
            )

        pressed = st.button("Save", key="panel_save_details")
        if pressed and page.run(edit_appointment, request, done="The details are saved.") is not None:
            st.rerun()


def draw_fee(page: Page, row: AppointmentRow) -> None:
    """The fee that a no-show or a late cancellation proposes, and the way to waive it."""
    if not page.actor.can(Permission.BILLING_VIEW):
        return
    asked = ListFees(appointment_id=row.id, statuses=(FeeStatus.PROPOSED, FeeStatus.WAIVED))
    for fee in page.read(list_fees, asked):
        settings = page.actor.settings
        amount = money(fee.amount, settings.currency, settings.locale)
        waived = f": {fee.waived_reason}" if fee.waived_reason else ""
        st.markdown(plain(f"{fee.kind.label} fee {amount}, {fee.status.label.lower()}{waived}"))
        if fee.status is FeeStatus.PROPOSED and page.actor.can(Permission.BILLING_MANAGE):
            _draw_waiver(page, fee)


def _draw_waiver(page: Page, fee: FeeRow) -> None:
    with st.expander("Waive the fee"):
        reason = reason_field(key="panel_waive_reason")

        def request() -> WaiveFee:
            return WaiveFee(
                appointment_fee_id=fee.id,
                reason=reason,
                version=fee.version,
                request_id=page.request_id(f"waive/{fee.id}"),
            )

        pressed = st.button("Waive", key="panel_waive")
        if pressed and page.run(waive_fee, request, done="The fee is waived.") is not None:
            st.rerun()
