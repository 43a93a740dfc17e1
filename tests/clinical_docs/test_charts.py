"""Opening charts: logged once, closed outside the care team, opened by a broken glass for thirty minutes."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.clinical_docs.queries import chart_access, get_visit, list_cases, list_visits
from clinic_core.clinical_docs.schemas import (
    BreakGlass,
    ChangeCase,
    ChartAccess,
    GetChart,
    GetVisit,
    ListCases,
    ListVisits,
    OpenCase,
    StartVisit,
)
from clinic_core.clinical_docs.service import break_glass, close_case, open_case, open_chart, open_visit, start_visit
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import now
from clinic_core.vocabulary import AppointmentStatus
from tests.clinical_docs.arrange import Chart, audit_log, make_appointment
from tests.factories import Clinic, make_clinic, make_patient

STRANGER = "second_practitioner"


def access(clinic: Clinic, patient_id: UUID, role: str = STRANGER) -> ChartAccess:
    return perform(clinic.actor(role), chart_access, GetChart(patient_id=patient_id))


def sees(clinic: Clinic, patient_id: UUID) -> bool:
    return bool(perform(clinic.actor(STRANGER), list_visits, ListVisits(patient_id=patient_id)))


def test_an_opened_chart_is_logged_once_in_fifteen_minutes(chart: Chart) -> None:
    actor = chart.clinic.actor("practitioner")
    for _ in range(3):
        perform(actor, open_visit, GetVisit(visit_id=chart.visit.id))
        perform(actor, open_chart, GetChart(patient_id=chart.patient_id))
    opened = [*audit_log(chart.clinic, "visit.open"), *audit_log(chart.clinic, "chart.open")]
    assert opened == [("patient", "chart_opened", chart.patient_id, {"broken_glass": False})]


def test_every_person_and_every_patient_is_logged_apart(chart: Chart) -> None:
    clinic = chart.clinic
    other = make_patient(clinic)
    for role in ("practitioner", STRANGER):
        for days, patient_id in ((5, chart.patient_id), (6, other)):
            make_appointment(clinic, patient_id, days=days, practitioner=role, status=AppointmentStatus.CONFIRMED)
    for role in ("practitioner", STRANGER):
        for patient_id in (chart.patient_id, other):
            perform(clinic.actor(role), open_chart, GetChart(patient_id=patient_id))
    assert len(audit_log(clinic, "chart.open")) == 4


def test_a_chart_shows_cases_and_visits(chart: Chart) -> None:
    shown = perform(chart.clinic.actor("practitioner"), open_chart, GetChart(patient_id=chart.patient_id))
    assert [case.id for case in shown.cases] == [chart.visit.case_id]
    assert [(visit.id, visit.case_title) for visit in shown.visits] == [(chart.visit.id, "Follow-up")]
    assert (shown.visits_in_all, shown.patient_name) == (1, "Ada Demo")


@pytest.mark.parametrize(
    ("days", "status", "expected"),
    [
        (-89, AppointmentStatus.COMPLETED, True),
        (-91, AppointmentStatus.COMPLETED, False),
        (364, AppointmentStatus.BOOKED, True),
        (366, AppointmentStatus.BOOKED, False),
        (1, AppointmentStatus.CANCELLED, False),
    ],
)
def test_the_care_team_is_who_sees_the_patient_now(
    chart: Chart, days: float, status: AppointmentStatus, expected: bool
) -> None:
    make_appointment(chart.clinic, chart.patient_id, days=days, practitioner=STRANGER, status=status)
    assert sees(chart.clinic, chart.patient_id) is expected
    assert access(chart.clinic, chart.patient_id).may_read is expected


def test_treating_one_patient_opens_no_other_chart(chart: Chart) -> None:
    clinic = chart.clinic
    own = make_appointment(clinic, make_patient(clinic), practitioner=STRANGER)
    visit = perform(clinic.actor(STRANGER), start_visit, StartVisit(appointment_id=own))
    assert not sees(clinic, chart.patient_id)
    cases = perform(clinic.actor(STRANGER), list_cases, ListCases())
    assert [case.id for case in cases] == [visit.case_id]
    for request in (
        StartVisit(appointment_id=chart.appointment_id),
        StartVisit(case_id=chart.visit.case_id),
        StartVisit(patient_id=chart.patient_id),
    ):
        with pytest.raises(NotFound):
            perform(clinic.actor(STRANGER), start_visit, request)


def test_a_closed_case_leaves_ones_own_work_and_no_more(chart: Chart) -> None:
    clinic = chart.clinic
    request = OpenCase(patient_id=chart.patient_id, practitioner_user_id=clinic.users[STRANGER])
    case = perform(clinic.actor("practitioner"), open_case, request)
    assert sees(clinic, chart.patient_id)
    perform(clinic.actor(STRANGER), close_case, ChangeCase(case_id=case.id, version=case.version))
    shown = perform(clinic.actor(STRANGER), open_chart, GetChart(patient_id=chart.patient_id))
    assert ([row.id for row in shown.cases], shown.visits) == ([case.id], ())
    assert access(clinic, chart.patient_id).may_break_glass


def test_a_broken_glass_opens_the_chart_and_stands_in_the_audit_log(chart: Chart) -> None:
    clinic = chart.clinic
    before = access(clinic, chart.patient_id)
    assert (before.may_read, before.may_start, before.may_break_glass, before.glass_until) == (False, False, True, None)
    with pytest.raises(NotFound):
        perform(clinic.actor(STRANGER), open_visit, GetVisit(visit_id=chart.visit.id))
    request = BreakGlass(patient_id=chart.patient_id, reason="Collapsed in the waiting room")
    grant = perform(clinic.actor(STRANGER), break_glass, request)
    assert timedelta(minutes=29) < grant.expires_at - now() <= timedelta(minutes=30, seconds=5)
    after = access(clinic, chart.patient_id)
    assert (after.may_read, after.may_start, after.glass_until) == (True, True, grant.expires_at)
    assert perform(clinic.actor(STRANGER), open_visit, GetVisit(visit_id=chart.visit.id)).id == chart.visit.id
    rows = audit_log(clinic, "chart.break_glass")
    assert [row[:2] for row in rows] == [("break_glass_grant", "insert"), ("patient", "break_glass")]
    assert rows[0][3]["reason"] == "Collapsed in the waiting room"
    assert rows[1][2:] == (chart.patient_id, {"grant_id": str(grant.id), "minutes": 30})
    assert audit_log(clinic, "visit.open")[-1][3] == {"broken_glass": True}


def test_after_thirty_minutes_the_glass_is_whole_again(chart: Chart) -> None:
    clinic = chart.clinic
    perform(clinic.actor(STRANGER), break_glass, BreakGlass(patient_id=chart.patient_id, reason="Urgent"))
    assert sees(clinic, chart.patient_id)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text("update break_glass_grant set expires_at = created_at + interval '1 us' where user_id = :id"),
            {"id": clinic.users[STRANGER]},
        )
    assert not sees(clinic, chart.patient_id)
    assert access(clinic, chart.patient_id).glass_until is None
    with pytest.raises(NotFound):
        perform(clinic.actor(STRANGER), get_visit, GetVisit(visit_id=chart.visit.id))


def test_a_glass_opens_one_chart_to_one_person(chart: Chart) -> None:
    clinic = chart.clinic
    other = make_patient(clinic)
    perform(clinic.actor(STRANGER), break_glass, BreakGlass(patient_id=other, reason="Asked by phone"))
    assert access(clinic, other).glass_until is not None
    assert not sees(clinic, chart.patient_id)
    assert access(clinic, other, "practitioner").glass_until is None


def test_a_glass_needs_a_reason_a_patient_and_a_person_outside_the_care_team(chart: Chart) -> None:
    clinic = chart.clinic
    with pytest.raises(InvalidInput, match="Reason"):
        BreakGlass(patient_id=chart.patient_id, reason=" ")
    with pytest.raises(Conflict, match="treat"):
        perform(clinic.actor("practitioner"), break_glass, BreakGlass(patient_id=chart.patient_id, reason="x"))
    elsewhere = make_patient(make_clinic())
    with pytest.raises(NotFound):
        perform(clinic.actor(STRANGER), break_glass, BreakGlass(patient_id=elsewhere, reason="x"))


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "assistant", "patient"])
def test_other_roles_neither_open_charts_nor_break_the_glass(chart: Chart, role: str) -> None:
    actor = chart.clinic.actor(role)
    with pytest.raises(PermissionDenied):
        perform(actor, break_glass, BreakGlass(patient_id=chart.patient_id, reason="Curious"))
    with pytest.raises(PermissionDenied):
        perform(actor, open_chart, GetChart(patient_id=chart.patient_id))
    with pytest.raises(PermissionDenied):
        perform(actor, chart_access, GetChart(patient_id=chart.patient_id))
