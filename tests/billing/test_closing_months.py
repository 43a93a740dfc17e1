"""Closing months: the roll-forward that is signed, and where corrections count from then on (B10)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from clinic_core.access import perform
from clinic_core.analytics.queries import outstanding
from clinic_core.analytics.schemas import OutstandingRequest
from clinic_core.billing.queries import get_receipt, list_closings, month_to_close
from clinic_core.billing.schemas import (
    CreditInvoice,
    GetReceipt,
    IssueInvoice,
    ListClosings,
    MonthFigures,
    MonthToClose,
    WriteOff,
)
from clinic_core.billing.service import (
    credit_invoice,
    issue_invoice,
    record_receipt,
    write_off,
)
from clinic_core.errors import Conflict, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.vocabulary import ClosingKind
from tests.billing.arrange import draft, priced, read, receipt
from tests.billing.closings import NOVEMBER, OCTOBER, october, of_month, opened, said, signed
from tests.factories import Clinic, make_patient


def test_a_month_is_closed_when_it_is_over_everywhere_and_once(clinic: Clinic) -> None:
    with frozen_at(datetime(2026, 11, 1, 3, 0, tzinfo=UTC)), pytest.raises(Conflict, match="October 2026 is not over"):
        october(clinic)
    with frozen_at(NOVEMBER):
        with pytest.raises(PermissionDenied):
            october(clinic, role="assistant")
        october(clinic)
        with pytest.raises(Conflict, match="October 2026 is closed already"):
            october(clinic)


@pytest.fixture
def worked(clinic: Clinic) -> tuple[Clinic, UUID, UUID, UUID]:
    """September: 100 owed. October: 80 invoiced, 150 received, of which 130 applied, 20 written off of the rest."""
    patient, manager = make_patient(clinic), clinic.actor("manager")
    with frozen_at(OCTOBER - timedelta(days=30)):
        old = priced(clinic, patient, "100.00")
    with frozen_at(OCTOBER):
        new = priced(clinic, patient, "80.00")
        wanted = ((old.id, Decimal(100)), (new.id, Decimal(30)))
        money = perform(manager, record_receipt, receipt(patient, "150", allocations=wanted))
        perform(manager, write_off, WriteOff(invoice_id=new.id, amount=Decimal(20), reason="Goodwill"))
        draft(clinic, patient)
    return clinic, old.id, new.id, money.id


def test_a_closed_month_is_the_roll_forward_of_what_is_owed(worked: tuple[Clinic, UUID, UUID, UUID]) -> None:
    clinic = worked[0]
    with frozen_at(NOVEMBER):
        figures = of_month(october(clinic, note="Checked"))
        assert figures == MonthFigures(
            currency="EUR",
            opening=Decimal(100),
            invoiced=Decimal(80),
            paid=Decimal(130),
            written_off=Decimal(20),
            closing=Decimal(30),
            received=Decimal(150),
            applied=Decimal(130),
            credit_closing=Decimal(20),
            drafts=figures.drafts,
            open_days=1,
        )
        last = perform(clinic.actor("manager"), outstanding, OutstandingRequest(as_of=date(2026, 10, 31)))
        assert (last.gross, last.credit) == (figures.closing, figures.credit_closing)
        (row,) = perform(clinic.actor("manager"), list_closings, ListClosings(kind=ClosingKind.MONTH))
        assert (row.closed_by, row.note, row.figures) == ("Manager", "Checked", figures)
        assert perform(clinic.actor("assistant"), list_closings, ListClosings()) == ()


def test_nothing_is_dated_in_a_closed_month(worked: tuple[Clinic, UUID, UUID, UUID]) -> None:
    clinic, old, new, _ = worked
    patient, manager = read(clinic, new).patient_id, clinic.actor("manager")
    waiting = draft(clinic, patient)
    with frozen_at(NOVEMBER):
        late = receipt(patient, "10", received_at=OCTOBER)
        october(clinic)
        with said("14 Oct 2026"):
            perform(manager, record_receipt, late)
        with said("14 Oct 2026"):
            perform(manager, record_receipt, late.model_copy(update={"invoice_ids": (new,)}))
    refused: list[Callable[[], object]] = [
        lambda: perform(manager, issue_invoice, IssueInvoice(invoice_id=waiting.id)),
        lambda: perform(manager, write_off, WriteOff(invoice_id=new, reason="Late")),
        lambda: perform(manager, credit_invoice, CreditInvoice(invoice_id=old, reason="Late")),
    ]
    for attempt in refused:  # a clock that went wrong does not get past the books either
        with frozen_at(OCTOBER), said("14 Oct 2026"):
            attempt()
    with frozen_at(NOVEMBER):
        perform(manager, issue_invoice, IssueInvoice(invoice_id=waiting.id))
        perform(manager, write_off, WriteOff(invoice_id=new, reason="Now"))


def test_corrections_of_a_closed_month_count_in_the_open_one(worked: tuple[Clinic, UUID, UUID, UUID]) -> None:
    clinic, old, _, money = worked
    manager = clinic.actor("manager")
    with frozen_at(NOVEMBER):
        closed = of_month(october(clinic))
        note = perform(manager, credit_invoice, CreditInvoice(invoice_id=old, reason="Wrong patient"))
        assert note.issued_on == NOVEMBER.date()
        assert perform(manager, get_receipt, GetReceipt(receipt_id=money)).credit == Decimal(120)
        then = perform(manager, month_to_close, MonthToClose(year=2026, month=10))
        assert then.figures.model_copy(update={"drafts": closed.drafts}) == closed
        later = perform(manager, month_to_close, MonthToClose(year=2026, month=11))
        assert (later.figures.opening, later.figures.credited, later.figures.released, later.figures.closing) == (
            closed.closing,
            Decimal(100),
            Decimal(100),
            closed.closing,
        )
        assert (later.is_over, later.closing) == (False, None)


def test_a_day_of_a_closed_month_is_opened_after_the_month(clinic: Clinic) -> None:
    with frozen_at(OCTOBER):
        day = signed(clinic)
    with frozen_at(NOVEMBER):
        month = october(clinic)
        with pytest.raises(Conflict, match="October 2026 is closed; open the month again first"):
            opened(clinic, day)
        opened(clinic, month)
        opened(clinic, day)
