"""Nothing is planned ahead for who has died, was archived or deleted: their series are called off, not changed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from clinic_core.access import owner_work, perform
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import Conflict
from clinic_core.kit.clock import frozen_at
from clinic_core.models import Absence, Patient
from clinic_core.scheduling.queries import list_series_gaps
from clinic_core.scheduling.schemas import ListSeriesGaps, ResolveGap
from clinic_core.scheduling.service import resolve_gap
from tests.factories import Clinic, make_clinic, make_patient
from tests.scheduling.series_arrange import (
    FOLLOWING,
    FUTURE,
    THIS,
    call_off,
    change,
    extended,
    live,
    preview,
    preview_change,
    repeat,
    rows,
)

START = datetime.fromisoformat("2031-03-01T08:00Z")
GONE: dict[str, dict[str, Any]] = {
    "has died": {"deceased_on": date(2031, 3, 1)},
    "is archived": {"archived_at": START},
    "is deleted": {"deleted_at": START},
}

pytestmark = pytest.mark.parametrize("why", GONE)


@pytest.fixture(autouse=True)
def _on_the_first_of_march() -> Iterator[None]:
    with frozen_at(START):
        yield


@pytest.fixture
def clinic() -> Clinic:
    """A clinic that books series 30 days ahead."""
    return make_clinic(OrganizationSettings(series_horizon_days=30))


def gone(clinic: Clinic, patient_id: UUID, why: str) -> None:
    with owner_work("test.arrange", clinic.organization_id) as session:
        patient = session.get_one(Patient, patient_id)
        for column, value in GONE[why].items():
            setattr(patient, column, value)


def test_a_series_is_not_changed_and_not_split_but_called_off(clinic: Clinic, why: str) -> None:
    patient_id = make_patient(clinic)
    first = repeat(clinic, "FREQ=WEEKLY", patient_id=patient_id).booked[0]
    gone(clinic, patient_id, why)
    before = rows(clinic)
    for reach in (THIS, FOLLOWING, FUTURE):
        for act in (change, preview_change):
            with pytest.raises(Conflict, match=why):
                act(clinic, first, reach, duration_minutes=45)
    with frozen_at(START + timedelta(weeks=2)):
        assert extended(clinic) == 0
    assert rows(clinic) == before
    assert len(call_off(clinic, first, FUTURE).cancelled) == len(before)
    assert live(clinic) == []


def test_no_series_is_begun(clinic: Clinic, why: str) -> None:
    patient_id = make_patient(clinic, **GONE[why])
    for act in (repeat, preview):
        with pytest.raises(Conflict, match=why):
            act(clinic, patient_id=patient_id)
    assert rows(clinic) == []


def test_a_date_that_waits_for_the_desk_is_let_be_not_booked(clinic: Clinic, why: str) -> None:
    patient_id = make_patient(clinic)
    repeat(clinic, "FREQ=WEEKLY", patient_id=patient_id)
    starts_at = datetime(2031, 4, 7, tzinfo=UTC)
    with owner_work("test.arrange", clinic.organization_id) as session:
        away: dict[str, Any] = {"organization_id": clinic.organization_id, "user_id": clinic.users["practitioner"]}
        session.add(Absence(starts_at=starts_at, ends_at=starts_at + timedelta(days=1), **away))
    with frozen_at(START + timedelta(weeks=2)):
        extended(clinic)
        (gap,) = perform(clinic.actor("assistant"), list_series_gaps, ListSeriesGaps())
        gone(clinic, patient_id, why)
        book = ResolveGap(gap_id=gap.id, starts_at=gap.original_starts_at + timedelta(days=1))
        with pytest.raises(Conflict, match=why):
            perform(clinic.actor("assistant"), resolve_gap, book)
        assert perform(clinic.actor("assistant"), resolve_gap, ResolveGap(gap_id=gap.id)).appointment_id is None
