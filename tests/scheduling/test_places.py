"""Locations, rooms, hours, closures, absences, availability: who may change them, and what is refused."""

from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any, TypeVar

import pytest

from clinic_core.access import Work, owner_work, perform, unit_of_work
from clinic_core.errors import ClinicError, Conflict, InvalidInput, NotFound, PermissionDenied, StaleEdit
from clinic_core.kit.ids import new_id
from clinic_core.models import AppUser, ProductService
from clinic_core.scheduling.queries import (
    get_opening_hours,
    list_absences,
    list_closures,
    list_locations,
    list_practitioners,
    list_resources,
    list_services_for_booking,
    working_hours,
)
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AddClosure,
    AddLocation,
    AddResource,
    AvailabilityRule,
    GetOpeningHours,
    GetWorkingHours,
    ListAbsences,
    ListClosures,
    ListLocations,
    ListPractitioners,
    ListResources,
    ListServices,
    OpeningSpan,
    RemoveAbsence,
    RemoveClosure,
    SetAvailability,
    SetOpeningHours,
    UpdateLocation,
    UpdateResource,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_closure,
    add_location,
    add_resource,
    remove_absence,
    remove_closure,
    set_availability,
    set_opening_hours,
    update_location,
    update_resource,
)
from clinic_core.vocabulary import ResourceType, UserStatus
from tests.factories import MONDAY, Clinic, make_clinic, slot
from tests.scheduling.arrange import audited, book

Refused = Callable[[], object]
Answer = TypeVar("Answer")
ROOM = ResourceType.ROOM
MORNINGS = OpeningSpan(weekday=1, opens=time(8), closes=time(12))


def rule(clinic: Clinic, weekday: int = 1) -> AvailabilityRule:
    return AvailabilityRule(clinic_location_id=clinic.main, weekday=weekday, starts=time(9), ends=time(17))


def read(clinic: Clinic, question: Callable[[Work], Answer], *, by: str = "assistant") -> Answer:
    with unit_of_work(clinic.actor(by)) as work:
        return question(work)


