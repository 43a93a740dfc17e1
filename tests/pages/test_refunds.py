"""Refunds in the browser: asked for on the receipt, decided by somebody else, counted in the menu."""

from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.billing.queries import list_receipts, list_refund_requests
from clinic_core.billing.schemas import ListReceipts, ListRefundRequests, ReceiptHead, RefundRequestRow, SetFourEyes
from clinic_core.billing.service import record_receipt, set_four_eyes
from clinic_core.vocabulary import RefundStatus
from tests.billing.arrange import receipt
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

RECEIPTS, REFUNDS = "pages/billing/receipts.py", "pages/billing/refunds.py"


def taken(clinic: Clinic) -> ReceiptHead:
    return perform(clinic.actor("assistant"), record_receipt, receipt(make_patient(clinic), "40.00"))


def requests(clinic: Clinic) -> tuple[RefundRequestRow, ...]:
    return perform(clinic.actor("owner"), list_refund_requests, ListRefundRequests())


def keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def menu(app: AppTest) -> list[str]:
    return [link.proto.label for link in app.sidebar.get("page_link")]


def ask(clinic: Clinic, open_app: Open, role: str = "manager", amount: str = "15") -> RefundRequestRow:
    app = open_app(role, RECEIPTS, receipt=taken(clinic).id)
    app.text_input(key="refund_amount").set_value(amount)
    app.text_input(key="refund_reason").set_value("Paid twice")
    app.button(key="refund_ask").click().run()
    assert not app.exception
    assert not app.error
    return requests(clinic)[0]


def test_with_two_people_a_refund_is_asked_for_and_another_approves(clinic: Clinic, open_app: Open) -> None:
    perform(clinic.actor("owner"), set_four_eyes, SetFourEyes(required=True))
    app = open_app("manager", RECEIPTS, receipt=taken(clinic).id)
    assert "refund_give" not in keys(app)
    app.button(key="refund_ask").click().run()
    assert [error.value for error in app.error] == ["Reason is missing."]
    row = ask(clinic, open_app)
    assert (row.status, f"{row.amount}", row.asked_by) == (RefundStatus.REQUESTED, "15.00", "Manager")

    app = open_app("manager", REFUNDS)
    assert f"refund_withdraw_{row.id}" in keys(app)
    assert f"refund_approve_{row.id}" not in keys(app)

    app = open_app("owner", REFUNDS)
    assert "Paid twice" in sentences(app)
    app.text_input(key=f"refund_note_{row.id}").set_value("Seen on the statement")
    app.button(key=f"refund_approve_{row.id}").click().run()
    assert not app.exception
    assert not app.error
    assert "No refund waits for a decision." in sentences(app)
    (row,) = requests(clinic)
    assert (row.status, row.decision_note) == (RefundStatus.APPROVED, "Seen on the statement")
    refund = perform(clinic.actor("owner"), list_receipts, ListReceipts())[0]
    assert (refund.number, f"{refund.amount}") == (row.refund_number, "15.00")


def test_the_desk_asks_although_one_manager_would_do(clinic: Clinic, open_app: Open) -> None:
    row = ask(clinic, open_app, role="assistant")
    app = open_app("manager", RECEIPTS, receipt=row.receipt_id)
    assert keys(app).isdisjoint({"refund_give", "refund_ask"})
    app.button(key=f"refund_decline_{row.id}").click().run()
    assert not app.exception
    assert requests(clinic)[0].status is RefundStatus.DECLINED
    app = open_app("manager", RECEIPTS, receipt=row.receipt_id)
    assert "refund_give" in keys(app)


def test_what_one_asked_for_is_withdrawn(clinic: Clinic, open_app: Open) -> None:
    row = ask(clinic, open_app, role="assistant")
    app = open_app("assistant", REFUNDS)
    app.button(key=f"refund_withdraw_{row.id}").click().run()
    assert not app.exception
    assert requests(clinic)[0].status is RefundStatus.WITHDRAWN


def test_the_menu_counts_what_waits_for_the_person(clinic: Clinic, open_app: Open) -> None:
    perform(clinic.actor("owner"), set_four_eyes, SetFourEyes(required=True))
    ask(clinic, open_app)
    labels = {role: menu(open_app(role)) for role in ("owner", "manager", "assistant", "practitioner")}
    assert "Refunds (1)" in labels["owner"]
    assert "Refunds" in labels["manager"]
    assert "Refunds" in labels["assistant"]
    assert not [label for label in labels["practitioner"] if label.startswith("Refunds")]


def test_only_who_manages_settings_chooses_two_people(clinic: Clinic, open_app: Open) -> None:
    app = open_app("manager", REFUNDS)
    assert not app.toggle
    app = open_app("owner", REFUNDS)
    app.toggle(key="refunds_four_eyes").set_value(True).run()
    assert not app.exception
    assert clinic.actor("owner").settings.four_eyes_refunds
    assert "Every refund needs a second person" in sentences(open_app("manager", REFUNDS))
