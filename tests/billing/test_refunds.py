"""Money given back by two people: one asks, another agrees, and never more than the receipt has (B4)."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.queries import count_refund_requests, get_receipt, list_refund_requests
from clinic_core.billing.schemas import (
    ApplyCredit,
    DecideRefund,
    GetReceipt,
    ListRefundRequests,
    ReceiptHead,
    RefundFilter,
    RefundReceipt,
    RefundRequestHead,
    RefundRequestRow,
    RequestRefund,
    SetFourEyes,
    WithdrawRefund,
)
from clinic_core.billing.service import (
    apply_credit,
    decide_refund,
    record_receipt,
    refund_receipt,
    request_refund,
    set_four_eyes,
    withdraw_refund,
)
from clinic_core.errors import ClinicError, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import PaymentMethod, RefundStatus
from tests.billing.arrange import audited, priced, receipt
from tests.billing.test_races import at_once
from tests.factories import Clinic, make_clinic, make_patient


@pytest.fixture
def strict() -> Clinic:
    """A clinic in which two people give money back."""
    return make_clinic(OrganizationSettings(four_eyes_refunds=True))


def take(clinic: Clinic, amount: str, patient_id: UUID | None = None) -> ReceiptHead:
    patient = patient_id or make_patient(clinic)
    return perform(clinic.actor("assistant"), record_receipt, receipt(patient, amount))


def ask(clinic: Clinic, receipt_id: UUID, amount: str, role: str = "manager") -> RefundRequestHead:
    request = RequestRefund(
        receipt_id=receipt_id, amount=Decimal(amount), method=PaymentMethod.CARD, reference="ref", reason="Paid twice"
    )
    return perform(clinic.actor(role), request_refund, request)


def decide(clinic: Clinic, asked: UUID, role: str, *, approve: bool = True, **fields: object) -> RefundRequestHead:
    request = DecideRefund.model_validate({"refund_request_id": asked, "approve": approve, **fields})
    return perform(clinic.actor(role), decide_refund, request)


def listed(clinic: Clinic, role: str = "owner", **filters: object) -> tuple[RefundRequestRow, ...]:
    return perform(clinic.actor(role), list_refund_requests, ListRefundRequests.model_validate(filters))


def at_hand(clinic: Clinic, receipt_id: UUID) -> tuple[Decimal, Decimal]:
    """What of the receipt was given back, and what is left of it."""
    found = perform(clinic.actor("owner"), get_receipt, GetReceipt(receipt_id=receipt_id))
    return found.refunded, found.credit


def test_one_asks_another_agrees_and_the_money_is_given_back(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    asked = ask(strict, taken.id, "20.00", role="assistant")
    assert (asked.status, asked.refund_receipt_id) == (RefundStatus.REQUESTED, None)
    assert at_hand(strict, taken.id) == (Decimal("0.00"), Decimal("50.00"))
    (row,) = listed(strict, "manager", to_decide=True)
    assert (row.asked_by, row.reason, row.left, row.may_decide) == ("Assistant", "Paid twice", Decimal("50.00"), True)
    done = decide(strict, asked.id, "manager", note="Seen on the statement", version=asked.version)
    assert done.status is RefundStatus.APPROVED
    assert at_hand(strict, taken.id) == (Decimal("20.00"), Decimal("30.00"))
    assert done.refund_receipt_id is not None
    refund = perform(strict.actor("owner"), get_receipt, GetReceipt(receipt_id=done.refund_receipt_id))
    assert (refund.amount, refund.method, refund.reference) == (Decimal("20.00"), PaymentMethod.CARD, "ref")
    assert refund.refunds_number == taken.number
    (row,) = listed(strict)
    assert (row.refund_number, row.decided_by, row.decision_note) == (refund.number, "Manager", "Seen on the statement")
    assert (row.may_decide, row.may_withdraw) == (False, False)
    assert ("receipt", "insert", strict.users["manager"]) in audited(strict, "refund.decide")
    assert ("refund_request", "insert", strict.users["assistant"]) in audited(strict, "refund.request")


def test_who_asked_does_not_agree(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    asked = ask(strict, taken.id, "20.00")
    for approve in (True, False):
        with pytest.raises(PermissionDenied, match="asked for this refund yourself"):
            decide(strict, asked.id, "manager", approve=approve)
    assert at_hand(strict, taken.id) == (Decimal("0.00"), Decimal("50.00"))
    assert [row.may_decide for row in listed(strict, "manager")] == [False]
    assert perform(strict.actor("manager"), count_refund_requests, RefundFilter(to_decide=True)) == 0
    assert perform(strict.actor("owner"), count_refund_requests, RefundFilter(to_decide=True)) == 1
    assert ("use_case", "refused", strict.users["manager"]) in audited(strict, "refund.decide")


@pytest.mark.parametrize("status", ["approved", "declined"])
def test_who_asked_does_not_agree_by_plain_sql_either(strict: Clinic, status: str) -> None:
    asked = ask(strict, take(strict, "50.00").id, "20.00")
    with pytest.raises(Conflict, match="ck_refund_request_four_eyes"), unit_of_work(strict.actor("manager")) as work:
        work.session.execute(
            text("update refund_request set status = :status where id = :id"), {"status": status, "id": asked.id}
        )


def test_nobody_gives_money_back_alone(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    alone = RefundReceipt(receipt_id=taken.id, amount=Decimal(20), method=PaymentMethod.CARD)
    with pytest.raises(Conflict, match="consent of a second person here; ask for it"):
        perform(strict.actor("owner"), refund_receipt, alone)
    ask(strict, taken.id, "20.00")
    with pytest.raises(Conflict, match="consent of a second person"):
        perform(strict.actor("owner"), refund_receipt, alone)


def test_who_knew_the_old_rule_is_refused_by_the_new_one(clinic: Clinic) -> None:
    taken = take(clinic, "50.00")
    before = clinic.actor("manager")
    perform(clinic.actor("owner"), set_four_eyes, SetFourEyes(required=True))
    with pytest.raises(Conflict, match="consent of a second person"):
        perform(
            before,
            refund_receipt,
            RefundReceipt(receipt_id=taken.id, amount=Decimal(20), method=PaymentMethod.CARD),
        )
    assert clinic.actor("manager").settings.four_eyes_refunds
    assert ("organization", "refund_rule", clinic.users["owner"]) in audited(clinic, "refund.set_four_eyes")
    perform(clinic.actor("owner"), set_four_eyes, SetFourEyes(required=False))
    assert not clinic.actor("manager").settings.four_eyes_refunds


def test_what_was_used_meanwhile_is_not_given_back(strict: Clinic) -> None:
    patient = make_patient(strict)
    taken = take(strict, "50.00", patient)
    asked = ask(strict, taken.id, "20.00")
    invoice = priced(strict, patient, "40.00")
    perform(strict.actor("assistant"), apply_credit, ApplyCredit(patient_id=patient, invoice_ids=(invoice.id,)))
    with pytest.raises(Conflict, match=r"has €10\.00 left; €20\.00 cannot be given back"):
        decide(strict, asked.id, "owner")
    assert [row.status for row in listed(strict)] == [RefundStatus.REQUESTED]
    assert decide(strict, asked.id, "owner", approve=False).status is RefundStatus.DECLINED
    assert at_hand(strict, taken.id) == (Decimal("0.00"), Decimal("10.00"))


def test_only_what_is_left_is_asked_for_and_once_at_a_time(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    with pytest.raises(Conflict, match=r"has €50\.00 left; €50\.01 cannot"):
        ask(strict, taken.id, "50.01")
    first = ask(strict, taken.id, "20.00")
    with pytest.raises(Conflict, match="asked for already"):
        ask(strict, taken.id, "5.00")
    done = decide(strict, first.id, "owner")
    assert done.refund_receipt_id is not None
    with pytest.raises(Conflict, match="is a refund itself"):
        ask(strict, done.refund_receipt_id, "1.00")
    assert ask(strict, taken.id, "30.00").status is RefundStatus.REQUESTED
    with pytest.raises(InvalidInput, match="Reason"):
        RequestRefund(receipt_id=new_id(), amount=Decimal(1), method=PaymentMethod.CASH, reason=" ")


def test_what_is_decided_stays_decided(strict: Clinic) -> None:
    asked = ask(strict, take(strict, "50.00").id, "20.00")
    with pytest.raises(PermissionDenied, match="Only who asked"):
        perform(strict.actor("owner"), withdraw_refund, WithdrawRefund(refund_request_id=asked.id))
    decide(strict, asked.id, "owner", approve=False, note="No")
    with pytest.raises(Conflict, match="is declined already"):
        decide(strict, asked.id, "admin")
    with pytest.raises(StaleEdit):
        decide(strict, asked.id, "admin", version=asked.version)
    with pytest.raises(Conflict, match="is declined already"):
        perform(strict.actor("manager"), withdraw_refund, WithdrawRefund(refund_request_id=asked.id))
    with pytest.raises(Conflict, match="refund_request_frozen"), unit_of_work(strict.actor("owner")) as work:
        work.session.execute(text("update refund_request set status = 'approved' where id = :id"), {"id": asked.id})


def test_who_asked_may_withdraw(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    asked = ask(strict, taken.id, "20.00", role="assistant")
    request = WithdrawRefund(refund_request_id=asked.id, version=asked.version)
    assert perform(strict.actor("assistant"), withdraw_refund, request).status is RefundStatus.WITHDRAWN
    with pytest.raises(Conflict, match="is withdrawn already"):
        decide(strict, asked.id, "owner")
    assert listed(strict, open_only=True) == ()


@pytest.mark.parametrize("role", ["owner", "admin", "manager"])
def test_managers_agree_to_what_the_desk_asked_for(strict: Clinic, role: str) -> None:
    taken = take(strict, "50.00")
    decide(strict, ask(strict, taken.id, "50.00", role="assistant").id, role)
    assert at_hand(strict, taken.id) == (Decimal("50.00"), Decimal("0.00"))


@pytest.mark.parametrize("role", ["practitioner", "patient"])
def test_others_neither_ask_nor_agree_nor_see(strict: Clinic, role: str) -> None:
    taken = take(strict, "50.00")
    with pytest.raises(PermissionDenied):
        ask(strict, taken.id, "1.00", role=role)
    asked = ask(strict, taken.id, "1.00")
    with pytest.raises(PermissionDenied):
        decide(strict, asked.id, role)
    with pytest.raises(PermissionDenied):
        listed(strict, role)
    with pytest.raises(PermissionDenied):
        perform(strict.actor("assistant"), set_four_eyes, SetFourEyes(required=False))
    with pytest.raises(PermissionDenied):
        decide(strict, asked.id, "assistant")


def test_money_of_another_location_is_not_the_desks_to_ask_for(strict: Clinic) -> None:
    patient = make_patient(strict, clinic_location_id=strict.branch)
    taken = perform(strict.actor("manager"), record_receipt, receipt(patient, "9.00", clinic_location_id=strict.branch))
    with pytest.raises(NotFound):
        ask(strict, taken.id, "1.00", role="assistant")
    ask(strict, taken.id, "1.00")
    assert listed(strict, "assistant") == ()
    assert len(listed(strict, "owner")) == 1


def test_requests_of_another_organisation_do_not_exist(strict: Clinic, clinic: Clinic) -> None:
    taken = take(strict, "50.00")
    asked = ask(strict, taken.id, "20.00")
    with pytest.raises(NotFound):
        ask(clinic, taken.id, "1.00")
    with pytest.raises(NotFound):
        decide(clinic, asked.id, "owner")
    with pytest.raises(NotFound):
        perform(clinic.actor("owner"), withdraw_refund, WithdrawRefund(refund_request_id=asked.id))
    assert listed(clinic) == ()
    assert listed(clinic, receipt_id=taken.id) == ()


def test_a_form_sent_twice_gives_money_back_once(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    asked, request_id = ask(strict, taken.id, "20.00"), new_id()
    first = decide(strict, asked.id, "owner", request_id=request_id)
    assert decide(strict, asked.id, "owner", request_id=request_id) == first
    assert at_hand(strict, taken.id) == (Decimal("20.00"), Decimal("30.00"))


@pytest.mark.race
def test_of_many_who_decide_at_once_one_wins(strict: Clinic) -> None:
    taken = take(strict, "50.00")
    asked = ask(strict, taken.id, "50.00", role="assistant")
    actors = [strict.actor(role) for role in ("owner", "admin", "manager")] * 8
    results = at_once(
        [
            lambda actor=actor, approve=at % 4 != 3: perform(  # type: ignore[misc]
                actor, decide_refund, DecideRefund(refund_request_id=asked.id, approve=approve, version=asked.version)
            )
            for at, actor in enumerate(actors)
        ]
    )
    (won,) = [result for result in results if isinstance(result, RefundRequestHead)]
    assert all(isinstance(result, Conflict) for result in results if isinstance(result, ClinicError))
    given = Decimal("50.00") if won.status is RefundStatus.APPROVED else Decimal("0.00")
    assert at_hand(strict, taken.id)[0] == given
    with owner_work("test.look", strict.organization_id) as session:
        count = text("select count(*) from receipt where refunds_receipt_id = :id")
        assert session.execute(count, {"id": taken.id}).scalar_one() == (1 if given else 0)


@pytest.mark.race
def test_64_refunds_at_once_never_give_back_more_than_was_taken(clinic: Clinic) -> None:
    taken, manager = take(clinic, "50.00"), clinic.actor("manager")
    asked = ask(clinic, taken.id, "3.00", role="assistant")
    part = RefundReceipt(receipt_id=taken.id, amount=Decimal(3), method=PaymentMethod.CASH)
    agreed = DecideRefund(refund_request_id=asked.id, approve=True)
    results = at_once(
        [
            *[lambda: perform(manager, refund_receipt, part) for _ in range(63)],
            lambda: perform(manager, decide_refund, agreed),
        ]
    )
    given = [result for result in results if not isinstance(result, ClinicError)]
    assert len(given) == 16
    assert at_hand(clinic, taken.id) == (Decimal("48.00"), Decimal("2.00"))
    assert {type(result) for result in results if isinstance(result, ClinicError)} == {Conflict}
