"""The clinical pages: what they show to whom, and what a click does."""

from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.clinical_docs.queries import get_case, get_visit, list_cases
from clinic_core.clinical_docs.schemas import Diagnosis, GetCase, GetVisit, ListCases, SaveDraft, SoapNotes, VisitChart
from clinic_core.clinical_docs.service import save_draft
from clinic_core.vocabulary import CaseStatus, RevisionKind, VisitStatus
from tests.clinical_docs.arrange import NOTE, SECRET, Chart, audit_log, in_care_team, make_appointment, make_chart
from tests.factories import Clinic, make_patient
from tests.pages.conftest import Open, sentences

WORKLIST, VISIT, CASE = (f"pages/clinical/{name}.py" for name in ("worklist", "visit", "case"))
PATIENT = "pages/front_desk/patient.py"
OTHER = SoapNotes(subjective="Slept well.")


@pytest.fixture
def chart(clinic: Clinic) -> Chart:
    """A visit just begun."""
    return make_chart(clinic)


def keep(chart: Chart, notes: SoapNotes, role: str = "practitioner", version: int | None = None) -> None:
    perform(
        chart.clinic.actor(role),
        save_draft,
        SaveDraft(visit_id=chart.visit.id, notes=notes, version=version or chart.version()),
    )


def shown(chart: Chart) -> VisitChart:
    return perform(chart.clinic.actor("practitioner"), get_visit, GetVisit(visit_id=chart.visit.id))


def press(app: AppTest, label: str) -> AppTest:
    [button] = [found for found in app.button if found.label == label]
    return button.click().run()


def labels(app: AppTest) -> set[str]:
    return {found.label for found in app.button}


def html(app: AppTest) -> str:
    return "".join(element.proto.body for element in app.get("html"))


def area(app: AppTest) -> str:
    [element] = app.get("bidi_component")
    return str(element.proto)


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "assistant", "patient"])
@pytest.mark.parametrize("path", [WORKLIST, VISIT, CASE])
def test_other_roles_open_no_clinical_page(chart: Chart, open_app: Open, role: str, path: str) -> None:
    app = open_app(role, path, visit=chart.visit.id, case=chart.visit.case_id)
    assert not app.exception
    assert "Your role does not open this page" in sentences(app)
    assert "Ada" not in sentences(app)


@pytest.mark.parametrize("path", [WORKLIST, VISIT, CASE])
def test_nobody_reads_a_clinical_page_without_signing_in(chart: Chart, open_app: Open, path: str) -> None:
    app = open_app(None, path, visit=chart.visit.id, case=chart.visit.case_id)
    assert "Ada" not in sentences(app)
    assert len(app.main.children) <= 1


@pytest.mark.parametrize("path", [VISIT, CASE])
def test_a_page_without_an_id_says_what_to_do(chart: Chart, open_app: Open, path: str) -> None:
    app = open_app("practitioner", path)
    assert not app.exception
    assert "is chosen" in sentences(app)


def test_the_worklist_counts_what_is_to_be_written(chart: Chart, open_app: Open) -> None:
    make_appointment(chart.clinic, chart.patient_id, days=-3)
    app = open_app("practitioner", WORKLIST)
    assert not app.exception
    assert [head.value for head in app.subheader] == ["To sign: 1", "Without a note: 1"]
    assert len(app.dataframe) == 2


def test_a_draft_is_on_screen_after_signing_in_again_and_save_makes_it_a_version(chart: Chart, open_app: Open) -> None:
    keep(chart, NOTE)
    app = open_app("practitioner", VISIT, visit=chart.visit.id)
    assert not app.exception
    assert SECRET in area(app)
    press(app, "Save")
    visit = shown(chart)
    assert (visit.notes, visit.revision, visit.draft) == (NOTE, 1, None)


def test_what_is_on_screen_is_signed_and_then_read(chart: Chart, open_app: Open) -> None:
    keep(chart, NOTE)
    app = press(open_app("practitioner", VISIT, visit=chart.visit.id), "Sign note")
    assert shown(chart).status is VisitStatus.SIGNED
    assert not app.get("bidi_component")
    assert SECRET in html(app)
    assert "Amend with reason" in labels(app)


def test_an_empty_note_is_refused_with_a_sentence(chart: Chart, open_app: Open) -> None:
    app = press(open_app("practitioner", VISIT, visit=chart.visit.id), "Sign note")
    assert "The note is empty" in sentences(app)
    assert shown(chart).status is VisitStatus.DRAFT


def test_a_signed_note_is_amended_with_a_reason(chart: Chart, open_app: Open) -> None:
    chart.saved()
    chart.signed()
    app = press(open_app("practitioner", VISIT, visit=chart.visit.id), "Amend with reason")
    keep(chart, OTHER)
    app = press(app.run(), "Amend note")
    assert "Reason is missing" in sentences(app)
    [reason] = [field for field in app.text_input if field.label == "Reason for the amendment"]
    reason.set_value("Wrong patient").run()
    press(app, "Amend note")
    visit = shown(chart)
    assert (visit.notes, visit.revisions[0].kind) == (OTHER, RevisionKind.AMEND)


def test_a_colleague_reads_a_signed_note_and_does_not_amend_it(chart: Chart, open_app: Open) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    chart.saved()
    chart.signed()
    app = open_app("second_practitioner", VISIT, visit=chart.visit.id)
    assert SECRET in html(app)
    assert not {"Amend with reason", "Sign note"} & labels(app)


