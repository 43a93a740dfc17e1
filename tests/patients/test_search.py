"""Finding patients: by name in any script, birth, phone, e-mail, code; within one's reach and one's clinic only."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import InvalidInput, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.formats import person_name
from clinic_core.models import Patient
from clinic_core.patients.queries import find_possible_duplicates, search_patients
from clinic_core.patients.schemas import FindDuplicates, SearchPatients
from clinic_core.patients.search import read_births, read_search
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited, book

NAMES = json.loads((Path(__file__).parents[1] / "data" / "names.json").read_text(encoding="utf-8"))["names"]


def search(clinic: Clinic, text: str, *, by: str = "manager", limit: int = 20) -> list[str]:
    return [row.name for row in perform(clinic.actor(by), search_patients, SearchPatients(text=text, limit=limit))]


@pytest.mark.parametrize(
    ("text", "births"),
    [
        ("1980-12-31", [date(1980, 12, 31)]),
        ("31.12.1980", [date(1980, 12, 31)]),
        ("31.12.80", [date(1980, 12, 31)]),
        ("31/12/1980", [date(1980, 12, 31)]),
        ("12/31/1980", [date(1980, 12, 31)]),
        ("3/4/1980", [date(1980, 4, 3), date(1980, 3, 4)]),
        ("3.4.1980", [date(1980, 4, 3)]),
        ("5/5/05", [date(2005, 5, 5)]),
        ("19801231", [date(1980, 12, 31)]),
        ("31 dec 1980", [date(1980, 12, 31)]),
        ("31. december 1980", [date(1980, 12, 31)]),
        ("dec 31, 1980", [date(1980, 12, 31)]),
        ("31.2.1980", []),
        ("1980", []),
        ("31 foo 1980", []),
        ("anna", []),
    ],
)
def test_a_date_of_birth_is_read_in_several_notations(text: str, births: list[date]) -> None:
    with frozen_at(MONDAY.replace(year=2026)):
        assert list(read_births(text)) == births


@given(st.text(max_size=200))
def test_no_text_breaks_the_search_field(text: str) -> None:
    try:
        wanted = read_search(text)
    except InvalidInput:
        return
    assert wanted.digits == "" or wanted.digits.isdigit()


def test_every_name_is_found_by_its_folded_form_and_its_parts(clinic: Clinic) -> None:
    people = [(name.get("given", ""), name.get("family") or name["full"].strip(), name) for name in NAMES]
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all(
            Patient(
                organization_id=clinic.organization_id,
                code=f"P-{n:06d}",
                first_name=first,
                last_name=family,
                clinic_location_id=clinic.main,
            )
            for n, (first, family, _) in enumerate(people)
        )
    for first, family, name in people:
        full = person_name(first, family)
        assert full in search(clinic, name["search_fold"], limit=100), name["id"]
        assert full in search(clinic, family, limit=100), name["id"]


def test_accents_order_case_and_typos_are_forgiven(clinic: Clinic) -> None:
    make_patient(clinic, first_name="José", last_name="Müller-Ångström")
    for text in ("jose", "muller", "MÜLLER jose", "angstrom jos", "Joße", "muler", "jo"):
        assert search(clinic, text) == ["José Müller-Ångström"], text
    assert search(clinic, "nobody else") == []
    assert search(clinic, "") == []


def test_short_words_find_the_beginning_of_either_name(clinic: Clinic) -> None:
    make_patient(clinic, first_name="Bo", last_name="Xu")
    make_patient(clinic, first_name="Abo", last_name="Axu")
    assert search(clinic, "bo") == ["Bo Xu"]
    assert search(clinic, "x") == ["Bo Xu"]
    assert search(clinic, "bo xu") == ["Bo Xu"]


@pytest.mark.parametrize("text", ["%", "_", "%%%", "___", "\\", "a%o", "'; drop table patient; --"])
def test_wildcards_and_sql_are_data(clinic: Clinic, text: str) -> None:
    make_patient(clinic, first_name="Ada", last_name="Demo")
    assert search(clinic, text) == []


def test_a_wildcard_in_a_name_is_found_as_itself(clinic: Clinic) -> None:
    make_patient(clinic, first_name="100%", last_name="Sure")
    make_patient(clinic, first_name="1000", last_name="Sure")
    assert search(clinic, "100% sure") == ["100% Sure"]


def test_birth_phone_mail_and_code_lead_to_the_patient(clinic: Clinic) -> None:
    contact = {"phone": "+49 (30) 123-456", "email": "ada@example.org"}
    make_patient(clinic, dob=date(1980, 3, 4), contact_json=contact, code="P-004217")
    make_patient(clinic, first_name="Bo", dob=date(1980, 4, 3), code="P-004218")
    for text in ("4.3.1980", "+49 30 12", "30123456", "ADA@example", "P-004217", "p-4217", "4217"):
        assert search(clinic, text) == ["Ada Demo"], text
    assert search(clinic, "3/4/1980") == ["Bo Demo", "Ada Demo"]


def test_a_code_of_seven_digits_is_not_cut(clinic: Clinic) -> None:
    make_patient(clinic, code="P-123456")
    make_patient(clinic, first_name="Bo", code="P-1234567")
    assert search(clinic, "P-1234567") == ["Bo Demo"]


def test_the_search_text_is_bounded_and_clean(clinic: Clinic) -> None:
    for text in ("a\0b", "x" * 10_000):
        with pytest.raises(InvalidInput, match="Search must not"):
            search(clinic, text)


def test_a_search_is_audited_without_its_text(clinic: Clinic) -> None:
    make_patient(clinic)
    search(clinic, "ada")
    (entry,) = audited(clinic, "patient.search")
    assert entry == ("patient", "searched", clinic.users["manager"], {"results": 1})


def test_search_reaches_as_far_as_the_actor(clinic: Clinic) -> None:
    make_patient(clinic, first_name="Main")
    elsewhere = make_patient(clinic, first_name="Elsewhere", clinic_location_id=clinic.branch)
    make_patient(clinic, first_name="Mine", clinic_location_id=None, user_id=clinic.users["patient"])
    assert search(clinic, "demo", by="assistant") == ["Main Demo"]
    assert search(clinic, "demo", by="manager") == ["Elsewhere Demo", "Main Demo", "Mine Demo"]
    assert search(clinic, "demo", by="patient") == ["Mine Demo"]
    book(clinic, by="manager", patient_id=elsewhere)
    assert search(clinic, "demo", by="assistant") == ["Elsewhere Demo", "Main Demo"]


def test_search_never_leaves_the_clinic(clinic: Clinic) -> None:
    other = make_clinic()
    make_patient(other, dob=date(1980, 3, 4), contact_json={"phone": "030123456", "email": "a@b.test"}, code="P-777777")
    for text in ("ada", "ad", "adda demo", "4.3.1980", "030123456", "a@b.test", "P-777777"):
        assert search(clinic, text, by="owner") == [], text
        assert search(other, text, by="owner") == ["Ada Demo"], text


def test_deleted_and_merged_patients_are_not_found(clinic: Clinic) -> None:
    kept = make_patient(clinic, first_name="Kept")
    make_patient(clinic, first_name="Deleted", deleted_at=MONDAY)
    make_patient(clinic, first_name="Merged", merged_into_id=kept)
    assert search(clinic, "demo") == ["Kept Demo"]


def duplicates(clinic: Clinic, *, by: str = "assistant", **fields: object) -> list[tuple[str, tuple[str, ...]]]:
    with unit_of_work(clinic.actor(by)) as work:
        found = find_possible_duplicates(work, FindDuplicates.model_validate(fields))
    return [(row.name, row.reasons) for row in found]


def test_who_may_be_registered_already_is_named_with_the_reason(clinic: Clinic) -> None:
    contact = {"phone": "+49 30 123456", "email": "Ada@Example.org"}
    ada = make_patient(clinic, dob=date(1980, 3, 4), contact_json=contact)
    make_patient(clinic, first_name="Bo", last_name="Other", dob=date(1980, 3, 4))
    assert duplicates(clinic, first_name="ADA", last_name="Démo", dob=date(1980, 3, 4)) == [
        ("Ada Demo", ("Same date of birth and a name in common",))
    ]
    assert duplicates(clinic, first_name="Ada", last_name="Demo") == [("Ada Demo", ("Same name",))]
    assert duplicates(clinic, last_name="X", phone="4930123456") == [("Ada Demo", ("Same phone number",))]
    assert duplicates(clinic, last_name="X", email="ada@example.ORG") == [("Ada Demo", ("Same e-mail address",))]
    assert duplicates(clinic, first_name="Ada", last_name="Demo", dob=date(1999, 1, 1)) == []
    assert duplicates(clinic, first_name="Ada", last_name="Demo", except_patient_id=ada) == []
    assert duplicates(clinic) == []
    assert duplicates(make_clinic(), first_name="Ada", last_name="Demo") == []


def test_duplicates_outside_the_actors_reach_are_not_told(clinic: Clinic) -> None:
    make_patient(clinic, clinic_location_id=clinic.branch)
    assert duplicates(clinic, first_name="Ada", last_name="Demo") == []
    assert len(duplicates(clinic, by="manager", first_name="Ada", last_name="Demo")) == 1


def test_who_may_not_read_patients_searches_none(clinic: Clinic) -> None:
    actor = clinic.actor("manager")
    blind = type(actor)(**{**vars(actor), "permissions": {}})
    with pytest.raises(PermissionDenied):
        perform(blind, search_patients, SearchPatients(text="ada"))
