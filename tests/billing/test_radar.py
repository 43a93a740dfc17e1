"""The radar of missed charges: what was attended and not charged, charged and not attended, and odd prices (B8)."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.billing.queries import export_radar, get_catalogue_item, list_radar, list_uninvoiced, sum_radar
from clinic_core.billing.schemas import (
    CreditInvoice,
    CreditLine,
    GetCatalogueItem,
    ListRadar,
    OfPatient,
    RadarFilter,
    RadarKind,
    RadarList,
    RadarRow,
    UpdateCatalogueItem,
)
from clinic_core.billing.service import credit_invoice, update_catalogue_item
from clinic_core.errors import InvalidInput, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.models import Visit
from clinic_core.vocabulary import ItemType
from tests.billing.arrange import NOVEMBER, attended, audited, draft, issued, line, read
from tests.factories import Clinic, make_clinic, make_patient

UNCHARGED, UNATTENDED, MISPRICED = RadarKind


def period() -> dict[str, date]:
    return {"first_day": NOVEMBER.date() - timedelta(days=20), "last_day": now().date() + timedelta(days=1)}


def found(clinic: Clinic, kind: RadarKind, role: str = "manager", **fields: object) -> list[RadarRow]:
    request = ListRadar.model_validate({**period(), "kind": kind, **fields})
    return list(perform(clinic.actor(role), list_radar, request))


def test_what_was_attended_stays_until_a_line_charges_for_it(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    (row,) = found(clinic, UNCHARGED)
    assert (row.day, row.description, row.amount, row.patient_id, row.location_name, row.practitioner_name) == (
        NOVEMBER.date(), "Follow-up", Decimal("80.00"), patient, "Main street", "Practitioner",
    )  # fmt: skip
    assert row.appointment_id == row.id
    draft(clinic, patient, line(clinic, visit_id=visit))
    assert found(clinic, UNCHARGED) == []
    assert found(clinic, UNATTENDED) == []


def test_a_charged_visit_says_nothing_of_other_appointments(clinic: Clinic) -> None:
    charged, missed = make_patient(clinic), make_patient(clinic, first_name="Bo")
    draft(clinic, charged, line(clinic, visit_id=attended(clinic, charged, service=clinic.service)))
    attended(clinic, missed, service=clinic.service, visited_at=NOVEMBER - timedelta(days=1))
    assert [row.patient_id for row in found(clinic, UNCHARGED)] == [missed]


def test_a_line_credited_in_full_charges_for_nothing_here_and_in_the_new_invoice_alike(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit = attended(clinic, patient, service=clinic.service)
    invoice = issued(clinic, patient, line(clinic, visit_id=visit, quantity=Decimal(2)), line(clinic))
    (of_visit, _) = read(clinic, invoice.id).lines
    for expected in (0, 1):
        part = CreditLine(line_id=of_visit.id, quantity=Decimal(1))
        perform(
            clinic.actor("manager"),
            credit_invoice,
            CreditInvoice(invoice_id=invoice.id, lines=(part,), reason="Not done"),
        )
        assert len(found(clinic, UNCHARGED)) == expected
        assert len(perform(clinic.actor("manager"), list_uninvoiced, OfPatient(patient_id=patient))) == expected


def test_a_visit_without_an_appointment_is_found_too(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    visit_id = attended(clinic, patient, service=clinic.service)
    with owner_work("test.arrange", clinic.organization_id) as session:
        visit = session.get_one(Visit, visit_id)
        lone = Visit(**visit.model_dump(include={"organization_id", "case_id", "patient_id", "practitioner_user_id",
                                                     "clinic_location_id", "visited_at"}))  # fmt: skip
        session.add(lone)
    assert sorted((row.description, row.amount) for row in found(clinic, UNCHARGED)) == [
        ("Follow-up", Decimal("80.00")),
        ("Visit", Decimal("0.00")),
    ]


def test_a_service_invoiced_without_a_visit_is_found_with_what_is_left_of_it(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    product = line(clinic, item_type=ItemType.PRODUCT, product_service_id=clinic.product)
    invoice = issued(clinic, patient, line(clinic, quantity=Decimal(3), discount_rate=Decimal("0.1")), product)
    (row,) = found(clinic, UNATTENDED)
    assert (row.invoice_id, row.invoice_number, row.amount) == (invoice.id, invoice.number, Decimal("216.00"))
    part = CreditLine(line_id=row.id, quantity=Decimal(1))
    perform(clinic.actor("manager"), credit_invoice, CreditInvoice(invoice_id=invoice.id, lines=(part,), reason="One"))
    assert [row.amount for row in found(clinic, UNATTENDED)] == [Decimal("144.00")]
    draft(clinic, patient)
    assert len(found(clinic, UNATTENDED)) == 1


def test_a_price_is_compared_with_the_catalogue_of_the_time_of_issue(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    issued(clinic, patient, line(clinic))
    item = perform(clinic.actor("manager"), get_catalogue_item, GetCatalogueItem(item_id=clinic.service))
    values = item.model_dump(exclude={"id", "type", "active", "unit_price"})
    change = UpdateCatalogueItem(**values, item_id=item.id, unit_price=Decimal(95))
    perform(clinic.actor("manager"), update_catalogue_item, change)
    assert found(clinic, MISPRICED) == []
    issued(clinic, patient, line(clinic))
    issued(clinic, patient, line(clinic, unit_price=Decimal("90.005"), quantity=Decimal(3)))
    issued(clinic, patient, line(clinic, unit_price=Decimal(100), discount_rate=Decimal("0.5")))
    rows = found(clinic, MISPRICED)
    assert sorted((row.unit_price, row.catalogue_price, row.amount) for row in rows) == [
        (Decimal("90.005"), Decimal(95), Decimal("-14.99")),
        (Decimal(100), Decimal(95), Decimal("5.00")),
    ]


def test_the_sums_and_the_file_are_those_of_the_rows(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    for day in range(3):
        attended(clinic, patient, service=clinic.service, visited_at=NOVEMBER - timedelta(days=day))
    issued(clinic, patient, line(clinic, unit_price=Decimal("70.10")))
    manager = clinic.actor("manager")
    for each in perform(manager, sum_radar, RadarFilter.model_validate(period())):
        rows = found(clinic, each.kind)
        assert (each.count, each.amount) == (len(rows), sum((row.amount for row in rows), Decimal(0)))
        made = perform(manager, export_radar, RadarList.model_validate({**period(), "kind": each.kind}))
        assert [(row[0], row[-1]) for row in made.rows] == [(row.day, row.amount) for row in rows]
        assert rows
    assert len(audited(clinic, "radar.export")) == 3
    assert len(found(clinic, UNCHARGED, limit=2, offset=2)) == 1


def test_days_are_those_at_the_location(clinic: Clinic) -> None:
    late = datetime(2026, 11, 19, 23, 15, tzinfo=UTC)
    attended(clinic, make_patient(clinic), service=clinic.service, visited_at=late)
    (row,) = found(clinic, UNCHARGED, first_day=date(2026, 11, 20), last_day=date(2026, 11, 20))
    assert row.day == date(2026, 11, 20)
    assert found(clinic, UNCHARGED, first_day=date(2026, 11, 19), last_day=date(2026, 11, 19)) == []


def test_only_what_is_in_scope_is_found(clinic: Clinic) -> None:
    patient = make_patient(clinic)
    attended(clinic, patient, service=clinic.service)
    issued(clinic, patient, line(clinic, unit_price=Decimal(1)), clinic_location_id=clinic.branch)
    assert found(clinic, UNCHARGED, clinic_location_id=clinic.branch) == []
    assert len(found(clinic, UNATTENDED, clinic_location_id=clinic.branch)) == 1
    assert found(clinic, MISPRICED, clinic_location_id=clinic.main) == []
    other = make_clinic()
    assert [found(other, kind) for kind in RadarKind] == [[], [], []]
    assert found(other, UNCHARGED, clinic_location_id=clinic.main) == []
    for role in ("assistant", "practitioner", "patient"):
        with pytest.raises(PermissionDenied):
            found(clinic, UNCHARGED, role)


def test_a_period_is_bounded() -> None:
    for last in (date(2026, 1, 1), date(2028, 1, 1)):
        with pytest.raises(InvalidInput):
            RadarFilter(first_day=date(2026, 2, 1), last_day=last)
