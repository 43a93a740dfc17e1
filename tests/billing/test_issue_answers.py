"""What drafting and issuing answer without reading it again is what is read afterwards, in few statements."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.schemas import (
    BillTo,
    CheckOut,
    DisplayStatus,
    DraftInvoice,
    DraftLine,
    HandedOver,
    InvoiceHead,
    IssueInvoice,
    UpdateDraft,
)
from clinic_core.billing.service import check_out, draft_invoice, issue_invoice, update_draft
from clinic_core.errors import StaleEdit
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import ItemType, PaymentMethod
from tests.billing.arrange import NOVEMBER, draft, line, read
from tests.factories import Clinic, make_clinic, make_patient
from tests.notifications.arrange import cost

ODD = DraftLine(
    item_type=ItemType.FEE,
    description="A “quoted” fee, half – é 漢",
    quantity=Decimal("2.5000"),
    unit_price=Decimal("0.333333"),
    discount_rate=Decimal("0.125"),
    tax_rate=Decimal("0.081"),
)


def stored(clinic: Clinic, invoice_id: UUID) -> InvoiceHead:
    return InvoiceHead(**read(clinic, invoice_id).model_dump(include=set(InvoiceHead.model_fields)))


def issue(clinic: Clinic, invoice_id: UUID, version: int | None = None) -> InvoiceHead:
    return perform(clinic.actor("manager"), issue_invoice, IssueInvoice(invoice_id=invoice_id, version=version))


def test_what_drafting_and_issuing_answer_is_what_is_read_afterwards(clinic: Clinic) -> None:
    goods = DraftLine(item_type=ItemType.PRODUCT, product_service_id=clinic.product, quantity=Decimal(-1))
    made = draft(clinic, make_patient(clinic), line(clinic), ODD, goods, bill_to=BillTo(name="Harbour Works Ltd"))
    assert made == stored(clinic, made.id)
    paper = issue(clinic, made.id, made.version)
    assert paper == stored(clinic, made.id)
    assert (paper.display_status, paper.total, paper.version) == (DisplayStatus.ISSUED, made.total, made.version + 1)


def test_an_invoice_over_nothing_is_paid_when_it_is_issued(clinic: Clinic) -> None:
    made = draft(clinic, make_patient(clinic), line(clinic, unit_price=Decimal(0)))
    paper = issue(clinic, made.id)
    assert paper == stored(clinic, made.id)
    assert (paper.display_status, paper.total, paper.balance) == (DisplayStatus.PAID, Decimal("0.00"), Decimal("0.00"))


@pytest.mark.parametrize("paid", ["0", "30.00", "80.00"])
def test_what_a_check_out_answers_is_what_is_read_afterwards(clinic: Clinic, paid: str) -> None:
    handed = (HandedOver(method=PaymentMethod.CARD, amount=Decimal(paid)),) if Decimal(paid) else ()
    request = CheckOut(
        patient_id=make_patient(clinic), lines=(line(clinic),), payments=handed, clinic_location_id=clinic.main
    )
    done = perform(clinic.actor("manager"), check_out, request).invoice
    assert done is not None
    assert done == stored(clinic, done.id)
    assert done.paid == Decimal(paid)


def test_a_line_is_kept_as_it_was_said(clinic: Clinic) -> None:
    (found,) = read(clinic, draft(clinic, make_patient(clinic), ODD).id).lines
    assert (found.item_type, found.description) == (ODD.item_type, ODD.description)
    said = (ODD.quantity, ODD.unit_price, ODD.discount_rate, ODD.tax_rate)
    assert (found.quantity, found.unit_price, found.discount_rate, found.tax_rate) == said
    assert found.net == Decimal("0.73")


def test_ten_lines_take_as_few_statements_as_one(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    taken = set()
    for count in (1, 10):
        request = DraftInvoice(patient_id=patient, lines=(line(clinic),) * count, request_id=new_id())
        drafting = cost(partial(perform, manager, draft_invoice, request))
        again = perform(manager, draft_invoice, request)
        issuing = IssueInvoice(invoice_id=again.id, request_id=new_id())
        taken.add((drafting, cost(partial(perform, manager, issue_invoice, issuing))))
    assert taken == {(7, 6)}


def test_a_draft_that_somebody_changed_is_not_issued_from_an_old_page(clinic: Clinic) -> None:
    made = draft(clinic, make_patient(clinic))
    perform(clinic.actor("owner"), update_draft, UpdateDraft(invoice_id=made.id, lines=(line(clinic), line(clinic))))
    with pytest.raises(StaleEdit, match="changed by Owner"):
        issue(clinic, made.id, made.version)
    assert stored(clinic, made.id).display_status is DisplayStatus.DRAFT


def test_what_is_due_on_the_day_of_its_issue_is_overdue_from_the_next() -> None:
    clinic = make_clinic(OrganizationSettings(due_days=0))
    made = draft(clinic, make_patient(clinic))
    with frozen_at(NOVEMBER):
        paper = issue(clinic, made.id)
        assert paper == stored(clinic, made.id)
        assert paper.display_status is DisplayStatus.ISSUED
    with frozen_at(NOVEMBER + timedelta(days=1)):
        assert stored(clinic, made.id).display_status is DisplayStatus.OVERDUE
