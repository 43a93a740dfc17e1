"""Absences and outages recorded, changed and taken back with what their fields hold, the same from every page."""

from typing import Literal
from uuid import UUID

import streamlit as st

from clinic_core.scheduling.schemas import (
    AbsenceRow,
    AbsenceSaved,
    AddAbsence,
    AddOutage,
    ChangeAbsence,
    ChangeOutage,
    OutageRow,
    OutageSaved,
    RemoveAbsence,
    RemoveOutage,
)
from clinic_core.scheduling.service import (
    add_absence,
    add_outage,
    change_absence,
    change_outage,
    remove_absence,
    remove_outage,
)
from clinic_core.ui.absence_fields import AwayFields
from clinic_core.ui.page import Page
from clinic_core.vocabulary import AbsenceKind


def record_absence(
    page: Page, user_id: UUID, kind: AbsenceKind, fields: AwayFields, *, done: str = ""
) -> AbsenceSaved | None:
    """The practitioner is away for that time; None where it was refused."""

    def request() -> AddAbsence:
        starts_at, ends_at = fields.span()
        return AddAbsence(
            user_id=user_id,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=kind,
            reason=fields.reason,
            request_id=page.request_id("absence"),
        )

    return page.run(add_absence, request, done=done)


def record_outage(page: Page, resource_id: UUID, fields: AwayFields, *, done: str = "") -> OutageSaved | None:
    """The room or the equipment is out of service for that time; None where it was refused."""

    def request() -> AddOutage:
        starts_at, ends_at = fields.span()
        return AddOutage(
            resource_id=resource_id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=fields.reason,
            request_id=page.request_id("outage"),
        )

    return page.run(add_outage, request, done=done)


def save_absence(
    page: Page, row: AbsenceRow, kind: AbsenceKind, fields: AwayFields, *, done: str = ""
) -> AbsenceSaved | None:
    """The absence has another time, kind or reason; None where that was refused."""

    def request() -> ChangeAbsence:
        starts_at, ends_at = fields.span()
        return ChangeAbsence(
            absence_id=row.id,
            starts_at=starts_at,
            ends_at=ends_at,
            kind=kind,
            reason=fields.reason,
            version=row.version,
            request_id=page.request_id(f"absence/{row.id}/{row.version}"),
        )

    return page.run(change_absence, request, done=done)


def save_outage(page: Page, row: OutageRow, fields: AwayFields, *, done: str = "") -> OutageSaved | None:
    """The outage has another time or reason; None where that was refused."""

    def request() -> ChangeOutage:
        starts_at, ends_at = fields.span()
        return ChangeOutage(
            outage_id=row.id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=fields.reason,
            version=row.version,
            request_id=page.request_id(f"outage/{row.id}/{row.version}"),
        )

    return page.run(change_outage, request, done=done)


def remove_away(page: Page, row: AbsenceRow | OutageRow, *, done: str = "") -> bool:
    """Whether the absence or the outage is taken back."""
    request_id = page.request_id(f"remove/{row.id}")
    if isinstance(row, OutageRow):
        return page.run(remove_outage, RemoveOutage(outage_id=row.id, request_id=request_id), done=done) is not None
    return page.run(remove_absence, RemoveAbsence(absence_id=row.id, request_id=request_id), done=done) is not None


def draw_steps(what: str, key: str) -> Literal["save", "remove"] | None:
    """What may be done with the one that was chosen; `what` is its word."""
    with st.container(horizontal=True, gap="small"):
        if st.button(f"Save {what}", type="primary", key=f"{key}_save"):
            return "save"
        if st.button(f"Remove {what}", key=f"{key}_remove"):
            return "remove"
    return None
