"""A calendar used at random against a model of it: what is accepted and refused, and what is reserved at every step."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from clinic_core.access import owner_work, perform, unit_of_work
from clinic_core.errors import BookingConflict, ClinicError
from clinic_core.kit.clock import frozen_at
from clinic_core.models import ProductService
from clinic_core.scheduling.schemas import BookAppointment, CancelAppointment, ChangeStatus, MoveAppointment
from clinic_core.scheduling.service import book_appointment, cancel_appointment, change_status, move_appointment
from clinic_core.vocabulary import AppointmentStatus, CancelledBy, ConflictKind
from tests.factories import MONDAY, Clinic, make_clinic, make_patient
from tests.scheduling.calendar_model import BUFFER, Entry, accepted, basis, obstacles
from tests.scheduling.series_arrange import FOLLOWING, FUTURE, call_off, change, repeat

START = datetime.fromisoformat("2031-03-01T08:00Z")
STEP = timedelta(minutes=15)

_RESERVED = text(
    "select appointment_id, subject_id, lower(during) as since, upper(during) as until, exclusive, basis"
    " from reservation"
)
_STORED = text(
    "select a.id, a.patient_id, a.practitioner_user_id, a.starts_at, a.ends_at, a.buffer_minutes, a.status, a.version,"
    " a.double_book_reason is not null as doubled, a.override_kinds_json ? 'buffer' as buffered,"
    " array(select resource_id from appointment_resource r where r.appointment_id = a.id) as resources"
    " from appointment a where a.deleted_at is null order by a.id"
)

places = st.fixed_dictionaries(
    {
        "practitioner": st.sampled_from(["practitioner", "second_practitioner"]),
        "resources": st.frozensets(st.sampled_from(["room", "second_room", "laser"]), max_size=2),
        "quarter": st.integers(0, 9),
        "quarters": st.integers(1, 3),
        "week": st.integers(0, 2),
        "double": st.booleans(),
        "override": st.booleans(),
    }
)


class Calendar(RuleBasedStateMachine):
    """Two practitioners, two rooms, one laser, three patients, three Mondays."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ExitStack()
        self.clock.enter_context(frozen_at(START))
        self.entries: dict[UUID, Entry] = {}
        self.series: list[UUID] = []

    @initialize()
    def open_clinic(self) -> None:
        self.clinic: Clinic = make_clinic()
        self.patients = [make_patient(self.clinic) for _ in range(3)]
        self.manager = self.clinic.actor("manager")
        with owner_work("test.arrange", self.clinic.organization_id) as session:
            session.get_one(ProductService, self.clinic.service).buffer_minutes = BUFFER

    def teardown(self) -> None:
        self.clock.close()

    @rule(place=places, patient=st.integers(0, 2), buffered=st.booleans())
    def book(self, place: dict[str, Any], patient: int, buffered: bool) -> None:
        wanted = self._entry(place, patient, BUFFER if buffered else 0)
        kinds = obstacles(self.entries, wanted)
        request = BookAppointment(
            patient_id=self.patients[patient],
            practitioner_user_id=self.clinic.users[wanted.practitioner],
            clinic_location_id=self.clinic.main,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            resource_ids=self._ids(wanted.resources),
            product_service_id=self.clinic.service if buffered else None,
            **self._reasons(place),
        )
        row = self._try(book_appointment, request, kinds, place)
        if row is not None:
            self.entries[row.id] = replace(wanted, version=row.version, basis=basis(kinds))

    @precondition(lambda self: any(entry.live for entry in self.entries.values()))
    @rule(place=places, data=st.data())
    def move(self, place: dict[str, Any], data: st.DataObject) -> None:
        key, entry = self._pick(data, live=True)
        wanted = self._entry(place, entry.patient, entry.buffer)
        kinds = obstacles(self.entries, wanted, key)
        unchanged = (wanted.practitioner, wanted.starts_at, wanted.ends_at) == (
            entry.practitioner,
            entry.starts_at,
            entry.ends_at,
        )
        if unchanged and kinds:
            return  # what was lifted stays lifted while the time stays: a rule of its own, tested by name
        request = MoveAppointment(
            appointment_id=key,
            starts_at=wanted.starts_at,
            ends_at=wanted.ends_at,
            practitioner_user_id=self.clinic.users[wanted.practitioner],
            resource_ids=self._ids(wanted.resources),
            version=entry.version,
            **self._reasons(place),
        )
        row = self._try(move_appointment, request, kinds, place)
        if row is not None:
            self.entries[key] = replace(wanted, version=row.version, basis=basis(kinds))

    @precondition(lambda self: any(entry.live for entry in self.entries.values()))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        key, entry = self._pick(data, live=True)
        request = CancelAppointment(appointment_id=key, cancelled_by=CancelledBy.CLINIC, version=entry.version)
        row = perform(self.manager, cancel_appointment, request)
        self.entries[key] = replace(entry, live=False, version=row.version)

    @precondition(lambda self: any(not entry.live for entry in self.entries.values()))
    @rule(data=st.data())
    def book_again(self, data: st.DataObject) -> None:
        key, entry = self._pick(data, live=False)
        kinds = obstacles(self.entries, entry, key)
        request = ChangeStatus(appointment_id=key, status=AppointmentStatus.BOOKED, version=entry.version)
        try:
            perform(self.manager, change_status, request)
        except BookingConflict:
            assert kinds
        else:
            assert ConflictKind.ROOM not in kinds
            self._read_again()

    @rule(place=places, patient=st.integers(0, 2))
    def book_series(self, place: dict[str, Any], patient: int) -> None:
        first = self._entry(place | {"week": 0}, patient, 0)
        dates = [
            replace(first, starts_at=first.starts_at + week, ends_at=first.ends_at + week)
            for week in (timedelta(weeks=n) for n in range(3))
        ]
        kinds = set().union(*(obstacles(self.entries, wanted) for wanted in dates))
        wall = datetime.fromisoformat("2031-03-03T10:00") + place["quarter"] * STEP
        fields = {
            "patient_id": self.patients[patient],
            "practitioner_user_id": self.clinic.users[first.practitioner],
            "starts_at_wall": wall,
            "duration_minutes": place["quarters"] * 15,
            "resource_ids": self._ids(first.resources),
        }
        try:
            outcome = repeat(self.clinic, "FREQ=WEEKLY;COUNT=3", by="manager", **fields)
        except BookingConflict:
            assert kinds
            return
        assert not kinds
        assert len(outcome.booked) == 3
        self.series += outcome.booked
        self._read_again()

    @precondition(lambda self: self.series)
    @rule(data=st.data(), reach=st.sampled_from([FOLLOWING, FUTURE]), quarter=st.integers(0, 9))
    def edit_series(self, data: st.DataObject, reach: Any, quarter: int) -> None:
        key = data.draw(st.sampled_from(self.series))
        before = sum(entry.live for entry in self.entries.values())
        moment = datetime.fromisoformat("2031-03-03T10:00") + quarter * STEP
        try:
            change(self.clinic, key, reach, by="manager", time_of_day=moment.time())
        except ClinicError:
            return
        self._read_again()
        assert sum(entry.live for entry in self.entries.values()) == before

    @precondition(lambda self: self.series)
    @rule(data=st.data(), reach=st.sampled_from([FOLLOWING, FUTURE]))
    def cancel_series(self, data: st.DataObject, reach: Any) -> None:
        key = data.draw(st.sampled_from(self.series))
        try:
            outcome = call_off(self.clinic, key, reach, by="manager")
        except ClinicError:
            return
        self._read_again()
        assert not any(self.entries[one].live for one in outcome.cancelled)

    @invariant()
    def reservations_are_those_of_the_model(self) -> None:
        if not hasattr(self, "clinic"):
            return
        with unit_of_work(self.manager) as work:
            stored = {
                (row.appointment_id, row.subject_id, row.since, row.until, row.exclusive, row.basis)
                for row in work.session.execute(_RESERVED)
            }
        assert stored == set(self._expected())

    def _expected(self) -> Iterator[tuple[UUID, UUID, datetime, datetime, bool, str | None]]:
        for key, entry in self.entries.items():
            if entry.live:
                person = self.clinic.users[entry.practitioner]
                yield key, person, entry.starts_at, entry.until, entry.basis is None, entry.basis
                for thing in self._ids(entry.resources):
                    yield key, thing, entry.starts_at, entry.until, True, None

    def _try(self, do: Any, request: Any, kinds: set[ConflictKind], place: dict[str, Any]) -> Any:
        may = accepted(kinds, double=place["double"], override=place["override"])
        try:
            row = perform(self.manager, do, request)
        except BookingConflict as conflict:
            told = {ConflictKind.ROOM if one.kind == "equipment" else one.kind for one in conflict.obstacles}
            assert not may
            assert told == kinds
            return None
        assert may
        return row

    def _entry(self, place: dict[str, Any], patient: int, buffer: int) -> Entry:
        starts_at = MONDAY + place["week"] * timedelta(weeks=1) + place["quarter"] * STEP
        return Entry(
            patient,
            place["practitioner"],
            place["resources"],
            starts_at,
            starts_at + place["quarters"] * STEP,
            buffer,
            version=1,
        )

    def _ids(self, names: frozenset[str]) -> tuple[UUID, ...]:
        return tuple(getattr(self.clinic, name) for name in sorted(names))

    def _reasons(self, place: dict[str, Any]) -> dict[str, Any]:
        return {
            "double_book_reason": "Emergency" if place["double"] else None,
            "override_reason": "She came a long way" if place["override"] else None,
        }

    def _pick(self, data: st.DataObject, *, live: bool) -> tuple[UUID, Entry]:
        return data.draw(st.sampled_from([(key, entry) for key, entry in self.entries.items() if entry.live is live]))

    def _read_again(self) -> None:
        """Takes over what a change of many appointments left; that the reservations follow is still the model's."""
        names = {self.clinic.users[key]: key for key in ("practitioner", "second_practitioner")}
        things = {getattr(self.clinic, key): key for key in ("room", "second_room", "laser")}
        with unit_of_work(self.manager) as work:
            rows = work.session.execute(_STORED).all()
        known = self.entries
        self.entries = {
            row.id: Entry(
                self.patients.index(row.patient_id),
                names[row.practitioner_user_id],
                frozenset(things[one] for one in row.resources),
                row.starts_at,
                row.ends_at,
                row.buffer_minutes,
                row.version,
                row.status != "cancelled",
                "double_booking" if row.doubled else "buffer_override" if row.buffered else None,
            )
            for row in rows
        }
        assert known.keys() <= self.entries.keys()


def test_reservations_always_equal_the_model_of_the_calendar() -> None:
    run_state_machine_as_test(
        Calendar,
        settings=settings(
            max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
