"""Arranging closed days and months, and what their refusals say."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.schemas import (
    CloseDay,
    CloseMonth,
    ClosingHead,
    DayFigures,
    MonthFigures,
    ReopenClosing,
)
from clinic_core.billing.service import (
    close_day,
    close_month,
    reopen_closing,
)
from clinic_core.errors import Conflict
from clinic_core.vocabulary import PaymentMethod
from tests.factories import Clinic

OCTOBER = datetime(2026, 10, 14, 10, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 3, 10, 0, tzinfo=UTC)
DAY = OCTOBER.date()
CASH, CARD = PaymentMethod.CASH, PaymentMethod.CARD


def signed(
    clinic: Clinic, *counted: tuple[PaymentMethod, str], role: str = "assistant", **fields: object
) -> ClosingHead:
    """A day closed at Main street with what was counted."""
    pairs = tuple((method, Decimal(amount)) for method, amount in counted) or ((CASH, Decimal(0)),)
    values = {"clinic_location_id": clinic.main, "day": DAY, "counted": pairs, **fields}
    return perform(clinic.actor(role), close_day, CloseDay.model_validate(values))


def october(clinic: Clinic, *, role: str = "manager", **fields: object) -> ClosingHead:
    return perform(clinic.actor(role), close_month, CloseMonth.model_validate({"year": 2026, "month": 10, **fields}))


def of_day(closing: ClosingHead) -> DayFigures:
    assert isinstance(closing.figures, DayFigures)
    return closing.figures


def of_month(closing: ClosingHead) -> MonthFigures:
    assert isinstance(closing.figures, MonthFigures)
    return closing.figures


def opened(clinic: Clinic, closing: ClosingHead, role: str = "manager") -> ClosingHead:
    request = ReopenClosing(closing_id=closing.id, reason="A receipt was forgotten", version=closing.version)
    return perform(clinic.actor(role), reopen_closing, request)


@contextmanager
def said(*parts: str) -> Iterator[None]:
    """A refusal that says the date and what to do."""
    with pytest.raises(Conflict) as refused:
        yield
    for part in (*parts, "closed", "opened again"):
        assert part in refused.value.message
