"""Cases: who may open one for whom, what they say, and how they end."""

import pytest

from clinic_core.access import perform, system_actor
from clinic_core.clinical_docs.queries import get_case, list_cases
from clinic_core.clinical_docs.schemas import (
    CaseRow,
    ChangeCase,
    Diagnosis,
    GetCase,
    ListCases,
    OpenCase,
    StartVisit,
    UpdateCase,
)
from clinic_core.clinical_docs.service import close_case, open_case, reopen_case, start_visit, update_case
from clinic_core.errors import IllegalTransition, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import CaseStatus
from tests.clinical_docs.arrange import SECRET, audit_log, in_care_team, make_chart
from tests.factories import Clinic, make_clinic, make_patient

BACK_PAIN = Diagnosis(system="ICD-10", code="M54.5", text="Low back pain")


def opened(clinic: Clinic, role: str = "practitioner", **fields: object) -> CaseRow:
    values = {"patient_id": make_patient(clinic), "title": "Back", "diagnoses": (BACK_PAIN,), **fields}
    head = perform(clinic.actor(role), open_case, OpenCase.model_validate(values))
    return perform(clinic.actor(role), get_case, GetCase(case_id=head.id))


def test_a_case_is_opened_for_a_patient_without_a_chart(clinic: Clinic) -> None:
    case = opened(clinic, session_limit=6)
    assert (case.title, case.diagnoses, case.status) == ("Back", (BACK_PAIN,), CaseStatus.OPEN)
    assert (case.practitioner_user_id, case.practitioner_name) == (clinic.users["practitioner"], "Practitioner")
    assert (case.patient_name, case.visits, case.sessions_left) == ("Ada Demo", 0, 6)


def test_title_and_diagnoses_stay_out_of_the_audit_log(clinic: Clinic) -> None:
    case = opened(clinic, title=SECRET, diagnoses=(Diagnosis(text=SECRET),))
    rows = audit_log(clinic, "case.open")
    assert [row[:3] for row in rows] == [("clinical_case", "insert", case.id)]
    assert rows[0][3]["title"] == rows[0][3]["diagnosis_json"] == "[redacted]"
    assert SECRET not in str(rows)


def test_a_stranger_cannot_open_a_case_to_get_at_a_chart(clinic: Clinic) -> None:
    chart = make_chart(clinic)
    with pytest.raises(NotFound, match="patient"):
        opened(clinic, "second_practitioner", patient_id=chart.patient_id)


def test_a_colleague_of_the_care_team_opens_a_case_of_their_own(clinic: Clinic) -> None:
    chart = make_chart(clinic)
    in_care_team(clinic, chart.patient_id)
    case = opened(clinic, "second_practitioner", patient_id=chart.patient_id)
    assert case.practitioner_user_id == clinic.users["second_practitioner"]


def test_a_patient_is_referred_by_a_case_of_a_colleague(clinic: Clinic) -> None:
    patient_id, colleague = make_patient(clinic), clinic.users["second_practitioner"]
    request = OpenCase(patient_id=patient_id, practitioner_user_id=colleague)
    case = perform(clinic.actor("practitioner"), open_case, request)
    assert case.practitioner_user_id == colleague
    assert perform(clinic.actor("second_practitioner"), list_cases, ListCases(patient_id=patient_id))[0].id == case.id


def test_only_practitioners_treat_cases(clinic: Clinic) -> None:
    request = OpenCase(patient_id=make_patient(clinic), practitioner_user_id=clinic.users["assistant"])
    with pytest.raises(InvalidInput, match="practitioner"):
        perform(clinic.actor("practitioner"), open_case, request)
    with pytest.raises(InvalidInput, match="which practitioner"):
        perform(system_actor(clinic.name), open_case, OpenCase(patient_id=request.patient_id))


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "assistant", "patient"])
def test_other_roles_neither_open_nor_see_cases(clinic: Clinic, role: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), open_case, OpenCase(patient_id=make_patient(clinic)))
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), list_cases, ListCases())


def test_a_patient_of_another_organisation_is_unknown(clinic: Clinic) -> None:
    with pytest.raises(NotFound):
        opened(clinic, patient_id=make_patient(make_clinic()))


def test_a_case_is_described_anew_and_a_stale_form_refused(clinic: Clinic) -> None:
    case = opened(clinic)
    request = UpdateCase(case_id=case.id, title="Hip", diagnoses=(), session_limit=None, version=case.version)
    assert perform(clinic.actor("practitioner"), update_case, request).version == case.version + 1
    with pytest.raises(StaleEdit):
        perform(clinic.actor("practitioner"), update_case, request)
    assert perform(clinic.actor("practitioner"), get_case, GetCase(case_id=case.id)).title == "Hip"


def test_a_case_is_closed_once_and_reopened(clinic: Clinic) -> None:
    case, actor = opened(clinic), clinic.actor("practitioner")
    closed = perform(actor, close_case, ChangeCase(case_id=case.id, version=case.version))
    assert closed.closed_at is not None
    with pytest.raises(IllegalTransition, match="closed already"):
        perform(actor, close_case, ChangeCase(case_id=case.id, version=closed.version))
    reopened = perform(actor, reopen_case, ChangeCase(case_id=case.id, version=closed.version))
    assert (reopened.status, reopened.closed_at) == (CaseStatus.OPEN, None)
    with pytest.raises(IllegalTransition, match="open already"):
        perform(actor, reopen_case, ChangeCase(case_id=case.id, version=reopened.version))


def test_cases_of_strangers_are_unknown_to_every_use_case(clinic: Clinic) -> None:
    case, stranger = opened(clinic), clinic.actor("second_practitioner")
    change = ChangeCase(case_id=case.id, version=case.version)
    update = UpdateCase(case_id=case.id, title="", diagnoses=(), session_limit=None, version=case.version)
    with pytest.raises(NotFound):
        perform(stranger, get_case, GetCase(case_id=case.id))
    with pytest.raises(NotFound):
        perform(stranger, update_case, update)
    with pytest.raises(NotFound):
        perform(stranger, close_case, change)
    with pytest.raises(NotFound):
        perform(stranger, reopen_case, change)
    assert perform(stranger, list_cases, ListCases(patient_id=case.patient_id)) == ()


def test_remaining_sessions_count_down_and_stop_at_none(clinic: Clinic) -> None:
    case, actor = opened(clinic, session_limit=1), clinic.actor("practitioner")
    for _ in range(2):
        perform(actor, start_visit, StartVisit(case_id=case.id))
    counted = perform(actor, get_case, GetCase(case_id=case.id))
    assert (counted.visits, counted.sessions_left) == (2, 0)


def test_a_repeated_request_opens_one_case(clinic: Clinic) -> None:
    request = OpenCase(patient_id=make_patient(clinic), title="Knee", request_id=new_id())
    actor = clinic.actor("practitioner")
    assert perform(actor, open_case, request) == perform(actor, open_case, request)
    assert len(perform(actor, list_cases, ListCases(patient_id=request.patient_id))) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x" * 201},
        {"title": "a\0b"},
        {"session_limit": 0},
        {"diagnoses": (Diagnosis(system="ICD-10"),)},
        {"diagnoses": (BACK_PAIN,) * 101},
    ],
)
def test_a_case_with_impossible_fields_is_refused_with_a_sentence(fields: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        OpenCase.model_validate({"patient_id": new_id(), **fields})
