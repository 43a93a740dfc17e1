"""Work-lists, versions with their differences, and the note as it was."""

from datetime import timedelta

import pytest

from clinic_core.access import perform
from clinic_core.clinical_docs.queries import (
    attended_without_note,
    count_open_notes,
    list_revisions,
    list_visits,
    note_as_of,
    unsigned_visits,
)
from clinic_core.clinical_docs.schemas import (
    AmendVisit,
    CountOpenNotes,
    DiffKind,
    ListMissing,
    ListRevisions,
    ListUnsigned,
    ListVisits,
    NoteAsOf,
    SaveDraft,
    Section,
    SoapNotes,
    StartVisit,
)
from clinic_core.clinical_docs.service import amend_visit, save_draft, start_visit
from clinic_core.errors import NotFound
from clinic_core.kit.clock import now
from clinic_core.vocabulary import AppointmentStatus, RevisionKind
from tests.clinical_docs.arrange import Chart, in_care_team, make_appointment
from tests.factories import Clinic, make_patient

FIRST = SoapNotes(subjective="Pain in the left knee.", plan="Rest.")
SECOND = SoapNotes(subjective="Pain in the right knee.", plan="Rest.")


def test_the_worklist_holds_ones_own_unsigned_notes_oldest_first(chart: Chart) -> None:
    clinic = chart.clinic
    in_care_team(clinic, chart.patient_id)
    actor = clinic.actor("practitioner")
    older = make_appointment(clinic, make_patient(clinic), days=-3)
    first = perform(actor, start_visit, StartVisit(appointment_id=older))
    assert [visit.id for visit in perform(actor, unsigned_visits, ListUnsigned())] == [first.id, chart.visit.id]
    assert perform(clinic.actor("second_practitioner"), unsigned_visits, ListUnsigned()) == ()
    chart.saved()
    chart.signed()
    perform(actor, save_draft, SaveDraft(visit_id=first.id, notes=FIRST))
    [left] = perform(actor, unsigned_visits, ListUnsigned())
    assert (left.id, left.has_draft, left.location_name, left.timezone) == (
        first.id,
        True,
        "Main street",
        "Europe/Berlin",
    )


@pytest.mark.parametrize(
    ("status", "days", "missing"),
    [
        (AppointmentStatus.ARRIVED, -1, True),
        (AppointmentStatus.IN_PROGRESS, -1, True),
        (AppointmentStatus.COMPLETED, -1, True),
        (AppointmentStatus.BOOKED, -1, False),
        (AppointmentStatus.NO_SHOW, -1, False),
        (AppointmentStatus.CANCELLED, -1, False),
        (AppointmentStatus.COMPLETED, -91, False),
    ],
)
def test_an_attended_appointment_without_visit_misses_its_note(
    clinic: Clinic, status: AppointmentStatus, days: float, missing: bool
) -> None:
    appointment_id = make_appointment(clinic, make_patient(clinic), days=days, status=status)
    actor = clinic.actor("practitioner")
    rows = perform(actor, attended_without_note, ListMissing())
    assert [row.id for row in rows] == ([appointment_id] if missing else [])
    assert perform(actor, count_open_notes, CountOpenNotes()).missing == int(missing)
    assert perform(clinic.actor("second_practitioner"), attended_without_note, ListMissing()) == ()
    if missing:
        assert (rows[0].patient_name, rows[0].service_name, rows[0].status) == ("Ada Demo", "Follow-up", status)
        perform(actor, start_visit, StartVisit(appointment_id=appointment_id))
        counts = perform(actor, count_open_notes, CountOpenNotes())
        assert (counts.missing, counts.unsigned) == (0, 1)


def test_versions_tell_word_by_word_what_changed(chart: Chart) -> None:
    chart.saved(FIRST)
    chart.saved(SECOND)
    actor = chart.clinic.actor("practitioner")
    newest, first = perform(actor, list_revisions, ListRevisions(visit_id=chart.visit.id))
    assert (newest.version, newest.notes, first.version, first.notes) == (2, SECOND, 1, FIRST)
    [change] = newest.changes
    assert change.section is Section.SUBJECTIVE
    assert [part.text for part in change.parts if part.kind is not DiffKind.SAME] == ["left", "right"]
    assert [change.section for change in first.changes] == [Section.SUBJECTIVE, Section.PLAN]
    assert {part.kind for change in first.changes for part in change.parts} == {DiffKind.ADDED}


def test_versions_are_paged_and_the_page_ends_with_a_true_difference(chart: Chart) -> None:
    for notes in (FIRST, SECOND, FIRST, SECOND):
        chart.saved(notes)
    actor = chart.clinic.actor("practitioner")
    page = perform(actor, list_revisions, ListRevisions(visit_id=chart.visit.id, limit=2))
    rest = perform(actor, list_revisions, ListRevisions(visit_id=chart.visit.id, limit=2, before=page[-1].version))
    assert [row.version for row in (*page, *rest)] == [4, 3, 2, 1]
    assert [len(row.changes) for row in (*page, *rest)] == [1, 1, 1, 2]


def test_the_note_reads_as_it_did_at_any_past_time(chart: Chart) -> None:
    actor, moments = chart.clinic.actor("practitioner"), [now()]
    chart.saved(FIRST)
    moments.append(now())
    chart.signed()
    moments.append(now())
    request = AmendVisit(visit_id=chart.visit.id, notes=SECOND, reason="Side", version=chart.version())
    perform(actor, amend_visit, request)
    moments.append(now())
    read = [perform(actor, note_as_of, NoteAsOf(visit_id=chart.visit.id, instant=moment)) for moment in moments]
    assert [version.version for version in read] == [0, 1, 2, 3]
    assert [version.kind for version in read] == [None, RevisionKind.SAVE, RevisionKind.SIGN, RevisionKind.AMEND]
    assert [version.notes for version in read] == [SoapNotes(), FIRST, FIRST, SECOND]


def test_versions_and_past_notes_of_a_stranger_are_unknown(chart: Chart) -> None:
    chart.saved()
    stranger = chart.clinic.actor("second_practitioner")
    with pytest.raises(NotFound):
        perform(stranger, list_revisions, ListRevisions(visit_id=chart.visit.id))
    with pytest.raises(NotFound):
        perform(stranger, note_as_of, NoteAsOf(visit_id=chart.visit.id, instant=now()))


def test_visits_are_listed_newest_first_and_paged(chart: Chart) -> None:
    actor = chart.clinic.actor("practitioner")
    for days in (2, 5):
        request = StartVisit(case_id=chart.visit.case_id, visited_at=now() - timedelta(days=days))
        perform(actor, start_visit, request)
    listed = perform(actor, list_visits, ListVisits(case_id=chart.visit.case_id))
    assert [visit.visited_at for visit in listed] == sorted((visit.visited_at for visit in listed), reverse=True)
    assert len(listed) == 3
    assert perform(actor, list_visits, ListVisits(patient_id=chart.patient_id, limit=1, offset=1)) == listed[1:2]
