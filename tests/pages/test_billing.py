"""The pages of billing: who sees what, and a draft that becomes a paid invoice by clicks."""

import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import list_catalogue, list_invoices, list_receipts
from clinic_core.billing.schemas import DisplayStatus, ListCatalogue, ListInvoices, ListReceipts
from clinic_core.billing.service import record_receipt
from tests.billing.arrange import attended, draft, issued, priced, read, receipt
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

PAGES = ("invoices", "invoice", "receipts", "catalogue")


def page(name: str) -> str:
    return f"pages/billing/{name}.py"


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("role", ["owner", "admin", "manager", "practitioner", "assistant"])
def test_who_sees_billing_opens_every_page(clinic: Clinic, open_app: Open, name: str, role: str) -> None:
    made = issued(clinic, make_patient(clinic))
    perform(clinic.actor("assistant"), record_receipt, receipt(made.patient_id, "10", invoice_ids=(made.id,)))
    app = open_app(role, page(name))
    assert not app.exception
    assert not app.error


@pytest.mark.parametrize("name", PAGES)
def test_somebody_anonymous_sees_nothing(clinic: Clinic, open_app: Open, name: str) -> None:
    made = issued(clinic, make_patient(clinic))
    app = open_app(None, page(name), invoice=made.id)
    assert not app.exception
    assert "Ada" not in sentences(app)
    assert not app.button


