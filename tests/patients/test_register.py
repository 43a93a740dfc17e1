"""Registering and changing patients: who may, what is refused, what the audit log keeps."""

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.models import ClinicLocation
from clinic_core.patients.schemas import (
    Address,
    ConsentDecision,
    EmergencyContact,
    Insurance,
    PatientChange,
    RegisterPatient,
)
from clinic_core.patients.service import (
    archive_patient,
    delete_patient,
    register_patient,
)
from clinic_core.vocabulary import ConsentKind, Sex
from tests.factories import Clinic, make_clinic, make_patient
from tests.patients.arrange import read, register, update
from tests.scheduling.arrange import audited

FULL: dict[str, Any] = {
    "preferred_name": "Addie",
    "dob": date(1980, 2, 29),
    "sex": Sex.FEMALE,
    "gender": "woman",
    "pronouns": "she/her",
    "phone": "+49 30 123456",
    "email": "Ada@Example.org",
    "address": Address(street="Main street 1", postal_code="10115", city="Berlin", country="Germany"),
    "emergency_contact": EmergencyContact(name="Bo Demo", relation="brother", phone="030 999"),
    "insurance": Insurance(payer="Public", number="A123"),
    "alerts": ("Latex", " Latex ", ""),
    "referral_source": "Dr. North",
}


def test_a_registered_patient_has_all_that_was_said(clinic: Clinic) -> None:
    row = register(clinic, **FULL)
    with frozen_at(now()):
        assert row == read(clinic, row.id)
    assert row.code == "P-000001"
    assert row.name == "Ada Demo (Addie)"
    assert (row.email, row.phone, row.alerts) == ("Ada@Example.org", "+49 30 123456", ("Latex",))
    assert (row.address.city, row.insurance.payer, row.emergency_contact.name) == ("Berlin", "Public", "Bo Demo")
    assert (row.clinic_location_id, row.location) == (clinic.main, "Main street")
    assert row.age is not None
    assert row.balance == Decimal("0.00")


def test_registering_is_audited_without_personal_data(clinic: Clinic) -> None:
    row = register(clinic, **FULL)
    (entry,) = audited(clinic, "patient.register")
    assert entry[:3] == ("patient", "insert", clinic.users["assistant"])
    assert entry[3]["code"] == row.code
    assert not {"Ada", "1980", "Berlin", "Latex", "example"} & set(str(entry[3]).replace("'", " ").split())
    assert entry[3]["dob"] == "[redacted]"


def test_codes_count_up_and_skip_those_of_imported_patients(clinic: Clinic) -> None:
    make_patient(clinic, code="P-000002")
    assert [register(clinic).code for _ in range(2)] == ["P-000001", "P-000003"]


