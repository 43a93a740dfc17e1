"""The life of an invoice up to its issue: lines, prices, visits, location, number, snapshots."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.queries import get_invoice, list_invoices
from clinic_core.billing.schemas import (
    BillTo,
    DeleteDraft,
    DisplayStatus,
    DraftInvoice,
    DraftLine,
    GetInvoice,
    IssueInvoice,
    ListInvoices,
    UpdateDraft,
)
from clinic_core.billing.service import delete_draft, draft_invoice, issue_invoice, update_draft
from clinic_core.errors import (
    IllegalTransition,
    Immutable,
    InvalidInput,
    NotFound,
    PermissionDenied,
    StaleEdit,
)
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import InvoiceStatus, ItemType
from tests.billing.arrange import NOVEMBER, attended, audited, draft, issued, line, read
from tests.factories import Clinic, make_clinic, make_patient


def test_a_draft_takes_description_price_and_tax_from_the_catalogue(clinic: Clinic) -> None:
    bandage = DraftLine(item_type=ItemType.PRODUCT, product_service_id=clinic.product, quantity=Decimal(2))
    made = draft(clinic, make_patient(clinic), line(clinic), bandage)
    found = read(clinic, made.id)
    assert [(one.description, one.unit_price, one.tax_rate, one.net) for one in found.lines] == [
        ("Follow-up", Decimal("80.00"), Decimal(0), Decimal("80.00")),
        ("Bandage", Decimal("11.90"), Decimal("0.19"), Decimal("23.80")),
    ]
    assert (made.net, made.tax, made.total) == (Decimal("103.80"), Decimal("4.52"), Decimal("108.32"))
    assert [(tax.rate, tax.net, tax.tax) for tax in found.taxes] == [
        (Decimal(0), Decimal("80.00"), Decimal("0.00")),
        (Decimal("0.19"), Decimal("23.80"), Decimal("4.52")),
    ]
    assert (made.number, made.display_status, made.balance) == (None, DisplayStatus.DRAFT, Decimal("0.00"))
    assert ("invoice", "insert", clinic.users["manager"]) in audited(clinic, "invoice.draft")


@pytest.mark.parametrize("role", ["assistant", "practitioner", "patient"])
def test_others_neither_draft_nor_issue(clinic: Clinic, role: str) -> None:
    made = draft(clinic, make_patient(clinic))
    with pytest.raises(PermissionDenied):
        draft(clinic, make_patient(clinic), role=role)
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), issue_invoice, IssueInvoice(invoice_id=made.id))
    assert read(clinic, made.id).status is InvoiceStatus.DRAFT
    assert audited(clinic, "invoice.issue") == [("use_case", "refused", clinic.users[role])]


def test_without_visit_or_only_location_the_location_must_be_chosen(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "insert into user_location (id, organization_id, user_id, clinic_location_id)"
                " values (gen_random_uuid(), :org, :user, :location)"
            ),
            {"org": clinic.organization_id, "user": clinic.users["manager"], "location": clinic.branch},
        )
    patient = make_patient(clinic)
    with pytest.raises(InvalidInput, match="Choose the location"):
        draft(clinic, patient)
    assert draft(clinic, patient, clinic_location_id=clinic.branch).clinic_location_id == clinic.branch
    assert draft(clinic, patient, role="owner").clinic_location_id == clinic.main


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"unit_price": Decimal("NaN")}, "Unit price must be a number."),
        ({"unit_price": Decimal("Infinity")}, "Unit price must be a number."),
        ({"quantity": Decimal("1e30")}, "Quantity must be below 100,000,000."),
        ({"quantity": Decimal(0)}, "Quantity must not be zero."),
        ({"unit_price": Decimal(-1)}, "Unit price must not be negative."),
        ({"discount_rate": Decimal("1.5")}, "Discount rate must be between 0 and 1, where 0.19 means 19 per cent."),
        ({"quantity": Decimal(-1)}, "The total of an invoice must not be below zero"),
        ({"description": "x" * 10_000}, "Description must not be longer than 1,000 characters"),
        ({"item_type": "product"}, "“FU30” is a service, not a product."),
        ({"product_service_id": None}, "A line for a service names an item of the catalogue."),
        ({"item_type": "visit"}, "Line 1 charges for a visit; say which."),
        ({"item_type": "fee", "product_service_id": None}, "Line 1 has no item of the catalogue"),
        ({"quantity": Decimal(99_999_999), "unit_price": Decimal(9_999_999_999)}, "Line must be below"),
    ],
)
def test_impossible_lines_are_refused_in_a_sentence(clinic: Clinic, fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        draft(clinic, make_patient(clinic), line(clinic, **fields))
    assert sentence in refused.value.message


def test_an_invoice_without_lines_is_refused(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with pytest.raises(InvalidInput, match="at least one line"):
        perform(clinic.actor("manager"), draft_invoice, DraftInvoice(patient_id=patient))
    made = draft(clinic, patient)
    with pytest.raises(InvalidInput, match="at least one line"):
        perform(clinic.actor("manager"), update_draft, UpdateDraft(invoice_id=made.id, lines=()))


def test_a_return_lowers_the_total(clinic: Clinic) -> None:
    back = DraftLine(item_type=ItemType.PRODUCT, product_service_id=clinic.product, quantity=Decimal(-1))
    assert draft(clinic, make_patient(clinic), line(clinic), back).total == Decimal("65.84")


def test_ids_of_another_organisation_do_not_exist(clinic: Clinic) -> None:
    other = make_clinic()
    patient, stranger = make_patient(clinic), make_patient(other)
    attempts: list[dict[str, object]] = [
        {"patient_id": stranger, "lines": (line(clinic),)},
        {"patient_id": patient, "lines": (line(other),)},
        {"patient_id": patient, "lines": (line(clinic, practitioner_user_id=other.users["practitioner"]),)},
        {"patient_id": patient, "lines": (line(clinic),), "clinic_location_id": other.main},
        {"patient_id": patient, "visit_ids": (attended(other, stranger, service=other.service),)},
        {"patient_id": patient, "lines": (line(clinic, appointment_id=new_id()),)},
    ]
    for attempt in attempts:
        with pytest.raises(NotFound):
            perform(clinic.actor("owner"), draft_invoice, DraftInvoice.model_validate(attempt))
    theirs = draft(other, stranger)
    with pytest.raises(NotFound):
        read(clinic, theirs.id)
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), issue_invoice, IssueInvoice(invoice_id=theirs.id))
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), delete_draft, DeleteDraft(invoice_id=theirs.id))


def test_a_changed_draft_has_the_new_lines_and_payer(clinic: Clinic) -> None:
    made = draft(clinic, make_patient(clinic))
    employer = BillTo(name="Harbour Works Ltd", address="Quay 1\nPort", reference="PO 7")
    request = UpdateDraft(
        invoice_id=made.id,
        lines=(line(clinic, quantity=Decimal(2), discount_rate=Decimal("0.1")),),
        bill_to=employer,
        version=made.version,
    )
    changed = perform(clinic.actor("manager"), update_draft, request)
    assert (changed.total, changed.version) == (Decimal("144.00"), made.version + 1)
    found = read(clinic, made.id)
    assert (found.bill_to.name, found.bill_to.reference, found.billed_to_patient) == (
        "Harbour Works Ltd",
        "PO 7",
        False,
    )
    with pytest.raises(StaleEdit, match="changed by Manager"):
        perform(clinic.actor("owner"), update_draft, request)


def test_a_draft_is_thrown_away_with_its_lines(clinic: Clinic) -> None:
    made = draft(clinic, make_patient(clinic))
    perform(clinic.actor("manager"), delete_draft, DeleteDraft(invoice_id=made.id, version=made.version))
    with pytest.raises(NotFound):
        read(clinic, made.id)
    assert ("invoice", "delete", clinic.users["manager"]) in audited(clinic, "invoice.delete_draft")


def test_issuing_gives_number_dates_and_snapshots(clinic: Clinic) -> None:
    patient = make_patient(
        clinic, contact_json={"address": {"street": "Lane 1", "postal_code": "10115", "city": "Berlin"}}
    )
    with frozen_at(NOVEMBER):
        made = issued(clinic, patient)
    assert (made.number, made.display_status) == ("INV-2026-00001", DisplayStatus.ISSUED)
    assert (made.issued_on, made.due_on, made.currency) == (date(2026, 11, 20), date(2026, 12, 4), "EUR")
    assert made.balance == made.total == Decimal("80.00")
    with owner_work("test.change", clinic.organization_id) as session:
        session.execute(text("update patient set last_name = 'Changed', contact_json = '{}'"))
        session.execute(text("update clinic_location set address = 'Elsewhere', name = 'Moved ' || id"))
        stamp = session.execute(text("select due_at, issued_at from invoice where id = :id"), {"id": made.id}).one()
    assert stamp == (datetime(2026, 12, 4, 23, 0, tzinfo=UTC), NOVEMBER)
    found = read(clinic, made.id)
    assert (found.bill_to.name, found.bill_to.address) == ("Ada Demo", "Lane 1\n10115 Berlin")
    assert (found.seller.name, found.seller.location, found.seller.address) == (clinic.name, "Main street", "")
    assert ("invoice", "update", clinic.users["manager"]) in audited(clinic, "invoice.issue")


def test_the_year_of_a_number_is_that_of_the_date_at_the_location(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with frozen_at(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)):
        berlin = issued(clinic, patient, clinic_location_id=clinic.main)
        new_york = issued(clinic, patient, clinic_location_id=clinic.branch)
    assert (berlin.number, berlin.issued_on) == ("INV-2027-00001", date(2027, 1, 1))
    assert (new_york.number, new_york.issued_on) == ("INV-2026-00001", date(2026, 12, 31))


def test_prefix_and_due_days_are_the_organisations() -> None:
    clinic = make_clinic(OrganizationSettings(invoice_prefix="RE", due_days=0, currency="CHF"))
    with frozen_at(NOVEMBER):
        made = issued(clinic, make_patient(clinic))
    assert (made.number, made.due_on, made.currency) == ("RE-2026-00001", date(2026, 11, 20), "CHF")


def test_an_issued_invoice_is_neither_issued_again_nor_changed_nor_deleted(clinic: Clinic) -> None:
    made = issued(clinic, make_patient(clinic))
    with pytest.raises(IllegalTransition, match=f"Invoice {made.number} is issued and cannot become issued"):
        perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=made.id))
    with pytest.raises(Immutable, match=f"{made.number} is issued and does not change"):
        perform(clinic.actor("manager"), update_draft, UpdateDraft(invoice_id=made.id, lines=(line(clinic),)))
    with pytest.raises(Immutable):
        perform(clinic.actor("manager"), delete_draft, DeleteDraft(invoice_id=made.id))


def test_a_double_click_drafts_and_issues_once(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    request = DraftInvoice(patient_id=patient, lines=(line(clinic),), request_id=new_id())
    first, second = (perform(clinic.actor("manager"), draft_invoice, request) for _ in range(2))
    assert first == second
    issue = IssueInvoice(invoice_id=first.id, request_id=new_id())
    assert perform(clinic.actor("manager"), issue_invoice, issue) == perform(
        clinic.actor("manager"), issue_invoice, issue
    )
    assert len(perform(clinic.actor("manager"), list_invoices, ListInvoices())) == 1


def test_results_kept_for_repeats_hold_no_name(clinic: Clinic) -> None:
    patient = make_patient(clinic, first_name="Zebedee", last_name="Quux")
    request = DraftInvoice(patient_id=patient, lines=(line(clinic),), request_id=new_id())
    perform(clinic.actor("manager"), draft_invoice, request)
    with unit_of_work(clinic.actor("manager")) as work:
        stored = work.session.execute(text("select string_agg(result_json::text, '') from request")).scalar_one()
    assert "Quux" not in stored


def test_a_practitioner_and_a_patient_see_their_own_invoices_only(clinic: Clinic) -> None:
    own_record = make_patient(clinic, user_id=clinic.users["patient"])
    treated = issued(clinic, make_patient(clinic), line(clinic, practitioner_user_id=clinic.users["practitioner"]))
    theirs = issued(clinic, own_record)
    elsewhere = issued(clinic, make_patient(clinic), clinic_location_id=clinic.branch)
    seen = {
        role: {row.id for row in perform(clinic.actor(role), list_invoices, ListInvoices())}
        for role in ("owner", "manager", "assistant", "practitioner", "second_practitioner", "patient")
    }
    everything = {treated.id, theirs.id, elsewhere.id}
    assert seen == {
        "owner": everything,
        "manager": everything,
        "assistant": {treated.id, theirs.id},
        "practitioner": {treated.id},
        "second_practitioner": set(),
        "patient": {theirs.id},
    }
    with pytest.raises(NotFound):
        perform(clinic.actor("assistant"), get_invoice, GetInvoice(invoice_id=elsewhere.id))
