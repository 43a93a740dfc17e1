"""Weekly working hours before they are saved: two places at once are refused, and what they come to is shown."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from clinic_core.access import perform
from clinic_core.errors import InvalidInput, NotFound, PermissionDenied
from clinic_core.kit.clock import frozen_at
from clinic_core.scheduling.queries import preview_availability
from clinic_core.scheduling.schemas import (
    AddClosure,
    AvailabilityRule,
    AvailabilitySaved,
    PreviewAvailability,
    SetAvailability,
)
from clinic_core.scheduling.service import add_closure, set_availability
from tests.factories import Clinic
from tests.scheduling.absence_arrange import away
from tests.scheduling.arrange import book
from tests.scheduling.test_displaced import listed, rule, work_week


@pytest.fixture
def in_2026() -> Iterator[None]:
    """Today is a Monday in November 2026."""
    with frozen_at(datetime(2026, 11, 23, 9, tzinfo=UTC)):
        yield


@pytest.mark.usefixtures("in_2026")
def test_hours_at_two_locations_at_once_are_refused(clinic: Clinic) -> None:
    """Main street is in Berlin and Harbour in New York, six hours behind, and five for some weeks in spring."""
    person = clinic.users["practitioner"]

    def save(*rules: AvailabilityRule) -> AvailabilitySaved:
        wanted = SetAvailability(practitioner_user_id=person, rules=rules)
        return perform(clinic.actor("manager"), set_availability, wanted)

    there = {"clinic_location_id": clinic.branch}
    save(rule(clinic, 1, "08:00", "13:00"), rule(clinic, 1, "08:00", "12:00", **there))
    with pytest.raises(InvalidInput, match="at Main street and at Harbour overlap on 15 Mar 2027; nobody works"):
        save(rule(clinic, 1, "08:00", "14:00"), rule(clinic, 1, "08:00", "12:00", **there))
    odd, even = date(2026, 11, 30), date(2026, 12, 7)
    save(
        rule(clinic, 1, "08:00", "18:00", every_weeks=2, anchor=odd),
        rule(clinic, 1, "08:00", "12:00", every_weeks=2, anchor=even, **there),
    )
    with pytest.raises(InvalidInput, match="two places"):
        save(
            rule(clinic, 1, "08:00", "18:00", every_weeks=2, anchor=odd),
            rule(clinic, 1, "08:00", "12:00", every_weeks=3, anchor=even, **there),
        )


def test_hours_are_looked_at_before_they_are_saved(clinic: Clinic) -> None:
    work_week(clinic, "practitioner")
    book(clinic, 6)
    perform(
        clinic.actor("manager"),
        add_closure,
        AddClosure(name="Holiday", starts_on=date(2031, 3, 4), ends_on=date(2031, 3, 4)),
    )
    away(clinic, 0, 1)
    asked = PreviewAvailability(
        practitioner_user_id=clinic.users["practitioner"],
        rules=(rule(clinic, 1, "08:00", "12:00"), rule(clinic, 2), rule(clinic, 7, "22:00", "00:00")),
        first=date(2031, 3, 3),
        weeks=1,
    )
    preview = perform(clinic.actor("practitioner"), preview_availability, asked)
    assert [(span.day.day, f"{span.starts:%H:%M}-{span.ends:%H:%M}", span.location) for span in preview.spans] == [
        (3, "08:00-10:00", "Main street"),
        (3, "11:00-12:00", "Main street"),
        (9, "22:00-00:00", "Main street"),
    ]
    assert preview.displaced == 1
    assert listed(clinic).total == 0
    with pytest.raises(NotFound):
        perform(clinic.actor("second_practitioner"), preview_availability, asked)
    with pytest.raises(PermissionDenied):
        perform(clinic.actor("assistant"), preview_availability, asked)


def test_a_night_over_midnight_is_shown_on_both_days(clinic: Clinic) -> None:
    asked = PreviewAvailability(
        practitioner_user_id=clinic.users["practitioner"],
        rules=(rule(clinic, 1, "20:00", "00:00"), rule(clinic, 2, "00:00", "06:00")),
        first=date(2031, 3, 3),
        weeks=1,
    )
    spans = perform(clinic.actor("manager"), preview_availability, asked).spans
    assert [(span.day.day, span.starts.hour, span.ends.hour) for span in spans] == [(3, 20, 0), (4, 0, 6)]
