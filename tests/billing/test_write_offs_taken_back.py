"""Write-offs taken back: once, as a whole, dated today, and never into a closed month (B4, B10)."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.billing.schemas import CreditInvoice, DisplayStatus, ReverseWriteOff, WriteOff, WriteOffRow
from clinic_core.billing.service import credit_invoice, reverse_write_off, write_off
from clinic_core.errors import ClinicError, Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.ids import new_id
from tests.billing.arrange import audited, priced, read
from tests.billing.test_races import at_once
from tests.factories import Clinic, make_clinic, make_patient


def written_off(clinic: Clinic, amount: str = "30.00") -> WriteOffRow:
    """A part of an invoice over 80.00 that is given up."""
    invoice = priced(clinic, make_patient(clinic), "80.00")
    request = WriteOff(invoice_id=invoice.id, amount=Decimal(amount), reason="Hardship")
    return perform(clinic.actor("manager"), write_off, request)


def take_back(clinic: Clinic, adjustment_id: UUID, role: str = "manager") -> WriteOffRow:
    request = ReverseWriteOff(adjustment_id=adjustment_id, reason="The patient paid after all")
    return perform(clinic.actor(role), reverse_write_off, request)


def test_what_was_written_off_is_owed_again(clinic: Clinic) -> None:
    row = written_off(clinic)
    (before,) = read(clinic, row.invoice_id).corrections
    assert (before.label, before.reason, before.can_be_taken_back) == ("Write off", "Hardship", True)
    back = take_back(clinic, row.id)
    assert (back.invoice_id, back.amount) == (row.invoice_id, Decimal("-30.00"))
    found = read(clinic, row.invoice_id)
    assert (found.written_off, found.balance) == (Decimal("0.00"), Decimal("80.00"))
    assert found.display_status is DisplayStatus.ISSUED
    assert [(one.label, one.amount, one.can_be_taken_back) for one in found.corrections] == [
        ("Write off", Decimal("30.00"), False),
        ("Write off taken back", Decimal("-30.00"), False),
    ]
    assert ("adjustment", "insert", clinic.users["manager"]) in audited(clinic, "invoice.reverse_write_off")
    assert perform(
        clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=row.invoice_id, reason="Wrong")
    ).total == Decimal("80.00")


def test_a_write_off_is_taken_back_once_and_what_takes_back_never(clinic: Clinic) -> None:
    row = written_off(clinic)
    back = take_back(clinic, row.id)
    with pytest.raises(Conflict, match="is taken back already"):
        take_back(clinic, row.id)
    with pytest.raises(Conflict, match="cannot be taken back itself"):
        take_back(clinic, back.id)
    assert read(clinic, row.invoice_id).balance == Decimal("80.00")


def test_a_part_is_not_taken_back_by_plain_sql_either(clinic: Clinic) -> None:
    row = written_off(clinic)
    insert = text(
        "insert into adjustment (id, organization_id, invoice_id, kind, amount, reason, adjusted_on,"
        " reverses_adjustment_id) values (gen_random_uuid(), :org, :invoice, 'write_off', -10, 'x', current_date, :id)"
    )
    values = {"org": clinic.organization_id, "invoice": row.invoice_id, "id": row.id}
    with pytest.raises(Conflict, match="adjustment_reversal"), unit_of_work(clinic.actor("manager")) as work:
        work.session.execute(insert, values)


def test_nothing_of_a_void_invoice_is_owed_again(clinic: Clinic) -> None:
    row = written_off(clinic)
    take_back(clinic, row.id)
    again = perform(
        clinic.actor("manager"), write_off, WriteOff(invoice_id=row.invoice_id, amount=Decimal(1), reason="x")
    )
    take_back(clinic, again.id)
    perform(clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=row.invoice_id, reason="Wrong"))
    with pytest.raises(Conflict, match="is void"):
        take_back(clinic, again.id)


def test_a_closed_month_keeps_its_write_offs(clinic: Clinic) -> None:
    row = written_off(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "insert into closing (id, organization_id, kind, starts_on, ends_on)"
                " values (gen_random_uuid(), :org, 'month', date_trunc('month', cast(:day as date)),"
                " date_trunc('month', cast(:day as date)) + interval '1 month - 1 day')"
            ),
            {"org": clinic.organization_id, "day": row.adjusted_on},
        )
    with pytest.raises(Conflict, match=r"The books of .* are closed"):
        take_back(clinic, row.id)
    assert read(clinic, row.invoice_id).written_off == Decimal("30.00")


@pytest.mark.parametrize("role", ["assistant", "practitioner", "patient"])
def test_others_take_nothing_back(clinic: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        take_back(clinic, written_off(clinic).id, role)


def test_write_offs_of_another_organisation_do_not_exist(clinic: Clinic) -> None:
    with pytest.raises(NotFound, match="write-off does not exist"):
        take_back(clinic, written_off(make_clinic()).id, "owner")
    with pytest.raises(NotFound):
        take_back(clinic, new_id(), "owner")
    with pytest.raises(InvalidInput, match="Reason"):
        ReverseWriteOff(adjustment_id=new_id(), reason=" ")


@pytest.mark.race
def test_64_people_taking_one_write_off_back_do_it_once(clinic: Clinic) -> None:
    row, manager = written_off(clinic), clinic.actor("manager")
    request = ReverseWriteOff(adjustment_id=row.id, reason="The patient paid after all")
    results = at_once([lambda: perform(manager, reverse_write_off, request)] * 64)
    assert len([result for result in results if isinstance(result, WriteOffRow)]) == 1
    assert {type(result) for result in results if isinstance(result, ClinicError)} == {Conflict}
    found = read(clinic, row.invoice_id)
    assert (found.written_off, found.balance) == (Decimal("0.00"), Decimal("80.00"))
