"""Calendar addresses: who makes and revokes them, what is stored of them, what they show, and to whom."""

from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import event, text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.auth.sessions import hash_token
from clinic_core.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at, now
from clinic_core.kit.ids import new_id
from clinic_core.scheduling.queries import find_feed, list_feeds
from clinic_core.scheduling.schemas import (
    CancelAppointment,
    CreateFeed,
    DeleteAppointment,
    FeedContent,
    GetAppointment,
    IssuedFeed,
    ListFeeds,
    ReadFeed,
    RevokeFeed,
)
from clinic_core.scheduling.service import (
    cancel_appointment,
    create_feed,
    delete_appointment,
    open_appointment_file,
    read_feed,
    revoke_feed,
)
from clinic_core.scheduling.service.feeds import MOST_FEEDS
from clinic_core.vocabulary import AppointmentStatus, CancelledBy
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.arrange import audited, book

WEEK_BEFORE = MONDAY - timedelta(days=7)


def make_feed(clinic: Clinic, role: str = "practitioner", *, by: str = "", with_names: bool = False) -> IssuedFeed:
    wish = CreateFeed(user_id=clinic.users[role], with_names=with_names)
    return perform(clinic.actor(by or role), create_feed, wish)


def token_of(feed: IssuedFeed) -> str:
    return feed.path.get_secret_value().removeprefix("/ics/").removesuffix(".ics")


def shown(clinic: Clinic, feed: IssuedFeed, role: str = "practitioner") -> FeedContent:
    """What the address shows a week before the Monday of the bookings."""
    with frozen_at(WEEK_BEFORE):
        return perform(clinic.actor(role), read_feed, ReadFeed(feed_id=feed.id))


def stored(clinic: Clinic, feed_id: UUID) -> tuple[bytes, bool]:
    with owner_work("test.look") as session:
        row = session.execute(text("select token_hash, with_names from ics_feed where id = :id"), {"id": feed_id}).one()
    return bytes(row.token_hash), row.with_names


def test_an_address_is_told_once_and_only_its_hash_is_kept(clinic: Clinic) -> None:
    feed = make_feed(clinic)
    assert len(token_of(feed)) == 43
    assert stored(clinic, feed.id) == (hash_token(token_of(feed)), False)
    found = find_feed(token_of(feed))
    assert found is not None
    assert (found.feed_id, found.user_id) == (feed.id, clinic.users["practitioner"])
    assert token_of(feed) not in repr(audited(clinic, "feed.create"))
    assert [row[:3] for row in audited(clinic, "feed.create")] == [("ics_feed", "insert", found.user_id)]


def test_a_repeated_request_makes_no_second_address_and_tells_nothing(clinic: Clinic) -> None:
    wish = CreateFeed(user_id=clinic.users["practitioner"], request_id=new_id())
    first, second = (perform(clinic.actor("practitioner"), create_feed, wish) for _ in range(2))
    assert (first.id, first.was_shown, second.was_shown) == (second.id, False, True)
    assert second.path == SecretStr("**********")


@pytest.mark.parametrize("role", ["manager", "admin", "owner"])
def test_who_plans_the_rota_makes_and_revokes_addresses_of_others(clinic: Clinic, role: str) -> None:
    feed = make_feed(clinic, by=role)
    listed = ListFeeds(user_id=clinic.users["practitioner"])
    (row,) = perform(clinic.actor("practitioner"), list_feeds, listed)
    assert (row.id, row.created_by, row.last_read_at) == (feed.id, role.title(), None)
    perform(clinic.actor(role), revoke_feed, RevokeFeed(feed_id=feed.id))
    assert find_feed(token_of(feed)) is None
    assert perform(clinic.actor(role), list_feeds, listed) == []


@pytest.mark.parametrize("role", ["second_practitioner", "assistant", "patient"])
def test_the_calendar_of_a_colleague_is_nobodys_to_give_away(clinic: Clinic, role: str) -> None:
    feed = make_feed(clinic)
    user_id = clinic.users["practitioner"]
    for function, request in (
        (create_feed, CreateFeed(user_id=user_id)),
        (revoke_feed, RevokeFeed(feed_id=feed.id)),
        (list_feeds, ListFeeds(user_id=user_id)),
        (read_feed, ReadFeed(feed_id=feed.id)),
    ):
        with pytest.raises(NotFound):
            perform(clinic.actor(role), function, request)  # type: ignore[arg-type]
    assert find_feed(token_of(feed)) is not None


def test_somebody_without_a_practitioners_profile_has_no_calendar_to_share(clinic: Clinic) -> None:
    for role in ("assistant", "patient"):
        with pytest.raises(InvalidInput, match="Only practitioners"):
            make_feed(clinic, role)


def test_another_organisation_finds_nothing_under_the_ids(clinic: Clinic) -> None:
    feed, stranger = make_feed(clinic), make_clinic().actor("owner")
    with pytest.raises(NotFound):
        perform(stranger, create_feed, CreateFeed(user_id=clinic.users["practitioner"]))
    with pytest.raises(NotFound):
        perform(stranger, revoke_feed, RevokeFeed(feed_id=feed.id))


