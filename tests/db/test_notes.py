"""What PostgreSQL promises about notes, tried by plain SQL as the app's role and as the owner."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic_core.access import Actor, owner_work, perform, unit_of_work
from clinic_core.clinical_docs.schemas import SaveVisit, SignVisit, SoapNotes, StartVisit
from clinic_core.clinical_docs.service import save_visit, sign_visit, start_visit
from clinic_core.errors import Conflict
from clinic_core.kit.ids import new_id
from tests.clinical_docs.arrange import make_appointment
from tests.factories import Clinic, make_clinic, make_patient

SETTINGS = text("select set_config('clinic.use_case', 'test.sql', true)")


@contextmanager
def sql(actor: Actor) -> Iterator[Session]:
    """A transaction as the app's role, in a use case that no function stands for."""
    with unit_of_work(actor) as work:
        work.session.execute(SETTINGS)
        yield work.session


@contextmanager
def refused(constraint: str) -> Iterator[None]:
    with pytest.raises((DBAPIError, Conflict)) as error:
        yield
    raised = error.value if isinstance(error.value, DBAPIError) else error.value.__cause__
    diagnostic = getattr(getattr(raised, "orig", None), "diag", None)
    assert diagnostic is not None
    assert diagnostic.constraint_name == constraint


@pytest.fixture
def visit_id(clinic: Clinic) -> UUID:
    """A visit begun and not written."""
    appointment_id = make_appointment(clinic, make_patient(clinic))
    return perform(clinic.actor("practitioner"), start_visit, StartVisit(appointment_id=appointment_id)).id


@pytest.fixture
def signed_id(clinic: Clinic, visit_id: UUID) -> UUID:
    """A visit written and signed."""
    actor = clinic.actor("practitioner")
    notes = SoapNotes(subjective="Tired", plan="Rest")
    saved = perform(actor, save_visit, SaveVisit(visit_id=visit_id, notes=notes, version=1))
    perform(actor, sign_visit, SignVisit(visit_id=visit_id, version=saved.version))
    return visit_id


def execute(actor: Actor, statement: str, **values: object) -> int:
    with sql(actor) as session:
        return int(getattr(session.execute(text(statement), values), "rowcount", 0))


def revisions(actor: Actor, visit_id: UUID) -> list[tuple[int, str]]:
    with unit_of_work(actor) as work:
        found = work.session.execute(
            text("select version, kind from visit_revision where visit_id = :id order by version"), {"id": visit_id}
        )
        return [(row.version, row.kind) for row in found]


def test_every_saved_edit_is_the_next_version_whoever_writes(clinic: Clinic, visit_id: UUID) -> None:
    actor = clinic.actor("practitioner")
    for plan in ("Rest", "Walk", "Walk", "Swim"):
        execute(
            actor, "update visit set notes_json = :note where id = :id", note=json.dumps({"plan": plan}), id=visit_id
        )
    assert revisions(actor, visit_id) == [(1, "save"), (2, "save"), (3, "save")]
    with owner_work("test.owner", clinic.organization_id) as session:
        session.execute(text("""update visit set notes_json = '{"plan": "Run"}' where id = :id"""), {"id": visit_id})
    assert revisions(actor, visit_id)[-1] == (4, "save")


def test_the_note_always_equals_the_newest_version(clinic: Clinic, signed_id: UUID) -> None:
    actor = clinic.actor("practitioner")
    amend = (
        "insert into visit_revision (id, organization_id, visit_id, version, kind, reason, notes_json, digest)"
        " values (:new, :organization, :id, 77, 'amend', 'Side', :note, 'x')"
    )
    note = json.dumps({"plan": "Walk"})
    execute(actor, amend, new=new_id(), organization=clinic.organization_id, id=signed_id, note=note)
    with unit_of_work(actor) as work:
        row = work.session.execute(
            text(
                "select v.notes_json = r.notes_json as same, v.revision, r.version from visit v"
                " join lateral (select * from visit_revision r where r.visit_id = v.id order by version desc limit 1) r"
                " on true where v.id = :id"
            ),
            {"id": signed_id},
        ).one()
    assert tuple(row) == (True, 3, 3)


def test_the_digest_is_the_sha256_of_the_stored_note(clinic: Clinic, signed_id: UUID) -> None:
    with unit_of_work(clinic.actor("practitioner")) as work:
        rows = work.session.execute(
            text("select notes_json::text as note, digest from visit_revision where visit_id = :id"), {"id": signed_id}
        ).all()
    assert len(rows) == 2
    assert all(hashlib.sha256(row.note.encode()).digest() == bytes(row.digest) for row in rows)


@pytest.mark.parametrize(
    "change",
    [
        "notes_json = '{}'",
        "notes_json = '{}', revision = revision + 1",
        "revision = revision + 1",
        "status = 'draft', signed_at = null, signed_by = null",
        "signed_at = now()",
        "visited_at = now()",
        "attachments_json = '[{}]'",
        "deleted_at = now()",
        "appointment_id = null",
    ],
)
def test_a_signed_visit_does_not_change(clinic: Clinic, signed_id: UUID, change: str) -> None:
    with refused("visit_signed"):
        execute(clinic.actor("practitioner"), f"update visit set {change} where id = :id", id=signed_id)
    with refused("visit_signed"), owner_work("test.owner", clinic.organization_id) as session:
        session.execute(text(f"update visit set {change} where id = :id"), {"id": signed_id})