def test_a_location_is_added_changed_and_taken_out_of_use(clinic: Clinic) -> None:
    admin = clinic.actor("admin")
    added = perform(admin, add_location, AddLocation(name=" Hill ", timezone="Asia/Kolkata", request_id=new_id()))
    assert (added.name, added.active, added.is_mine, added.version) == ("Hill", True, False, 1)
    change = UpdateLocation(
        clinic_location_id=added.id, name="Hilltop", timezone="Asia/Kolkata", phone="030 1", active=False, version=1
    )
    assert perform(admin, update_location, change).name == "Hilltop"
    with pytest.raises(StaleEdit):
        perform(admin, update_location, change)
    names = [row.name for row in read(clinic, lambda work: list_locations(work, ListLocations()))]
    assert names == ["Harbour", "Main street"]
    assert "Hilltop" in [
        row.name for row in read(clinic, lambda work: list_locations(work, ListLocations(with_inactive=True)))
    ]
    (entry,) = audited(clinic, "location.update")
    assert entry[3]["name"] == ["Hill", "Hilltop"]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "Name is missing"),
        ({"name": "x" * 10_000}, "100 characters"),
        ({"name": "a\0b"}, "control characters"),
        ({"timezone": "Mars/Olympus"}, "not a time zone"),
    ],
)
def test_a_location_that_cannot_be_gets_a_sentence(fields: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        AddLocation.model_validate({"name": "Hill", "timezone": "Europe/Berlin", **fields})


def test_names_of_locations_and_rooms_are_unique_whatever_the_case(clinic: Clinic) -> None:
    admin = clinic.actor("admin")
    with pytest.raises(Conflict, match="“MAIN street” exists already"):
        perform(admin, add_location, AddLocation(name="MAIN street", timezone="Europe/Berlin"))
    with pytest.raises(Conflict, match="“room 1” exists already"):
        perform(admin, add_resource, AddResource(clinic_location_id=clinic.main, type=ROOM, name="room 1"))
    elsewhere = AddResource(clinic_location_id=clinic.branch, type=ROOM, name="Room 1")
    assert perform(admin, add_resource, elsewhere).location == "Harbour"


def test_what_appointments_ahead_need_stays_in_use(clinic: Clinic) -> None:
    book(clinic, resource_ids=(clinic.room,))
    admin = clinic.actor("admin")
    out_of_use = {"clinic_location_id": clinic.main, "name": "Main street", "version": 1}
    for change in ({"timezone": "Europe/Berlin", "active": False}, {"timezone": "UTC", "active": True}):
        with pytest.raises(Conflict, match="Appointments lie ahead at Main street"):
            perform(admin, update_location, UpdateLocation.model_validate({**out_of_use, **change}))
    with pytest.raises(Conflict, match="Appointments lie ahead at Room 1"):
        perform(admin, update_resource, UpdateResource(resource_id=clinic.room, name="Room 1", active=False, version=1))
    free = UpdateResource(resource_id=clinic.second_room, name="Store", active=False, version=1)
    assert not perform(admin, update_resource, free).active
    shown = read(clinic, lambda work: list_resources(work, ListResources(clinic_location_id=clinic.main)))
    assert [(row.name, row.type.value) for row in shown] == [("Room 1", "room"), ("Laser", "equipment")]


def test_opening_hours_are_replaced_as_a_whole(clinic: Clinic) -> None:
    admin = clinic.actor("admin")
    afternoon = OpeningSpan(weekday=1, opens=time(14), closes=time(18))
    perform(admin, set_opening_hours, SetOpeningHours(clinic_location_id=clinic.main, spans=(afternoon, MORNINGS)))
    hours = read(clinic, lambda work: get_opening_hours(work, GetOpeningHours(clinic_location_id=clinic.main)))
    assert hours.spans == (MORNINGS, afternoon)
    perform(admin, set_opening_hours, SetOpeningHours(clinic_location_id=clinic.main, spans=()))
    assert {row[1] for row in audited(clinic, "location.set_hours")} == {"insert", "delete"}


def test_a_closure_of_the_whole_clinic_is_one_of_every_location(clinic: Clinic) -> None:
    manager = clinic.actor("manager")
    days: dict[str, Any] = {"starts_on": date(2031, 3, 3), "ends_on": date(2031, 3, 4)}
    everywhere = perform(manager, add_closure, AddClosure(name="Holiday", **days))
    perform(manager, add_closure, AddClosure(clinic_location_id=clinic.branch, name="Works", **days))

    def closures() -> list[tuple[str, str]]:
        question = ListClosures(clinic_location_id=clinic.main, ends_from=date(2031, 3, 4))
        return [(row.name, row.location) for row in read(clinic, lambda work: list_closures(work, question))]

    assert closures() == [("Holiday", "")]
    perform(manager, remove_closure, RemoveClosure(closure_id=everywhere.id, request_id=new_id()))
    assert closures() == []
    with pytest.raises(InvalidInput, match="before the first day"):
        AddClosure(name="Back", starts_on=date(2031, 3, 4), ends_on=date(2031, 3, 3))


def test_the_reason_of_an_absence_is_told_to_planners_and_oneself(clinic: Clinic) -> None:
    starts_at, ends_at = slot()
    absence = AddAbsence(user_id=clinic.users["practitioner"], starts_at=starts_at, ends_at=ends_at, reason="Surgery")
    added = perform(clinic.actor("practitioner"), add_absence, absence)

    def reasons(by: str) -> list[str]:
        question = ListAbsences(starts_before=ends_at, ends_after=starts_at)
        return [row.reason for row in read(clinic, lambda work: list_absences(work, question), by=by)]

    assert [reasons(by) for by in ("manager", "practitioner", "assistant", "second_practitioner")] == [
        ["Surgery"],
        ["Surgery"],
        [""],
        [""],
    ]
    assert "Surgery" not in str(audited(clinic, "absence.add"))
    with pytest.raises(NotFound):
        perform(clinic.actor("second_practitioner"), remove_absence, RemoveAbsence(absence_id=added.id))
    perform(clinic.actor("manager"), remove_absence, RemoveAbsence(absence_id=added.id))
    assert reasons("manager") == []


def test_practitioners_decide_about_their_own_hours_only(clinic: Clinic) -> None:
    mine = SetAvailability(practitioner_user_id=clinic.users["practitioner"], rules=(rule(clinic), rule(clinic, 2)))
    assert perform(clinic.actor("practitioner"), set_availability, mine).rules == mine.rules
    with pytest.raises(NotFound):
        perform(clinic.actor("second_practitioner"), set_availability, mine)
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("assistant"), set_availability, mine)
    with pytest.raises(StaleEdit):
        perform(clinic.actor("manager"), set_availability, mine.model_copy(update={"version": 1}))
    people = read(clinic, lambda work: list_practitioners(work, ListPractitioners(clinic_location_id=clinic.main)))
    assert [(row.name, len(row.availability), row.location_ids) for row in people] == [
        ("Practitioner", 2, (clinic.main,)),
        ("Second Practitioner", 0, (clinic.main,)),
    ]
    nobody = read(clinic, lambda work: list_practitioners(work, ListPractitioners(clinic_location_id=clinic.branch)))
    assert nobody == []