def test_there_are_at_most_ten_addresses_and_a_revoked_one_makes_room(clinic: Clinic) -> None:
    feeds = [make_feed(clinic) for _ in range(MOST_FEEDS)]
    with pytest.raises(Conflict, match="10 calendar addresses"):
        make_feed(clinic)
    perform(clinic.actor("practitioner"), revoke_feed, RevokeFeed(feed_id=feeds[0].id))
    make_feed(clinic)


def test_without_names_nothing_of_the_patient_or_the_desks_note_is_shown(clinic: Clinic) -> None:
    patient = make_patient(clinic, first_name="Grace", last_name="Hidden")
    book(clinic, patient_id=patient, note="Bring Grace's papers", product_service_id=clinic.service)
    closed, open_ = shown(clinic, make_feed(clinic)), shown(clinic, make_feed(clinic, with_names=True))
    assert "Grace" not in closed.model_dump_json()
    assert closed.appointments[0].service == "Follow-up"
    assert (open_.appointments[0].patient, open_.appointments[0].note) == ("Grace Hidden", "Bring Grace's papers")


def test_it_shows_the_own_appointments_and_absences_of_a_window(clinic: Clinic) -> None:
    kept = book(clinic, resource_ids=(clinic.laser, clinic.room))
    book(clinic, practitioner_user_id=clinic.users["second_practitioner"])
    book(clinic, 24 * 400)
    deleted = book(clinic, 24)
    perform(clinic.actor("assistant"), delete_appointment, DeleteAppointment(appointment_id=deleted.id))
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "insert into absence (id, organization_id, user_id, starts_at, ends_at, kind, reason)"
                " values (gen_random_uuid(), :org, :user, :from, :from + interval '1 day', 'sick', 'Flu')"
            ),
            {"org": clinic.organization_id, "user": clinic.users["practitioner"], "from": MONDAY + timedelta(days=2)},
        )
    content = shown(clinic, make_feed(clinic))
    assert [(row.id, row.rooms) for row in content.appointments] == [(kept.id, ("Laser", "Room 1"))]
    assert [(row.starts_at, row.kind) for row in content.absences] == [(MONDAY + timedelta(days=2), None)]
    assert "Flu" not in content.model_dump_json()
    assert content.name == f"Practitioner, {clinic.name}"


def test_a_cancelled_appointment_stays_and_says_so(clinic: Clinic) -> None:
    row = book(clinic)
    cancel = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.CLINIC)
    perform(clinic.actor("assistant"), cancel_appointment, cancel)
    (entry,) = shown(clinic, make_feed(clinic)).appointments
    assert entry.status is AppointmentStatus.CANCELLED
    assert entry.version > row.version


def test_reading_is_audited_once_per_quarter_of_an_hour(clinic: Clinic) -> None:
    feed = make_feed(clinic)
    actor = clinic.actor("practitioner")
    for minutes in (0, 5, 14, 16):
        with frozen_at(now() + timedelta(minutes=minutes)):
            perform(actor, read_feed, ReadFeed(feed_id=feed.id))
    assert [row[:3] for row in audited(clinic, "feed.read")] == [("ics_feed", "read", actor.user_id)] * 2
    (row,) = perform(actor, list_feeds, ListFeeds(user_id=clinic.users["practitioner"]))
    assert row.last_read_at is not None


def test_the_cost_of_a_feed_does_not_grow_with_its_appointments(clinic: Clinic) -> None:
    feed = make_feed(clinic)
    for hours in range(8):
        book(clinic, hours, resource_ids=(clinic.room,))
    with frozen_at(WEEK_BEFORE), unit_of_work(clinic.actor("practitioner")) as work:
        counted: list[str] = []
        event.listen(work.session.connection(), "before_cursor_execute", lambda *args: counted.append(args[2]))
        assert len(read_feed(work, ReadFeed(feed_id=feed.id)).appointments) == 8
    assert len([sql for sql in counted if "set_config" not in sql]) <= 6


def test_a_file_is_for_staff_in_reach_and_for_the_patient_whose_it_is(clinic: Clinic) -> None:
    own = make_patient(clinic, first_name="Grace", user_id=clinic.users["patient"])
    mine, other = book(clinic, patient_id=own, note="Owes us"), book(clinic, 2)
    for role in ("patient", "assistant", "practitioner", "manager"):
        file = perform(clinic.actor(role), open_appointment_file, GetAppointment(appointment_id=mine.id))
        assert (file.organization, file.appointment.patient, file.appointment.note) == (clinic.name, "", "")
    with pytest.raises(NotFound):
        perform(clinic.actor("patient"), open_appointment_file, GetAppointment(appointment_id=other.id))
    with pytest.raises(NotFound):
        perform(make_clinic().actor("owner"), open_appointment_file, GetAppointment(appointment_id=mine.id))
    events = audited(clinic, "appointment.calendar_file")
    assert events[0] == ("appointment", "exported", clinic.users["patient"], {"format": "ics"})
    assert len(events) == 4


def test_whoever_may_see_no_appointments_makes_no_address(clinic: Clinic) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.execute(
            text(
                "delete from role_permission where permission_id = (select id from permission where key ="
                " 'appointment.read') and organization_id = :org"
            ),
            {"org": clinic.organization_id},
        )
    with pytest.raises(PermissionDenied):
        make_feed(clinic)
