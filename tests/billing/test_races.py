"""Many people at once: numbers without a gap, and never more money on an invoice than it owes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from threading import Barrier
from uuid import UUID

import pytest

from clinic_core.access import Actor, perform, unit_of_work
from clinic_core.billing.queries import get_receipt, list_receipts, number_proof
from clinic_core.billing.schemas import (
    ApplyCredit,
    CreditInvoice,
    GetReceipt,
    InvoiceHead,
    IssueInvoice,
    ListReceipts,
    NumberProof,
    ProveNumbers,
    RecordReceipt,
    RefundReceipt,
    UpdateDraft,
)
from clinic_core.billing.service import (
    apply_credit,
    credit_invoice,
    issue_invoice,
    record_receipt,
    refund_receipt,
    update_draft,
)
from clinic_core.errors import ClinicError, Conflict, Immutable
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import InvoiceStatus, PaymentMethod
from tests.billing.arrange import draft, line, priced, read, receipt
from tests.factories import Clinic, make_patient


def at_once(tasks: Sequence[Callable[[], object]]) -> list[object]:
    """The results of tasks that begin together; an error of the clinic is a result."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[], object]) -> object:
        barrier.wait(timeout=30)
        try:
            return task()
        except ClinicError as error:
            return error

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def proof(clinic: Clinic, series: str) -> NumberProof:
    return perform(clinic.actor("manager"), number_proof, ProveNumbers(series=series, year=now().year))


def collect(actor: Actor, request: RecordReceipt) -> Callable[[], object]:
    return lambda: perform(actor, record_receipt, request)


def use_credit(actor: Actor, request: ApplyCredit) -> Callable[[], object]:
    return lambda: perform(actor, apply_credit, request)


def issue(actor: Actor, invoice_id: UUID) -> Callable[[], object]:
    return lambda: perform(actor, issue_invoice, IssueInvoice(invoice_id=invoice_id))


