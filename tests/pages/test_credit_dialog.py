"""The credit dialog: the whole invoice or by line, with what it comes to before it is issued."""

from decimal import Decimal
from uuid import UUID

from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.billing.schemas import DisplayStatus, DraftLine, InvoiceDetail
from clinic_core.billing.service import record_receipt
from clinic_core.vocabulary import InvoiceStatus, ItemType
from tests.billing.arrange import issued, read, receipt
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

INVOICE = "pages/billing/invoice.py"
BY_LINE = "By line"


def two_lines(clinic: Clinic) -> InvoiceDetail:
    """Three bandages at 11.90 with 19 per cent, and a fee of 20.00: 62.48 altogether, 50.00 of it paid."""
    patient = make_patient(clinic)
    bandages = DraftLine(item_type=ItemType.PRODUCT, product_service_id=clinic.product, quantity=Decimal(3))
    fee = DraftLine(item_type=ItemType.FEE, description="Letter", quantity=Decimal(1), unit_price=Decimal(20))
    made = issued(clinic, patient, bandages, fee)
    perform(clinic.actor("assistant"), record_receipt, receipt(patient, "50.00", invoice_ids=(made.id,)))
    return read(clinic, made.id)


def open_dialog(open_app: Open, invoice_id: UUID) -> AppTest:
    app = open_app("manager", INVOICE, invoice=invoice_id)
    next(button for button in app.button if button.label == "Credit invoice").click().run()
    assert not app.exception
    return app


def test_the_whole_invoice_is_shown_with_what_becomes_of_the_money(clinic: Clinic, open_app: Open) -> None:
    invoice = two_lines(clinic)
    app = open_dialog(open_app, invoice.id)
    said = sentences(app)
    assert "**Total €62.48**" in said
    assert "The invoice then owes €0.00. €50.00 that was paid becomes credit" in said
    app.text_input(key="credit_reason").set_value("Wrong patient")
    app.button(key="credit_issue").click().run()
    assert not app.exception
    assert read(clinic, invoice.id).status is InvoiceStatus.VOID


def test_by_line_the_preview_follows_and_the_rest_stays(clinic: Clinic, open_app: Open) -> None:
    invoice = two_lines(clinic)
    bandages, letter = invoice.lines
    app = open_dialog(open_app, invoice.id)
    app.radio(key="credit_kind").set_value(BY_LINE).run()
    assert app.button(key="credit_issue").disabled
    assert "3 of 3 left" in sentences(app)
    app.text_input(key=f"credit_line_{bandages.id}").set_value("1").run()
    said = sentences(app)
    assert "Tax 19% on 11.90: 2.26" in said
    assert "**Total €14.16**" in said
    assert "The invoice then owes €0.00. €1.68 that was paid becomes credit" in said
    app.button(key="credit_issue").click().run()
    assert [error.value for error in app.error] == ["Reason is missing."]
    app.text_input(key="credit_reason").set_value("One was not used")
    app.button(key="credit_issue").click().run()
    assert not app.exception
    found = read(clinic, invoice.id)
    assert (found.status, found.credited, found.display_status) == (
        InvoiceStatus.ISSUED,
        Decimal("14.16"),
        DisplayStatus.PAID,
    )
    app = open_dialog(open_app, invoice.id)
    assert "All that is left of it; the invoice is void and keeps its number." in str(
        app.radio(key="credit_kind").proto
    )
    app.radio(key="credit_kind").set_value(BY_LINE).run()
    assert "2 of 3 left" in sentences(app)
    assert app.text_input(key=f"credit_line_{letter.id}").value == "0"


def test_a_quantity_that_cannot_be_right_is_said_and_nothing_is_issued(clinic: Clinic, open_app: Open) -> None:
    invoice = two_lines(clinic)
    app = open_dialog(open_app, invoice.id)
    app.radio(key="credit_kind").set_value(BY_LINE).run()
    for typed, sentence in {"4": "Of line 1 3 is left; 4 cannot be credited.", "x": "Quantity must be written"}.items():
        app.text_input(key=f"credit_line_{invoice.lines[0].id}").set_value(typed).run()
        assert [error.value[: len(sentence)] for error in app.error] == [sentence]
        assert app.button(key="credit_issue").disabled
    app.text_input(key=f"credit_line_{invoice.lines[0].id}").set_value("0.0").run()
    assert [error.value for error in app.error] == ["Type how much of at least one line is taken back."]
    app.button(key="credit_cancel").click().run()
    assert not [button for button in app.button if button.key == "credit_issue"]
    assert read(clinic, invoice.id).credited == Decimal("0.00")
