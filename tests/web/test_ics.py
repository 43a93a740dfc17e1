"""`/ics/….ics` and `/docs/appointment/….ics` through the whole app: what opens, what does not, and who may know."""

from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import Response
from icalendar import Calendar, Event
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.auth.schemas import ChangeUserStatus
from clinic_core.auth.service import deactivate_user, reactivate_user
from clinic_core.kit.clock import now
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.schemas import (
    AppointmentRow,
    BookAppointment,
    CancelAppointment,
    CreateFeed,
    IssuedFeed,
    RevokeFeed,
)
from clinic_core.scheduling.service import book_appointment, cancel_appointment, create_feed, revoke_feed
from clinic_core.vocabulary import CancelledBy
from tests.factories import Clinic, make_clinic, make_patient
from tests.web.conftest import Browser

HOSTILE = 'commas, semicolons; \\back "quotes"\nBEGIN:VEVENT\n🏳️‍🌈 שלום مرحبا ' + "n" * 1000


def made(clinic: Clinic, *, with_names: bool = False) -> IssuedFeed:
    wish = CreateFeed(user_id=clinic.users["practitioner"], with_names=with_names)
    return perform(clinic.actor("practitioner"), create_feed, wish)


def booked(clinic: Clinic, *, days: int = 7, **fields: object) -> AppointmentRow:
    starts_at = (now() + timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    values: dict[str, object] = {
        "practitioner_user_id": clinic.users["practitioner"],
        "clinic_location_id": clinic.main,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=30),
        "product_service_id": clinic.service,
        **fields,
    }
    values.setdefault("patient_id", make_patient(clinic))
    return perform(clinic.actor("assistant"), book_appointment, BookAppointment.model_validate(values))


def events(response: Response) -> list[Event]:
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/calendar; charset=utf-8"
    parsed = Calendar.from_ical(response.content)
    assert isinstance(parsed, Calendar)
    return list(parsed.events)


def events_in_the_log(clinic: Clinic, action: str) -> list[tuple[str, UUID | None]]:
    with unit_of_work(clinic.actor("admin")) as work:
        query = text("select entity_type, actor_user_id from audit_log where action = :action")
        return [(row[0], row[1]) for row in work.session.execute(query, {"action": action})]


def test_a_program_without_a_session_reads_the_address(clinic: Clinic, browser: Browser) -> None:
    patient = make_patient(clinic, first_name="Grace", last_name="Hidden")
    row = booked(clinic, patient_id=patient, note=HOSTILE)
    feed = made(clinic)
    response = browser.client.get(feed.path.get_secret_value())
    (event,) = events(response)
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in response.headers
    assert (event["uid"], event.start, event.end) == (str(row.id), row.starts_at, row.ends_at)
    assert b"Grace" not in response.content
    assert b"semicolons" not in response.content
    assert events_in_the_log(clinic, "read") == [("ics_feed", clinic.users["practitioner"])]


def test_with_names_switched_on_hostile_text_comes_through_whole(clinic: Clinic, browser: Browser) -> None:
    booked(clinic, patient_id=make_patient(clinic, first_name="Ada;,\\", last_name="مرحبا"), note=HOSTILE)
    (event,) = events(browser.client.get(made(clinic, with_names=True).path.get_secret_value()))
    assert event["summary"] == "Follow-up: Ada;,\\ مرحبا"
    assert str(event["description"]).endswith(HOSTILE)


def test_unchanged_content_is_not_sent_again(clinic: Clinic, browser: Browser) -> None:
    row, path = booked(clinic), made(clinic).path.get_secret_value()
    tag = browser.client.get(path).headers["etag"]
    for known in (tag, f'"other", W/{tag}'):
        again = browser.client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    cancel = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, cancel)
    (event,) = events(browser.client.get(path, headers={"If-None-Match": tag}))
    assert event["status"] == "CANCELLED"


def test_all_that_opens_nothing_answers_alike(clinic: Clinic, browser: Browser) -> None:
    """Unknown, revoked, of somebody who left, of somebody who may not see appointments any more."""
    feed = made(clinic)
    left, lost = (made(clinic).path.get_secret_value() for _ in range(2))
    answers = [browser.client.get(path) for path in ("/ics/nothing.ics", f"/ics/{'x' * 5000}.ics", "/ics/ä%20.ics")]
    perform(clinic.actor("practitioner"), revoke_feed, RevokeFeed(feed_id=feed.id))
    answers.append(browser.client.get(feed.path.get_secret_value()))
    perform(clinic.actor("owner"), deactivate_user, ChangeUserStatus(user_id=clinic.users["practitioner"]))
    answers.append(browser.client.get(left))
    perform(clinic.actor("owner"), reactivate_user, ChangeUserStatus(user_id=clinic.users["practitioner"]))
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(text("delete from user_role where user_id = :user"), {"user": clinic.users["practitioner"]})
    answers.append(browser.client.get(lost))
    assert {(answer.status_code, answer.text, answer.headers["cache-control"]) for answer in answers} == {
        (404, "There is no such calendar.", "private, no-store")
    }
    assert events_in_the_log(clinic, "refused") == []


def test_only_reading_is_possible(clinic: Clinic, browser: Browser) -> None:
    path = made(clinic).path.get_secret_value()
    assert browser.client.post(path).status_code == 405
    assert browser.client.head(path).status_code == 200


def test_one_appointment_is_a_file_for_staff_and_for_its_patient(clinic: Clinic, browser: Browser) -> None:
    patient = make_patient(clinic, first_name="Grace", user_id=clinic.users["patient"])
    row = booked(clinic, patient_id=patient, note=HOSTILE, resource_ids=(clinic.room,))
    for role in ("assistant", "patient"):
        browser.sign_in(clinic, role)
        response = browser.client.get(f"/docs/appointment/{row.id}.ics")
        (event,) = events(response)
        assert response.headers["content-disposition"] == 'attachment; filename="appointment.ics"'
        assert response.headers["cache-control"] == "no-store"
        assert event["summary"] == f"Follow-up, {clinic.name}"
        assert event["location"] == "Main street (Room 1)"
        assert b"Grace" not in response.content
    assert b"METHOD:PUBLISH" in response.content
    assert sorted(events_in_the_log(clinic, "exported"), key=str) == sorted(
        [("appointment", clinic.users[role]) for role in ("assistant", "patient")], key=str
    )


def test_the_file_of_a_cancelled_appointment_says_so(clinic: Clinic, browser: Browser) -> None:
    row = booked(clinic)
    cancel = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.PATIENT)
    perform(clinic.actor("assistant"), cancel_appointment, cancel)
    browser.sign_in(clinic, "manager")
    (event,) = events(browser.client.get(f"/docs/appointment/{row.id}.ics"))
    assert (event["status"], event["uid"]) == ("CANCELLED", str(row.id))


@pytest.mark.parametrize("role", ["patient", "stranger", None])
def test_the_file_of_somebody_elses_appointment_does_not_exist(
    clinic: Clinic, browser: Browser, role: str | None
) -> None:
    row = booked(clinic)
    if role is not None:
        browser.sign_in(make_clinic() if role == "stranger" else clinic, "owner" if role == "stranger" else role)
    expected = 401 if role is None else 404
    for found in (row.id, new_id(), "1"):
        assert browser.client.get(f"/docs/appointment/{found}.ics").status_code == expected
