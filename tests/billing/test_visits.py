"""Visits on invoices: each becomes a line of its service and practitioner, once."""

from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.schemas import DraftInvoice, IssueInvoice
from clinic_core.billing.service import draft_invoice, issue_invoice
from clinic_core.errors import Conflict, InvalidInput
from clinic_core.vocabulary import ItemType
from tests.billing.arrange import attended, draft, line, read
from tests.factories import Clinic, make_patient


def test_a_visit_becomes_a_line_of_its_service_and_practitioner(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    made = perform(clinic.actor("owner"), draft_invoice, DraftInvoice(patient_id=patient, visit_ids=(visit,)))
    (only,) = read(clinic, made.id).lines
    assert (only.item_type, only.visit_id, only.product_service_id) == (ItemType.SERVICE, visit, clinic.service)
    assert (only.description, only.net) == ("Follow-up, 20 Nov 2026", Decimal("80.00"))
    assert only.practitioner_user_id == clinic.users["practitioner"]
    assert only.appointment_id is not None
    assert made.clinic_location_id == clinic.main


def test_a_visit_without_a_service_is_put_down_to_be_priced(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=None)
    made = draft(clinic, patient, line(clinic), visit_ids=(visit,))
    assert [(one.item_type, one.net) for one in read(clinic, made.id).lines] == [
        (ItemType.SERVICE, Decimal("80.00")),
        (ItemType.VISIT, Decimal("0.00")),
    ]


def test_a_visit_named_by_a_line_gets_no_second_one(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    made = draft(clinic, patient, line(clinic, visit_id=visit, unit_price=Decimal(50)), visit_ids=(visit,))
    assert [one.net for one in read(clinic, made.id).lines] == [Decimal("50.00")]


def test_a_visit_is_not_billed_twice(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    made = perform(clinic.actor("manager"), draft_invoice, DraftInvoice(patient_id=patient, visit_ids=(visit,)))
    with pytest.raises(Conflict, match="on another draft already"):
        perform(clinic.actor("manager"), draft_invoice, DraftInvoice(patient_id=patient, visit_ids=(visit,)))
    number = perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=made.id)).number
    with pytest.raises(Conflict, match=f"The visit of 20 Nov 2026 is on invoice {number} already"):
        perform(clinic.actor("manager"), draft_invoice, DraftInvoice(patient_id=patient, visit_ids=(visit,)))


def test_a_visit_of_another_patient_is_refused(clinic: Clinic) -> None:
    visit = attended(clinic, make_patient(clinic), service=clinic.service)
    with pytest.raises(InvalidInput, match="another patient"):
        draft(clinic, make_patient(clinic), visit_ids=(visit,))
