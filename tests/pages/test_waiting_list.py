"""The waiting list on the screen: add, find, offer, answer, book, and the ways to nothing; booking rules."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import list_waiting
from clinic_core.scheduling.schemas import (
    AvailabilityRule,
    CancelAppointment,
    ListWaiting,
    SetAvailability,
    WaitingRow,
)
from clinic_core.scheduling.service import cancel_appointment, set_availability
from clinic_core.vocabulary import CancelledBy, Urgency, WaitingStatus
from tests.factories import MONDAY, Clinic, make_patient
from tests.pages.conftest import Open, sentences
from tests.scheduling.arrange import book
from tests.scheduling.waiting import offer, wait

PAGE = "pages/front_desk/waiting_list.py"
PATIENT = "pages/front_desk/patient.py"
RULES = "pages/admin/booking_rules.py"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday morning."""
    with frozen_at(MONDAY - timedelta(hours=2)):
        yield


def press(app: AppTest, label: str) -> AppTest:
    return next(button for button in app.button if button.label == label).click().run()


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def rows(clinic: Clinic, *statuses: WaitingStatus) -> list[WaitingRow]:
    wanted = ListWaiting(statuses=statuses or (WaitingStatus.WAITING,))
    return perform(clinic.actor("manager"), list_waiting, wanted)


def test_an_empty_list_says_what_it_is_for(open_app: Open) -> None:
    assert "Nobody waits for a time here" in sentences(open_app("assistant", PAGE))


def test_somebody_is_added_and_changed(clinic: Clinic, open_app: Open) -> None:
    make_patient(clinic, first_name="Zoe", last_name="Unusual")
    app = press(open_app("assistant", PAGE), "Add")
    app.text_input(key="waiting_form_patient_text").input("Unusual").run()
    app.selectbox(key="waiting_form_urgency").set_value(Urgency.SOON)
    app.button(key="waiting_form_save").click().run()
    assert [toast.value for toast in app.toast] == ["The patient is on the waiting list: 30 min · anybody."]
    (row,) = rows(clinic)
    assert (row.patient_name, row.urgency, row.duration_minutes) == ("Zoe Unusual", Urgency.SOON, 30)
    app.button(key=f"waiting_change_{row.id}").click().run()
    app.multiselect(key="waiting_form_days").set_value([1, 3])
    app.button(key="waiting_form_save").click().run()
    assert rows(clinic)[0].weekdays == (1, 3)
    assert "Mon, Wed" in sentences(app)


def test_the_form_opens_for_the_patient_one_comes_from(clinic: Clinic, open_app: Open) -> None:
    patient_id = make_patient(clinic, first_name="Zoe", last_name="Unusual")
    app = open_app("assistant", PAGE, patient=patient_id)
    assert app.text_input(key="waiting_form_named").value == "Zoe Unusual"
    app.button(key="waiting_form_save").click().run()
    assert [row.patient_id for row in rows(clinic)] == [patient_id]


def test_filters_that_leave_nobody_are_cleared_with_one_click(clinic: Clinic, open_app: Open) -> None:
    row = wait(clinic)
    app = open_app("assistant", PAGE)
    app.multiselect(key="waiting_list_urgency").set_value([Urgency.URGENT]).run()
    assert "matches these filters" in sentences(app)
    press(app, "Clear filters")
    assert row.patient_name in labels(app)


def test_a_time_is_found_and_booked(clinic: Clinic, open_app: Open) -> None:
    rule = AvailabilityRule.model_validate(
        {"clinic_location_id": clinic.main, "weekday": 1, "starts": "10:00", "ends": "12:00"}
    )
    request = SetAvailability(practitioner_user_id=clinic.users["practitioner"], rules=(rule,))
    perform(clinic.actor("manager"), set_availability, request)
    row = wait(clinic)
    app = open_app("assistant", PAGE)
    app.button(key=f"waiting_find_{row.id}").click().run()
    app.button(key="waiting_time_slots_slot_0").click().run()
    app.button(key="waiting_time_book").click().run()
    (booked,) = rows(clinic, WaitingStatus.BOOKED)
    assert booked.appointment_id is not None
    assert "Nobody waits for a time here" in sentences(app)


