"""What every paper shows: who sets it, what it changes, and what it leaves as it was printed."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader
from starlette.applications import Starlette
from starlette.testclient import TestClient

from clinic_core.access import perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.auth.sessions import session_name, start_session
from clinic_core.billing.queries import get_paper_settings, list_number_series, number_proof, sample_invoice
from clinic_core.billing.schemas import (
    GetPaperSettings,
    GetSampleInvoice,
    PaperSettings,
    ProveNumbers,
    SetPaperSettings,
)
from clinic_core.billing.service import record_receipt, set_paper_settings
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.web.documents import DOCUMENT_ROUTES
from tests.billing.arrange import NOVEMBER, issued, priced, read, receipt
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited


def found(clinic: Clinic, *, by: str = "owner") -> PaperSettings:
    return perform(clinic.actor(by), get_paper_settings, GetPaperSettings(year=now().year))


def change(clinic: Clinic, *, by: str = "owner", **fields: Any) -> PaperSettings:
    values = {**found(clinic).model_dump(exclude={"ends"}), **fields}
    return perform(clinic.actor(by), set_paper_settings, SetPaperSettings.model_validate(values))


def test_papers_say_what_is_set_from_then_on_and_older_ones_what_they_said(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    before = issued(clinic, patient)
    change(clinic, letterhead=" Physiotherapy \r\nand more", tax_number="DE 123", due_days=30)
    after = issued(clinic, patient)
    kept, printed = read(clinic, before.id), read(clinic, after.id)
    assert (kept.seller.letterhead, kept.seller.tax_number) == ("", "")
    assert (printed.seller.letterhead, printed.seller.tax_number) == ("Physiotherapy\nand more", "DE 123")
    assert kept.issued_on is not None
    assert printed.issued_on is not None
    assert kept.due_on == kept.issued_on + timedelta(days=14)
    assert printed.due_on == printed.issued_on + timedelta(days=30)


def test_a_new_prefix_begins_at_one_and_the_old_series_stays_whole(clinic: Clinic) -> None:
    patient, year = make_patient(clinic), now().year
    first = priced(clinic, patient, "10.00")
    change(clinic, invoice_prefix="bill")
    second, third = priced(clinic, patient, "10.00"), priced(clinic, patient, "10.00")
    assert [one.number for one in (first, second, third)] == [
        f"INV-{year}-00001",
        f"BILL-{year}-00001",
        f"BILL-{year}-00002",
    ]
    labels = {row.series: row.label for row in perform(clinic.actor("manager"), list_number_series)}
    assert labels == {"BILL": "Invoices", "INV": "Earlier prefix"}
    for series, count in (("INV", 1), ("BILL", 2)):
        proof = perform(clinic.actor("manager"), number_proof, ProveNumbers(series=series, year=year))
        assert (proof.first, proof.last, proof.count) == (1, count, count)
        assert (proof.missing, proof.duplicates) == ((), ())


def test_a_prefix_that_was_used_this_year_goes_on_where_it_ended(clinic: Clinic) -> None:
    patient, year = make_patient(clinic), now().year
    priced(clinic, patient, "10.00")
    assert found(clinic).next_sequence("INV") == 2
    change(clinic, invoice_prefix="BILL")
    priced(clinic, patient, "10.00")
    change(clinic, invoice_prefix="INV")
    assert priced(clinic, patient, "10.00").number == f"INV-{year}-00002"
    settings = found(clinic)
    assert [settings.next_sequence(series) for series in ("INV", "BILL", "NEW")] == [3, 2, 1]


def test_one_prefix_for_all_papers_is_one_series_without_a_gap(clinic: Clinic) -> None:
    patient, year = make_patient(clinic), now().year
    change(clinic, receipt_prefix="INV", credit_note_prefix="INV")
    priced(clinic, patient, "10.00")
    taken = perform(clinic.actor("assistant"), record_receipt, receipt(patient, "5"))
    assert taken.number == f"INV-{year}-00002"
    proof = perform(clinic.actor("manager"), number_proof, ProveNumbers(series="INV", year=year))
    assert (proof.count, proof.missing, proof.duplicates) == (2, (), ())


def test_other_settings_stay_and_what_changed_is_audited_by_name_and_value() -> None:
    clinic = make_clinic(OrganizationSettings(currency="CHF", no_show_after_minutes=45))
    change(clinic, due_days=30)
    settings = clinic.actor("owner").settings
    assert (settings.currency, settings.no_show_after_minutes, settings.due_days) == ("CHF", 45, 30)
    [event] = [one for one in audited(clinic, "paper_settings.set") if one[1] == "paper_settings"]
    assert (event[0], event[2], event[3]) == ("organization", clinic.users["owner"], {"due_days": [14, 30]})


def test_what_is_set_as_it_was_changes_nothing(clinic: Clinic) -> None:
    before = found(clinic)
    assert change(clinic) == before
    assert audited(clinic, "paper_settings.set") == []


def test_a_stale_form_changes_nothing(clinic: Clinic) -> None:
    before = found(clinic)
    change(clinic, by="admin", due_days=7)
    with pytest.raises(StaleEdit, match="The settings were changed by Admin"):
        change(clinic, due_days=90, version=before.version)
    assert found(clinic).due_days == 7


def test_only_who_manages_settings_reads_and_sets_them(clinic: Clinic) -> None:
    sample = GetSampleInvoice(clinic_location_id=clinic.main)
    for role in ("manager", "practitioner", "assistant", "patient"):
        with pytest.raises(PermissionDenied):
            change(clinic, by=role)
        with pytest.raises(PermissionDenied):
            found(clinic, by=role)
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), sample_invoice, sample)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"invoice_prefix": ""}, "must be one to eight letters"),
        ({"invoice_prefix": "INV-2"}, "must be one to eight letters"),
        ({"receipt_prefix": "ÄRZTE"}, "must be one to eight letters"),
        ({"credit_note_prefix": "ABCDEFGHI"}, "must be one to eight letters"),
        ({"due_days": -1}, "must be between 0 and 365"),
        ({"due_days": 366}, "must be between 0 and 365"),
        ({"letterhead": "line\n" * 12 + "line"}, "has 13 lines; there is room for 12"),
        ({"letterhead": "x" * 1001}, "Letterhead"),
        ({"tax_number": "x" * 61}, "Tax number"),
    ],
)
def test_settings_that_no_paper_can_carry_are_refused_in_a_sentence(
    clinic: Clinic, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        change(clinic, **fields)


def test_the_sample_is_the_paper_of_a_location_with_a_number_that_is_never_given(clinic: Clinic) -> None:
    change(clinic, letterhead="Physiotherapy", invoice_prefix="BILL", due_days=10)
    with frozen_at(NOVEMBER):
        sample = perform(clinic.actor("owner"), sample_invoice, GetSampleInvoice(clinic_location_id=clinic.main))
    assert (sample.number, sample.issued_on, sample.due_on) == (
        "BILL-2026-SAMPLE",
        date(2026, 11, 20),
        date(2026, 11, 30),
    )
    assert (sample.seller.letterhead, sample.seller.location) == ("Physiotherapy", "Main street")
    assert sample.total == sample.net + sample.tax == sample.balance
    assert [series.series for series in found(clinic).ends] == []
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), sample_invoice, GetSampleInvoice(clinic_location_id=clinic.main))


def test_the_sample_leaves_by_a_route_for_who_manages_settings_alone(clinic: Clinic) -> None:
    browser = TestClient(Starlette(routes=DOCUMENT_ROUTES))
    address = f"/docs/sample-invoice/{clinic.main}.pdf"

    def answer(role: str, address: str) -> tuple[int, bytes]:
        headers = {"x-clinic-session": session_name(start_session(clinic.actor(role)))}
        got = browser.get(address, headers=headers)
        return got.status_code, got.content

    status, content = answer("admin", address)
    assert status == 200
    assert "Sample of a service" in PdfReader(BytesIO(content)).pages[0].extract_text()
    assert answer("assistant", address)[0] == 403
    assert answer("admin", f"/docs/sample-invoice/{new_id()}.pdf")[0] == 404
