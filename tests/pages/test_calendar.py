"""The calendar page: what a drag, a click and the address do."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, time, timedelta

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.kit.calendar import zone
from clinic_core.kit.clock import frozen_at
from clinic_core.kit.formats import Locale
from clinic_core.models import Appointment
from clinic_core.scheduling.queries import (
    appointment_history,
    get_appointment,
)
from clinic_core.scheduling.schemas import (
    AddClosure,
    AppointmentRow,
    ChangeStatus,
    DeleteAppointment,
    GetAppointment,
    MoveAppointment,
)
from clinic_core.scheduling.service import (
    add_closure,
    change_status,
    delete_appointment,
    move_appointment,
)
from clinic_core.ui.appointment_story import step_sentences
from clinic_core.vocabulary import AppointmentStatus
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.pages.calendar_clicks import CALENDAR, answer, dropped, press
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book
from tests.scheduling.conflict_arrange import rota

BERLIN = zone("Europe/Berlin")


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday morning."""
    with frozen_at(MONDAY):
        yield


def on_the_day_of_the_database() -> AbstractContextManager[object]:
    """Steps are taken back on their day only, and their day is that of the database's own clock."""
    return frozen_at(datetime.now(UTC))


def now_of(clinic: Clinic, booked: AppointmentRow) -> AppointmentRow:
    return perform(clinic.actor("manager"), get_appointment, GetAppointment(appointment_id=booked.id))


def test_a_drag_moves_and_undo_takes_it_back(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1)
    with on_the_day_of_the_database():
        app = open_app("assistant", CALENDAR, day=MONDAY.date())
        answer(app, "eventChange", dropped(booked, MONDAY.replace(hour=14)))
        assert now_of(clinic, booked).starts_at == MONDAY.replace(hour=13)
        assert "The appointment is moved to Mon 3 Mar 2031, 14:00, Practitioner." in sentences(app)
        # Drawing it once more does not move it once more.
        press(app, "Undo").run()
    assert now_of(clinic, booked).starts_at == booked.starts_at
    assert "Undo" not in [button.label for button in app.button]


def test_undo_takes_nothing_back_that_came_after_the_move(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1)
    with on_the_day_of_the_database():
        app = open_app("assistant", CALENDAR, day=MONDAY.date())
        answer(app, "eventChange", dropped(booked, MONDAY.replace(hour=14)))
        confirm = ChangeStatus(appointment_id=booked.id, status=AppointmentStatus.CONFIRMED)
        perform(clinic.actor("owner"), change_status, confirm)
        press(app, "Undo")
    stands = now_of(clinic, booked)
    assert (stands.status, stands.starts_at) == (AppointmentStatus.CONFIRMED, MONDAY.replace(hour=13))
    assert "can no longer be taken back here" in app.info[0].value


def test_a_drag_of_what_was_deleted_meanwhile_is_said_and_the_calendar_stays(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1)
    app = open_app("assistant", CALENDAR)
    perform(clinic.actor("owner"), delete_appointment, DeleteAppointment(appointment_id=booked.id))
    answer(app, "eventChange", dropped(booked, MONDAY.replace(hour=14)))
    assert app.error[0].value == "This appointment does not exist."
    assert "Next" in [button.label for button in app.button]


def test_a_drag_between_rooms_is_taken_back_too(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1, resource_ids=(clinic.room,))
    said = dropped(booked, MONDAY.replace(hour=14), column=clinic.second_room)
    said["event"]["id"] = f"appointment/{booked.id}/{clinic.room}"
    app = answer(open_app("assistant", CALENDAR, by="room"), "eventChange", said)
    assert now_of(clinic, booked).resource_ids == (clinic.second_room,)
    press(app, "Undo")
    taken_back = now_of(clinic, booked)
    assert (taken_back.resource_ids, taken_back.starts_at) == ((clinic.room,), booked.starts_at)


def test_a_refused_drag_says_why_and_changes_nothing(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 4)
    booked = book(clinic, 1)
    app = answer(open_app("assistant", CALENDAR), "eventChange", dropped(booked, MONDAY.replace(hour=14)))
    assert "Practitioner is taken" in sentences(app)
    assert now_of(clinic, booked).starts_at == booked.starts_at
    assert "Move anyway" not in [button.label for button in app.button]
    assert "Practitioner is taken" not in sentences(press(app, "Leave it where it is"))


