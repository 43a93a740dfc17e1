"""The parts of the patient page: overview, appointments, chart, money, history. Each reads only what it shows."""

from datetime import timedelta

import streamlit as st

from clinic_core.access import Permission
from clinic_core.audit.queries import list_history
from clinic_core.audit.schemas import AuditRow, EntityHistory
from clinic_core.billing.queries import list_invoices, list_receipts, patient_balance
from clinic_core.billing.schemas import InvoiceRow, ListInvoices, ListReceipts, OfPatient, ReceiptRow
from clinic_core.clinical_docs.queries import chart_access
from clinic_core.clinical_docs.schemas import CaseRow, GetChart, ListedVisit
from clinic_core.clinical_docs.service import open_chart
from clinic_core.kit.calendar import zone
from clinic_core.kit.clock import now
from clinic_core.kit.formats import datetime_text, money
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import ListMessages, NotificationRow
from clinic_core.patients.schemas import PatientRow
from clinic_core.scheduling.queries import list_appointments
from clinic_core.scheduling.schemas import AppointmentRow, ListAppointments
from clinic_core.ui.appointment_panel import INVOICE_PAGE, VISIT_PAGE, open_panel
from clinic_core.ui.chart_door import draw_closed, draw_glass
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.page import Page
from clinic_core.ui.patient_consents import draw_consents
from clinic_core.ui.statement import draw_statement_choice, may_see_statements
from clinic_core.ui.states import draw_empty
from clinic_core.ui.status import status_text
from clinic_core.ui.tables import Column, Wording, show_table
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus, NotificationStatus

CASE_PAGE = "pages/clinical/case.py"
_AGO = timedelta(days=365 * 150)
_AHEAD = timedelta(days=365 * 5)
_PAGE_SIZE = 25


def wording_of(page: Page) -> Wording:
    """How the organisation writes, for tables."""
    return Wording(page.actor.settings.locale)


def draw_overview(page: Page, patient: PatientRow) -> None:
    """Next and last appointment, contacts, insurance, consents."""
    left, right = st.columns(2)
    with left, st.container(border=True):
        st.markdown("**Appointments**")
        if page.actor.can(Permission.APPOINTMENT_READ):
            _draw_next_and_last(page, patient)
        st.markdown("**Consents**")
        draw_consents(page, patient)
    with right, st.container(border=True):
        st.markdown("**Contact**")
        address, emergency, insurance = patient.address, patient.emergency_contact, patient.insurance
        town = " ".join(part for part in (address.postal_code, address.city) if part)
        facts = {
            "Phone": patient.phone,
            "E-mail": patient.email,
            "Address": ", ".join(part for part in (address.street, town, address.region, address.country) if part),
            "Emergency contact": " · ".join(
                part for part in (emergency.name, emergency.relation, emergency.phone) if part
            ),
            "Insurance": " · ".join(part for part in (insurance.payer, insurance.plan, insurance.number) if part),
            "Gender": patient.gender,
            "Registered at": patient.location,
            "Came to us by": patient.referral_source,
        }
        st.markdown("  \n".join(f"{label}: {plain(text) if text else '—'}" for label, text in facts.items()))


def draw_appointments(page: Page, patient: PatientRow) -> None:
    """All appointments, and the messages about them."""
    rows = page.read(list_appointments, _all_of(patient, 500))
    columns = [
        Column[AppointmentRow](lambda row: datetime_text(row.starts_at, zone(row.timezone)), "When", right=True),
        Column[AppointmentRow]("service", "Service"),
        Column[AppointmentRow]("practitioner", "Practitioner"),
        Column[AppointmentRow]("location", "Location"),
        Column[AppointmentRow](lambda row: status_text(row.status), "Status"),
        Column[AppointmentRow]("note", "Note"),
    ]
    newest = sorted(rows, key=lambda row: row.starts_at, reverse=True)
    empty = "No appointments yet. Book the first one with the button above."
    chosen = show_table(newest, columns, key="record_appointments", select=True, wording=wording_of(page), empty=empty)
    if chosen is not None and st.session_state.get("record_opened") != chosen.id:
        open_panel(chosen.id)
    st.session_state["record_opened"] = chosen.id if chosen else None
    messages = page.read(list_messages, ListMessages(patient_id=patient.id))
    if messages:
        st.markdown("**Messages**")
        kinds = [
            Column[NotificationRow]("scheduled_at", "For"),
            Column[NotificationRow]("type", "About"),
            Column[NotificationRow]("channel", "By"),
            Column[NotificationRow]("status", "Status"),
            Column[NotificationRow](_why_not_sent, "Why not"),
        ]
        show_table(messages, kinds, key="record_messages", wording=wording_of(page))


def _why_not_sent(message: NotificationRow) -> str:
    reason = message.withdrawn_reason or message.last_error
    return reason.label if reason is not None and message.status is not NotificationStatus.SENT else ""


