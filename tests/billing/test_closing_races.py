"""Closing while everybody takes money: each receipt is in the figures that are signed, or it is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.billing.queries import takings
from clinic_core.billing.schemas import (
    CloseDay,
    CloseMonth,
    ClosingHead,
    DayFigures,
    MonthFigures,
    ReceiptHead,
    TakingsRequest,
)
from clinic_core.billing.service import close_day, close_month
from clinic_core.db import books
from clinic_core.errors import Conflict
from clinic_core.vocabulary import PaymentMethod
from tests.billing.arrange import priced, receipt
from tests.billing.test_races import at_once, collect
from tests.factories import Clinic, make_patient

PAST = datetime(2026, 10, 14, 10, 0, tzinfo=UTC)
PEOPLE = 64


def race(clinic: Clinic, close: Callable[[], object]) -> tuple[ClosingHead, int]:
    """The closing, and how many of the receipts that began with it were taken; all others were refused."""
    patient, assistant = make_patient(clinic), clinic.actor("assistant")
    invoice = priced(clinic, patient, "40.00")
    requests = [
        receipt(patient, "1.00", received_at=PAST, invoice_ids=(invoice.id,) if turn % 2 else ())
        for turn in range(PEOPLE)
    ]
    tasks = [collect(assistant, request) for request in requests]
    results = at_once([*tasks[: PEOPLE // 2], close, *tasks[PEOPLE // 2 :]])
    (closing,) = [result for result in results if isinstance(result, ClosingHead)]
    taken = [result for result in results if isinstance(result, ReceiptHead)]
    refused = [result for result in results if isinstance(result, Conflict)]
    assert len(taken) + len(refused) == PEOPLE
    assert all("books of 14 Oct 2026 are closed" in each.message for each in refused)
    found = perform(assistant, takings, TakingsRequest(first_day=PAST.date(), last_day=PAST.date()))
    assert found.net == len(taken)
    with owner_work("check") as session:
        assert not [fault for fault in books.ledger_faults(session.connection()) if str(closing.id) in fault]
    return closing, len(taken)


@pytest.mark.race
def test_each_of_64_receipts_is_in_the_closed_day_or_refused(clinic: Clinic) -> None:
    request = CloseDay(
        clinic_location_id=clinic.main,
        day=PAST.date(),
        counted=((PaymentMethod.CASH, Decimal(1000)),),
        note="Counted while money came in",
    )
    closing, taken = race(clinic, lambda: perform(clinic.actor("assistant"), close_day, request))
    assert isinstance(closing.figures, DayFigures)
    assert closing.figures.expected == taken


@pytest.mark.race
def test_each_of_64_receipts_is_in_the_closed_month_or_refused(clinic: Clinic) -> None:
    request = CloseMonth(year=2026, month=10)
    closing, taken = race(clinic, lambda: perform(clinic.actor("manager"), close_month, request))
    assert isinstance(closing.figures, MonthFigures)
    assert closing.figures.received == taken
    assert closing.figures.closing == 0
