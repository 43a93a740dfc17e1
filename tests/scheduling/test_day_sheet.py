"""The day sheet: the text to the letter, the pages to the number; who may print what, and that it is audited.

A golden file is written anew when it is missing: delete it, run the test, and read what it says before keeping it.
"""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from clinic_core.access import perform
from clinic_core.errors import NotFound, PermissionDenied
from clinic_core.kit.formats import Locale
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.day_sheet import day_sheet_pdf
from clinic_core.scheduling.schemas import CancelAppointment, DaySheet, PrintDaySheet
from clinic_core.scheduling.service import cancel_appointment, print_day_sheet
from clinic_core.vocabulary import CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited, book
from tests.scheduling.sheets import day_sheet

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
SHEETS: dict[str, tuple[Callable[[], bytes], int]] = {
    "day_sheet.txt": (lambda: day_sheet_pdf(day_sheet(6), Locale.EN), 1),
    "day_sheet_one.txt": (lambda: day_sheet_pdf(day_sheet(4, practitioner="Dr North", with_money=False), Locale.DE), 1),
    "day_sheet_long.txt": (lambda: day_sheet_pdf(day_sheet(40), Locale.EN), 4),
    "day_sheet_empty.txt": (lambda: day_sheet_pdf(day_sheet(0), Locale.EN), 1),
}


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


@pytest.mark.parametrize("name", SHEETS)
def test_the_text_of_a_day_sheet_is_the_golden_one(name: str) -> None:
    make, count = SHEETS[name]
    pages = pages_of(make())
    assert len(pages) == count
    golden, text = GOLDEN / name, "\n--- page ---\n".join(pages) + "\n"
    if not golden.exists():
        golden.write_text(text, encoding="utf-8")
        pytest.fail(f"{name} was missing and is written now; read it.")
    assert text == golden.read_text(encoding="utf-8")


def test_every_page_has_the_headings_and_its_number_and_no_row_is_lost() -> None:
    pages = pages_of(day_sheet_pdf(day_sheet(40), Locale.EN))
    assert all("Patient" in page and "Balance EUR" in page for page in pages)
    assert [f"Page {at + 1} of {len(pages)}" in page for at, page in enumerate(pages)] == [True] * len(pages)
    assert all(f"P-{4217 + at:06d}" in "".join(pages) for at in range(40))


def test_texts_of_any_length_and_script_fit_on_the_paper() -> None:
    (row,) = day_sheet(1).rows
    extreme = row.model_copy(
        update={
            "appointment": row.appointment.model_copy(
                update={
                    "patient_name": "W" * 600,
                    "patient_alerts": ("שלום مرحبا 診療所 🏳️‍🌈 " * 10,) * 20,
                    "note": "\n".join(["note"] * 1000),
                    "service": "x" * 300,
                }
            ),
            "phone": "+49 " + "1" * 36,
        }
    )
    pages = pages_of(day_sheet_pdf(day_sheet(1).model_copy(update={"rows": (extreme, row)}), Locale.EN))
    assert "".join(pages).replace("\n", " ").count("note") >= 1000
    assert "…" in pages[0]


def printed(clinic: Clinic, role: str, **fields: object) -> DaySheet:
    wanted = PrintDaySheet.model_validate({"clinic_location_id": clinic.main, "day": MONDAY.date(), **fields})
    return perform(clinic.actor(role), print_day_sheet, wanted)


def test_the_sheet_is_the_day_of_the_location_without_what_was_cancelled(clinic: Clinic) -> None:
    ada = make_patient(clinic, contact_json={"phone": "+49 30 7"}, alerts_json=["Latex"])
    kept = book(clinic, 1, patient_id=ada, resource_ids=(clinic.room,), note="Wheelchair")
    early, off = book(clinic), book(clinic, 2)
    book(clinic, 24)
    cancel = CancelAppointment(appointment_id=off.id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_appointment, cancel)
    sheet = printed(clinic, "assistant")
    assert [row.appointment.id for row in sheet.rows] == [early.id, kept.id]
    assert (sheet.cancelled, sheet.printed_by, sheet.practitioner) == (1, "Assistant", "")
    row = sheet.rows[1]
    assert (row.phone, row.appointment.patient_alerts, row.appointment.note) == ("+49 30 7", ("Latex",), "Wheelchair")
    (event,) = audited(clinic, "appointment.print_day")
    assert event == (
        "clinic_location", "print", clinic.users["assistant"], {"paper": "day_sheet", "day": "2031-03-03", "rows": 2}
    )  # fmt: skip


def test_a_sheet_can_be_that_of_one_practitioner(clinic: Clinic) -> None:
    book(clinic)
    own = book(clinic, practitioner_user_id=clinic.users["second_practitioner"])
    sheet = printed(clinic, "manager", practitioner_user_id=clinic.users["second_practitioner"])
    assert ([row.appointment.id for row in sheet.rows], sheet.practitioner) == ([own.id], "Second Practitioner")


def test_nobody_prints_what_they_may_not_see(clinic: Clinic) -> None:
    book(clinic, patient_id=make_patient(clinic, user_id=clinic.users["patient"]))
    book(
        clinic, by="manager", clinic_location_id=clinic.branch, practitioner_user_id=clinic.users["second_practitioner"]
    )
    assert printed(clinic, "assistant", clinic_location_id=clinic.branch).rows == ()
    assert len(printed(clinic, "manager", clinic_location_id=clinic.branch).rows) == 1
    with pytest.raises(PermissionDenied):
        printed(clinic, "patient")
    for stranger in (make_clinic().main, new_id()):
        with pytest.raises(NotFound):
            printed(clinic, "owner", clinic_location_id=stranger)
    with pytest.raises(NotFound):
        printed(clinic, "owner", practitioner_user_id=make_clinic().users["practitioner"])


def test_balances_are_for_who_may_see_money(clinic: Clinic) -> None:
    assert printed(clinic, "assistant").with_money
    with_money = day_sheet_pdf(day_sheet(2), Locale.EN)
    without = day_sheet_pdf(day_sheet(2, with_money=False), Locale.EN)
    assert "1,240.50" in "".join(pages_of(with_money))
    assert "Balance" not in "".join(pages_of(without))
    assert all(row.appointment.patient_balance != Decimal("1240.50") for row in day_sheet(2, with_money=False).rows)
