"""Changing the clinic's booking rules; other settings of the organisation stay as they are."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.organization import OrganizationSettings
from clinic_core.scheduling.rules import rules_of
from clinic_core.scheduling.schemas import BookingRules, SetBookingRules

_NOT_RULES = {"version", "request_id"}


@use_case(Permission.SETTINGS_MANAGE, name="booking_rules.set")
def set_booking_rules(work: Work, request: SetBookingRules) -> BookingRules:
    """Sets lateness, fees, notice and limits; what was decided by the old rules stays. What changed is audited.

    Raises:
        StaleEdit: the organisation's settings were changed after the form was drawn.
    """
    organization = work.lock_organization(version=request.version)
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
