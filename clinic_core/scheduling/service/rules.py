"""Changing the clinic's booking rules; other settings of the organisation stay as they are."""

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.organization import OrganizationSettings
from clinic_core.errors import StaleEdit
from clinic_core.models import AppUser, Organization
from clinic_core.scheduling.rules import rules_of
from clinic_core.scheduling.schemas import BookingRules, SetBookingRules

_NOT_RULES = {"version", "request_id"}


@use_case(Permission.SETTINGS_MANAGE, name="booking_rules.set")
def set_booking_rules(work: Work, request: SetBookingRules) -> BookingRules:
    """Sets lateness, fees, notice and limits; what was decided by the old rules stays. What changed is audited.

    Raises:
        StaleEdit: the organisation's settings were changed after the form was drawn.
    """
    organization = work.session.execute(
        select(Organization)
        .where(col(Organization.id) == work.actor.organization_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one()
    if organization.version != request.version:
        raise _stale(work, organization)
    before = rules_of(organization)
    rules = request.model_dump(mode="json", exclude=_NOT_RULES)
    stored = {**organization.settings_json, **rules}
    OrganizationSettings.model_validate(stored)
    organization.settings_json = stored
    work.session.flush()
    work.session.refresh(organization)
    after = rules_of(organization)
    was = before.model_dump(mode="json", exclude=_NOT_RULES)
    changed = {name: [was[name], rules[name]] for name in rules if was[name] != rules[name]}
    work.audit("organization", organization.id, "booking_rules", **changed)
    return after


def _stale(work: Work, organization: Organization) -> StaleEdit:
    by = col(AppUser.id) == organization.updated_by
    name = work.session.execute(select(col(AppUser.display_name)).where(by)).scalar_one_or_none()
    changed_by = name or "somebody else"
    return StaleEdit(
        f"The settings were changed by {changed_by} in the meantime; reload and look again.",
        changed_by=changed_by,
        changed_at=organization.updated_at,
    )
