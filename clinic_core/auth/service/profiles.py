"""Profiles of practitioners and assistants, kept by those who manage users (O6)."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.auth.schemas import (
    AssistantProfileRow,
    PractitionerProfileRow,
    UpdateAssistantProfile,
    UpdatePractitionerProfile,
)
from clinic_core.errors import StaleEdit
from clinic_core.kit.text import clean
from clinic_core.models import AppUser, AssistantProfile, PractitionerProfile

ENTRY_LIMIT = 100
ENTRIES = 20


@use_case(Permission.USER_MANAGE, name="auth.update_practitioner_profile")
def update_practitioner_profile(work: Work, request: UpdatePractitionerProfile) -> PractitionerProfileRow:
    """Makes a user a practitioner or changes the specialties and the licence.

    Raises:
        StaleEdit: the profile changed after the form was drawn.
    """
    specialties = _entries(request.specialties, "specialties")
    license_number = clean(request.license_number, limit=ENTRY_LIMIT, field="license_number")
    user = work.get(AppUser, request.user_id, called="user")
    found = work.session.scalars(
        select(PractitionerProfile.id).where(col(PractitionerProfile.user_id) == user.id)
    ).one_or_none()
    if found is None:
        profile = PractitionerProfile(organization_id=user.organization_id, user_id=user.id)
        work.session.add(profile)
    else:
        _refuse_blind_edit(request.version)
        profile = work.lock(PractitionerProfile, found, called="profile", version=request.version)
    profile.specialties_json = list(specialties)
    profile.license_number = license_number
    work.session.flush()
    return PractitionerProfileRow(
        id=profile.id, version=profile.version, specialties=specialties, license_number=license_number
    )


@use_case(Permission.USER_MANAGE, name="auth.update_assistant_profile")
def update_assistant_profile(work: Work, request: UpdateAssistantProfile) -> AssistantProfileRow:
    """Makes a user an assistant or changes department and duties.

    Raises:
        StaleEdit: the profile changed after the form was drawn.
    """
    duties = _entries(request.duties, "duties")
    department = clean(request.department, limit=ENTRY_LIMIT, field="department")
    user = work.get(AppUser, request.user_id, called="user")
    found: UUID | None = work.session.scalars(
        select(AssistantProfile.id).where(col(AssistantProfile.user_id) == user.id)
    ).one_or_none()
    if found is None:
        profile = AssistantProfile(organization_id=user.organization_id, user_id=user.id)
        work.session.add(profile)
    else:
        _refuse_blind_edit(request.version)
        profile = work.lock(AssistantProfile, found, called="profile", version=request.version)
    profile.duties_json = list(duties)
    profile.department = department
    work.session.flush()
    return AssistantProfileRow(id=profile.id, version=profile.version, department=department, duties=duties)


def _entries(texts: Iterable[str], field: str) -> tuple[str, ...]:
    """The entries without empty ones and repetitions, in the order given."""
    cleaned = [clean(entry, limit=ENTRY_LIMIT, field=field) for entry in list(texts)[:ENTRIES]]
    return tuple(dict.fromkeys(entry for entry in cleaned if entry))


def _refuse_blind_edit(version: int | None) -> None:
    if version is None:
        raise StaleEdit(
            "Somebody made this profile in the meantime; reload and look again.", changed_by=None, changed_at=None
        )