def draw_chart(page: Page, patient: PatientRow) -> None:
    """Cases and visits for the care team; others break the glass with a reason."""
    access = page.read(chart_access, GetChart(patient_id=patient.id))
    draw_glass(access)
    if access.may_start and st.button("Open a case", icon=":material/create_new_folder:", key="record_new_case"):
        page.go(CASE_PAGE, patient=patient.id)
    if not access.may_read:
        if access.may_start:
            draw_empty("Nothing clinical is written about this patient yet.", "It begins with a case or a visit.")
        else:
            draw_closed(page, access)
        return
    chart = page.read(open_chart, GetChart(patient_id=patient.id))
    cases = [
        Column[CaseRow]("title", "Case"),
        Column[CaseRow](lambda row: ", ".join(found.text or found.code for found in row.diagnoses), "Diagnoses"),
        Column[CaseRow]("practitioner_name", "Practitioner"),
        Column[CaseRow]("status", "Status"),
        Column[CaseRow]("visits", "Visits"),
        Column[CaseRow]("sessions_left", "Sessions left"),
    ]
    empty = "No case is open yet."
    case = show_table(chart.cases, cases, key="record_cases", select=True, wording=wording_of(page), empty=empty)
    if case is not None:
        page.go(CASE_PAGE, case=case.id, patient=patient.id)
    visits = [
        Column[ListedVisit](lambda row: datetime_text(row.visited_at, zone(row.timezone)), "Visit", right=True),
        Column[ListedVisit]("case_title", "Case"),
        Column[ListedVisit]("practitioner_name", "Practitioner"),
        Column[ListedVisit]("status", "Note"),
        Column[ListedVisit]("revision", "Version"),
    ]
    empty = "No visit yet. It begins from an appointment, with one click."
    chosen = show_table(chart.visits, visits, key="record_visits", select=True, wording=wording_of(page), empty=empty)
    if chosen is not None:
        page.go(VISIT_PAGE, visit=chosen.id, patient=patient.id)


def draw_billing(page: Page, patient: PatientRow) -> None:
    """What the patient owes, the invoices and the money received."""
    sees_account = may_see_statements(page.actor)
    if sees_account:
        _draw_balance(page, patient)
    bills = page.actor.can(Permission.BILLING_MANAGE)
    with st.container(horizontal=True, gap="small"):
        if bills and st.button("New invoice", icon=":material/receipt_long:", key="record_new_invoice"):
            page.go(INVOICE_PAGE, patient=patient.id)
        if sees_account:
            draw_statement_choice(page, patient.id)
        _draw_exports(patient, bills=bills)
    invoices = [
        Column[InvoiceRow](lambda row: row.number or "Draft", "Invoice"),
        Column[InvoiceRow]("display_status", "Status"),
        Column[InvoiceRow]("issued_on", "Issued"),
        Column[InvoiceRow]("due_on", "Due"),
        Column[InvoiceRow]("total", "Total"),
        Column[InvoiceRow]("balance", "Balance"),
    ]
    found = page.read(list_invoices, ListInvoices(patient_id=patient.id))
    empty = "No invoices yet."
    chosen = show_table(found, invoices, key="record_invoices", select=True, wording=wording_of(page), empty=empty)
    if chosen is not None:
        page.go(INVOICE_PAGE, invoice=chosen.id)
    receipts = page.read(list_receipts, ListReceipts(patient_id=patient.id))
    if receipts:
        columns = [
            Column[ReceiptRow]("number", "Receipt"),
            Column[ReceiptRow]("received_on", "Received"),
            Column[ReceiptRow]("method", "Method"),
            Column[ReceiptRow]("amount", "Amount"),
            Column[ReceiptRow]("credit", "Credit"),
        ]
        show_table(receipts, columns, key="record_receipts", wording=wording_of(page))


def _draw_exports(patient: PatientRow, *, bills: bool) -> None:
    of_patient = {"patient": patient.id}
    lists = {"open-items": "Open items", "invoices": "Invoices", "receipts": "Receipts"}
    lists |= {"uninvoiced": "Not invoiced yet"} if bills else {}
    draw_export(*(Export(name, of_patient, label) for name, label in lists.items()))


def draw_history(page: Page, patient: PatientRow) -> None:
    """Who changed what in the record, and who opened it."""
    history = page.read(list_history, EntityHistory(entity_type="patient", entity_id=patient.id))
    columns = [
        Column[AuditRow]("created_at", "When (UTC)"),
        Column[AuditRow]("actor", "Who"),
        Column[AuditRow]("action", "What"),
        Column[AuditRow]("summary", "Changes", width="large"),
    ]
    show_table(history.rows, columns, key="record_history", wording=wording_of(page))


def _draw_balance(page: Page, patient: PatientRow) -> None:
    settings = page.actor.settings
    balance = page.read(patient_balance, OfPatient(patient_id=patient.id))
    words = {"Open invoices": balance.gross, "Credit": balance.credit, "Owed": balance.net}
    with st.container(horizontal=True, gap="medium"):
        for label, value in words.items():
            st.metric(label, money(value, settings.currency, settings.locale), width="content")


def _draw_next_and_last(page: Page, patient: PatientRow) -> None:
    rows = page.read(list_appointments, _all_of(patient, 500))
    alive = [row for row in rows if row.status is not AppointmentStatus.CANCELLED]
    ahead = [row for row in alive if row.starts_at >= now()]
    past = [row for row in alive if row.starts_at < now()]
    for label, row in (("Next", ahead[0] if ahead else None), ("Last", past[-1] if past else None)):
        said = "—"
        if row is not None:
            when = datetime_text(row.starts_at, zone(row.timezone), page.actor.settings.locale)
            said = f"{when} · {row.service or 'Appointment'} · {row.practitioner} · {status_text(row.status)}"
        st.markdown(f"{label}: {plain(said)}")


def _all_of(patient: PatientRow, limit: int) -> ListAppointments:
    return ListAppointments(starts_from=now() - _AGO, starts_before=now() + _AHEAD, patient_id=patient.id, limit=limit)
