"""What is due for a reminder, and what is not reminded of, as files: the rows of the page with its filters."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest

from clinic_core.access import Work, perform
from clinic_core.billing.queries import export_due_reminders, export_unreminded
from clinic_core.billing.schemas import BillTo, ReminderFilter
from clinic_core.errors import PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.tables import Table
from clinic_core.kit.text import Cell
from tests.billing.arrange import audited
from tests.billing.reminding import FIRST_ON, PAY_BY, SECOND_ON, due, hold, noon, overdue, overdue_of, remind
from tests.factories import Clinic, make_clinic, make_patient

Export = Callable[[Work, ReminderFilter], Table]


def exported(clinic: Clinic, export: Export, day: date, **filters: object) -> list[dict[str, Cell]]:
    with frozen_at(noon(day)):
        made = perform(clinic.actor("manager"), export, ReminderFilter.model_validate(filters))
    return [dict(zip(made.header, row, strict=True)) for row in made.rows]


def test_the_letters_that_are_due_leave_as_the_page_lists_them(clinic: Clinic) -> None:
    again = overdue(clinic, price="10.00")
    remind(clinic, FIRST_ON, again)
    patient = make_patient(clinic, first_name="Ada", last_name="=Example")
    overdue_of(clinic, patient, BillTo(name="Example Insurance", address="Example Street 1"), price="25.00")
    listed = due(clinic, SECOND_ON)
    rows = exported(clinic, export_due_reminders, SECOND_ON)
    assert [(row["Patient"], row["Open"], row["Days overdue"]) for row in rows] == [
        (letter.patient_name, letter.open, letter.days_overdue) for letter in listed.letters
    ]
    assert sum(Decimal(str(row["Open"])) for row in rows) == listed.total
    assert {(row["Reminder"], row["Last reminder"], row["Other payer"]) for row in rows} == {
        (listed.steps[1].title, FIRST_ON, ""),
        (listed.steps[0].title, None, "Example Insurance"),
    }
    assert [row["Open"] for row in exported(clinic, export_due_reminders, SECOND_ON, step=2)] == [Decimal("10.00")]
    assert exported(clinic, export_due_reminders, SECOND_ON, clinic_location_id=clinic.branch) == []
    assert set(audited(clinic, "due_reminder.export")) == {("invoice", "export", clinic.users["manager"])}


def test_what_is_not_reminded_of_leaves_with_the_reason(clinic: Clinic) -> None:
    held = overdue(clinic)
    hold(clinic, held, FIRST_ON, until=PAY_BY)
    (row,) = exported(clinic, export_unreminded, FIRST_ON)
    assert (row["Invoice"], row["Until"], row["Reason"]) == (held.number, PAY_BY, "Disputed at the desk")
    assert row["Open"] == Decimal("80.00")
    assert exported(make_clinic(), export_unreminded, FIRST_ON) == []


@pytest.mark.parametrize("export", [export_due_reminders, export_unreminded])
@pytest.mark.parametrize("role", ["assistant", "practitioner", "patient"])
def test_the_files_are_for_who_manages_billing(clinic: Clinic, role: str, export: Export) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), export, ReminderFilter())
