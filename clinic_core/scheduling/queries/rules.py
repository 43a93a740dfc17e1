"""The clinic's booking rules."""

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.models import Organization
from clinic_core.scheduling.rules import rules_of
from clinic_core.scheduling.schemas import BookingRules


@query(Permission.SETTINGS_MANAGE, name="booking_rules.get")
def get_booking_rules(work: Work) -> BookingRules:
    """The rules as they are set now, with the version that a form is drawn with."""
    statement = select(Organization).where(col(Organization.id) == work.actor.organization_id)
    return rules_of(work.session.execute(statement.execution_options(populate_existing=True)).scalar_one())