def test_an_amendment_needs_a_reason(clinic: Clinic, signed_id: UUID) -> None:
    amend = (
        "insert into visit_revision (id, organization_id, visit_id, version, kind, reason, notes_json, digest)"
        " values (:new, :organization, :id, 3, 'amend', '  ', '{}', 'x')"
    )
    with refused("ck_visit_revision_amend_reason"):
        execute(clinic.actor("practitioner"), amend, new=new_id(), organization=clinic.organization_id, id=signed_id)


def test_an_amendment_needs_an_author(clinic: Clinic, signed_id: UUID) -> None:
    amend = (
        "insert into visit_revision (id, organization_id, visit_id, version, kind, reason, notes_json, digest)"
        " values (:new, :organization, :id, 3, 'amend', 'Side', '{}', 'x')"
    )
    with (
        refused("ck_visit_revision_amend_reason"),
        owner_work("test.owner", clinic.organization_id) as session,
    ):
        session.execute(text(amend), {"new": new_id(), "organization": clinic.organization_id, "id": signed_id})


@pytest.mark.parametrize("kind", ["save", "sign"])
def test_the_app_writes_no_version_but_an_amendment(clinic: Clinic, signed_id: UUID, kind: str) -> None:
    forged = (
        "insert into visit_revision (id, organization_id, visit_id, version, kind, reason, notes_json, digest)"
        f" values (:new, :organization, :id, 3, '{kind}', '', '{{}}', 'x')"
    )
    with refused("visit_revision_amend"):
        execute(clinic.actor("practitioner"), forged, new=new_id(), organization=clinic.organization_id, id=signed_id)


def test_an_unsigned_note_is_not_amended(clinic: Clinic, visit_id: UUID) -> None:
    amend = (
        "insert into visit_revision (id, organization_id, visit_id, version, kind, reason, notes_json, digest)"
        " values (:new, :organization, :id, 1, 'amend', 'Side', '{}', 'x')"
    )
    with refused("visit_revision_amend"):
        execute(clinic.actor("practitioner"), amend, new=new_id(), organization=clinic.organization_id, id=visit_id)


@pytest.mark.parametrize(
    "statement",
    ["update visit_revision set reason = 'x'", "delete from visit_revision", "truncate visit_revision cascade"],
)
def test_versions_are_append_only_for_everybody(clinic: Clinic, signed_id: UUID, statement: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        execute(clinic.actor("practitioner"), statement)
    with refused("visit_revision_append_only"), owner_work("test.owner", clinic.organization_id) as session:
        session.execute(text(statement))


def test_notes_of_another_organisation_are_neither_read_nor_written(clinic: Clinic, signed_id: UUID) -> None:
    elsewhere = make_clinic().actor("practitioner")
    assert revisions(elsewhere, signed_id) == []
    assert execute(elsewhere, "update visit set visited_at = now() where id = :id", id=signed_id) == 0
    with pytest.raises((DBAPIError, Conflict)):
        execute(
            elsewhere,
            "insert into visit_revision (id, organization_id, visit_id, version, kind, reason, notes_json, digest)"
            " values (:new, :organization, :id, 3, 'amend', 'Side', '{}', 'x')",
            new=new_id(),
            organization=elsewhere.organization_id,
            id=signed_id,
        )


def test_an_appointment_has_one_visit(clinic: Clinic, visit_id: UUID) -> None:
    with refused("uq_visit_appointment"):
        execute(
            clinic.actor("practitioner"),
            "insert into visit (id, organization_id, case_id, patient_id, practitioner_user_id, clinic_location_id,"
            " appointment_id, visited_at) select :new, organization_id, case_id, patient_id, practitioner_user_id,"
            " clinic_location_id, appointment_id, visited_at from visit where id = :id",
            new=new_id(),
            id=visit_id,
        )


def test_a_visit_stands_under_a_case_of_its_own_patient(clinic: Clinic, visit_id: UUID) -> None:
    with refused("fk_visit_case_id"):
        execute(
            clinic.actor("practitioner"),
            "update visit set patient_id = :other where id = :id",
            other=make_patient(clinic),
            id=visit_id,
        )


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'closed'", "ck_clinical_case_closed"),
        ("status = 'closed', closed_at = opened_at - interval '1 day'", "ck_clinical_case_order"),
        ("session_limit = 0", "ck_clinical_case_session_limit"),
    ],
)
def test_a_case_keeps_its_rules(clinic: Clinic, visit_id: UUID, change: str, constraint: str) -> None:
    with refused(constraint):
        execute(clinic.actor("practitioner"), f"update clinical_case set {change}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("status = 'signed'", "ck_visit_signed"),
        ("status = 'signed', signed_at = now()", "ck_visit_signer"),
    ],
)
def test_a_visit_is_signed_as_a_whole(clinic: Clinic, visit_id: UUID, change: str, constraint: str) -> None:
    with refused(constraint):
        execute(clinic.actor("practitioner"), f"update visit set {change} where id = :id", id=visit_id)


def test_a_glass_needs_a_reason_and_an_end(clinic: Clinic, visit_id: UUID) -> None:
    grant = (
        "insert into break_glass_grant (id, organization_id, user_id, patient_id, reason, expires_at)"
        " select :new, organization_id, practitioner_user_id, patient_id, :reason, now() + :minutes * interval '1 min'"
        " from visit where id = :id"
    )
    actor = clinic.actor("practitioner")
    with refused("ck_break_glass_grant_reason"):
        execute(actor, grant, new=new_id(), reason=" ", minutes=30, id=visit_id)
    with refused("ck_break_glass_grant_expires_at"):
        execute(actor, grant, new=new_id(), reason="Urgent", minutes=0, id=visit_id)
