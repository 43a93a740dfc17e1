"""What the clinic writes for itself is read by no patient, whatever a patient may ask or do (I3)."""

from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel
from sqlalchemy import select, text
from sqlmodel import col

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import NotFound
from clinic_core.models import (
    Absence,
    Appointment,
    AppointmentFee,
    AppointmentSeries,
    AppUser,
    Patient,
    ResourceOutage,
    WaitingListEntry,
)
from clinic_core.scheduling.queries import (
    appointment_history,
    get_appointment,
    list_fees,
    list_practitioners,
    list_resources,
    working_hours,
)
from clinic_core.scheduling.schemas import (
    AcceptOffer,
    AppointmentRow,
    CancelAppointment,
    ChangeStatus,
    DeleteAppointment,
    EditAppointment,
    GetAppointment,
    GetOpeningHours,
    GetSeries,
    GetWorkingHours,
    ListAppointments,
    ListDay,
    ListFees,
    ListPractitioners,
    ListResources,
    ListWaiting,
    MoveAppointment,
)
from clinic_core.scheduling.schemas.waiting_list import GetWaiting
from clinic_core.scheduling.service import (
    cancel_appointment,
    change_status,
    delete_appointment,
    edit_appointment,
    move_appointment,
)
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ConflictKind, FeeKind, FeeStatus, UserStatus
from tests.access.test_every_use_case import REQUESTED, attempt, builder
from tests.db.full_clinic import make_full_clinic
from tests.factories import MONDAY, Clinic, make_patient, slot
from tests.harness import Database
from tests.scheduling.arrange import book, booking
from tests.scheduling.conflict_arrange import rota
from tests.scheduling.series_arrange import repeat
from tests.scheduling.waiting import offer, wait

STAFF = "Written by the clinic"
# The people of the clinic whose name no patient needs; practitioners are told.
AT_THE_DESK = ("Assistant", "Manager", "Admin", "Owner")


@dataclass(frozen=True)
class Mine:
    """What the clinic has of its patient with a sign-in: something of all, with its own words in all of it."""

    patient: UUID
    ahead: AppointmentRow
    series: UUID
    entry: UUID
    offer: UUID


@pytest.fixture
def clinic(database: Database) -> Clinic:
    """A row in each table, so that there is something to ask for by every name."""
    return make_full_clinic(database)


@pytest.fixture
def mine(clinic: Clinic) -> Mine:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    colleague = clinic.users["second_practitioner"]
    series = repeat(clinic, "FREQ=WEEKLY;COUNT=2", patient_id=me, practitioner_user_id=colleague).id
    ahead, off, missed = (book(clinic, hours, patient_id=me, product_service_id=clinic.service) for hours in (1, 2, 3))
    called = CancelAppointment(appointment_id=off.id, cancelled_by=CancelledBy.PATIENT, reason=STAFF)
    perform(clinic.actor("assistant"), cancel_appointment, called)
    entry = wait(clinic, patient_id=me)
    offered = offer(clinic, entry, 4)
    with owner_work("test.arrange", clinic.organization_id) as session:
        session.get_one(Patient, me).alerts_json = [STAFF]
        session.get_one(AppointmentSeries, series).note = STAFF
        session.get_one(WaitingListEntry, entry.id).note = STAFF
        for row in (ahead, off, missed):
            appointment = session.get_one(Appointment, row.id)
            appointment.note = appointment.double_book_reason = appointment.override_reason = STAFF
            appointment.override_kinds_json = [ConflictKind.ABSENCE.value]
        session.add(
            AppointmentFee(
                organization_id=clinic.organization_id,
                appointment_id=missed.id,
                patient_id=me,
                kind=FeeKind.NO_SHOW,
                amount=Decimal("20.00"),
                status=FeeStatus.WAIVED,
                waived_reason=STAFF,
            )
        )
        starts_at, ends_at = slot(48)
        times: dict[str, Any] = {"organization_id": clinic.organization_id, "starts_at": starts_at, "ends_at": ends_at}
        session.add(Absence(user_id=clinic.users["practitioner"], reason=STAFF, **times))
        session.add(ResourceOutage(resource_id=clinic.laser, reason=STAFF, **times))
        session.execute(
            text("update appointment set note = :note where series_id = :series"), {"note": STAFF, "series": series}
        )
    kept = perform(clinic.actor("assistant"), get_appointment, GetAppointment(appointment_id=ahead.id))
    return Mine(me, kept, series, entry.id, offered.id)


