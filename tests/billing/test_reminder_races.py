"""Many people remind at once, money comes in meanwhile: each invoice once, none that is settled, no error (B6)."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from clinic_core.access import Actor, owner_work, perform
from clinic_core.billing.schemas import (
    CreditInvoice,
    HoldReminders,
    InvoiceHead,
    ReleaseHold,
    StartedReminders,
    StartReminders,
    WriteOff,
)
from clinic_core.billing.service import (
    credit_invoice,
    hold_reminders,
    record_receipt,
    release_hold,
    start_reminders,
    write_off,
)
from clinic_core.errors import ClinicError, Conflict
from clinic_core.kit.clock import frozen_at
from tests.billing.arrange import receipt
from tests.billing.reminding import FIRST_ON, ISSUED_ON, noon, overdue, reminders_of
from tests.billing.test_races import at_once
from tests.factories import Clinic, make_clinic, make_patient

STEPS = st.lists(
    st.tuples(
        st.sampled_from(("remind", "remind", "remind", "pay", "credit", "give up", "hold", "release")),
        st.integers(0, 2),
        st.integers(0, 12),
    ),
    min_size=1,
    max_size=14,
)


def start(actor: Actor, *invoices: InvoiceHead) -> Callable[[], object]:
    request = StartReminders(invoice_ids=tuple(invoice.id for invoice in invoices))
    return lambda: perform(actor, start_reminders, request)


@pytest.mark.race
def test_32_people_who_start_the_same_run_remind_of_each_invoice_once(clinic: Clinic) -> None:
    invoices = [overdue(clinic) for _ in range(4)]
    people = [clinic.actor("manager"), clinic.actor("owner")]
    with frozen_at(noon(FIRST_ON)):
        # In opposite orders, some over all that is due, so that two of them could wait for each other.
        tasks = [start(people[at % 2], *(invoices if at % 3 else invoices[::-1])) for at in range(24)]
        tasks += [start(people[at % 2]) for at in range(8)]
        results = at_once(tasks)
    made = [result for result in results if isinstance(result, StartedReminders)]
    assert sum(run.invoices for run in made) == 4
    assert all(isinstance(result, StartedReminders | Conflict) for result in results)
    assert [len(reminders_of(clinic, invoice)) for invoice in invoices] == [1] * 4


@pytest.mark.race
def test_money_that_comes_in_at_the_same_moment_is_seen_by_one_of_the_two(clinic: Clinic) -> None:
    invoices = [overdue(clinic, make_patient(clinic), "10.00") for _ in range(12)]
    manager = clinic.actor("manager")

    def pay(invoice: InvoiceHead) -> Callable[[], object]:
        request = receipt(invoice.patient_id, "10.00", invoice_ids=(invoice.id,))
        return lambda: perform(manager, record_receipt, request)

    with frozen_at(noon(FIRST_ON)):
        results = at_once([task for one in invoices for task in (pay(one), start(manager, one))])
    assert all(isinstance(result, Conflict) for result in results if isinstance(result, ClinicError))
    assert not any(isinstance(result, ClinicError) for result in results[::2])
    for invoice, answer in zip(invoices, results[1::2], strict=True):
        assert [row[3] for row in reminders_of(clinic, invoice)] == (
            [Decimal("10.00")] if isinstance(answer, StartedReminders) else []
        )


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_no_invoice_ever_has_two_reminders_of_a_step_or_one_while_nothing_is_owed(
    steps: list[tuple[str, int, int]],
) -> None:
    clinic = make_clinic()
    invoices = [overdue(clinic, price="30.00") for _ in range(3)]
    balance = {invoice.id: Decimal("30.00") for invoice in invoices}
    day = ISSUED_ON
    for what, which, days in steps:
        day += timedelta(days=days)
        before = {one.id: reminders_of(clinic, one) for one in invoices}
        with frozen_at(noon(day)):
            _do(clinic, what, invoices[which])
        for invoice in invoices:
            _check(clinic, invoice, before[invoice.id], balance[invoice.id], day)
            balance[invoice.id] = _balance(clinic, invoice)


def _do(clinic: Clinic, what: str, invoice: InvoiceHead) -> None:
    """One step; what a rule refuses changes nothing."""
    manager = clinic.actor("manager")
    steps: dict[str, Callable[[], object]] = {
        "remind": lambda: perform(manager, start_reminders, StartReminders()),
        "pay": lambda: perform(
            manager, record_receipt, receipt(invoice.patient_id, "20.00", invoice_ids=(invoice.id,))
        ),
        "credit": lambda: perform(manager, credit_invoice, CreditInvoice(invoice_id=invoice.id, reason="Wrong")),
        "give up": lambda: perform(
            manager, write_off, WriteOff(invoice_id=invoice.id, amount=Decimal("10.00"), reason="Small")
        ),
        "hold": lambda: perform(manager, hold_reminders, HoldReminders(invoice_id=invoice.id, reason="Disputed")),
        "release": lambda: perform(manager, release_hold, ReleaseHold(invoice_id=invoice.id, reason="Agreed")),
    }
    try:
        steps[what]()
    except ClinicError:
        return


def _check(
    clinic: Clinic, invoice: InvoiceHead, before: list[tuple[int, date, date, Decimal]], owed: Decimal, day: date
) -> None:
    """Steps follow each other, each is new, over what was owed, and no earlier than it was asked for."""
    rows = reminders_of(clinic, invoice)
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[: len(before)] == before
    for at, (_, reminded_on, pay_by, amount) in enumerate(rows[len(before) :], start=len(before)):
        assert owed > 0
        assert (amount, reminded_on) == (owed, day)
        since = rows[at - 1][2] if at else invoice.due_on
        assert since is not None
        assert since < reminded_on < pay_by


def _balance(clinic: Clinic, invoice: InvoiceHead) -> Decimal:
    with owner_work("test.look", clinic.organization_id) as session:
        found: Decimal = session.execute(
            text("select balance from invoice where id = :id"), {"id": invoice.id}
        ).scalar_one()
        return found
