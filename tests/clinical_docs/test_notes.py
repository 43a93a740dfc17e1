"""Notes: drafts, saves, signatures and amendments, and two people at one note."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from clinic_core.access import owner_work, perform
from clinic_core.clinical_docs.queries import get_visit
from clinic_core.clinical_docs.schemas import (
    AmendVisit,
    DiscardDraft,
    GetVisit,
    SaveDraft,
    SaveVisit,
    SignVisit,
    SoapNotes,
    VisitChart,
)
from clinic_core.clinical_docs.service import amend_visit, discard_draft, save_draft, save_visit, sign_visit
from clinic_core.errors import (
    Conflict,
    IllegalTransition,
    Immutable,
    InvalidInput,
    NotFound,
    PermissionDenied,
    StaleEdit,
)
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import RevisionKind, VisitStatus
from tests.clinical_docs.arrange import NOTE, SECRET, Chart, audit_log, in_care_team
from tests.factories import make_clinic

OTHER = SoapNotes(subjective="Slept well.")


def shown(chart: Chart, role: str = "practitioner") -> VisitChart:
    return perform(chart.clinic.actor(role), get_visit, GetVisit(visit_id=chart.visit.id))


def keep(chart: Chart, notes: SoapNotes, *, role: str = "practitioner", version: int | None = None) -> bool:
    request = SaveDraft(visit_id=chart.visit.id, notes=notes, version=version)
    return perform(chart.clinic.actor(role), save_draft, request).is_stale


def amend(chart: Chart, notes: SoapNotes, reason: str = "Wrong side", role: str = "practitioner") -> VisitChart:
    request = AmendVisit(visit_id=chart.visit.id, notes=notes, reason=reason, version=chart.version())
    perform(chart.clinic.actor(role), amend_visit, request)
    return shown(chart)


def test_a_draft_is_kept_and_the_note_stays_untouched(chart: Chart) -> None:
    keep(chart, NOTE, version=1)
    keep(chart, OTHER, version=1)
    visit = shown(chart)
    assert visit.draft is not None
    assert (visit.draft.notes, visit.draft.is_stale) == (OTHER, False)
    assert (visit.notes.is_empty, visit.revision, visit.version) == (True, 0, chart.visit.version)


def test_each_save_is_a_version_and_clears_the_draft(chart: Chart) -> None:
    keep(chart, NOTE)
    assert chart.saved(NOTE).revision == 1
    assert chart.saved(OTHER).revision == 2
    visit = shown(chart)
    assert (visit.notes, visit.draft) == (OTHER, None)
    assert [(row.version, row.kind, row.author) for row in visit.revisions] == [
        (2, RevisionKind.SAVE, "Practitioner"),
        (1, RevisionKind.SAVE, "Practitioner"),
    ]


def test_saving_the_same_text_makes_no_version(chart: Chart) -> None:
    first = chart.saved(NOTE)
    assert chart.saved(NOTE) == first
    assert chart.saved(SoapNotes(**{**NOTE.model_dump(), "plan": f"{NOTE.plan}\n"})) == first


def test_what_is_saved_and_drafted_is_named_in_the_audit_log_and_never_copied(chart: Chart) -> None:
    keep(chart, NOTE)
    chart.saved(NOTE)
    chart.signed()
    amend(chart, SoapNotes(subjective=SECRET))
    with owner_work("test.look", chart.clinic.organization_id) as session:
        everything = session.execute(
            text("select coalesce(string_agg(a::text, ''), '') from audit_log a where organization_id = :id"),
            {"id": chart.clinic.organization_id},
        ).scalar_one()
        requests = session.execute(text("select coalesce(string_agg(r::text, ''), '') from request r")).scalar_one()
    assert "notes_json" in everything
    assert SECRET not in everything
    assert SECRET not in requests
    saved = audit_log(chart.clinic, "visit.save")
    assert {row[:2] for row in saved} == {("visit", "update"), ("visit_revision", "insert")}
    assert {"notes_json": "[redacted]", "revision": [0, 1]} in [row[3] for row in saved]


def test_of_two_editors_the_second_is_told_and_keeps_the_text(chart: Chart) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    drawn = chart.version()
    assert not keep(chart, NOTE, version=drawn)
    assert shown(chart, "second_practitioner").other_writers == ("Practitioner",)
    chart.saved(OTHER, version=drawn, role="second_practitioner")
    assert keep(chart, NOTE, version=drawn)
    with pytest.raises(StaleEdit, match="Second Practitioner"):
        chart.saved(NOTE, version=drawn)
    visit = shown(chart)
    assert visit.draft is not None
    assert (visit.notes, visit.draft.notes, visit.draft.is_stale) == (OTHER, NOTE, True)
    assert (visit.changed_by, visit.other_writers) == ("Second Practitioner", ())
    chart.saved(NOTE)
    assert [row.author for row in shown(chart).revisions] == ["Practitioner", "Second Practitioner"]


def test_a_colleagues_draft_survives_a_save_and_a_signature(chart: Chart) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    keep(chart, OTHER, role="second_practitioner")
    chart.saved()
    chart.signed()
    kept = shown(chart, "second_practitioner").draft
    assert kept is not None
    assert kept.notes == OTHER


def test_a_draft_is_thrown_away_by_its_writer_alone(chart: Chart) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    keep(chart, NOTE)
    keep(chart, OTHER, role="second_practitioner")
    perform(chart.clinic.actor("practitioner"), discard_draft, DiscardDraft(visit_id=chart.visit.id))
    assert shown(chart).draft is None
    assert shown(chart, "second_practitioner").draft is not None


def test_signing_locks_the_note(chart: Chart) -> None:
    chart.saved()
    signed = chart.signed()
    assert (signed.status, signed.revision) == (VisitStatus.SIGNED, 2)
    assert signed.signed_at is not None
    visit = shown(chart)
    assert [row.kind for row in visit.revisions] == [RevisionKind.SIGN, RevisionKind.SAVE]
    assert all(row.is_intact for row in visit.revisions)
    assert visit.signed_by == "Practitioner"
    with pytest.raises(Immutable, match="amend"):
        chart.saved(OTHER)
    with pytest.raises(Immutable):
        chart.signed()


def test_what_is_on_screen_is_what_is_signed(chart: Chart) -> None:
    keep(chart, OTHER)
    request = SignVisit(visit_id=chart.visit.id, version=chart.version(), notes=NOTE)
    assert perform(chart.clinic.actor("practitioner"), sign_visit, request).revision == 1
    visit = shown(chart)
    assert (visit.notes, visit.draft) == (NOTE, None)
    assert [row.kind for row in visit.revisions] == [RevisionKind.SIGN]


def test_unsaved_text_is_not_lost_by_signing(chart: Chart) -> None:
    chart.saved()
    keep(chart, OTHER)
    with pytest.raises(Conflict, match="not saved"):
        chart.signed()


@pytest.mark.parametrize("notes", [None, SoapNotes(plan=" \n\t ")])
def test_an_empty_note_is_not_signed(chart: Chart, notes: SoapNotes | None) -> None:
    request = SignVisit(visit_id=chart.visit.id, version=chart.version(), notes=notes)
    with pytest.raises(InvalidInput, match="empty"):
        perform(chart.clinic.actor("practitioner"), sign_visit, request)


def test_only_who_treated_signs_and_amends(chart: Chart) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    chart.saved()
    colleague = chart.clinic.actor("second_practitioner")
    assert not shown(chart, "second_practitioner").may_sign
    with pytest.raises(PermissionDenied, match="treated"):
        perform(colleague, sign_visit, SignVisit(visit_id=chart.visit.id, version=chart.version()))
    chart.signed()
    with pytest.raises(PermissionDenied, match="treated"):
        amend(chart, OTHER, role="second_practitioner")


def test_a_stale_signature_is_refused(chart: Chart) -> None:
    in_care_team(chart.clinic, chart.patient_id)
    chart.saved()
    read = chart.version()
    chart.saved(OTHER, role="second_practitioner")
    with pytest.raises(StaleEdit):
        perform(chart.clinic.actor("practitioner"), sign_visit, SignVisit(visit_id=chart.visit.id, version=read))


def test_an_amendment_is_a_version_with_reason_and_author(chart: Chart) -> None:
    chart.saved()
    chart.signed()
    keep(chart, OTHER)
    visit = amend(chart, OTHER)
    newest = visit.revisions[0]
    assert (newest.version, newest.kind, newest.reason) == (3, RevisionKind.AMEND, "Wrong side")
    assert (newest.author, newest.is_intact) == ("Practitioner", True)
    assert (visit.notes, visit.revision, visit.status, visit.draft) == (OTHER, 3, VisitStatus.SIGNED, None)
    assert [row.version for row in visit.revisions] == [3, 2, 1]


def test_an_amendment_needs_a_signed_note_a_reason_and_a_change(chart: Chart) -> None:
    chart.saved()
    with pytest.raises(IllegalTransition, match="not signed"):
        amend(chart, OTHER)
    chart.signed()
    with pytest.raises(InvalidInput, match="Reason"):
        amend(chart, OTHER, reason="  ")
    with pytest.raises(InvalidInput, match="changes nothing"):
        amend(chart, NOTE)
    with pytest.raises(InvalidInput, match="empty"):
        amend(chart, SoapNotes())


def test_a_stale_amendment_is_refused(chart: Chart) -> None:
    chart.saved()
    chart.signed()
    drawn = chart.version()
    amend(chart, OTHER)
    request = AmendVisit(visit_id=chart.visit.id, notes=NOTE, reason="Late", version=drawn)
    with pytest.raises(StaleEdit):
        perform(chart.clinic.actor("practitioner"), amend_visit, request)


def test_a_double_click_saves_signs_and_amends_once(chart: Chart) -> None:
    actor, visit_id = chart.clinic.actor("practitioner"), chart.visit.id
    save = SaveVisit(visit_id=visit_id, notes=NOTE, version=chart.version(), request_id=new_id())
    assert perform(actor, save_visit, save) == perform(actor, save_visit, save)
    sign = SignVisit(visit_id=visit_id, version=chart.version(), request_id=new_id())
    assert perform(actor, sign_visit, sign) == perform(actor, sign_visit, sign)
    change = AmendVisit(visit_id=visit_id, notes=OTHER, reason="Typo", version=chart.version(), request_id=new_id())
    assert perform(actor, amend_visit, change) == perform(actor, amend_visit, change)
    assert shown(chart).revision == 3


def test_strangers_and_other_organisations_reach_no_note(chart: Chart) -> None:
    for actor in (chart.clinic.actor("second_practitioner"), make_clinic().actor("practitioner")):
        with pytest.raises(NotFound):
            perform(actor, get_visit, GetVisit(visit_id=chart.visit.id))
        with pytest.raises(NotFound):
            perform(actor, save_draft, SaveDraft(visit_id=chart.visit.id, notes=NOTE))
        with pytest.raises(NotFound):
            perform(actor, save_visit, SaveVisit(visit_id=chart.visit.id, notes=NOTE, version=1))
        with pytest.raises(NotFound):
            perform(actor, sign_visit, SignVisit(visit_id=chart.visit.id, version=1))
        with pytest.raises(NotFound):
            perform(actor, amend_visit, AmendVisit(visit_id=chart.visit.id, notes=NOTE, reason="x", version=1))
        with pytest.raises(NotFound):
            perform(actor, discard_draft, DiscardDraft(visit_id=chart.visit.id))


@pytest.mark.parametrize("role", ["owner", "admin", "manager", "assistant", "patient"])
def test_other_roles_read_and_write_no_note_and_the_refusal_is_audited(chart: Chart, role: str) -> None:
    actor = chart.clinic.actor(role)
    with pytest.raises(PermissionDenied):
        perform(actor, get_visit, GetVisit(visit_id=chart.visit.id))
    with pytest.raises(PermissionDenied):
        perform(actor, save_draft, SaveDraft(visit_id=chart.visit.id, notes=NOTE))
    with pytest.raises(PermissionDenied):
        perform(actor, save_visit, SaveVisit(visit_id=chart.visit.id, notes=NOTE, version=1))
    assert [row[:2] for row in audit_log(chart.clinic, "visit.save")] == [("use_case", "refused")]


def test_a_section_keeps_its_lines_and_refuses_what_cannot_be_stored() -> None:
    assert SoapNotes(plan="a\r\nb\n\n\tcafe\N{COMBINING ACUTE ACCENT}").plan == "a\nb\n\n\tcaf\xe9"
    with pytest.raises(InvalidInput, match="Plan must not contain control characters"):
        SoapNotes(plan="a\0b")
    with pytest.raises(InvalidInput, match="50,000"):
        SoapNotes(objective="x" * 50_001)
    assert len(SoapNotes(objective="x" * 50_000).objective) == 50_000


def test_of_many_saves_at_once_one_wins_and_the_others_are_told(chart: Chart) -> None:
    actor, drawn = chart.clinic.actor("practitioner"), chart.version()

    def save(number: int) -> bool:
        notes = SoapNotes(plan=f"Plan {number}")
        try:
            perform(actor, save_visit, SaveVisit(visit_id=chart.visit.id, notes=notes, version=drawn))
        except StaleEdit:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(save, range(8))) == 1
    assert shown(chart).revision == 1
