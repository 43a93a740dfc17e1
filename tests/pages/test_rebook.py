"""The work-list and the day of somebody who cannot come: one press rebooks and tells the patient."""

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.calendar import Span, range_bounds, to_wall, zone
from clinic_core.kit.clock import frozen_at, now
from clinic_core.notifications.queries import list_messages
from clinic_core.notifications.schemas import ListMessages
from clinic_core.scheduling.queries import displaced_appointments, get_appointment, list_absences
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AppointmentRow,
    AvailabilityRule,
    ChangeStatus,
    GetAppointment,
    ListAbsences,
    ListDisplaced,
    SetAvailability,
)
from clinic_core.scheduling.service import add_absence, change_status, set_availability
from clinic_core.vocabulary import AbsenceKind, AppointmentStatus, NotificationType
from tests.factories import Clinic, make_patient
from tests.notifications.test_reminders import reachable
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book

PAGE = "pages/front_desk/rebook.py"
BERLIN = zone("Europe/Berlin")
DAY = to_wall(now(), BERLIN).date() + timedelta(days=1)
HOUR = timedelta(hours=1)


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label.startswith(label)).click().run()


def tomorrow() -> Span:
    return range_bounds(DAY, DAY, BERLIN)


@pytest.fixture
def booked(clinic: Clinic) -> list[AppointmentRow]:
    """Both practitioners work every day from 8 to 18; four are booked tomorrow, the last one cannot be written to."""
    for key in ("practitioner", "second_practitioner"):
        rules = tuple(
            AvailabilityRule.model_validate(
                {"clinic_location_id": clinic.main, "weekday": day, "starts": "08:00", "ends": "18:00"}
            )
            for day in range(1, 8)
        )
        week = SetAvailability(practitioner_user_id=clinic.users[key], rules=rules)
        perform(clinic.actor("manager"), set_availability, week)
    starts = [tomorrow().start + hours * HOUR for hours in (9, 10, 11, 12)]
    patients = [*(reachable(clinic) for _ in starts[1:]), make_patient(clinic)]
    return [
        book(clinic, starts_at=start, ends_at=start + HOUR, patient_id=patient)
        for start, patient in zip(starts, patients, strict=True)
    ]


def be_away(clinic: Clinic) -> None:
    bounds = tomorrow()
    absence = AddAbsence(user_id=clinic.users["practitioner"], starts_at=bounds.start, ends_at=bounds.end)
    perform(clinic.actor("manager"), add_absence, absence)


def now_is(clinic: Clinic, row: AppointmentRow) -> AppointmentRow:
    return perform(clinic.actor("manager"), get_appointment, GetAppointment(appointment_id=row.id))


def told(clinic: Clinic, row: AppointmentRow) -> list[NotificationType]:
    messages = perform(clinic.actor("manager"), list_messages, ListMessages(appointment_id=row.id))
    return [message.type for message in messages]


def test_the_list_is_worked_off_with_one_press_a_row(
    clinic: Clinic, booked: list[AppointmentRow], open_app: Open
) -> None:
    be_away(clinic)
    app = open_app("assistant", PAGE)
    assert "4 appointments cannot take place as booked" in sentences(app)
    assert "Practitioner is away" in sentences(app)
    app.button(key=f"slot_{booked[0].id}_1").click().run()
    moved = now_is(clinic, booked[0])
    assert to_wall(moved.starts_at, BERLIN).date() == DAY + timedelta(days=2)
    second = clinic.users["second_practitioner"]
    app.button(key=f"colleague_{booked[1].id}_{second}").click().run()
    assert now_is(clinic, booked[1]).practitioner_user_id == second
    app.text_input(key=f"displaced_reason_{booked[2].id}").set_value("Ill")
    app.button(key=f"displaced_cancel_{booked[2].id}").click().run()
    assert now_is(clinic, booked[2]).cancel_reason == "Ill"
    assert [told(clinic, row) for row in booked[:3]] == [
        [NotificationType.APPOINTMENT_MOVED],
        [NotificationType.APPOINTMENT_MOVED],
        [NotificationType.APPOINTMENT_CANCELLED],
    ]
    assert "Done just now: 3" in sentences(app)
    assert "1 appointment cannot take place as booked" in sentences(app)
    app.button(key=f"slot_{booked[3].id}_0").click().run()
    assert "please call" in sentences(app)
    assert "Every appointment ahead can take place" in sentences(app)
    app.button(key="rebook_clear").click().run()
    assert "Done just now" not in sentences(app)


def test_another_row_is_opened_and_a_taken_time_refused(
    clinic: Clinic, booked: list[AppointmentRow], open_app: Open
) -> None:
    be_away(clinic)
    app = open_app("assistant", PAGE)
    app.button(key=f"displaced_open_{booked[2].id}").click().run()
    assert [button.key for button in app.button if (button.key or "").startswith(f"slot_{booked[0].id}")] == []
    start = tomorrow().end + 8 * HOUR
    book(clinic, starts_at=start, ends_at=start + HOUR)
    app.button(key=f"slot_{booked[2].id}_0").click().run()
    assert "The time is not free" in sentences(app)
    assert now_is(clinic, booked[2]).starts_at == booked[2].starts_at