@pytest.mark.parametrize(
    ("answer", "status"), [("Accepted", "booked"), ("Declined", "waiting"), ("Take back", "waiting")]
)
def test_an_offer_is_answered_with_one_click(clinic: Clinic, open_app: Open, answer: str, status: str) -> None:
    offer(clinic, wait(clinic))
    app = open_app("assistant", PAGE)
    assert "Offered Mon 3 Mar 2031, 10:00 with Practitioner" in sentences(app)
    press(app, answer)
    assert [row.status for row in rows(clinic, *WaitingStatus)] == [status]
    assert answer not in labels(app)


def test_an_offer_whose_time_is_taken_cannot_be_accepted(clinic: Clinic, open_app: Open) -> None:
    offer(clinic, wait(clinic))
    book(clinic)
    app = open_app("assistant", PAGE)
    accepted = next(button for button in app.button if button.label == "Accepted")
    assert accepted.disabled


def test_a_time_that_came_free_is_offered_to_whom_it_suits(clinic: Clinic, open_app: Open) -> None:
    row = wait(clinic)
    booked = book(clinic)
    request = CancelAppointment(appointment_id=booked.id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_appointment, request)
    # "Lately" is told from the stamps of the database, which knows no frozen clock.
    with frozen_at(datetime.now(UTC)):
        app = press(open_app("assistant", PAGE), "Offer")
        (found,) = rows(clinic)
    assert "Came free" in [found.value for found in app.subheader]
    assert found.id == row.id
    assert found.offer is not None
    assert "No message can go out to this patient (no address): please call." in app.toast[0].value
    assert "Mon 3 Mar 2031, 10:00, with Practitioner, is offered." in app.toast[0].value
    assert "Offered until" in sentences(app)


def test_a_practitioner_keeps_the_own_list_and_reads_the_rest(clinic: Clinic, open_app: Open) -> None:
    anybody, own = wait(clinic), wait(clinic, practitioner_user_id=clinic.users["practitioner"])
    app = open_app("practitioner", PAGE)
    keys = {button.key for button in app.button}
    assert f"waiting_find_{own.id}" in keys
    assert f"waiting_patient_{anybody.id}" in keys
    assert f"waiting_find_{anybody.id}" not in keys


def test_booking_rules_are_set_in_one_form(clinic: Clinic, open_app: Open) -> None:
    app = open_app("owner", RULES)
    app.number_input(key="rules_late").set_value(48)
    app.selectbox(key="rules_no_show_fee_kind").set_value("flat").run()
    app.text_input(key="rules_no_show_fee_amount").input("25,50")
    press(app, "Save")
    settings = clinic.actor("owner").settings
    assert settings.late_cancellation_hours == 48
    assert (settings.no_show_fee.kind, settings.no_show_fee.amount) == ("flat", Decimal("25.50"))
    assert "The booking rules are saved." in [toast.value for toast in app.toast]


def test_of_a_fee_only_what_its_kind_needs_is_asked_and_lengths_are_said_in_words(
    clinic: Clinic, open_app: Open
) -> None:
    app = open_app("owner", RULES)
    asked = {"none": [], "flat": ["Amount (EUR)"], "percent": ["Share of the price (%)"]}
    for kind, fields in asked.items():
        app.selectbox(key="rules_late_fee_kind").set_value(kind).run()
        assert [field.label for field in app.text_input] == fields
    app.number_input(key="rules_offer").set_value(1500).run()
    assert "is open for 1 day 1 hour." in sentences(app)


def test_a_fee_of_nothing_is_a_sentence(clinic: Clinic, open_app: Open) -> None:
    app = open_app("owner", RULES)
    app.selectbox(key="rules_late_fee_kind").set_value("percent").run()
    press(app, "Save")
    assert "must be more than nothing" in app.error[0].value
    assert clinic.actor("owner").settings.late_cancellation_fee.kind == "none"
