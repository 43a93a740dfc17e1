"""The overrides report: what was lifted, why and by whom; its numbers are those of its rows."""

from datetime import timedelta

import pytest

from clinic_core.access import perform
from clinic_core.analytics.queries import list_overrides
from clinic_core.analytics.schemas import OverrideKind, OverridesPage, OverridesRequest
from clinic_core.analytics.service import export_overrides
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AppointmentRow,
    CancelAppointment,
    ChangeStatus,
    DeleteAppointment,
    MoveAppointment,
    OpeningSpan,
    SetOpeningHours,
)
from clinic_core.scheduling.service import (
    add_absence,
    cancel_appointment,
    change_status,
    delete_appointment,
    move_appointment,
    set_opening_hours,
)
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited, book

K = OverrideKind
DAY = MONDAY.date()


@pytest.fixture
def clinic() -> Clinic:
    """Open from 9 to 13 on Mondays; on the wall of Berlin the bookings begin at 10."""
    made = make_clinic()
    hours = OpeningSpan.model_validate({"weekday": 1, "opens": "09:00", "closes": "13:00"})
    opening = SetOpeningHours(clinic_location_id=made.main, spans=(hours,))
    perform(made.actor("owner"), set_opening_hours, opening)
    return made


def report(clinic: Clinic, role: str = "manager", **fields: object) -> OverridesPage:
    wanted = OverridesRequest.model_validate({"first_day": DAY, "last_day": DAY, **fields})
    return perform(clinic.actor(role), list_overrides, wanted)


def late(clinic: Clinic, hours: float = 4, *, by: str = "manager", reason: str = "Came far") -> AppointmentRow:
    """Outside the hours, with a reason."""
    return book(clinic, hours, by=by, override_reason=reason)


def away(clinic: Clinic) -> None:
    absence = AddAbsence(
        user_id=clinic.users["practitioner"], starts_at=MONDAY + timedelta(hours=8), ends_at=MONDAY + timedelta(hours=9)
    )
    perform(clinic.actor("manager"), add_absence, absence)


def test_each_override_is_a_row_with_kind_reason_and_person(clinic: Clinic) -> None:
    book(clinic)
    row, twice = late(clinic), book(clinic, by="owner", double_book_reason="Acute pain")
    page = report(clinic)
    assert [(one.id, one.kinds, one.reason, one.overridden_by) for one in page.rows] == [
        (twice.id, (K.DOUBLE_BOOKING,), "Acute pain", "Owner"),
        (row.id, (K.OUTSIDE_HOURS,), "Came far", "Manager"),
    ]
    assert (page.count, page.appointments) == (2, 2)
    assert page.rows[1].overridden_at == row.created_at
    assert page.rows[1].patient_name == "Ada Demo"


def test_the_numbers_are_those_of_the_rows_behind_them(clinic: Clinic) -> None:
    away(clinic)
    late(clinic, 4)
    late(clinic, 5, by="owner")
    late(clinic, 8)
    book(clinic, 5, by="owner", override_reason="Came far", double_book_reason="Acute pain")
    page = report(clinic)
    assert page.appointments == len(page.rows) == 4
    assert page.by_kind == {kind: sum(kind in row.kinds for row in page.rows) for kind in K}
    assert (page.by_kind[K.ABSENCE], page.by_kind[K.OUTSIDE_HOURS], page.by_kind[K.DOUBLE_BOOKING]) == (1, 4, 1)
    for kind in K:
        chosen = report(clinic, kind=kind)
        assert chosen.count == len(chosen.rows) == page.by_kind[kind]
        assert (chosen.appointments, chosen.by_kind, chosen.by_person) == (4, page.by_kind, page.by_person)
    assert [(person.name, person.appointments) for person in page.by_person] == [("Manager", 2), ("Owner", 2)]
    for person in page.by_person:
        assert report(clinic, overridden_by_user_id=person.id).count == person.appointments
    assert [row.id for offset in (0, 3) for row in report(clinic, limit=3, offset=offset).rows] == [
        row.id for row in page.rows
    ]


