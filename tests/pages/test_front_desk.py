"""The front desk's pages: what they show, and what a click does."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from clinic_core.access import perform
from clinic_core.kit.clock import frozen_at
from clinic_core.patients.queries import list_patients
from clinic_core.patients.schemas import ListPatients
from clinic_core.scheduling.queries import get_appointment, list_appointments
from clinic_core.scheduling.schemas import AppointmentRow, BookAppointment, GetAppointment, ListAppointments
from clinic_core.scheduling.service import book_appointment
from clinic_core.vocabulary import AppointmentStatus
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.harness import Database, use_database
from tests.pages.conftest import Open, sentences

TODAY = "pages/front_desk/today.py"
PATIENTS = "pages/front_desk/patients.py"
PATIENT = "pages/front_desk/patient.py"


@pytest.fixture(autouse=True)
def _monday() -> Iterator[None]:
    """It is Monday morning."""
    with frozen_at(MONDAY):
        yield


def book(clinic: Clinic, patient_id: UUID, hours: float, who: str = "practitioner") -> AppointmentRow:
    starts_at, ends_at = slot(hours)
    request = BookAppointment(
        patient_id=patient_id,
        practitioner_user_id=clinic.users[who],
        clinic_location_id=clinic.main,
        product_service_id=clinic.service,
        starts_at=starts_at,
        ends_at=ends_at,
    )
    return perform(clinic.actor("assistant"), book_appointment, request)


def now_of(clinic: Clinic, appointment_id: UUID) -> AppointmentRow:
    return perform(clinic.actor("assistant"), get_appointment, GetAppointment(appointment_id=appointment_id))


def all_of(clinic: Clinic) -> list[AppointmentRow]:
    day = ListAppointments(starts_from=slot(-12)[0], starts_before=slot(36)[0])
    return perform(clinic.actor("manager"), list_appointments, day)


def press(app: AppTest, label: str) -> AppTest:
    """Click the first button that says this."""
    return next(button for button in app.button if button.label == label).click().run()


def test_an_arrival_is_recorded_with_one_click(clinic: Clinic, open_app: Open) -> None:
    booked = book(clinic, make_patient(clinic), 1)
    app = press(open_app("assistant", TODAY), "Arrive")
    assert now_of(clinic, booked.id).status is AppointmentStatus.ARRIVED
    assert "The patient has arrived." in [toast.value for toast in app.toast]
    assert "Start" in [button.label for button in app.button]


def test_a_practitioner_sees_the_own_day_with_the_way_to_the_note(clinic: Clinic, open_app: Open) -> None:
    book(clinic, make_patient(clinic, first_name="Mine"), 1)
    book(clinic, make_patient(clinic, first_name="Theirs"), 1, "second_practitioner")
    app = open_app("practitioner", TODAY)
    labels = [button.label for button in app.button]
    assert "Mine Demo" in labels
    assert "Theirs Demo" not in labels
    assert "Write note" in labels


def test_the_desk_has_no_way_to_the_note(clinic: Clinic, open_app: Open) -> None:
    book(clinic, make_patient(clinic), 1)
    assert "Write note" not in [button.label for button in open_app("assistant", TODAY).button]


def test_a_manager_sees_the_figures_above_the_day(clinic: Clinic, open_app: Open) -> None:
    assert [metric.label for metric in open_app("manager", TODAY).metric][:1] == ["Outstanding, net"]
    assert len(open_app("assistant", TODAY).metric) == 0


def test_names_are_never_markup(clinic: Clinic, open_app: Open) -> None:
    book(clinic, make_patient(clinic, first_name="*Ada*", last_name="[x](y)"), 1)
    assert r"\*Ada\* \[x\](y)" in [button.label for button in open_app("assistant", TODAY).button]


def test_the_booking_dialog_books_what_it_shows(clinic: Clinic, open_app: Open) -> None:
    make_patient(clinic, first_name="Zoe", last_name="Unusual")
    app = press(open_app("assistant", TODAY), "Book")
    app.text_input(key="booking_patient_text").input("Unusual").run()
    app.button(key="booking_book").click().run()
    (row,) = all_of(clinic)
    assert row.patient_name == "Zoe Unusual"
    assert (row.ends_at - row.starts_at).total_seconds() == 30 * 60
    when = "Mon 3 Mar 2031, 10:00, with Practitioner"
    assert f"The appointment is booked for {when}." in [toast.value for toast in app.toast]
    assert "booking_slot" not in app.session_state


def test_a_taken_time_is_refused_in_words_and_what_was_typed_stays(clinic: Clinic, open_app: Open) -> None:
    book(clinic, make_patient(clinic), 0, "practitioner")
    book(clinic, make_patient(clinic), 0, "second_practitioner")
    make_patient(clinic, first_name="Zoe", last_name="Unusual")
    app = press(open_app("assistant", TODAY), "Book")
    app.text_input(key="booking_patient_text").input("Unusual").run()
    app.button(key="booking_book").click().run()
    assert ":material/event_busy: **The time is not free.**" in [text.value for text in app.markdown]
    assert app.text_input(key="booking_patient_text").value == "Unusual"
    assert len(all_of(clinic)) == 2


def test_a_newcomer_is_registered_and_booked_in_one_step(clinic: Clinic, open_app: Open) -> None:
    app = press(open_app("assistant", TODAY), "Book")
    app.toggle(key="booking_is_new").set_value(True).run()
    app.text_input(key="booking_first_name").input("Nia")
    app.text_input(key="booking_last_name").input("Newcomer")
    app.button(key="booking_book").click().run()
    assert [row.patient_name for row in all_of(clinic)] == ["Nia Newcomer"]


def test_who_looks_the_same_is_shown_before_a_second_record_is_made(clinic: Clinic, open_app: Open) -> None:
    make_patient(clinic, first_name="Ada", last_name="Twice")
    app = press(open_app("assistant", PATIENTS), "Register patient")
    app.text_input(key="patients_form_first").input("Ada")
    app.text_input(key="patients_form_last").input("Twice")
    app.button(key="patients_register").click().run()
    assert "registered already" in app.warning[0].value
    assert total(clinic) == 1
    app.button(key="patients_register").click().run()
    assert total(clinic) == 2


def total(clinic: Clinic) -> int:
    return perform(clinic.actor("manager"), list_patients, ListPatients()).total


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 10_000])
def test_an_impossible_name_gets_a_sentence(clinic: Clinic, open_app: Open, name: str) -> None:
    app = press(open_app("assistant", PATIENTS), "Register patient")
    app.text_input(key="patients_form_last").input(name)
    app.button(key="patients_register").click().run()
    assert app.error[0].value.endswith(".")
    assert not app.exception
    assert total(clinic) == 0


def test_the_parts_of_the_patient_page_follow_the_permissions(clinic: Clinic, open_app: Open) -> None:
    patient_id = make_patient(clinic)
    parts = {role: open_app(role, PATIENT, patient=patient_id).radio(key="patient_part").options for role in ROLES}
    assert parts == ROLES


ROLES = {
    "assistant": ["Overview", "Appointments", "Billing"],
    "practitioner": ["Overview", "Appointments", "Clinical", "Billing"],
    "manager": ["Overview", "Appointments", "Billing"],
    "owner": ["Overview", "Appointments", "Billing", "History"],
}


def test_every_part_of_the_patient_page_draws(clinic: Clinic, open_app: Open) -> None:
    patient_id = make_patient(clinic, alerts_json=["Latex"])
    book(clinic, patient_id, 1)
    for role, parts in ROLES.items():
        for part in parts:
            app = open_app(role, PATIENT, patient=patient_id)
            app.radio(key="patient_part").set_value(part).run()
            assert not app.exception, (role, part)
            assert not app.error, (role, part, app.error)


@pytest.mark.parametrize("damaged", ["1", "x' or 1=1", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_patient_is_a_sentence(open_app: Open, damaged: str) -> None:
    app = open_app("assistant", PATIENT, patient=damaged)
    assert not app.exception
    assert app.error[0].value.endswith(".")


def test_a_stale_form_is_refused_and_says_who_was_first(clinic: Clinic, open_app: Open) -> None:
    patient_id = make_patient(clinic)
    first, second = (open_app(role, PATIENT, patient=patient_id) for role in ("assistant", "owner"))
    for app, name in ((first, "Early"), (second, "Late")):
        press(app, "Change details")
        app.text_input(key="edit_patient_last").input(name)
    first.button(key="edit_patient_save").click().run()
    assert "is saved" in sentences(first)
    assert not second.button(key="edit_patient_save").click().run().exception
    assert "was changed by Assistant in the meantime" in second.error[0].value
    assert second.text_input(key="edit_patient_last").value == "Late"


def test_without_the_database_the_page_is_calm_and_recovers_by_itself(
    clinic: Clinic, open_app: Open, database: Database
) -> None:
    app = open_app("assistant")
    with use_database(replace(database, name="gone")):
        app.run()
        assert not app.exception
        assert "Nothing you saved is lost" in app.info[0].value
        assert not app.title
    assert [title.value for title in app.run().title] == ["Today"]
