"""Closings and refund requests as files, and long lists of closings page by page: what is shown is what leaves."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest

from clinic_core.access import perform
from clinic_core.billing.queries import (
    count_closings,
    export_closed_days,
    export_closed_months,
    export_refund_requests,
    export_roll_forward,
    list_closings,
)
from clinic_core.billing.schemas import ClosingFilter, ListClosings, MonthToClose, RefundFilter, RequestRefund
from clinic_core.billing.service import record_receipt, request_refund
from clinic_core.errors import PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.tables import Table
from clinic_core.vocabulary import ClosingKind, PaymentMethod
from tests.billing.arrange import audited, priced, receipt
from tests.billing.closings import CARD, CASH, DAY, NOVEMBER, OCTOBER, october, opened, signed
from tests.factories import Clinic, make_clinic, make_patient

OCTOBER_MONTH = MonthToClose(year=2026, month=10)


def rows(made: Table) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.csv().decode("utf-8-sig"))))


def test_every_closing_is_on_one_page_of_the_list_and_counted(clinic: Clinic) -> None:
    with frozen_at(NOVEMBER):
        for back in range(5):
            signed(clinic, day=DAY - timedelta(days=back))
        october(clinic)
    manager, days = clinic.actor("manager"), {"kind": ClosingKind.DAY, "clinic_location_id": clinic.main}
    assert perform(manager, count_closings, ClosingFilter.model_validate(days)) == 5
    pages = [
        perform(manager, list_closings, ListClosings.model_validate({**days, "offset": offset, "limit": 2}))
        for offset in (0, 2, 4)
    ]
    assert [[row.starts_on for row in page] for page in pages] == [
        [DAY, DAY - timedelta(days=1)],
        [DAY - timedelta(days=2), DAY - timedelta(days=3)],
        [DAY - timedelta(days=4)],
    ]
    everything = ClosingFilter()
    counts = {role: perform(clinic.actor(role), count_closings, everything) for role in ("manager", "assistant")}
    assert counts == {"manager": 6, "assistant": 5}


def test_closed_days_leave_with_their_money_and_who_opened_them_again(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    with frozen_at(OCTOBER):
        perform(clinic.actor("assistant"), record_receipt, receipt(patient, "50"))
        perform(clinic.actor("assistant"), record_receipt, receipt(patient, "30", method=PaymentMethod.CARD))
        opened(clinic, signed(clinic, (CASH, "49"), (CARD, "30"), note="=1 short"))
    made = perform(clinic.actor("assistant"), export_closed_days, ClosingFilter())
    (row,) = rows(made)
    assert (row["Day"], row["Location"], row["Received"], row["Paid back"]) == (
        "2026-10-14",
        "Main street",
        "80.00",
        "0.00",
    )
    assert (row["Expected"], row["Counted"], row["Difference"]) == ("80.00", "79.00", "-1.00")
    assert (row["Closed by"], row["Opened again by"], row["Because"]) == (
        "Assistant",
        "Manager",
        "A receipt was forgotten",
    )
    assert row["Note"] == "'=1 short"
    assert made.xlsx()[:2] == b"PK"
    assert audited(clinic, "closed_days.export") == [("closing", "export", clinic.users["assistant"])]


def test_closed_months_and_the_roll_forward_leave_with_the_figures_that_were_signed(clinic: Clinic) -> None:
    patient, manager = make_patient(clinic), clinic.actor("manager")
    with frozen_at(OCTOBER):
        invoice = priced(clinic, patient, "80.00")
        paid = receipt(patient, "100", allocations=((invoice.id, Decimal(50)),))
        perform(manager, record_receipt, paid)
    with frozen_at(NOVEMBER):
        before = rows(perform(manager, export_roll_forward, OCTOBER_MONTH))
        october(clinic)
        after = rows(perform(manager, export_roll_forward, OCTOBER_MONTH))
    assert [row["Closed"] for row in before] == ["No"] * 13
    assert [row["Closed"] for row in after] == ["Yes"] * 13
    for made in (before, after):
        for account, end in (("What patients owe", "30.00"), ("Patient credit", "50.00")):
            steps = [Decimal(row["Amount"]) for row in made if row["Account"] == account]
            assert sum(steps[:-1]) == steps[-1] == Decimal(end)
    (month,) = rows(perform(manager, export_closed_months, ClosingFilter()))
    assert (
        month["First day"],
        month["Invoiced"],
        month["Paid"],
        month["Owed at the end"],
        month["Credit at the end"],
    ) == (
        "2026-10-01",
        "80.00",
        "50.00",
        "30.00",
        "50.00",
    )


def test_refund_requests_leave_with_who_asked_and_who_decided(clinic: Clinic) -> None:
    patient = make_patient(clinic, first_name="Ada", last_name="=Example")
    taken = perform(clinic.actor("assistant"), record_receipt, receipt(patient, "40"))
    asked = RequestRefund(receipt_id=taken.id, amount=Decimal("12.50"), method=PaymentMethod.CARD, reason="Paid twice")
    perform(clinic.actor("assistant"), request_refund, asked)
    made = perform(clinic.actor("manager"), export_refund_requests, RefundFilter())
    (row,) = rows(made)
    assert (row["Status"], row["Receipt"], row["Amount"], row["Method"]) == ("Requested", taken.number, "12.50", "Card")
    assert (row["Reason"], row["Asked by"], row["Decided by"]) == ("Paid twice", "Assistant", "")
    assert audited(clinic, "refund.export") == [("refund_request", "export", clinic.users["manager"])]
    assert rows(perform(make_clinic().actor("manager"), export_refund_requests, RefundFilter())) == []


def test_files_are_for_who_sees_the_lists(clinic: Clinic) -> None:
    below_managers = {"practitioner", "assistant", "patient"}
    for role in below_managers:
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), export_closed_months, ClosingFilter())
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), export_roll_forward, OCTOBER_MONTH)
    for role in below_managers - {"assistant"}:
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), export_closed_days, ClosingFilter())
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), export_refund_requests, RefundFilter())