def test_working_hours_are_rota_less_absences_and_closures(clinic: Clinic) -> None:
    admin, practitioner = clinic.actor("admin"), clinic.users["practitioner"]
    rules = tuple(rule(clinic, day) for day in (1, 2))
    perform(admin, set_availability, SetAvailability(practitioner_user_id=practitioner, rules=rules))
    perform(admin, set_opening_hours, SetOpeningHours(clinic_location_id=clinic.main, spans=(MORNINGS,)))
    closed = AddClosure(name="Holiday", starts_on=date(2031, 3, 4), ends_on=date(2031, 3, 4))
    perform(admin, add_closure, closed)
    away = AddAbsence(user_id=practitioner, starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=1))
    perform(admin, add_absence, away)
    question = GetWorkingHours(clinic_location_id=clinic.main, first=date(2031, 3, 3), last=date(2031, 3, 9))
    shown = read(clinic, lambda work: working_hours(work, question))
    assert shown.timezone == "Europe/Berlin"
    assert [f"{span.starts_at:%d %H}-{span.ends_at:%H}" for span in shown.opening] == ["03 07-11"]
    assert [f"{span.starts_at:%d %H}-{span.ends_at:%H}" for span in shown.working[practitioner]] == [
        "03 08-09",
        "03 10-16",
    ]
    assert shown.working[clinic.users["second_practitioner"]] == ()
    assert ([row.name for row in shown.closures], len(shown.absences)) == (["Holiday"], 1)
    with pytest.raises(InvalidInput, match="forward"):
        GetWorkingHours(clinic_location_id=clinic.main, first=date(2031, 3, 9), last=date(2031, 3, 3))


def test_only_what_can_be_booked_is_offered(clinic: Clinic) -> None:
    def services(*, online_only: bool = False) -> list[str]:
        question = ListServices(online_only=online_only)
        return [row.code for row in read(clinic, lambda work: list_services_for_booking(work, question))]

    assert (services(), services(online_only=True)) == (["FU30"], ["FU30"])
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).bookable_online = False
    assert (services(), services(online_only=True)) == (["FU30"], [])
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(ProductService, clinic.service).active = False
        session.get_one(AppUser, clinic.users["practitioner"]).status = UserStatus.INACTIVE
    assert services() == []
    people = read(clinic, lambda work: list_practitioners(work, ListPractitioners()))
    assert [row.name for row in people] == ["Second Practitioner"]


@pytest.mark.parametrize("role", ["manager", "practitioner", "assistant", "patient"])
def test_places_are_changed_by_those_who_keep_the_settings(clinic: Clinic, role: str) -> None:
    actor = clinic.actor(role)
    refused: list[Refused] = [
        lambda: perform(actor, add_location, AddLocation(name="Hill", timezone="UTC")),
        lambda: perform(actor, add_resource, AddResource(clinic_location_id=clinic.main, type=ROOM, name="Room 9")),
        lambda: perform(actor, set_opening_hours, SetOpeningHours(clinic_location_id=clinic.main, spans=())),
    ]
    if role != "manager":
        day = date(2031, 3, 3)
        refused.append(lambda: perform(actor, add_closure, AddClosure(name="Holiday", starts_on=day, ends_on=day)))
    for attempt in refused:
        with pytest.raises(PermissionDenied):
            attempt()


def test_nothing_of_another_clinic_is_changed_or_used(clinic: Clinic) -> None:
    other, admin, day = make_clinic(), clinic.actor("admin"), date(2031, 3, 3)
    person, (starts_at, ends_at) = other.users["practitioner"], slot()
    closure = perform(other.actor("admin"), add_closure, AddClosure(name="Theirs", starts_on=day, ends_on=day))
    absence = AddAbsence(user_id=person, starts_at=starts_at, ends_at=ends_at)
    away = perform(other.actor("admin"), add_absence, absence)
    mine = clinic.users["practitioner"]
    attempts: list[Refused] = [
        lambda: perform(
            admin,
            update_location,
            UpdateLocation(clinic_location_id=other.main, name="Mine", timezone="UTC", version=1),
        ),
        lambda: perform(admin, add_resource, AddResource(clinic_location_id=other.main, type=ROOM, name="Mine")),
        lambda: perform(admin, update_resource, UpdateResource(resource_id=other.room, name="Mine", version=1)),
        lambda: perform(admin, set_opening_hours, SetOpeningHours(clinic_location_id=other.main, spans=())),
        lambda: perform(
            admin, add_closure, AddClosure(clinic_location_id=other.main, name="Mine", starts_on=day, ends_on=day)
        ),
        lambda: perform(admin, remove_closure, RemoveClosure(closure_id=closure.id)),
        lambda: perform(admin, add_absence, absence),
        lambda: perform(admin, remove_absence, RemoveAbsence(absence_id=away.id)),
        lambda: perform(admin, set_availability, SetAvailability(practitioner_user_id=person, rules=())),
        lambda: perform(admin, set_availability, SetAvailability(practitioner_user_id=mine, rules=(rule(other),))),
        lambda: read(clinic, lambda work: get_opening_hours(work, GetOpeningHours(clinic_location_id=other.main))),
        lambda: read(
            clinic,
            lambda work: working_hours(work, GetWorkingHours(clinic_location_id=other.main, first=day, last=day)),
        ),
    ]
    for attempt in attempts:
        with pytest.raises(NotFound) as refused:
            attempt()
        assert isinstance(refused.value, ClinicError)
    everything = read(clinic, lambda work: list_closures(work, ListClosures()), by="admin")
    assert everything == []
