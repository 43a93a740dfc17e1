"""The day at the front desk: one click for the next step, undo, suggested no-shows, what was left open."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.kit.calendar import day_bounds, local_date, zone
from clinic_core.kit.clock import FrozenClock, frozen_at, now
from clinic_core.kit.formats import day_text
from clinic_core.scheduling.queries import get_appointment
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    AvailabilityRule,
    BookAppointment,
    CancelAppointment,
    ChangeStatus,
    GetAppointment,
    SetAvailability,
)
from clinic_core.scheduling.service import book_appointment, cancel_appointment, change_status, set_availability
from clinic_core.ui.appointment_words import placed_text
from clinic_core.ui.day_refresh import LONGEST_UNCHANGED
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.billing.arrange import priced
from tests.factories import Clinic, make_clinic, make_patient
from tests.pages.conftest import Open, sentences
from tests.scheduling.waiting import wait

TODAY = "pages/front_desk/today.py"
S = AppointmentStatus


@pytest.fixture
def clinic() -> Clinic:
    return make_clinic(OrganizationSettings(no_show_after_minutes=20))


@pytest.fixture(autouse=True)
def noon() -> Iterator[FrozenClock]:
    """It is noon in Berlin today: the database stamps steps by its own clock, so the day must be the real one."""
    berlin = zone("Europe/Berlin")
    with frozen_at(day_bounds(local_date(now(), berlin), berlin).start + timedelta(hours=12)) as clock:
        yield clock


def book(clinic: Clinic, starts_at: datetime, *, by: str = "manager", who: str = "practitioner") -> AppointmentRow:
    request = BookAppointment(
        patient_id=make_patient(clinic),
        practitioner_user_id=clinic.users[who],
        clinic_location_id=clinic.main,
        product_service_id=clinic.service,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=30),
    )
    return perform(clinic.actor(by), book_appointment, request)


def now_of(clinic: Clinic, appointment_id: UUID) -> AppointmentRow:
    return perform(clinic.actor("manager"), get_appointment, GetAppointment(appointment_id=appointment_id))


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def test_an_arrival_by_mistake_is_taken_back_in_its_row(clinic: Clinic, open_app: Open) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    app = open_app("assistant", TODAY)
    assert "Undo" not in labels(app)
    press(app, "Arrive")
    assert now_of(clinic, row.id).status is S.ARRIVED
    press(app, "Undo")
    assert now_of(clinic, row.id).status is S.BOOKED
    assert "The last step is taken back." in [toast.value for toast in app.toast]
    assert "Undo" not in labels(app)


def test_a_no_show_is_suggested_after_a_while_and_never_set_by_itself(
    clinic: Clinic, open_app: Open, noon: FrozenClock
) -> None:
    row = book(clinic, now())
    noon.advance(timedelta(minutes=19))
    assert "No-show?" not in labels(open_app("assistant", TODAY))
    noon.advance(timedelta(minutes=1))
    app = open_app("assistant", TODAY)
    assert now_of(clinic, row.id).status is S.BOOKED
    assert any("late 20'" in found.value for found in app.markdown)
    press(app, "No-show?")
    assert now_of(clinic, row.id).status is S.NO_SHOW
    press(app, "Undo")
    assert now_of(clinic, row.id).status is S.BOOKED


def test_the_head_line_counts_the_day(clinic: Clinic, open_app: Open) -> None:
    for hours in (1, 2, 3):
        book(clinic, now() + timedelta(hours=hours))
    app = press(open_app("assistant", TODAY), "Arrive")
    assert "3 booked · 1 arrived (1 waiting)" in sentences(app)


def test_the_day_is_filtered_by_practitioner(clinic: Clinic, open_app: Open) -> None:
    book(clinic, now() + timedelta(hours=1))
    book(clinic, now() + timedelta(hours=1), who="second_practitioner")
    app = open_app("assistant", TODAY)
    assert labels(app).count("Arrive") == 2
    app.multiselect(key=f"today_people_{clinic.main}").set_value([clinic.users["second_practitioner"]]).run()
    assert labels(app).count("Arrive") == 1


def test_what_was_left_open_is_shown_on_demand(clinic: Clinic, open_app: Open, noon: FrozenClock) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    noon.advance(timedelta(days=1))
    app = open_app("assistant", TODAY)
    assert "Still open from earlier days" not in sentences(app)
    press(app, "yesterday still open: 1 visit without a final status")
    assert "Still open from earlier days" in sentences(app)
    press(app, "No-show?")
    assert now_of(clinic, row.id).status is S.NO_SHOW
    assert "Still open from earlier days" not in sentences(app)


def test_who_waits_and_fits_today_is_counted_with_the_way_to_the_list(clinic: Clinic, open_app: Open) -> None:
    wait(clinic)
    today = local_date(now(), zone("Europe/Berlin"))
    rule = AvailabilityRule(clinic_location_id=clinic.main, weekday=today.isoweekday(), starts=time(8), ends=time(16))
    request = SetAvailability(practitioner_user_id=clinic.users["practitioner"], rules=(rule,))
    perform(clinic.actor("manager"), set_availability, request)
    app = open_app("assistant", TODAY)
    assert "4 h free" in sentences(app)
    assert "waiting list matching free slots today: 1" in labels(app)


def test_pay_is_offered_where_somebody_is_here_and_owes(clinic: Clinic, open_app: Open) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    priced(clinic, row.patient_id, "40.00")
    app = open_app("assistant", TODAY)
    assert "Pay" not in labels(app)
    press(press(app, "Arrive"), "Pay")
    assert app.session_state["payment_patient"] == row.patient_id
    assert "Pay" not in labels(open_app("practitioner", TODAY))


def test_a_cancelled_appointment_names_who_waits_for_its_time(clinic: Clinic, open_app: Open) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    wait(clinic, patient_id=make_patient(clinic, first_name="Zoe", last_name="Waiting"))
    request = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_appointment, request)
    app = press(open_app("assistant", TODAY), "More")
    assert "Zoe Waiting" in sentences(app)
    press(app, "Offer")
    assert any("offered" in toast.value for toast in app.toast)


def test_who_fits_the_time_of_a_cancelled_appointment_is_shown_at_once_and_undo_is_offered(
    clinic: Clinic, open_app: Open
) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    for name in ("Zoe", "Yan"):
        wait(clinic, patient_id=make_patient(clinic, first_name=name, last_name="Waiting"))
    app = press(press(open_app("assistant", TODAY), "More"), "Cancel appointment")
    day = day_text(local_date(row.starts_at, zone("Europe/Berlin")))
    said = f"The appointment on {day}, 13:00, with Practitioner, is cancelled; its time is free again."
    assert [toast.value for toast in app.toast] == [said]
    assert "2 people on the waiting list fit this time" in sentences(app)
    assert labels(app).count("Offer") == 2
    press(app, "Offer")
    assert any("is offered" in toast.value for toast in app.toast)
    assert labels(app).count("Offer") == 1
    assert "Offered until" in sentences(app)
    app.button(key="done_undo").click().run()
    assert now_of(clinic, row.id).status is S.BOOKED
    assert said not in sentences(app)


def test_a_cancelled_time_that_suits_nobody_closes_the_panel_and_keeps_the_undo(clinic: Clinic, open_app: Open) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    app = press(press(open_app("assistant", TODAY), "More"), "Cancel appointment")
    assert "panel_appointment" not in app.session_state
    assert "Show" not in labels(app)
    app.button(key="done_undo").click().run()
    assert now_of(clinic, row.id).status is S.BOOKED


def test_a_move_from_the_panel_says_where_to_and_is_taken_back(clinic: Clinic, open_app: Open) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    app = press(open_app("assistant", TODAY), "More")
    app.session_state["panel_move_form"] = True
    app.run()
    app.button(key="panel_slots_slot_0").click().run()
    moved = now_of(clinic, row.id)
    assert moved.starts_at != row.starts_at
    said = f"The appointment is moved to {placed_text(moved, clinic.actor('assistant').settings)}."
    assert [toast.value for toast in app.toast] == [said]
    app.button(key="done_undo").click().run()
    assert now_of(clinic, row.id).starts_at == row.starts_at


def test_a_move_to_another_room_is_taken_back_with_its_rooms_and_no_step_before_it(
    clinic: Clinic, open_app: Open
) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    confirm = ChangeStatus(appointment_id=row.id, status=S.CONFIRMED)
    perform(clinic.actor("assistant"), change_status, confirm)
    app = press(open_app("assistant", TODAY), "More")
    app.session_state["panel_move_form"] = True
    app.run()
    app.multiselect(key="panel_resources").set_value([clinic.room]).run()
    app.button(key="panel_move").click().run()
    assert now_of(clinic, row.id).resource_ids == (clinic.room,)
    app.button(key="done_undo").click().run()
    back = now_of(clinic, row.id)
    assert (back.resource_ids, back.status) == ((), S.CONFIRMED)
    assert "done_undo" not in {button.key for button in app.button}


def test_what_was_done_is_forgotten_where_the_appointment_changed_since(clinic: Clinic, open_app: Open) -> None:
    row = book(clinic, now() + timedelta(hours=1))
    app = press(press(open_app("assistant", TODAY), "More"), "Cancel appointment")
    again = ChangeStatus(appointment_id=row.id, status=S.BOOKED)
    perform(clinic.actor("manager"), change_status, again)
    assert "is cancelled" not in sentences(app.run())


def test_an_appointment_of_a_later_day_is_confirmed_first_and_nobody_arrives_for_it(
    clinic: Clinic, open_app: Open
) -> None:
    today, later = (book(clinic, now() + timedelta(hours=hours)) for hours in (1, 49))
    app = open_app("assistant", TODAY)
    assert steps_of(app, today) == {"Arrive": "primary", "Confirm": "secondary", "Start": "secondary"}
    assert steps_of(app, later) == {"Confirm": "primary"}
    press(app, "Confirm")
    assert steps_of(app, later) == {"Not confirmed": "secondary"}


def steps_of(app: AppTest, row: AppointmentRow) -> dict[str, str]:
    """The steps in the panel of an appointment, each with the weight of its button."""
    app.session_state["panel_appointment"] = row.id
    app.run()
    words = {f"panel_{status}" for status in S}
    return {button.label: button.proto.type for button in app.button if button.key in words}


def test_a_day_that_changed_is_drawn_anew_and_nothing_moves_under_a_dialog(
    clinic: Clinic, open_app: Open, noon: FrozenClock
) -> None:
    """AppTest runs whole pages, so what the timer compares is looked at: it is set anew by every full run."""
    app = open_app("assistant", TODAY)
    first = app.session_state["day_drawn"]
    book(clinic, now() + timedelta(hours=1))
    noon.advance(LONGEST_UNCHANGED)
    app.run()
    assert app.session_state["day_drawn"] != first
    assert press(app, "More").session_state["panel_appointment"]
    assert "day_drawn" not in app.session_state
