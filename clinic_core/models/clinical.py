"""Cases, visits and every version of a note. The text columns are clinical: named in the audit, never copied."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from clinic_core.db.base import JSON, StampedRow, TenantRow, blank, check, choice, owned, tenant
from clinic_core.kit.ids import new_id
from clinic_core.vocabulary import CaseStatus, RevisionKind, VisitStatus


class ClinicalCase(TenantRow, table=True):
    """A course of treatment of one patient by one practitioner; `diagnosis_json` is a list of {system, code, text}."""

    __tablename__ = "clinical_case"
    __table_args__ = tenant(
        owned("patient_id", "patient"),
        owned("practitioner_user_id", "app_user"),
        UniqueConstraint("organization_id", "id", "patient_id"),
        check("(status = 'closed') = (closed_at is not null)", "closed"),
        check("closed_at is null or closed_at >= opened_at", "order"),
        check("session_limit is null or session_limit > 0", "session_limit"),
    )
    patient_id: UUID
    practitioner_user_id: UUID
    title: str = blank()
    diagnosis_json: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    status: CaseStatus = Field(
        default=CaseStatus.OPEN, sa_type=choice(CaseStatus), nullable=False, sa_column_kwargs={"server_default": "open"}
    )
    opened_at: datetime
    closed_at: datetime | None = None
    session_limit: int | None = None


class Visit(TenantRow, table=True):
    """One encounter under a case; `notes_json` (SOAP) always equals the newest revision, and is locked once signed."""

    __tablename__ = "visit"
    __table_args__ = tenant(
        ForeignKeyConstraint(
            ["organization_id", "case_id", "patient_id"],
            ["clinical_case.organization_id", "clinical_case.id", "clinical_case.patient_id"],
            onupdate="CASCADE",
            name="fk_visit_case_id",
        ),
        owned("patient_id", "patient"),
        owned("practitioner_user_id", "app_user"),
        owned("appointment_id", "appointment"),
        owned("clinic_location_id", "clinic_location"),
        owned("signed_by", "app_user"),
        Index(
            "uq_visit_appointment",
            "organization_id",
            "appointment_id",
            unique=True,
            postgresql_where=text("appointment_id is not null and deleted_at is null"),
        ),
        Index(None, "organization_id", "patient_id", "visited_at", postgresql_where=text("deleted_at is null")),
        check("(status = 'signed') = (signed_at is not null)", "signed"),
        check("(signed_at is null) = (signed_by is null)", "signer"),
        check("revision >= 0", "revision"),
    )
    case_id: UUID
    patient_id: UUID
    practitioner_user_id: UUID
    clinic_location_id: UUID
    appointment_id: UUID | None = None
    notes_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    attachments_json: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    revision: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    status: VisitStatus = Field(
        default=VisitStatus.DRAFT,
        sa_type=choice(VisitStatus),
        nullable=False,
        sa_column_kwargs={"server_default": "draft"},
    )
    visited_at: datetime
    signed_at: datetime | None = None
    signed_by: UUID | None = None
    deleted_at: datetime | None = None


class VisitRevision(StampedRow, table=True):
    """One version of a note: 1, 2, 3 … Append-only; `digest` is the SHA-256 of the stored note."""

    __tablename__ = "visit_revision"
    __table_args__ = tenant(
        owned("visit_id", "visit"),
        UniqueConstraint("organization_id", "visit_id", "version"),
        check("version >= 1", "version"),
        check("kind <> 'amend' or (btrim(reason) <> '' and created_by is not null)", "amend_reason"),
    )
    id: UUID = Field(default_factory=new_id, primary_key=True)
    organization_id: UUID = Field(foreign_key="organization.id")
    visit_id: UUID
    version: int
    kind: RevisionKind = Field(sa_type=choice(RevisionKind), nullable=False)
    reason: str = blank()
    notes_json: dict[str, Any] = Field(default_factory=dict, sa_type=JSON, nullable=False)
    digest: bytes


class VisitEvent(TenantRow, table=True):
    """One step in the life of a visit, written by trigger."""

    __tablename__ = "visit_event"
    __table_args__ = tenant(owned("visit_id", "visit"))
    visit_id: UUID
    from_status: VisitStatus | None = Field(default=None, sa_type=choice(VisitStatus, "from_status"))
    to_status: VisitStatus = Field(sa_type=choice(VisitStatus, "to_status"), nullable=False)
    revision: int
