"""Patients, and the names under which the outside world knows our rows."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Index, UniqueConstraint, literal_column, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import Sex

FOLDED_NAME = "f_fold(last_name || ' ' || first_name || ' ' || coalesce(preferred_name, ''))"
PHONE_DIGITS = "regexp_replace(coalesce(contact_json ->> 'phone', ''), '[^0-9]', '', 'g')"
EMAIL_FOLDED = "lower(coalesce(contact_json ->> 'email', ''))"


class Patient(TenantRow, table=True):
    """A person who is treated. `code` is what people say at the desk; contents are protected health information."""

    __tablename__ = "patient"
    __table_args__ = tenant(
        owned("clinic_location_id", "clinic_location"),
        owned("user_id", "app_user"),
        owned("merged_into_id", "patient"),
        UniqueConstraint("organization_id", "code"),
        Index(
            "uq_patient_user", "organization_id", "user_id", unique=True, postgresql_where=text("user_id is not null")
        ),
        Index(
            "ix_patient_name_trgm",
            "name_folded",
            postgresql_using="gin",
            postgresql_ops={"name_folded": "gin_trgm_ops"},
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "ix_patient_name_prefix",
            "organization_id",
            "name_folded",
            postgresql_ops={"name_folded": "text_pattern_ops"},
            postgresql_where=text("deleted_at is null"),
        ),
        Index("ix_patient_dob", "organization_id", "dob", postgresql_where=text("deleted_at is null")),
        Index(
            "ix_patient_phone",
            "organization_id",
            "phone_digits",
            postgresql_ops={"phone_digits": "text_pattern_ops"},
            postgresql_where=text("deleted_at is null and phone_digits <> ''"),
        ),
        Index(
            "ix_patient_phone_end",
            "organization_id",
            literal_column("reverse(phone_digits)").label("phone_end"),
            postgresql_ops={"phone_end": "text_pattern_ops"},
            postgresql_where=text("deleted_at is null and phone_digits <> ''"),
        ),
        Index(
            "ix_patient_email",
            "organization_id",
            "email_folded",
            postgresql_ops={"email_folded": "text_pattern_ops"},
            postgresql_where=text("deleted_at is null and email_folded <> ''"),
        ),
        check("btrim(first_name || last_name) <> ''", "name"),
        check("length(first_name) <= 200 and length(last_name) <= 200", "name_length"),
        check("dob is null or dob >= date '1850-01-01'", "dob"),
        check("merged_into_id is null or merged_into_id <> id", "merged_into"),
    )
    code: str
    first_name: str = blank()
    last_name: str = blank()
    preferred_name: str | None = None
    name_folded: str | None = Field(default=None, sa_column_args=(Computed(FOLDED_NAME, persisted=True),))
    dob: date | None = None
    sex: Sex = Field(default=Sex.UNKNOWN, sa_type=choice(Sex), nullable=False)
    gender: str | None = None
    pronouns: str | None = None
    contact_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    phone_digits: str | None = Field(default=None, sa_column_args=(Computed(PHONE_DIGITS, persisted=True),))
    email_folded: str | None = Field(default=None, sa_column_args=(Computed(EMAIL_FOLDED, persisted=True),))
    insurance_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    alerts_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
    consents_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    referral_source: str | None = None
    clinic_location_id: UUID | None = None
    user_id: UUID | None = None
    merged_into_id: UUID | None = None
    archived_at: datetime | None = None
    deceased_on: date | None = None
    deleted_at: datetime | None = None


class ExternalReference(TenantRow, table=True):
    """Another system's id of one of our rows; what makes an import repeatable. `flags_json` lists what was odd."""

    __tablename__ = "external_reference"
    __table_args__ = tenant(
        UniqueConstraint("organization_id", "source", "entity_type", "external_id"),
        Index(None, "organization_id", "entity_id"),
    )
    source: str
    entity_type: str
    external_id: str
    entity_id: UUID
    content_hash: str = blank()
    flags_json: list[str] = Field(
        default_factory=list, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'[]'")}
    )
