"""Reminders with fixed contents, to be compared with golden files."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from clinic_core.access.organization import REMINDER_STEPS
from clinic_core.billing.schemas import (
    Party,
    ReminderLetter,
)
from clinic_core.billing.schemas.reminders import ReminderLine
from tests.billing.papers import SELLER

_ID = UUID(int=1)


def reminder(lines: int, *, step: int = 2) -> ReminderLetter:
    """A letter over so many invoices, every second of them part paid and reminded of before."""
    words = REMINDER_STEPS[step - 1]
    made_on = date(2026, 11, 23)
    return ReminderLetter(
        patient_id=_ID,
        patient_name="Łucja Ångström-Παπαδόπουλος (Люся)",
        patient_code="P-004217",
        payer=Party(name="Łucja Ångström-Παπαδόπουλος", address="Quay 1\n20457 Hamburg", reference="P-004217"),
        billed_to_patient=True,
        seller=SELLER,
        step=step,
        title=words.title,
        text=words.text,
        made_on=made_on,
        pay_by=made_on + timedelta(days=words.days_to_pay),
        currency="EUR",
        lines=tuple(_line(at, step) for at in range(lines)),
        is_settled=False,
    )


def reminder_to_employer() -> ReminderLetter:
    """The first reminder to somebody else than the patient, who knows the invoices by numbers of their own."""
    letter = reminder(2, step=1)
    lines = tuple(line.model_copy(update={"reference": f"PO {at}"}) for at, line in enumerate(letter.lines, start=7))
    employer = Party(name="Harbour Works Ltd", address="Quay 1\n20457 Hamburg")
    return letter.model_copy(update={"payer": employer, "billed_to_patient": False, "lines": lines})


def reminder_from_right_to_left() -> ReminderLetter:
    """A reminder whose words and names are written from right to left, Latin words and numbers between."""
    fields = {
        "patient_name": "محمد الأحمدي",
        "payer": Party(name="משה כהן-לוי", address="רחוב הרצל 5\nתל אביב"),
        "title": "تذكير بالدفع",
        "text": "لم نستلم بعد مبلغ الفواتير التالية (INV-2026).\n\nنرجو الدفع خلال 10 أيام.",
    }
    return reminder(2).model_copy(update=fields)


def _line(at: int, step: int) -> ReminderLine:
    was_reminded = at % 2 == 0 and step > 1
    total = Decimal("80.00") + at
    issued_on = date(2026, 9, 1) + timedelta(days=at)
    return ReminderLine(
        invoice_id=_ID,
        number=f"INV-2026-{at + 41:05}",
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=14),
        total=total,
        open=total - (Decimal("30.50") if at % 2 else Decimal(0)),
        step=step if was_reminded else 1,
        reminders=step - 1 if was_reminded else 0,
        last_on=date(2026, 10, 20) if was_reminded else None,
        reference="",
    )