def test_versions_show_the_words_that_changed_as_text(chart: Chart, open_app: Open) -> None:
    chart.saved(SoapNotes(plan="Rest <b>1</b> day"))
    chart.saved(SoapNotes(plan="Rest <b>2</b> day"))
    app = open_app("practitioner", VISIT, visit=chart.visit.id)
    [toggle] = app.toggle
    toggle.set_value(True).run()
    assert not app.exception
    drawn = html(app)
    assert ">1</del>" in drawn
    assert ">2</ins>" in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize(("choice", "expected"), [("Go on with my text", NOTE), ("Use the saved note", OTHER)])
def test_who_was_overtaken_chooses_between_both_texts(
    chart: Chart, open_app: Open, choice: str, expected: SoapNotes
) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    keep(chart, NOTE)
    chart.saved(OTHER, role="second_practitioner")
    app = open_app("practitioner", VISIT, visit=chart.visit.id)
    assert "Second Practitioner changed this note" in sentences(app)
    assert "Save" not in labels(app)
    app = press(press(app, choice), "Save")
    assert not app.exception
    assert shown(chart).notes == expected


def test_two_writers_see_each_other(chart: Chart, open_app: Open) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    keep(chart, NOTE, "second_practitioner")
    assert "Also writing in this note: Second Practitioner" in sentences(
        open_app("practitioner", VISIT, visit=chart.visit.id)
    )


def test_a_stranger_breaks_the_glass_and_is_told_so_in_red(chart: Chart, open_app: Open) -> None:
    chart.saved()
    ids = {"visit": chart.visit.id, "patient": chart.patient_id}
    app = open_app("second_practitioner", VISIT, **ids)
    assert "belongs to the care team" in sentences(app)
    app = press(app, "Open for 30 minutes")
    assert "Reason is missing" in sentences(app)
    app.text_input[0].set_value("Collapsed in the waiting room")
    app = press(app, "Open for 30 minutes")
    assert any("outside the care team" in element.value for element in app.error)
    assert SECRET in area(app)
    assert ("patient", "break_glass") in [row[:2] for row in audit_log(chart.clinic, "chart.break_glass")]


def test_an_unknown_visit_says_no_more_than_that(chart: Chart, open_app: Open) -> None:
    assert "This visit does not exist" in sentences(open_app("second_practitioner", VISIT, visit=chart.visit.id))
    assert "This visit does not exist" in sentences(open_app("practitioner", VISIT, visit=chart.clinic.main))


def test_a_case_is_described_closed_and_reopened(chart: Chart, open_app: Open) -> None:
    app = open_app("practitioner", CASE, case=chart.visit.case_id)
    assert not app.exception
    title, sessions = app.text_input
    title.set_value("Knee")
    sessions.set_value("6")
    app = press(app, "Save")
    assert case_of(chart.clinic, chart.visit.case_id) == ("Knee", 6, CaseStatus.OPEN)
    app = press(app, "Close case")
    assert case_of(chart.clinic, chart.visit.case_id)[2] is CaseStatus.CLOSED
    press(app, "Reopen")
    assert case_of(chart.clinic, chart.visit.case_id)[2] is CaseStatus.OPEN


def test_a_limit_that_is_no_number_is_refused_with_a_sentence(chart: Chart, open_app: Open) -> None:
    app = open_app("practitioner", CASE, case=chart.visit.case_id)
    app.text_input[1].set_value("six")
    assert "Session limit must be a whole number" in sentences(press(app, "Save"))


def test_a_new_case_carries_its_diagnoses(clinic: Clinic, open_app: Open) -> None:
    patient_id = make_patient(clinic)
    app = open_app("practitioner", CASE, patient=patient_id)
    assert not app.exception
    app.text_input[0].set_value("Back")
    app.session_state["new_case_diagnoses"] = {
        "added_rows": [{"0": "ICD-10", "1": "M54.5", "2": "Low back pain"}],
        "edited_rows": {},
        "deleted_rows": [],
    }
    press(app, "Open case")
    [case] = perform(clinic.actor("practitioner"), list_cases, ListCases(patient_id=patient_id))
    assert (case.title, case.diagnoses) == ("Back", (Diagnosis(system="ICD-10", code="M54.5", text="Low back pain"),))


def case_of(clinic: Clinic, case_id: UUID) -> tuple[str, int | None, CaseStatus]:
    case = perform(clinic.actor("practitioner"), get_case, GetCase(case_id=case_id))
    return case.title, case.session_limit, case.status


def test_the_patient_page_offers_a_case_where_no_chart_is_and_the_glass_where_one_is(
    chart: Chart, open_app: Open
) -> None:
    fresh = open_app("second_practitioner", PATIENT, patient=make_patient(chart.clinic))
    fresh.radio(key="patient_part").set_value("Clinical").run()
    assert "Nothing clinical is written" in sentences(fresh)
    assert "Open a case" in labels(fresh)
    closed = open_app("second_practitioner", PATIENT, patient=chart.patient_id)
    closed.radio(key="patient_part").set_value("Clinical").run()
    assert {"Open for 30 minutes"} <= labels(closed)
    assert "Open a case" not in labels(closed)