def test_many_register_at_once_and_no_code_is_given_twice(clinic: Clinic) -> None:
    actor = clinic.actor("assistant")
    codes: list[str] = []

    def run() -> None:
        codes.extend(perform(actor, register_patient, RegisterPatient(last_name=f"Demo {n}")).code for n in range(5))

    threads = [threading.Thread(target=run) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(codes) == [f"P-{n:06d}" for n in range(1, 61)]


@pytest.mark.parametrize("name", [{"first_name": "Sukarno", "last_name": ""}, {"first_name": "", "last_name": "王"}])
def test_people_with_one_name_are_registered(clinic: Clinic, name: dict[str, str]) -> None:
    assert register(clinic, **name).name == "".join(name.values())


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"first_name": "", "last_name": "  "}, "needs a name"),
        ({"first_name": "A\0"}, "control characters"),
        ({"last_name": "x" * 10_000}, "200 characters"),
        ({"dob": date(1700, 1, 1)}, "1850"),
        ({"dob": date(2999, 1, 1)}, "today"),
        ({"email": "nobody"}, "name@example.org"),
        ({"phone": "call me"}, "number such as"),
        ({"alerts": tuple(str(n) for n in range(21))}, "more than 20"),
        ({"address": {"city": "x" * 101}}, "100 characters"),
    ],
)
def test_what_cannot_be_right_gets_a_sentence(clinic: Clinic, fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        register(clinic, **fields)


def test_the_front_desk_registers_at_its_own_locations_only(clinic: Clinic) -> None:
    with pytest.raises(PermissionDenied, match="Harbour"):
        register(clinic, clinic_location_id=clinic.branch)
    assert audited(clinic, "patient.register")[0][:2] == ("use_case", "refused")
    assert register(clinic, by="admin", clinic_location_id=clinic.branch).location == "Harbour"


@pytest.mark.parametrize("role", ["manager", "patient"])
def test_who_may_not_write_patients_registers_none(clinic: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        register(clinic, by=role)


def test_a_closed_or_foreign_location_takes_no_patients(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ClinicLocation, clinic.branch).active = False
    with pytest.raises(InvalidInput, match="closed for good"):
        register(clinic, by="owner", clinic_location_id=clinic.branch)
    with pytest.raises(NotFound):
        register(clinic, by="owner", clinic_location_id=make_clinic().main)


def test_a_double_click_registers_once(clinic: Clinic) -> None:
    request_id = new_id()
    first = register(clinic, request_id=request_id)
    assert register(clinic, request_id=request_id) == first
    with pytest.raises(Conflict):
        register(clinic, request_id=request_id, last_name="Other")


def test_only_the_fields_given_change(clinic: Clinic) -> None:
    row = register(clinic, **FULL)
    changed = update(clinic, row, phone="030 777777", preferred_name="")
    assert (changed.phone, changed.email, changed.address) == ("030 777777", row.email, row.address)
    assert (changed.preferred_name, changed.dob, changed.version) == ("", row.dob, 2)
    (entry,) = audited(clinic, "patient.update")
    assert set(entry[3]) >= {"contact_json", "preferred_name"}
    assert "777777" not in str(entry[3])


def test_a_stale_form_is_refused_and_says_who_was_faster(clinic: Clinic) -> None:
    row = register(clinic)
    update(clinic, row, by="practitioner", phone="030 777")
    with pytest.raises(StaleEdit, match="Practitioner"):
        update(clinic, row, phone="030 888")


def test_a_patient_is_not_moved_out_of_the_actors_reach(clinic: Clinic) -> None:
    row = register(clinic)
    with pytest.raises(PermissionDenied):
        update(clinic, row, clinic_location_id=clinic.branch)
    moved = update(clinic, row, by="admin", clinic_location_id=clinic.branch)
    with pytest.raises(NotFound):
        update(clinic, moved, phone="030 1234")


def test_the_last_name_left_cannot_be_taken_away(clinic: Clinic) -> None:
    with pytest.raises(InvalidInput, match="needs a name"):
        update(clinic, register(clinic), first_name="", last_name="")


def test_a_consent_is_kept_with_date_and_person(clinic: Clinic) -> None:
    row = register(clinic, consents=[ConsentDecision(kind=ConsentKind.SMS, granted=True)])
    with frozen_at(now() + timedelta(days=1)) as clock:
        changed = update(
            clinic,
            row,
            by="practitioner",
            consents=[ConsentDecision(kind=ConsentKind.PRIVACY, granted=True, text_version="2026-11")],
        )
    sms, privacy = sorted(changed.consents, key=lambda consent: consent.kind == ConsentKind.PRIVACY)
    assert (sms.granted, sms.decided_by) == (True, clinic.users["assistant"])
    assert (privacy.text_version, privacy.decided_by) == ("2026-11", clinic.users["practitioner"])
    assert privacy.decided_at == clock.instant


def test_patients_change_their_own_contacts_and_consents_and_nothing_else(clinic: Clinic) -> None:
    me = read(clinic, make_patient(clinic, user_id=clinic.users["patient"]))
    other = register(clinic)
    consent = ConsentDecision(kind=ConsentKind.EMAIL, granted=False)
    changed = update(clinic, me, by="patient", phone="030 4444", first_name=me.first_name, consents=[consent])
    assert changed.phone == "030 4444"
    with pytest.raises(PermissionDenied, match="ask the clinic"):
        update(clinic, changed, by="patient", last_name="Other")
    with pytest.raises(NotFound):
        update(clinic, other, by="patient", phone="030 4444")
    for refused in (delete_patient, archive_patient):
        with pytest.raises(PermissionDenied):
            perform(clinic.actor("patient"), refused, PatientChange(patient_id=me.id))