@pytest.mark.race
def test_32_people_issuing_at_once_leave_no_gap(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    drafts = [draft(clinic, patient).id for _ in range(32)]
    results = at_once([issue(manager, invoice_id) for invoice_id in drafts])
    assert [error for error in results if isinstance(error, ClinicError)] == []
    found = proof(clinic, "INV")
    assert (found.first, found.last, found.count, found.missing, found.duplicates) == (1, 32, 32, (), ())


@pytest.mark.race
def test_one_draft_issued_by_many_gets_one_number(clinic: Clinic) -> None:
    manager, invoice_id = clinic.actor("manager"), draft(clinic, make_patient(clinic)).id
    results = at_once([issue(manager, invoice_id) for _ in range(8)])
    assert sum(isinstance(result, Conflict) for result in results) == 7
    assert proof(clinic, "INV").count == 1


@pytest.mark.race
def test_a_draft_that_is_changed_while_it_is_issued_says_what_its_lines_say(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    for _ in range(12):
        made = draft(clinic, patient)
        change = UpdateDraft(invoice_id=made.id, lines=(line(clinic), line(clinic)))
        paper, changed = at_once([issue(manager, made.id), partial(perform, manager, update_draft, change)])
        assert isinstance(paper, InvoiceHead)
        came_first = isinstance(changed, InvoiceHead)
        assert came_first or isinstance(changed, Immutable)
        assert paper.total == Decimal("160.00" if came_first else "80.00")
        assert len(read(clinic, made.id).lines) == (2 if came_first else 1)


def test_an_issue_that_is_rolled_back_leaves_no_gap(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    first, second = draft(clinic, patient).id, draft(clinic, patient).id

    def issue_and_fail() -> None:
        with unit_of_work(clinic.actor("manager")) as work:
            assert issue_invoice(work, IssueInvoice(invoice_id=first)).number == f"INV-{now().year}-00001"
            raise Conflict("The second step of the same unit of work is refused.")

    with pytest.raises(Conflict, match="second step"):
        issue_and_fail()
    assert read(clinic, first).number is None
    assert perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=second)).number == (
        f"INV-{now().year}-00001"
    )
    assert proof(clinic, "INV").missing == ()


@pytest.mark.race
def test_two_receipts_at_once_cannot_exceed_the_balance(clinic: Clinic) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    invoice = priced(clinic, patient, "80.00")
    request = receipt(patient, "80.00", allocations=((invoice.id, Decimal(80)),))
    results = at_once([collect(assistant, request)] * 2)
    assert sorted(isinstance(result, Conflict) for result in results) == [False, True]
    assert read(clinic, invoice.id).paid == Decimal("80.00")
    assert len(perform(clinic.actor("manager"), list_receipts, ListReceipts())) == 1


@pytest.mark.race
def test_16_receipts_over_the_same_invoices_add_up(clinic: Clinic) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    invoices = [priced(clinic, patient, "100.00") for _ in range(3)]
    ids = [invoice.id for invoice in invoices]
    orders = [tuple(ids[turn % 3 :] + ids[: turn % 3]) for turn in range(16)]
    results = at_once([collect(assistant, receipt(patient, "30.00", invoice_ids=order)) for order in orders])
    refused = [result for result in results if isinstance(result, ClinicError)]
    assert all("is already paid" in error.message for error in refused)
    taken = perform(clinic.actor("manager"), list_receipts, ListReceipts())
    assert len(taken) == 16 - len(refused)
    paid = [read(clinic, invoice_id).paid for invoice_id in ids]
    assert sum(paid, Decimal(0)) == sum((one.allocated for one in taken), Decimal(0))
    assert all(amount <= Decimal("100.00") for amount in paid)
    assert proof(clinic, "RCT").missing == ()


@pytest.mark.race
def test_64_receipts_and_uses_of_one_credit_never_pay_an_invoice_twice(clinic: Clinic) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    credit = perform(assistant, record_receipt, receipt(patient, "500.00"))
    invoice = priced(clinic, patient, "900.00")
    paying = receipt(patient, "20.00", allocations=((invoice.id, Decimal(20)),))
    using = ApplyCredit(patient_id=patient, invoice_ids=(invoice.id,))
    results = at_once([*([collect(assistant, paying)] * 56), *([use_credit(assistant, using)] * 8)])
    assert all(isinstance(result, Conflict) for result in results if isinstance(result, ClinicError))
    assert (read(clinic, invoice.id).paid, read(clinic, invoice.id).balance) == (Decimal("900.00"), Decimal("0.00"))
    left = perform(assistant, get_receipt, GetReceipt(receipt_id=credit.id))
    taken = [one for one in perform(assistant, list_receipts, ListReceipts(limit=100)) if one.id != credit.id]
    assert left.allocated + sum((one.allocated for one in taken), Decimal(0)) == Decimal("900.00")
    assert left.allocated <= Decimal("500.00")
    assert proof(clinic, "RCT").missing == ()


@pytest.mark.race
def test_a_double_click_at_the_same_instant_pays_once(clinic: Clinic) -> None:
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    invoice = priced(clinic, patient, "80.00")
    request = receipt(patient, "30.00", invoice_ids=(invoice.id,), request_id=new_id())
    first, second = at_once([collect(assistant, request)] * 2)
    assert first == second
    assert read(clinic, invoice.id).paid == Decimal("30.00")


@pytest.mark.race
def test_credit_of_one_receipt_is_refunded_or_used_once(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    taken = perform(manager, record_receipt, receipt(patient, "80.00"))
    invoices = [priced(clinic, patient, "80.00") for _ in range(4)]
    back = RefundReceipt(receipt_id=taken.id, amount=Decimal(80), method=PaymentMethod.CASH)
    uses = [ApplyCredit(patient_id=patient, invoice_ids=(invoice.id,)) for invoice in invoices]
    tasks: list[Callable[[], object]] = [lambda: perform(manager, refund_receipt, back)] * 4
    tasks += [use_credit(manager, use) for use in uses]
    results = at_once(tasks)
    assert sum(not isinstance(result, ClinicError) for result in results) == 1
    used = sum((read(clinic, invoice.id).paid for invoice in invoices), Decimal(0))
    found = perform(manager, get_receipt, GetReceipt(receipt_id=taken.id))
    assert (found.credit, found.refunded + used) == (Decimal("0.00"), Decimal("80.00"))


@pytest.mark.race
def test_an_invoice_credited_while_it_is_paid_ends_void_with_all_money_as_credit_or_refused(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    invoice = priced(clinic, patient, "80.00")
    tasks = [collect(manager, receipt(patient, "10.00", invoice_ids=(invoice.id,))) for _ in range(6)]
    tasks.append(lambda: perform(manager, credit_invoice, CreditInvoice(invoice_id=invoice.id, reason="Wrong")))
    results = at_once(tasks)
    assert not isinstance(results[-1], ClinicError)
    found = read(clinic, invoice.id)
    assert (found.status, found.paid, found.balance) == (InvoiceStatus.VOID, Decimal("0.00"), Decimal("0.00"))
    taken = perform(manager, list_receipts, ListReceipts(patient_id=patient))
    assert all(row.credit == row.amount for row in taken)
    assert len(taken) == sum(not isinstance(result, ClinicError) for result in results[:-1])