def test_a_manager_writes_issues_and_a_payment_is_taken(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    app = open_app("manager", page("invoice"), patient=patient)
    assert not app.exception
    assert "**Total €80.00**" in sentences(app)
    price = next(one for one in app.text_input if one.label == "Unit price")
    price.set_value("90.50").run()
    assert "**Total €90.50**" in sentences(app)
    next(button for button in app.button if button.label == "Save draft").click().run()
    (saved,) = perform(clinic.actor("manager"), list_invoices, ListInvoices())
    assert (saved.display_status, f"{saved.total}") == (DisplayStatus.DRAFT, "90.50")

    app = open_app("manager", page("invoice"), invoice=saved.id)
    next(button for button in app.button if button.label == "Issue invoice").click().run()
    assert not app.error
    number = read(clinic, saved.id).number
    assert number is not None
    assert number in sentences(app)

    app = open_app("assistant", page("invoice"), invoice=saved.id)
    assert not [button for button in app.button if button.label in {"Save draft", "Issue invoice"}]
    next(button for button in app.button if button.label == "Take payment").click().run()
    app.button(key="payment_take").click().run()
    assert not app.exception
    assert not app.error
    assert read(clinic, saved.id).display_status is DisplayStatus.PAID
    assert len(perform(clinic.actor("manager"), list_receipts, ListReceipts())) == 1


def test_what_cannot_be_right_is_said_at_the_line_and_nothing_is_saved(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    made = draft(clinic, patient)
    app = open_app("manager", page("invoice"), invoice=made.id)
    next(one for one in app.text_input if one.label == "Quantity").set_value("1e30").run()
    assert "must be written in digits" in sentences(app)
    next(button for button in app.button if button.label == "Issue invoice").click().run()
    assert any("must be written in digits" in error.value for error in app.error)
    assert read(clinic, made.id).number is None


def test_an_amount_above_what_is_owed_becomes_credit(clinic: Clinic, open_app: Open) -> None:
    made = priced(clinic, make_patient(clinic), "50.00")
    app = open_app("assistant", page("invoice"), invoice=made.id)
    next(button for button in app.button if button.label == "Take payment").click().run()
    next(one for one in app.text_input if one.label == "Amount").set_value("60")
    app.button(key="payment_take").click().run()
    (taken,) = perform(clinic.actor("manager"), list_receipts, ListReceipts())
    assert (f"{taken.allocated}", f"{taken.credit}") == ("50.00", "10.00")


def test_a_draft_is_deleted_after_a_second_look(clinic: Clinic, open_app: Open) -> None:
    made = draft(clinic, make_patient(clinic))
    app = open_app("manager", page("invoice"), invoice=made.id)
    next(button for button in app.button if button.label == "Delete").click().run()
    assert perform(clinic.actor("manager"), list_invoices, ListInvoices()) == ()


def test_the_list_links_to_the_file_with_the_same_filters(clinic: Clinic, open_app: Open) -> None:
    issued(clinic, make_patient(clinic))
    app = open_app("manager", page("invoices"))
    app.toggle(key="invoices_open").set_value(True).run()
    assert not app.exception
    assert [link.proto.url for link in app.get("link_button")] == [
        "/docs/invoices.csv?open=True",
        "/docs/invoices.xlsx?open=True",
    ]


def test_a_manager_adds_and_changes_an_item_and_an_assistant_only_looks(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", page("catalogue"))
    next(button for button in app.button if button.label == "New item").click().run()
    app.text_input(key="catalogue_form_code").set_value("LASER")
    app.text_input(key="catalogue_form_name").set_value("Laser")
    app.text_input(key="catalogue_form_price").set_value("120.50")
    app.text_input(key="catalogue_form_tax").set_value("19")
    app.button(key="catalogue_form_save").click().run()
    assert not app.exception
    assert not app.error
    found = perform(clinic.actor("manager"), list_catalogue, ListCatalogue(search="laser"))
    assert [(row.code, f"{row.unit_price}", f"{row.tax_rate}", row.duration_minutes) for row in found] == [
        ("LASER", "120.500000", "0.190000", 30)
    ]
    app = open_app("assistant", page("catalogue"))
    assert not [button for button in app.button if button.label == "New item"]


def test_a_code_that_is_taken_is_said_in_the_form(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", page("catalogue"))
    next(button for button in app.button if button.label == "New item").click().run()
    app.text_input(key="catalogue_form_code").set_value("FU30")
    app.text_input(key="catalogue_form_name").set_value("Twin")
    app.text_input(key="catalogue_form_price").set_value("1")
    app.button(key="catalogue_form_save").click().run()
    assert any("FU30" in error.value for error in app.error)


def test_a_manager_credits_writes_off_refunds_and_uses_credit(clinic: Clinic, open_app: Open) -> None:
    patient = make_patient(clinic)
    wrong, small, paid = (priced(clinic, patient, price) for price in ("80.00", "5.00", "30.00"))
    taken = perform(clinic.actor("assistant"), record_receipt, receipt(patient, "40.00"))

    app = open_app("manager", page("invoice"), invoice=wrong.id)
    next(button for button in app.button if button.label == "Credit invoice").click().run()
    app.button(key="credit_issue").click().run()
    assert any(error.value == "Reason is missing." for error in app.error)
    app.text_input(key="credit_reason").set_value("Wrong patient")
    app.button(key="credit_issue").click().run()
    assert not app.exception
    assert read(clinic, wrong.id).display_status is DisplayStatus.VOID

    app = open_app("manager", page("invoice"), invoice=small.id)
    app.text_input(key="write_off_reason").set_value("Too small to ask for")
    app.button(key="write_off_do").click().run()
    assert read(clinic, small.id).display_status is DisplayStatus.WRITTEN_OFF
    app = open_app("manager", page("invoice"), invoice=small.id)
    app.button(key="taking_back_do").click().run()
    assert any(error.value == "Reason is missing." for error in app.error)
    app.text_input(key="taking_back_reason").set_value("It was paid after all")
    app.button(key="taking_back_do").click().run()
    assert not app.exception
    assert read(clinic, small.id).display_status is DisplayStatus.ISSUED
    assert not [button for button in app.button if button.key == "taking_back_do"]

    app = open_app("assistant", page("invoice"), invoice=paid.id)
    assert not [button for button in app.button if button.label in {"Credit invoice", "Write off"}]
    app.button(key="use_credit").click().run()
    assert read(clinic, paid.id).display_status is DisplayStatus.PAID

    app = open_app("manager", page("receipts"), receipt=taken.id)
    app.button(key="refund_give").click().run()
    assert not app.exception
    (refund, _) = perform(clinic.actor("manager"), list_receipts, ListReceipts())
    assert (refund.kind.label, f"{refund.amount}") == ("Refund", "10.00")
