"""Visits: one click from an appointment, one visit for each, under the right case and at the right place."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform, system_actor, unit_of_work
from clinic_core.clinical_docs.queries import get_visit, list_cases
from clinic_core.clinical_docs.schemas import ChangeCase, GetVisit, ListCases, OpenCase, StartVisit
from clinic_core.clinical_docs.service import close_case, open_case, start_visit
from clinic_core.errors import IllegalTransition, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.models import UserLocation
from clinic_core.vocabulary import AppointmentStatus, VisitStatus
from tests.clinical_docs.arrange import Chart, audit_log, in_care_team, make_appointment
from tests.factories import Clinic, make_clinic, make_patient


def test_one_click_on_an_appointment_opens_case_and_visit(clinic: Clinic, chart: Chart) -> None:
    visit = perform(clinic.actor("practitioner"), get_visit, GetVisit(visit_id=chart.visit.id))
    assert (visit.status, visit.revision, visit.notes.is_empty) == (VisitStatus.DRAFT, 0, True)
    assert (visit.patient_id, visit.appointment_id) == (chart.patient_id, chart.appointment_id)
    assert (visit.practitioner_user_id, visit.clinic_location_id) == (clinic.users["practitioner"], clinic.main)
    assert visit.appointment is not None
    assert visit.visited_at == visit.appointment.starts_at
    assert (visit.case.title, visit.case.practitioner_user_id) == ("Follow-up", clinic.users["practitioner"])
    written = {row[:2] for row in audit_log(clinic, "visit.start")}
    assert written == {("clinical_case", "insert"), ("visit", "insert"), ("visit_event", "insert")}


def test_the_appointment_keeps_its_status(clinic: Clinic) -> None:
    appointment_id = make_appointment(clinic, make_patient(clinic), status=AppointmentStatus.ARRIVED)
    visit = perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=appointment_id))
    shown = perform(clinic.actor("practitioner"), get_visit, GetVisit(visit_id=visit.id))
    assert shown.appointment is not None
    assert shown.appointment.status is AppointmentStatus.ARRIVED


def test_a_second_click_finds_the_first_visit(clinic: Clinic, chart: Chart) -> None:
    again = perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=chart.appointment_id))
    assert again == chart.visit


def test_an_open_case_of_patient_and_practitioner_is_used_again(clinic: Clinic, chart: Chart) -> None:
    actor = clinic.actor("practitioner")
    next_one = StartVisit(appointment_id=make_appointment(clinic, chart.patient_id, days=-2))
    assert perform(actor, start_visit, next_one).case_id == chart.visit.case_id
    assert perform(actor, start_visit, StartVisit(patient_id=chart.patient_id)).case_id == chart.visit.case_id
    [case] = perform(actor, list_cases, ListCases(patient_id=chart.patient_id))
    perform(actor, close_case, ChangeCase(case_id=case.id, version=case.version))
    assert perform(actor, start_visit, StartVisit(patient_id=chart.patient_id)).case_id != chart.visit.case_id


def test_the_case_an_appointment_was_booked_for_goes_first(clinic: Clinic, chart: Chart) -> None:
    actor = clinic.actor("practitioner")
    newer = perform(actor, open_case, OpenCase(patient_id=chart.patient_id, title="Other"))
    booked = make_appointment(clinic, chart.patient_id, days=-3, case_id=chart.visit.case_id)
    assert perform(actor, start_visit, StartVisit(appointment_id=booked)).case_id == chart.visit.case_id
    asked = StartVisit(appointment_id=make_appointment(clinic, chart.patient_id, days=-4), case_id=newer.id)
    assert perform(actor, start_visit, asked).case_id == newer.id


@pytest.mark.parametrize("status", [AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW])
def test_who_was_not_there_has_no_visit(clinic: Clinic, status: AppointmentStatus) -> None:
    appointment_id = make_appointment(clinic, make_patient(clinic), status=status)
    with pytest.raises(IllegalTransition, match=status.label):
        perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=appointment_id))


def test_ones_own_old_appointment_can_still_be_documented(clinic: Clinic) -> None:
    appointment_id = make_appointment(clinic, make_patient(clinic), days=-200)
    visit = perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=appointment_id))
    assert visit.appointment_id == appointment_id


def test_a_visit_written_for_a_colleagues_appointment_is_the_colleagues(clinic: Clinic, chart: Chart) -> None:
    theirs = make_appointment(clinic, chart.patient_id, days=-1.5, practitioner="second_practitioner")
    visit = perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=theirs))
    assert visit.practitioner_user_id == clinic.users["second_practitioner"]


def test_a_visit_under_a_colleagues_case_is_ones_own(clinic: Clinic, chart: Chart) -> None:
    in_care_team(clinic, chart.patient_id)
    visit = perform(clinic.actor("second_practitioner"), start_visit, StartVisit(case_id=chart.visit.case_id))
    assert visit.practitioner_user_id == clinic.users["second_practitioner"]
    by_system = StartVisit(case_id=chart.visit.case_id, clinic_location_id=clinic.branch)
    visit = perform(system_actor(clinic.name), start_visit, by_system)
    assert (visit.practitioner_user_id, visit.clinic_location_id) == (clinic.users["practitioner"], clinic.branch)


def test_strangers_start_no_visits(clinic: Clinic, chart: Chart) -> None:
    stranger = clinic.actor("second_practitioner")
    wanted = [
        StartVisit(appointment_id=chart.appointment_id),
        StartVisit(case_id=chart.visit.case_id),
        StartVisit(patient_id=chart.patient_id),
    ]
    for request in wanted:
        with pytest.raises(NotFound):
            perform(stranger, start_visit, request)


def test_appointments_and_cases_of_another_organisation_are_unknown(clinic: Clinic, chart: Chart) -> None:
    elsewhere = make_clinic().actor("practitioner")
    for request in (StartVisit(appointment_id=chart.appointment_id), StartVisit(case_id=chart.visit.case_id)):
        with pytest.raises(NotFound):
            perform(elsewhere, start_visit, request)


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "assistant", "patient"])
def test_other_roles_start_no_visits(clinic: Clinic, chart: Chart, role: str) -> None:
    with pytest.raises(PermissionDenied):
        perform(clinic.actor(role), start_visit, StartVisit(appointment_id=chart.appointment_id))


def test_a_visit_is_for_something_and_its_parts_belong_together(clinic: Clinic, chart: Chart) -> None:
    actor, other = clinic.actor("practitioner"), make_patient(clinic)
    foreign_case = perform(actor, open_case, OpenCase(patient_id=other)).id
    wrong = [
        StartVisit(),
        StartVisit(case_id=chart.visit.case_id, patient_id=other),
        StartVisit(appointment_id=make_appointment(clinic, chart.patient_id, days=-5), patient_id=other),
        StartVisit(appointment_id=make_appointment(clinic, chart.patient_id, days=-6), case_id=foreign_case),
        StartVisit(case_id=chart.visit.case_id, visited_at=now() + timedelta(days=3)),
        StartVisit(case_id=chart.visit.case_id, visited_at=now() - timedelta(days=99_999)),
        StartVisit(case_id=chart.visit.case_id, clinic_location_id=clinic.branch),
    ]
    for request in wrong:
        with pytest.raises(InvalidInput):
            perform(actor, start_visit, request)
    with pytest.raises(InvalidInput, match="time zone"):
        StartVisit(case_id=chart.visit.case_id, visited_at=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(NotFound, match="location"):
        perform(actor, start_visit, StartVisit(case_id=chart.visit.case_id, clinic_location_id=new_id()))


def test_who_works_at_several_places_says_where(clinic: Clinic, chart: Chart) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add(
            UserLocation(
                organization_id=clinic.organization_id,
                user_id=clinic.users["practitioner"],
                clinic_location_id=clinic.branch,
            )
        )
    actor = clinic.actor("practitioner")
    with pytest.raises(InvalidInput, match="location"):
        perform(actor, start_visit, StartVisit(case_id=chart.visit.case_id))
    there = StartVisit(case_id=chart.visit.case_id, clinic_location_id=clinic.branch)
    assert perform(actor, start_visit, there).clinic_location_id == clinic.branch


def test_a_closed_case_takes_no_visits(clinic: Clinic, chart: Chart) -> None:
    actor = clinic.actor("practitioner")
    perform(actor, close_case, ChangeCase(case_id=chart.visit.case_id, version=1))
    with pytest.raises(IllegalTransition, match="reopen"):
        perform(actor, start_visit, StartVisit(case_id=chart.visit.case_id))


def test_a_deleted_visit_frees_its_appointment(clinic: Clinic, chart: Chart) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(text("update visit set deleted_at = now() where id = :id"), {"id": chart.visit.id})
    actor = clinic.actor("practitioner")
    with pytest.raises(NotFound):
        perform(actor, get_visit, GetVisit(visit_id=chart.visit.id))
    assert perform(actor, start_visit, StartVisit(appointment_id=chart.appointment_id)).id != chart.visit.id


def test_a_start_leaves_nothing_behind_when_it_fails(clinic: Clinic) -> None:
    patient_id = make_patient(clinic)
    with pytest.raises(InvalidInput):
        perform(
            clinic.actor("practitioner"),
            start_visit,
            StartVisit(patient_id=patient_id, visited_at=now() + timedelta(days=9)),
        )
    with unit_of_work(clinic.actor("practitioner")) as work:
        assert work.session.execute(text("select count(*) from clinical_case")).scalar() == 0


def test_clicks_at_once_start_one_visit(clinic: Clinic) -> None:
    actor = clinic.actor("practitioner")
    request = StartVisit(appointment_id=make_appointment(clinic, make_patient(clinic)))
    with ThreadPoolExecutor(8) as pool:
        started = list(pool.map(lambda _: perform(actor, start_visit, request), range(8)))
    assert len({visit.id for visit in started}) == 1
