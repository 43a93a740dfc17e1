"""The clinic's booking rules: who sets them, what they keep, how they take effect."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from clinic_core.access import perform
from clinic_core.access.organization import FeeRule, OrganizationSettings
from clinic_core.errors import InvalidInput, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import get_booking_rules
from clinic_core.scheduling.schemas import BookingRules, CancelAppointment, SetBookingRules
from clinic_core.scheduling.service import cancel_appointment, set_booking_rules
from clinic_core.vocabulary import CancelledBy
from tests.factories import Clinic, make_clinic
from tests.scheduling.arrange import audited, book

FLAT = FeeRule(kind="flat", amount=Decimal("25.00"))


def rules(clinic: Clinic) -> BookingRules:
    return perform(clinic.actor("owner"), get_booking_rules)


def set_rules(clinic: Clinic, *, by: str = "owner", **fields: Any) -> BookingRules:
    values = {**rules(clinic).model_dump(), **fields}
    return perform(clinic.actor(by), set_booking_rules, SetBookingRules.model_validate(values))


def test_a_new_clinic_has_the_defaults(clinic: Clinic) -> None:
    found = rules(clinic)
    assert (found.late_cancellation_hours, found.no_show_fee.kind, found.no_show_after_minutes) == (24, "none", 20)


def test_rules_are_set_and_other_settings_stay() -> None:
    clinic = make_clinic(OrganizationSettings(currency="CHF", invoice_prefix="RE"))
    before = rules(clinic)
    after = set_rules(clinic, late_cancellation_hours=48, no_show_fee=FLAT.model_dump())
    assert (after.late_cancellation_hours, after.no_show_fee) == (48, FLAT)
    assert after.version == before.version + 1
    settings = clinic.actor("owner").settings
    assert (settings.currency, settings.invoice_prefix, settings.no_show_fee) == ("CHF", "RE", FLAT)


def test_what_changed_is_audited_by_name_and_value(clinic: Clinic) -> None:
    set_rules(clinic, offer_minutes=60)
    event = next(found for found in audited(clinic, "booking_rules.set") if found[1] == "booking_rules")
    assert event[0] == "organization"
    assert event[2] == clinic.users["owner"]
    assert event[3] == {"offer_minutes": [240, 60]}


def test_a_stale_form_changes_nothing(clinic: Clinic) -> None:
    before = rules(clinic)
    set_rules(clinic, by="admin", offer_minutes=60)
    with pytest.raises(StaleEdit, match="changed by Admin"):
        set_rules(clinic, offer_minutes=90, version=before.version)
    assert rules(clinic).offer_minutes == 60


def test_only_who_manages_settings_reads_and_sets_them(clinic: Clinic) -> None:
    for role in ("manager", "practitioner", "assistant", "patient"):
        with pytest.raises(PermissionDenied):
            set_rules(clinic, by=role)
        with pytest.raises(PermissionDenied):
            perform(clinic.actor(role), get_booking_rules)


def test_rules_of_one_clinic_are_not_those_of_another(clinic: Clinic) -> None:
    set_rules(clinic, late_cancellation_hours=1)
    assert rules(make_clinic()).late_cancellation_hours == 24


@pytest.mark.parametrize(
    "fields",
    [
        {"late_cancellation_hours": -1},
        {"no_show_after_minutes": 4},
        {"offer_minutes": 0},
        {"series_horizon_days": 731},
        {"no_show_fee": {"kind": "flat", "amount": "-1"}},
        {"no_show_fee": {"kind": "percent", "rate": "1.1"}},
        {"no_show_fee": {"kind": "half"}},
    ],
)
def test_impossible_rules_are_refused(clinic: Clinic, fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        set_rules(clinic, **fields)


@pytest.mark.parametrize("kind", ["flat", "percent"])
def test_a_fee_of_nothing_is_none(clinic: Clinic, kind: str) -> None:
    with pytest.raises(InvalidInput, match="must be more than nothing"):
        set_rules(clinic, late_cancellation_fee={"kind": kind})


def test_the_limit_for_late_cancellations_is_the_clinics(clinic: Clinic) -> None:
    set_rules(clinic, late_cancellation_hours=2)
    row = book(clinic)
    request = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.PATIENT)
    with frozen_at(row.starts_at - timedelta(hours=3)):
        assert not perform(clinic.actor("assistant"), cancel_appointment, request).cancelled_late