def asked(clinic: Clinic, mine: Mine) -> dict[str, BaseModel]:
    """What a patient asks and does that is answered, by the name of the use case."""
    starts_at, ends_at = slot(6)
    ahead = mine.ahead
    return {
        "appointment.list": ListAppointments(starts_from=MONDAY, starts_before=ends_at),
        "appointment.day": ListDay(clinic_location_id=clinic.main, day=MONDAY.date()),
        "appointment.get": GetAppointment(appointment_id=ahead.id),
        "appointment.history": GetAppointment(appointment_id=ahead.id),
        "appointment.calendar_file": GetAppointment(appointment_id=ahead.id),
        "appointment.book": booking(clinic, 5, patient_id=mine.patient, product_service_id=clinic.service),
        "appointment.move": MoveAppointment(
            appointment_id=ahead.id, version=ahead.version, starts_at=starts_at, ends_at=ends_at
        ),
        "appointment.cancel": CancelAppointment(appointment_id=ahead.id, cancelled_by=CancelledBy.PATIENT),
        "appointment.change_status": ChangeStatus(appointment_id=ahead.id, status=AppointmentStatus.CONFIRMED),
        "practitioner.list": ListPractitioners(),
        "location.hours": GetOpeningHours(clinic_location_id=clinic.main),
        "schedule.working_hours": GetWorkingHours(
            clinic_location_id=clinic.main, first=MONDAY.date(), last=MONDAY.date() + timedelta(days=3)
        ),
        "series.get": GetSeries(series_id=mine.series),
        "waiting.list": ListWaiting(),
        "waiting.get": GetWaiting(entry_id=mine.entry),
        "offer.accept": AcceptOffer(offer_id=mine.offer),
        "fee.list": ListFees(patient_id=mine.patient, statuses=tuple(FeeStatus)),
    }


def test_patients_read_nothing_that_the_clinic_writes_for_itself(
    clinic: Clinic, mine: Mine, database: Database
) -> None:
    """Every read and write of the calendar, as a patient: answered or refused, never with the words of the clinic."""
    patient, build, requests = clinic.actor("patient"), builder(database, clinic), asked(clinic, mine)
    answered = set()
    for entry, kind in REQUESTED:
        if entry.function.startswith(("clinic_core.scheduling", "clinic_core.notifications")):
            request = requests.get(entry.name)
            answer = attempt(patient, entry, lambda: request or build.request(kind))  # noqa: B023
            said = f"{answer!r} {answer}"
            assert [word for word in (STAFF, *AT_THE_DESK) if word in said] == [], entry.name
            answered |= set() if isinstance(answer, Exception) or not answer else {entry.name}
    assert requests.keys() - answered == set()


def test_the_clinic_reads_its_own_words(clinic: Clinic, mine: Mine) -> None:
    for role in ("manager", "assistant", "practitioner", "second_practitioner"):
        row = perform(clinic.actor(role), get_appointment, GetAppointment(appointment_id=mine.ahead.id))
        assert (row.note, row.override_reason, row.patient_alerts) == (STAFF, STAFF, (STAFF,))
    fees = perform(clinic.actor("manager"), list_fees, ListFees(patient_id=mine.patient, statuses=tuple(FeeStatus)))
    assert [fee.waived_reason for fee in fees] == [STAFF]