def test_by_whom_is_who_last_put_it_there_not_who_touched_it_later(clinic: Clinic) -> None:
    row = book(clinic)
    moved = MoveAppointment(
        appointment_id=row.id,
        starts_at=row.starts_at + timedelta(hours=6),
        ends_at=row.ends_at + timedelta(hours=6),
        override_reason="Only then",
        version=row.version,
    )
    perform(clinic.actor("manager"), move_appointment, moved)
    arrived = ChangeStatus(appointment_id=row.id, status=AppointmentStatus.CONFIRMED)
    perform(clinic.actor("assistant"), change_status, arrived)
    (found,) = report(clinic).rows
    assert (found.overridden_by, found.reason, found.status) == ("Manager", "Only then", AppointmentStatus.CONFIRMED)


def test_moved_back_inside_the_rules_it_is_no_override_any_more(clinic: Clinic) -> None:
    row = late(clinic)
    back = MoveAppointment(
        appointment_id=row.id,
        starts_at=row.starts_at - timedelta(hours=4),
        ends_at=row.ends_at - timedelta(hours=4),
        version=row.version,
    )
    perform(clinic.actor("manager"), move_appointment, back)
    assert report(clinic).count == 0


def test_cancelled_ones_count_and_deleted_ones_do_not(clinic: Clinic) -> None:
    off, gone = late(clinic, 4), late(clinic, 5)
    cancel = CancelAppointment(appointment_id=off.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("manager"), cancel_appointment, cancel)
    perform(clinic.actor("manager"), delete_appointment, DeleteAppointment(appointment_id=gone.id))
    assert [(row.id, row.status) for row in report(clinic).rows] == [(off.id, AppointmentStatus.CANCELLED)]


def test_the_period_is_that_of_the_locations_days_and_filters_narrow_it(clinic: Clinic) -> None:
    late(clinic)
    for outside in (DAY - timedelta(days=1), DAY + timedelta(days=1)):
        assert report(clinic, first_day=outside, last_day=outside).appointments == 0
    assert report(clinic, clinic_location_id=clinic.branch).appointments == 0
    assert report(clinic, practitioner_user_id=clinic.users["second_practitioner"]).appointments == 0
    assert report(clinic, practitioner_user_id=clinic.users["practitioner"]).appointments == 1


def test_a_report_reaches_as_far_as_its_permission(clinic: Clinic) -> None:
    late(clinic)
    book(clinic, 4, by="owner", practitioner_user_id=clinic.users["second_practitioner"], override_reason="Came far")
    assert report(clinic, "practitioner").appointments == 1
    assert report(clinic, "assistant").appointments == 2
    assert report(make_clinic(), "owner").appointments == 0
    with pytest.raises(PermissionDenied):
        report(clinic, "patient")
    with pytest.raises(NotFound):
        report(clinic, clinic_location_id=new_id())
    with pytest.raises(InvalidInput):
        report(clinic, first_day=DAY, last_day=DAY - timedelta(days=1))


def test_the_file_is_the_screen_and_audited(clinic: Clinic) -> None:
    book(clinic, 4, by="manager", patient_id=make_patient(clinic, last_name="=1+1"), override_reason="=cmd()")
    late(clinic, 5, by="owner")
    wanted = OverridesRequest(first_day=DAY, last_day=DAY, overridden_by_user_id=clinic.users["manager"], limit=1)
    lines = perform(clinic.actor("manager"), export_overrides, wanted).csv().decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "Outside hours,'=cmd(),Manager," in lines[1]
    assert "2031-03-03T14:00:00,Europe/Berlin,Main street,Practitioner," in lines[1]
    assert audited(clinic, "report.export_overrides") == [
        ("report", "exported", clinic.users["manager"], {"report": "overrides", "rows": 1})
    ]