def test_a_day_is_settled_with_one_press(clinic: Clinic, booked: list[AppointmentRow], open_app: Open) -> None:
    app = open_app("assistant", PAGE)
    app.radio(key="rebook_part").set_value("Somebody cannot come").run()
    assert "Nothing is booked there on that day" in sentences(app)
    app.date_input(key="away_day").set_value(DAY).run()
    assert "ask who plans the rota" in sentences(app)
    app.radio(key="away_wish").set_value("Hand over, move the rest").run()
    ways = [box for box in app.selectbox if (box.key or "").startswith("away_way_")]
    assert [str(box.value) for box in ways] == [str(("hand_over", clinic.users["second_practitioner"]))] * 4
    ways[0].set_value(("move", None))
    ways[1].set_value(("cancel", None))
    ways[2].set_value(("leave", None))
    app.run()
    assert "1 moved, 1 handed over, 1 cancelled, 1 left as they are" in sentences(app)
    press(app, "Rebook 3 appointments")
    rows = [now_is(clinic, row) for row in booked]
    assert rows[0].starts_at == tomorrow().end + 8 * HOUR
    assert rows[1].status is AppointmentStatus.CANCELLED
    assert rows[2] == booked[2]
    assert rows[3].practitioner == "Second Practitioner"
    assert [len(told(clinic, row)) for row in booked] == [1, 1, 0, 1]
    assert "Done just now: 3" in sentences(app)
    assert "1 left as they are" in sentences(app)


def test_nothing_is_chosen_for_who_is_here_already(
    clinic: Clinic, booked: list[AppointmentRow], open_app: Open
) -> None:
    with frozen_at(booked[0].starts_at):
        arrived = ChangeStatus(appointment_id=booked[0].id, status=AppointmentStatus.ARRIVED)
        perform(clinic.actor("assistant"), change_status, arrived)
        app = open_app("assistant", PAGE)
        app.radio(key="rebook_part").set_value("Somebody cannot come").run()
        for wish in ("Move to the next free times", "Hand over, move the rest", "Cancel all"):
            app.radio(key="away_wish").set_value(wish).run()
            ways = [str(box.value) for box in app.selectbox if (box.key or "").startswith("away_way_")]
            assert [way == str(("leave", None)) for way in ways] == [True, False, False, False]
        assert sentences(app).count("is here already") == 1
        press(app, "Rebook 3 appointments")
        assert now_is(clinic, booked[0]).status is AppointmentStatus.ARRIVED


def test_a_manager_records_the_absence_with_it(clinic: Clinic, booked: list[AppointmentRow], open_app: Open) -> None:
    app = open_app("manager", PAGE)
    app.radio(key="rebook_part").set_value("Somebody cannot come").run()
    app.date_input(key="away_day").set_value(DAY).run()
    press(app, "Record the day as sick")
    bounds = tomorrow()
    known = ListAbsences(starts_before=bounds.end, ends_after=bounds.start)
    (absence,) = perform(clinic.actor("manager"), list_absences, known)
    assert (absence.kind, absence.starts_at, absence.ends_at) == (AbsenceKind.SICK, *bounds)
    assert "The absence is recorded" in sentences(app)
    press(app, "Rebook 4 appointments")
    assert perform(clinic.actor("manager"), displaced_appointments, ListDisplaced()).total == 0


def test_a_refused_step_is_named_and_the_row_stays(
    clinic: Clinic, booked: list[AppointmentRow], open_app: Open
) -> None:
    app = open_app("assistant", PAGE)
    app.radio(key="rebook_part").set_value("Somebody cannot come").run()
    app.date_input(key="away_day").set_value(DAY).run()
    start = tomorrow().end + 8 * HOUR
    book(clinic, starts_at=start, ends_at=start + HOUR)
    press(app, "Rebook 4 appointments")
    assert "Not possible; these stay as they were" in sentences(app)
    assert "The time is not free" in sentences(app)
    rows = [now_is(clinic, row) for row in booked]
    assert rows[0] == booked[0]
    assert [len(told(clinic, row)) for row in booked] == [0, 1, 1, 1]
    press(app, "Rebook 1 appointment")
    assert now_is(clinic, booked[0]).starts_at not in {booked[0].starts_at, start}


def test_a_practitioner_rebooks_only_the_own_day(clinic: Clinic, booked: list[AppointmentRow], open_app: Open) -> None:
    be_away(clinic)
    app = open_app("second_practitioner", PAGE)
    assert "Every appointment ahead can take place" in sentences(app)
    app.radio(key="rebook_part").set_value("Somebody cannot come").run()
    assert list(app.selectbox(key="away_practitioner").options) == ["Second Practitioner"]
    own = open_app("practitioner", PAGE)
    assert "4 appointments cannot take place" in sentences(own)
    assert [button.key for button in own.button if (button.key or "").startswith("colleague_")] == []
