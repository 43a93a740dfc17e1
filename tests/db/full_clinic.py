"""A clinic with at least one row in every tenant table, for tests that hold for all of them."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import psycopg

from clinic_core.access import perform, unit_of_work
from clinic_core.billing.schemas import DraftInvoice, IssueInvoice, RecordReceipt
from clinic_core.billing.service import draft_invoice, issue_invoice, record_receipt
from clinic_core.clinical_docs.schemas import SaveDraft, SaveVisit, SoapNotes, StartVisit
from clinic_core.clinical_docs.service import save_draft, save_visit, start_visit
from clinic_core.kit.clock import now
from clinic_core.notifications.schemas import PlanReminder
from clinic_core.notifications.service import plan_reminder
from clinic_core.patients.schemas import RegisterPatient
from clinic_core.patients.service import register_patient
from clinic_core.scheduling.schemas import BookAppointment
from clinic_core.scheduling.service import book_appointment
from clinic_core.vocabulary import NotificationChannel, PaymentMethod
from tests.factories import Clinic, make_clinic, slot
from tests.harness import Database

# What no use case of today writes: one row each, as the owner.
REST = """
insert into absence (id, organization_id, user_id, starts_at, ends_at)
  values (gen_random_uuid(), :org, :practitioner, now(), now() + interval '1 day');
insert into adjustment (id, organization_id, invoice_id, kind, amount, reason, adjusted_on)
  values (gen_random_uuid(), :org, :invoice, 'write_off', 1, 'Agreed', current_date);
insert into appointment_series (id, organization_id, patient_id, practitioner_user_id, clinic_location_id, rrule,
                                starts_at_wall, timezone, duration_minutes)
  values (gen_random_uuid(), :org, :patient, :practitioner, :main, 'FREQ=WEEKLY', '2031-01-01 09:00', 'UTC', 30);
insert into appointment_series_resource (id, organization_id, series_id, resource_id)
  select gen_random_uuid(), :org, id, :room from appointment_series where organization_id = :org;
insert into appointment_series_gap (id, organization_id, series_id, original_starts_at)
  select gen_random_uuid(), :org, id, now() from appointment_series where organization_id = :org;
insert into appointment_fee (id, organization_id, appointment_id, patient_id, kind, amount)
  select gen_random_uuid(), :org, id, patient_id, 'no_show', 20 from appointment where organization_id = :org limit 1;
insert into resource_outage (id, organization_id, resource_id, starts_at, ends_at)
  values (gen_random_uuid(), :org, :room, now(), now() + interval '1 day');
insert into service_requirement (id, organization_id, product_service_id, resource_type)
  values (gen_random_uuid(), :org, :service, 'room');
insert into waiting_list_entry (id, organization_id, patient_id, duration_minutes, clinic_location_id)
  values (gen_random_uuid(), :org, :patient, 30, :main);
insert into waiting_list_offer (id, organization_id, entry_id, practitioner_user_id, clinic_location_id, starts_at,
                                ends_at, expires_at)
  select gen_random_uuid(), :org, id, :practitioner, :main, now(), now() + interval '30 minutes', now()
  from waiting_list_entry where organization_id = :org;
insert into assistant_profile (id, organization_id, user_id) values (gen_random_uuid(), :org, :assistant);
insert into audit_seal (id, organization_id, sequence, first_at, last_at, row_count, previous_digest, digest)
  values (gen_random_uuid(), :org, 1, now(), now(), 1, '', '');
insert into break_glass_grant (id, organization_id, user_id, patient_id, reason, expires_at)
  values (gen_random_uuid(), :org, :practitioner, :patient, 'Fire', now() + interval '1 hour');
insert into external_reference (id, organization_id, source, entity_type, external_id, entity_id)
  values (gen_random_uuid(), :org, 'test', 'patient', '1', :patient);
insert into ics_feed (id, organization_id, user_id, token_hash)
  values (gen_random_uuid(), :org, :practitioner, convert_to(:org::text, 'UTF8'));
insert into location_closure (id, organization_id, starts_on, ends_on, name)
  values (gen_random_uuid(), :org, current_date, current_date, 'Holiday');
insert into location_hours (id, organization_id, clinic_location_id, weekday, opens, closes)
  values (gen_random_uuid(), :org, :main, 1, '08:00', '18:00');
insert into one_time_link (id, organization_id, user_id, purpose, token_hash, expires_at)
  values (gen_random_uuid(), :org, :practitioner, 'invitation', convert_to(:org::text, 'UTF8'),
          now() + interval '1 day');