def test_patients_read_why_they_cancelled_themselves(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    row = book(clinic, 1, patient_id=me)
    off = CancelAppointment(appointment_id=row.id, cancelled_by=CancelledBy.PATIENT, reason="Ill")
    assert perform(clinic.actor("patient"), cancel_appointment, off).cancel_reason == "Ill"
    found = perform(clinic.actor("patient"), get_appointment, GetAppointment(appointment_id=row.id))
    assert found.cancel_reason == "Ill"


def test_patients_read_the_note_that_they_wrote_themselves_until_the_clinic_writes_another(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    row = book(clinic, 1, by="patient", patient_id=me, product_service_id=clinic.service, note="My knee again")
    get = GetAppointment(appointment_id=row.id)
    assert row.note == "My knee again"
    assert perform(clinic.actor("patient"), get_appointment, get).note == "My knee again"
    assert perform(clinic.actor("assistant"), get_appointment, get).note == "My knee again"
    starts_at, ends_at = slot(6)
    move = MoveAppointment(appointment_id=row.id, version=row.version, starts_at=starts_at, ends_at=ends_at)
    assert perform(clinic.actor("patient"), move_appointment, move).note == "My knee again"
    edit = EditAppointment(appointment_id=row.id, note=STAFF, version=row.version + 1)
    assert perform(clinic.actor("assistant"), edit_appointment, edit).note == STAFF
    assert perform(clinic.actor("patient"), get_appointment, get).note == ""


def test_who_wrote_a_note_is_told_by_the_database_alone(clinic: Clinic) -> None:
    row = book(clinic, 1, note=STAFF)
    claim = text("update appointment set note_by = :user, note = :note where id = :id")
    for note in (STAFF, "Another"):
        with unit_of_work(clinic.actor("assistant")) as work:
            work.session.execute(text("select set_config('clinic.use_case', 'test.claim', true)"))
            work.session.execute(claim, {"user": clinic.users["patient"], "note": note, "id": row.id})
            written_by = work.session.scalars(
                select(col(Appointment.note_by)).where(col(Appointment.id) == row.id)
            ).one()
        assert written_by == clinic.users["assistant"]


def test_patients_read_that_the_clinic_changed_an_appointment_and_what_they_changed_themselves(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    row = book(clinic, 1, patient_id=me)
    confirmed = ChangeStatus(appointment_id=row.id, status=AppointmentStatus.CONFIRMED)
    perform(clinic.actor("patient"), change_status, confirmed)
    get = GetAppointment(appointment_id=row.id)
    steps = perform(clinic.actor("patient"), appointment_history, get)
    assert [(step.by, step.to_practitioner) for step in steps] == [
        ("the clinic", "Practitioner"),
        ("Patient", "Practitioner"),
    ]
    for reader in ("assistant", "practitioner"):
        assert [step.by for step in perform(clinic.actor(reader), appointment_history, get)] == ["Assistant", "Patient"]


def test_patients_read_no_history_of_what_was_entered_by_mistake(clinic: Clinic) -> None:
    me = make_patient(clinic, user_id=clinic.users["patient"])
    row = book(clinic, 1, patient_id=me)
    perform(clinic.actor("assistant"), delete_appointment, DeleteAppointment(appointment_id=row.id))
    get = GetAppointment(appointment_id=row.id)
    with pytest.raises(NotFound):
        perform(clinic.actor("patient"), appointment_history, get)
    assert len(perform(clinic.actor("assistant"), appointment_history, get)) == 2


def test_patients_read_who_practises_where_and_nothing_else_of_rota_rooms_and_absences(clinic: Clinic) -> None:
    rota(clinic, time(8), time(17))
    patient, assistant = clinic.actor("patient"), clinic.actor("assistant")
    with owner_work("test.arrange", clinic.organization_id) as session:
        left = session.scalars(select(AppUser).where(col(AppUser.id) == clinic.users["second_practitioner"])).one()
        left.status = UserStatus.INACTIVE
    everybody = ListPractitioners(with_inactive=True)
    known = {row.name: row for row in perform(patient, list_practitioners, everybody)}
    assert [(name, row.location_ids) for name, row in known.items()] == [("Practitioner", (clinic.main,))]
    assert (known["Practitioner"].availability, known["Practitioner"].license_number) == ((), "")
    staff = {row.name: row for row in perform(assistant, list_practitioners, everybody)}
    assert (len(staff), len(staff["Practitioner"].availability)) == (2, 1)
    assert perform(patient, list_resources, ListResources()) == []
    assert len(perform(assistant, list_resources, ListResources())) == 3
    week = GetWorkingHours(clinic_location_id=clinic.main, first=MONDAY.date(), last=MONDAY.date())
    assert perform(patient, working_hours, week).working == {}
    assert clinic.users["practitioner"] in perform(assistant, working_hours, week).working
