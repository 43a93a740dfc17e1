"""The checkout dialog: what was attended becomes a paid invoice by one press."""

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.billing.queries import list_invoices, list_receipts
from clinic_core.billing.schemas import DisplayStatus, ListInvoices, ListReceipts, ReceiptRow
from clinic_core.billing.service import record_receipt
from clinic_core.scheduling.queries import get_booking_rules
from clinic_core.scheduling.schemas import SetBookingRules
from clinic_core.scheduling.service import set_booking_rules
from tests.billing.arrange import attended, draft, issued, priced, read, receipt
from tests.billing.test_appointments import missed
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

PATIENT = "pages/front_desk/patient.py"
FIXED = {"Description": False, "Quantity": True, "Unit price": True, "Discount %": False, "Tax %": False}


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def check_out(open_app: Open, role: str, patient: object) -> AppTest:
    app = open_app(role, PATIENT, patient=patient)
    return next(button for button in app.button if button.label == "Check out").click().run()


def receipts(clinic: Clinic) -> tuple[ReceiptRow, ...]:
    return perform(clinic.actor("manager"), list_receipts, ListReceipts())


def test_a_visit_is_paid_in_cash_and_the_change_is_said(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    assert not app.exception
    assert "**Total €80.00**" in sentences(app)
    press(app, "checkout_method_cash")
    given = next(one for one in app.text_input if one.label == "Cash given")
    assert given.value == "80.00"
    given.set_value("100").run()
    assert "Change: :green[**€20.00**]" in sentences(app)
    press(app, "checkout_issue")
    assert not app.exception
    assert not app.error
    (made,) = perform(clinic.actor("manager"), list_invoices, ListInvoices())
    (taken,) = receipts(clinic)
    assert (made.display_status, taken.amount) == (DisplayStatus.PAID, Decimal(80))
    assert f"Invoice {made.number} over €80.00 is issued, paid in full." in sentences(app)
    assert [(one.label, one.value) for one in app.metric] == [("Change to give back", "€20.00")]
    assert [link.proto.url for link in app.get("link_button")][-2:] == [
        f"/docs/invoice/{made.id}.pdf",
        f"/docs/receipt/{taken.id}.pdf",
    ]
    press(app, "checkout_close")
    assert "Change to give back" not in [one.label for one in app.metric]


def test_a_quantity_and_a_discount_change_what_is_paid(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    press(app, "checkout_method_card")
    next(one for one in app.text_input if one.label == "Quantity").set_value("2").run()
    next(one for one in app.text_input if one.label == "Discount %").set_value("10").run()
    assert next(one for one in app.text_input if one.label == "Card").value == "144.00"
    press(app, "checkout_issue")
    assert [taken.amount for taken in receipts(clinic)] == [Decimal(144)]


def test_two_methods_share_what_is_paid(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    press(press(app, "checkout_method_cash"), "checkout_method_card")
    next(one for one in app.text_input if one.label == "Card").set_value("50").run()
    assert next(one for one in app.text_input if one.label == "Cash given").value == "30.00"
    press(app, "checkout_issue")
    assert not app.error
    assert sorted(taken.amount for taken in receipts(clinic)) == [Decimal(30), Decimal(50)]


def test_credit_and_an_older_invoice_are_taken_along(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    old = priced(clinic, patient, "40.00", clinic_location_id=clinic.main)
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "30.00"))
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    assert "To pay: **€50.00**" in sentences(app)
    app.checkbox(key=f"checkout_tick_{old.id}").set_value(True).run()
    assert "To pay: **€90.00**" in sentences(app)
    press(app, "checkout_method_card")
    press(app, "checkout_issue")
    assert not app.error
    assert "Credit of €30.00 was used." in sentences(app)
    assert read(clinic, old.id).display_status is DisplayStatus.PAID


def test_it_is_issued_to_be_paid_later_or_kept_as_a_draft(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    for key, status in (("checkout_keep", DisplayStatus.DRAFT), ("checkout_issue", DisplayStatus.ISSUED)):
        attended(clinic, patient, service=clinic.service)
        press(check_out(open_app, "manager", patient), key)
        found = perform(clinic.actor("manager"), list_invoices, ListInvoices(status=status))
        assert [row.total for row in found] == [Decimal(80)]
    assert receipts(clinic) == ()


@pytest.mark.parametrize("typed", ["NaN", "1e30", "-5", "", "90"])
def test_what_cannot_be_paid_is_said_and_nothing_is_saved(clinic: Clinic, open_app: Open, typed: str) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    press(app, "checkout_method_card")
    next(one for one in app.text_input if one.label == "Card").set_value(typed).run()
    press(app, "checkout_issue")
    assert not app.exception
    assert app.error
    assert perform(clinic.actor("manager"), list_invoices, ListInvoices()) == ()


def test_who_only_takes_payments_is_offered_the_open_invoices_alone(clinic: Clinic, open_app: Open) -> None:
    made = issued(clinic, make_patient(clinic), clinic_location_id=clinic.main)
    attended(clinic, made.patient_id, service=clinic.service)
    app = check_out(open_app, "assistant", made.patient_id)
    assert not [one for one in app.text_input if one.label == "Unit price"]
    press(app, "checkout_method_cash")
    press(app, "checkout_issue")
    assert not app.error
    assert read(clinic, made.id).display_status is DisplayStatus.PAID


def test_who_has_nothing_to_pay_sees_why_and_cannot_press(clinic: Clinic, open_app: Open) -> None:
    app = check_out(open_app, "assistant", make_patient(clinic))
    assert "No invoice is open." in sentences(app)
    assert app.button(key="checkout_issue").disabled


def test_a_method_pressed_twice_is_left_out_again(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    assert app.button(key="checkout_issue").label == "Issue, pay later"
    press(app, "checkout_method_card")
    assert app.button(key="checkout_issue").label == "Issue and pay"
    press(app, "checkout_method_card")
    assert not [one for one in app.text_input if one.label == "Card"]


def test_somebody_else_than_the_patient_may_pay(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = check_out(open_app, "manager", patient)
    app.toggle(key="checkout_payer_other").set_value(True).run()
    app.text_input(key="checkout_payer_name").set_value("Acme Works")
    press(app, "checkout_issue")
    assert not app.error
    (made,) = perform(clinic.actor("manager"), list_invoices, ListInvoices())
    assert read(clinic, made.id).bill_to.name == "Acme Works"


def charge_for_no_shows(clinic: Clinic) -> None:
    rules = perform(clinic.actor("admin"), get_booking_rules).model_dump()
    flat = {**rules, "no_show_fee": {"kind": "flat", "amount": "25.00"}}
    perform(clinic.actor("admin"), set_booking_rules, SetBookingRules.model_validate(flat))


def test_a_fee_that_was_fixed_is_not_typed_over_in_a_saved_draft_either(clinic: Clinic, open_app: Open) -> None:
    charge_for_no_shows(clinic)
    patient = make_patient(clinic)
    made = draft(clinic, patient, appointment_ids=(missed(clinic, patient).id,))
    app = open_app("manager", "pages/billing/invoice.py", invoice=made.id)
    fields = {field.label: field.disabled for field in app.text_input if str(field.key).startswith("line_")}
    assert fields == FIXED


def test_a_fee_that_was_fixed_is_not_typed_over_and_a_discount_is(clinic: Clinic, open_app: Open) -> None:
    charge_for_no_shows(clinic)
    patient = make_patient(clinic)
    missed(clinic, patient)
    app = check_out(open_app, "manager", patient)
    assert "is charged as it was fixed; give a discount, or waive it there" in sentences(app)
    fields = {field.label: field for field in app.text_input if str(field.key).startswith("line_")}
    assert {label: field.disabled for label, field in fields.items()} == FIXED
    fields["Discount %"].set_value("20").run()
    assert "**Total €20.00**" in sentences(app)
    press(app, "checkout_issue")
    assert not app.error
    (made,) = perform(clinic.actor("manager"), list_invoices, ListInvoices())
    assert made.total == Decimal(20)