insert into user_session (id, organization_id, user_id, token_hash, idle_minutes, expires_at)
  values (gen_random_uuid(), :org, :practitioner, convert_to(:org::text, 'UTF8'), 15, now() + interval '1 day');
insert into closing (id, organization_id, kind, clinic_location_id, starts_on, ends_on)
  values (gen_random_uuid(), :org, 'day', :main, '2020-01-01', '2020-01-01');
insert into refund_request (id, organization_id, receipt_id, amount, method, reason)
  select gen_random_uuid(), :org, id, 1, 'cash', 'Overpaid' from receipt where organization_id = :org limit 1;
insert into organization_logo (id, organization_id, media_type, width_px, height_px, content)
  values (gen_random_uuid(), :org, 'image/png', 1, 1,
          decode('89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441'
                 '5478da6360000000020001e527defc0000000049454e44ae426082', 'hex'));
insert into document_batch (id, organization_id, actor_user_id, kind, total)
  values (gen_random_uuid(), :org, :practitioner, 'documents', 1);
insert into document_batch_item (id, organization_id, document_batch_id, position, patient_id, invoice_id)
  select gen_random_uuid(), :org, id, 1, :patient, :invoice from document_batch where organization_id = :org;
insert into payment_reminder
  (id, organization_id, invoice_id, document_batch_item_id, step, reminded_on, pay_by, balance)
  select gen_random_uuid(), :org, i.id, b.id, 1, i.due_on + 1, i.due_on + 8, i.balance
  from invoice i, document_batch_item b where i.id = :invoice and b.organization_id = :org;
insert into reminder_hold (id, organization_id, invoice_id, until, reason)
  values (gen_random_uuid(), :org, :invoice, current_date, 'Disputed');
insert into request (organization_id, request_id, use_case, content_digest)
  values (:org, gen_random_uuid(), 'test', '');
"""


def make_full_clinic(database: Database) -> Clinic:
    """The main job once, and a row in each table that it does not touch."""
    clinic = make_clinic()
    starts_at, ends_at = slot()
    with unit_of_work(clinic.actor("assistant")) as work:
        patient = register_patient(
            work, RegisterPatient(first_name="Ada", last_name="Demo", email="ada@example.org", phone="+1 555 0100")
        )
        appointment = book_appointment(
            work,
            BookAppointment(
                patient_id=patient.id,
                practitioner_user_id=clinic.users["practitioner"],
                clinic_location_id=clinic.main,
                starts_at=starts_at,
                ends_at=ends_at,
                resource_ids=(clinic.room, clinic.laser),
                product_service_id=clinic.service,
            ),
        )
        plan_reminder(
            work,
            PlanReminder(
                appointment_id=appointment.id,
                channel=NotificationChannel.EMAIL,
                scheduled_at=starts_at - timedelta(hours=48),
            ),
        )
    with unit_of_work(clinic.actor("practitioner")) as work:
        visit = start_visit(work, StartVisit(appointment_id=appointment.id))
        save_visit(work, SaveVisit(visit_id=visit.id, notes=SoapNotes(subjective="Tired."), version=visit.version))
        save_draft(work, SaveDraft(visit_id=visit.id, notes=SoapNotes(subjective="Tired, still.")))
    manager = clinic.actor("manager")
    draft = perform(manager, draft_invoice, DraftInvoice(patient_id=patient.id, visit_ids=(visit.id,)))
    invoice = perform(manager, issue_invoice, IssueInvoice(invoice_id=draft.id))
    receipt = RecordReceipt(
        patient_id=patient.id,
        amount=Decimal("10.00"),
        method=PaymentMethod.CASH,
        received_at=now(),
        invoice_ids=(invoice.id,),
    )
    perform(clinic.actor("assistant"), record_receipt, receipt)
    ids = {
        "org": clinic.organization_id,
        "main": clinic.main,
        "room": clinic.room,
        "service": clinic.service,
        "patient": patient.id,
        "invoice": invoice.id,
        "practitioner": clinic.users["practitioner"],
        "assistant": clinic.users["assistant"],
    }
    _execute(database, ids)
    return clinic


def _execute(database: Database, ids: Mapping[str, object]) -> None:
    script = REST
    for name, value in ids.items():
        script = script.replace(f":{name}::text", f"'{value}'").replace(f":{name}", f"'{value}'")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute(script.encode())
