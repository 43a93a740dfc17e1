"""The panel of an appointment and the dialogs of its series, opened from the calendar."""

from collections.abc import Iterator
from datetime import datetime, time

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at
from clinic_core.notifications.schemas import BookWithReminder, ReminderWish
from clinic_core.notifications.service import book_with_reminder, cancel_with_reminders
from clinic_core.scheduling.schemas import CancelAppointment
from clinic_core.vocabulary import CancelledBy, NotificationChannel
from tests.factories import Clinic
from tests.notifications.arrange import messages_of, reachable
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import booking
from tests.scheduling.series_arrange import change, live, repeat

CALENDAR = "pages/front_desk/calendar.py"


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(datetime.fromisoformat("2031-03-01T08:00Z")):
        yield


def opened(open_app: Open, **state: object) -> AppTest:
    app = open_app("assistant", CALENDAR)
    for name, value in state.items():
        app.session_state[name] = value
    return app.run()


def test_what_is_booked_again_in_the_panel_is_reminded_of_again(clinic: Clinic, open_app: Open) -> None:
    wish = ReminderWish(channel=NotificationChannel.EMAIL, minutes_before=60)
    request = BookWithReminder(booking=booking(clinic, patient_id=reachable(clinic)), reminders=(wish,))
    row = perform(clinic.actor("assistant"), book_with_reminder, request).appointment
    cancel = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_with_reminders, cancel)
    app = opened(open_app, panel_appointment=row.id)
    app.button(key="panel_booked").click().run()
    assert [one.status for one in messages_of(clinic, row.patient_id)] == ["withdrawn", "planned"]


def test_the_dialog_lists_what_is_called_off_over_the_parts_of_a_series(clinic: Clinic, open_app: Open) -> None:
    booked = repeat(clinic).booked
    change(clinic, booked[3], time_of_day=time(11))
    app = opened(open_app, series_ended=booked[1])
    assert "**4 appointments are cancelled:**" in sentences(app)
    app.button(key="series_form_end").click().run()
    assert [row.id for row in live(clinic)] == [booked[0]]


def test_the_dialog_says_how_many_appointments_a_change_leaves_alone(clinic: Clinic, open_app: Open) -> None:
    booked = repeat(clinic).booked
    change(clinic, booked[3], time_of_day=time(11))
    app = opened(open_app, series_changed=booked[1])
    app.time_input(key="series_form_rest_clock").set_value(time(9)).run()
    assert "2 more appointments ahead follow another rule since an earlier change" in sentences(app)
