"""Closed days and months: from then on their money does not change; corrections are dated in the open period (B10)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from clinic_core.db.base import JSON, TenantRow, blank, check, choice, owned, tenant
from clinic_core.vocabulary import ClosingKind


class Closing(TenantRow, table=True):
    """A day at a location, or a month of the organisation, closed and signed by who made the row.

    `figures_json` is what stood at that moment, amounts as decimal strings: of a day the takings by method, what was
    counted and the difference; of a month the roll-forward of what is owed. Frozen by trigger except for reopening.
    """

    __tablename__ = "closing"
    __table_args__ = tenant(
        owned("clinic_location_id", "clinic_location"),
        owned("reopened_by_user_id", "app_user"),
        Index(
            "uq_closing_once",
            "organization_id",
            "kind",
            "clinic_location_id",
            "starts_on",
            unique=True,
            postgresql_where=text("reopened_at is null"),
            postgresql_nulls_not_distinct=True,
        ),
        Index(None, "organization_id", "kind", "starts_on"),
        check("(kind = 'day') = (clinic_location_id is not null)", "location"),
        check(
            "case kind when 'day' then ends_on = starts_on else starts_on = date_trunc('month', starts_on)::date"
            " and ends_on = (starts_on + interval '1 month' - interval '1 day')::date end",
            "span",
        ),
        check(
            "(reopened_at is null) = (reopened_by_user_id is null) and (reopened_at is null) = (reopen_reason = '')",
            "reopened",
        ),
    )
    kind: ClosingKind = Field(sa_type=choice(ClosingKind), nullable=False)
    clinic_location_id: UUID | None = None
    starts_on: date
    ends_on: date
    note: str = blank()
    figures_json: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSON, nullable=False, sa_column_kwargs={"server_default": text("'{}'")}
    )
    reopened_at: datetime | None = None
    reopened_by_user_id: UUID | None = None
    reopen_reason: str = blank()