def test_who_may_lift_a_rule_moves_anyway_with_a_reason(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 4)
    booked = book(clinic, 1)
    app = answer(open_app("manager", CALENDAR), "eventChange", dropped(booked, MONDAY.replace(hour=14)))
    press(app, "Move anyway")
    assert now_of(clinic, booked).starts_at == booked.starts_at
    app.text_input(key="calendar_conflict_reason").input("Emergency")
    press(app, "Move anyway")
    moved = now_of(clinic, booked)
    assert (moved.starts_at, moved.double_book_reason) == (MONDAY.replace(hour=13), "Emergency")


def test_a_time_that_is_free_instead_is_one_click_away(clinic: Clinic, open_app: Open) -> None:
    rota(clinic, time(8), time(17))
    book(clinic, 4)
    booked = book(clinic, 1)
    app = answer(open_app("assistant", CALENDAR), "eventChange", dropped(booked, MONDAY.replace(hour=14)))
    app.button(key="calendar_conflict_free_0").click().run()
    assert now_of(clinic, booked).starts_at > booked.starts_at
    assert not app.error


def test_a_drag_of_a_block_that_is_older_than_its_appointment_is_refused(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1)
    app = open_app("assistant", CALENDAR)
    elsewhere = slot(6)
    moved = MoveAppointment(
        appointment_id=booked.id, starts_at=elsewhere[0], ends_at=elsewhere[1], version=booked.version
    )
    perform(clinic.actor("owner"), move_appointment, moved)
    answer(app, "eventChange", dropped(booked, MONDAY.replace(hour=14)))
    assert "was changed by Owner in the meantime" in app.error[0].value
    assert now_of(clinic, booked).starts_at == elsewhere[0]


def test_a_drop_in_another_room_changes_that_room_only(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1, resource_ids=(clinic.room, clinic.laser))
    said = dropped(booked, MONDAY.replace(hour=11), column=clinic.second_room)
    said["event"]["id"] = f"appointment/{booked.id}/{clinic.room}"
    answer(open_app("assistant", CALENDAR, by="room"), "eventChange", said)
    moved = now_of(clinic, booked)
    assert set(moved.resource_ids) == {clinic.second_room, clinic.laser}
    assert moved.practitioner_user_id == booked.practitioner_user_id


def test_a_drop_above_the_columns_moves_nothing_and_goes_back(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, 1)
    app = open_app("assistant", CALENDAR)
    drawn = app.session_state["_calendar_rev"]
    answer(app, "eventChange", {"event": dropped(booked, MONDAY)["event"] | {"allDay": True}})
    assert now_of(clinic, booked).starts_at == booked.starts_at
    assert not app.error
    assert app.session_state["_calendar_rev"] > drawn


def test_a_click_above_a_column_chooses_no_time(clinic: Clinic, open_app: Open) -> None:
    column = {"resource": {"id": str(clinic.users["practitioner"])}, "date": "2031-03-03T00:00:00Z", "allDay": True}
    app = answer(open_app("assistant", CALENDAR), "dateClick", column)
    assert "booking_slot" not in app.session_state
    assert app.query_params["view"] == "day"


def test_a_phone_lists_the_days_of_the_month(clinic: Clinic, open_app: Open) -> None:
    for hours in (1, 2):
        book(clinic, hours)
    tuesday = MONDAY.date() + timedelta(days=1)
    closure = AddClosure(starts_on=tuesday, ends_on=tuesday, name="Carnival")
    perform(clinic.actor("manager"), add_closure, closure)
    app = open_app("assistant", CALENDAR, day=MONDAY.date(), view="month")
    app.session_state["calendar_window"] = {"narrow": True}
    app.run()
    labels = [button.label for button in app.button]
    assert "**Today, Mon 3 Mar · 2 booked**" in labels
    assert "Tue 4 Mar · closed: Carnival" in labels
    assert "Wed 5 Mar · nothing booked" in labels
    press(app, "**Today, Mon 3 Mar · 2 booked**")
    assert (app.query_params["view"], app.query_params["day"]) == ("day", str(MONDAY.date()))


