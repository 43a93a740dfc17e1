"""What the one validator finds in the way of imported appointments is listed; nothing of the past is refused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import event

from clinic_core.access import owner_work, perform, system_actor
from clinic_core.db.engine import app_engine
from clinic_core.interchange.synthea import ImportReport
from clinic_core.interchange.synthea.report import Entity, Flag
from clinic_core.models import ProductService
from clinic_core.scheduling.schemas import (
    AddAbsence,
    AddClosure,
    AppointmentRow,
    AvailabilityRule,
    BookAppointment,
    CancelAppointment,
    OpeningSpan,
    SetAvailability,
    SetOpeningHours,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_closure,
    book_appointment,
    cancel_appointment,
    set_availability,
    set_opening_hours,
)
from clinic_core.vocabulary import CancelledBy, ProductType
from tests.interchange.conftest import Imported
from tests.interchange.synthea_files import write_clinic

FRIDAY = date(2023, 1, 27)
"""The day of the second encounter; the file of every test has the first on the day before."""

KNOWN = {"START": "2023-01-26T09:00:00Z", "STOP": "2023-01-26T09:30:00Z"}
NEXT = {"Id": "e-2", "START": "2023-01-27T16:00:00Z", "STOP": "2023-01-27T16:30:00Z"}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime.combine(FRIDAY, time(hour, minute), UTC)


class Taught:
    """A clinic that came from a first import, and that plans its calendar since."""

    def __init__(self, imported: Imported) -> None:
        self.imported = imported
        self.actor = system_actor(imported.name)
        self.place, self.practitioner, self.patient = (
            self._only(f"select id from {table} where organization_id = {{org}}")
            for table in ("clinic_location", "app_user", "patient")
        )

    def _only(self, query: str) -> UUID:
        found = self.imported.value(query)
        assert isinstance(found, UUID)
        return found

    def rota(self) -> None:
        rule = AvailabilityRule(clinic_location_id=self.place, weekday=5, starts=time(8), ends=time(16, 15))
        perform(self.actor, set_availability, SetAvailability(practitioner_user_id=self.practitioner, rules=(rule,)))

    def opening(self) -> None:
        span = OpeningSpan(weekday=5, opens=time(8), closes=time(12))
        perform(self.actor, set_opening_hours, SetOpeningHours(clinic_location_id=self.place, spans=(span,)))

    def absence(self) -> None:
        request = AddAbsence(user_id=self.practitioner, starts_at=at(16, 15), ends_at=at(23))
        perform(self.actor, add_absence, request)

    def closure(self) -> None:
        perform(self.actor, add_closure, AddClosure(starts_on=FRIDAY, ends_on=FRIDAY, name="Founding day"))

    def book(self, starts_at: datetime, ends_at: datetime, service: UUID | None = None) -> AppointmentRow:
        """An appointment that the clinic entered itself, after the fact."""
        request = BookAppointment(
            patient_id=self.patient,
            practitioner_user_id=self.practitioner,
            clinic_location_id=self.place,
            starts_at=starts_at,
            ends_at=ends_at,
            product_service_id=service,
            override_reason="Entered later",
        )
        return perform(self.actor, book_appointment, request)

    def overlapping(self) -> None:
        self.book(at(16, 15), at(17))

    def cancelled(self) -> None:
        made = self.book(at(16, 15), at(17))
        request = CancelAppointment(
            appointment_id=made.id, cancelled_by=CancelledBy.CLINIC, reason="Entered twice", version=made.version
        )
        perform(self.actor, cancel_appointment, request)

    def buffer(self) -> None:
        with owner_work("test.arrange", self.actor.organization_id) as session:
            service = ProductService(
                organization_id=self.actor.organization_id,
                code="BUF",
                name="Buffered",
                type=ProductType.SERVICE,
                unit_price=Decimal(1),
                duration_minutes=30,
                buffer_minutes=15,
            )
            service_id = service.id
            session.add(service)
        self.book(at(15, 30), at(16), service_id)


def flags_of(report: ImportReport, external_id: str) -> set[Flag]:
    return {flag for row in report.listed if row.external_id == external_id for flag in row.flags}


@pytest.mark.parametrize(
    ("arrange", "flags"),
    [
        (Taught.rota, {Flag.OUTSIDE_HOURS}),
        (Taught.opening, {Flag.OUTSIDE_HOURS}),
        (Taught.absence, {Flag.DURING_ABSENCE}),
        (Taught.closure, {Flag.ON_CLOSED_DAY}),
        (Taught.buffer, {Flag.WITHIN_BUFFER}),
        (Taught.overlapping, {Flag.OVERLAPS_PATIENT, Flag.OVERLAPS_PRACTITIONER}),
        (Taught.cancelled, set[Flag]()),
    ],
)
def test_what_an_imported_appointment_lies_over_is_listed_and_it_is_kept(
    imported: Imported, tmp_path: Path, arrange: Callable[[Taught], None], flags: set[Flag]
) -> None:
    imported.run(write_clinic(tmp_path / "csv", encounters=[KNOWN]))
    arrange(Taught(imported))
    directory = write_clinic(tmp_path / "csv", encounters=[KNOWN, NEXT])
    report = imported.run(directory)
    assert flags_of(report, "e-2") == flags
    assert flags_of(report, "encounter-1") == set()
    assert report.counts[Entity.ENCOUNTERS].created == 1
    assert imported.value("select count(*) from appointment where imported and organization_id = {org}") == 2
    before = imported.state()
    assert imported.run(directory).reasons == report.reasons
    assert imported.state() == before


def test_a_long_stay_that_was_imported_before_is_asked_about_again(imported: Imported, tmp_path: Path) -> None:
    week = {"Id": "week", "START": "2023-02-02T00:00:00Z", "STOP": "2023-02-09T00:00:00Z", "PROVIDER": "provider-2"}
    inside = {"Id": "inside", "START": "2023-02-08T10:00:00Z", "STOP": "2023-02-08T10:15:00Z"}
    colleague = inside | {"Id": "colleague", "PATIENT": "patient-2", "PROVIDER": "provider-2"}
    people = {"patients": [{}, {"Id": "patient-2"}], "providers": [{}, {"Id": "provider-2"}]}
    imported.run(write_clinic(tmp_path / "csv", encounters=[week], **people))
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[week, inside, colleague], **people))
    assert flags_of(report, "inside") == {Flag.OVERLAPS_PATIENT}
    assert flags_of(report, "colleague") == {Flag.OVERLAPS_PRACTITIONER}
    assert flags_of(report, "week") == {Flag.LONGER_THAN_A_DAY}


def test_a_later_encounter_that_was_imported_before_is_listed_once(imported: Imported, tmp_path: Path) -> None:
    later = {"Id": "later", "START": "2023-01-27T16:15:00Z", "STOP": "2023-01-27T16:45:00Z"}
    imported.run(write_clinic(tmp_path / "csv", encounters=[later]))
    report = imported.run(write_clinic(tmp_path / "csv", encounters=[later, NEXT]))
    assert flags_of(report, "e-2") == set()
    assert flags_of(report, "later") == {Flag.OVERLAPS_PATIENT, Flag.OVERLAPS_PRACTITIONER}
    assert report.counts[Entity.ENCOUNTERS].flagged == 1


def test_what_is_in_the_way_is_asked_as_often_for_many_encounters_as_for_few(
    new_import: Callable[[], Imported], tmp_path: Path
) -> None:
    asked: list[str] = []

    def note(*args: object) -> None:
        if "join appointment a" in str(args[2]):
            asked.append(str(args[2]))

    told = []
    event.listen(app_engine(), "before_cursor_execute", note)
    try:
        for many in (2, 60):
            directory = write_clinic(tmp_path / "csv", encounters=[NEXT | {"Id": f"e-{n}"} for n in range(many)])
            assert new_import().run(directory).reasons[Flag.OVERLAPS_PATIENT] == many - 1
            told.append(len(asked))
            asked.clear()
    finally:
        event.remove(app_engine(), "before_cursor_execute", note)
    assert told == [3, 3]
