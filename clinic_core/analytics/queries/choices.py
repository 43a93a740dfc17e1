"""What reports can be narrowed to."""

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.analytics.filters import read_filters
from clinic_core.analytics.schemas import Choosable, ReportChoices
from clinic_core.models import AppUser, PractitionerProfile, UserLocation
from clinic_core.vocabulary import Scope


@query(Permission.REPORT_VIEW, name="report.choices")
def list_report_choices(work: Work) -> ReportChoices:
    """The locations and practitioners within the reader's reach, and today's date at them."""
    actor = work.actor
    filters = read_filters(
        work.session, actor, Permission.REPORT_VIEW, clinic_location_id=None, practitioner_user_id=None
    )
    people = (
        select(col(AppUser.id), col(AppUser.display_name))
        .join(PractitionerProfile, col(PractitionerProfile.user_id) == col(AppUser.id))
        .where(col(AppUser.organization_id) == actor.organization_id)
        .order_by(col(AppUser.display_name), col(AppUser.id))
    )
    scope = actor.scope(Permission.REPORT_VIEW)
    if scope in {Scope.OWN, Scope.CARE_TEAM}:
        people = people.where(col(AppUser.id) == actor.user_id)
    elif scope is Scope.LOCATION:
        people = people.where(
            col(AppUser.id).in_(
                select(col(UserLocation.user_id)).where(
                    col(UserLocation.organization_id) == actor.organization_id,
                    col(UserLocation.clinic_location_id).in_(actor.location_ids),
                )
            )
        )
    return ReportChoices(
        today=filters.today,
        locations=tuple(Choosable(id=place.id, name=place.name) for place in filters.places),
        practitioners=tuple(Choosable(id=user_id, name=name) for user_id, name in work.session.execute(people)),
    )
