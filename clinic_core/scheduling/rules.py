"""The booking rules within the settings of an organisation."""

from clinic_core.access.organization import OrganizationSettings
from clinic_core.models import Organization
from clinic_core.scheduling.schemas import BookingRules


def rules_of(organization: Organization) -> BookingRules:
    """The rules that are set, or the defaults of a new organisation."""
    settings = OrganizationSettings.model_validate(organization.settings_json)
    return BookingRules.model_validate({**settings.model_dump(), "version": organization.version})