def test_a_click_in_a_colleagues_column_says_whose_it_is(clinic: Clinic, open_app: Open) -> None:
    column = {"resource": {"id": str(clinic.users["second_practitioner"])}, "date": "2031-03-03T11:00:00Z"}
    app = answer(open_app("practitioner", CALENDAR), "dateClick", column)
    assert "not yours to book" in app.warning[0].value
    assert "booking_slot" not in app.session_state


def test_a_click_opens_the_booking_at_that_time(clinic: Clinic, open_app: Open) -> None:
    column = {"resource": {"id": str(clinic.users["practitioner"])}, "date": "2031-03-03T11:00:00Z"}
    app = answer(open_app("assistant", CALENDAR), "dateClick", column)
    assert app.time_input(key="booking_clock").value == time(11)
    assert "Block this time instead" not in [button.label for button in app.button]


def test_the_address_holds_the_view_and_nothing_personal(clinic: Clinic, open_app: Open) -> None:
    book(clinic, 1)
    who = clinic.users["second_practitioner"]
    app = open_app("assistant", CALENDAR, day="2031-03-04", view="week", practitioners=who, statuses="booked,confirmed")
    assert app.radio(key="calendar_mode").value == "week"
    assert app.multiselect(key="calendar_practitioners").value == [who]
    assert app.multiselect(key="calendar_statuses").value == [AppointmentStatus.BOOKED, AppointmentStatus.CONFIRMED]
    app.radio(key="calendar_mode").set_value("month").run()
    assert app.query_params["view"] == "month"
    assert app.query_params["practitioners"] == str(who)
    assert set(app.query_params) == {"location", "day", "view", "by", "color", "practitioners", "statuses"}


@pytest.mark.parametrize(
    "damaged",
    [
        {"day": "0001-01-01"},
        {"day": "9999-12-31", "view": "month"},
        {"day": "tomorrow", "view": "year", "by": "1", "practitioners": "x' or 1=1", "statuses": "gone"},
        {"practitioners": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_a_damaged_address_shows_the_usual(open_app: Open, damaged: dict[str, str]) -> None:
    app = open_app("assistant", CALENDAR, **damaged)
    assert not app.exception
    assert not app.error
    assert not press(app, "Next").exception
    assert not press(press(app, "Previous"), "Previous").exception


def test_more_than_can_be_drawn_is_said(clinic: Clinic, open_app: Open) -> None:
    patient_id = make_patient(clinic)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.add_all(
            Appointment(
                organization_id=clinic.organization_id,
                patient_id=patient_id,
                practitioner_user_id=clinic.users[who],
                clinic_location_id=clinic.main,
                starts_at=MONDAY + timedelta(minutes=2 * number),
                ends_at=MONDAY + timedelta(minutes=2 * number + 2),
            )
            for number in range(251)
            for who in ("practitioner", "second_practitioner")
        )
    assert "The first 500 of 502 appointments are drawn" in sentences(open_app("assistant", CALENDAR))
    assert "More than 500 appointments" in sentences(open_app("assistant", CALENDAR, view="month"))
    listed = open_app("assistant", CALENDAR, view="list")
    assert "502 appointments" in sentences(listed)
    assert "1–100 of 502" in sentences(listed)


def test_the_history_says_from_where_to_where(clinic: Clinic) -> None:
    booked = book(clinic, 1)
    starts_at, ends_at = slot(5, minutes=45)
    move = MoveAppointment(
        appointment_id=booked.id,
        starts_at=starts_at,
        ends_at=ends_at,
        practitioner_user_id=clinic.users["second_practitioner"],
        version=booked.version,
    )
    perform(clinic.actor("assistant"), move_appointment, move)
    confirm = ChangeStatus(appointment_id=booked.id, status=AppointmentStatus.CONFIRMED)
    perform(clinic.actor("assistant"), change_status, confirm)
    perform(clinic.actor("assistant"), delete_appointment, DeleteAppointment(appointment_id=booked.id))
    steps = perform(clinic.actor("manager"), appointment_history, GetAppointment(appointment_id=booked.id))
    assert step_sentences(steps, BERLIN, Locale.EN) == [
        "Booked for 3 Mar 2031, 11:00 with Practitioner, Main street.",
        "Moved from 3 Mar 2031, 11:00 to 3 Mar 2031, 15:00; length changed from 30 min to 45 min;"
        " handed over from Practitioner to Second Practitioner.",
        "From booked to confirmed.",
        "Deleted as entered by mistake.",
    ]
