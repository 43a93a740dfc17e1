"""Changing what papers show; what was issued before stays as it was printed."""

from clinic_core.access import Permission, Work, use_case
from clinic_core.access.organization import OrganizationSettings
from clinic_core.billing.queries.paper_settings import get_paper_settings
from clinic_core.billing.schemas import GetPaperSettings, PaperSettings, SetPaperSettings
from clinic_core.kit.clock import now

_NOT_SETTINGS = {"version", "request_id"}


@use_case(Permission.SETTINGS_MANAGE, name="paper_settings.set")
def set_paper_settings(work: Work, request: SetPaperSettings) -> PaperSettings:
    """Sets letterhead, tax number, days until due and prefixes from now on; what changed is audited.

    Numbers given out stay. A new prefix begins at 1 in each year, one that was used in a year before goes on there, so
    no number is given twice.

    Raises:
        StaleEdit: the organisation's settings were changed after the form was drawn.
    """
    organization = work.lock_organization(version=request.version)
    before = organization.settings_json
    was = OrganizationSettings.model_validate(before).model_dump(mode="json")
    wanted = request.model_dump(mode="json", exclude=_NOT_SETTINGS)
    changed = {name: [was[name], value] for name, value in wanted.items() if was[name] != value}
    if changed:
        organization.settings_json = {**before, **wanted}
        OrganizationSettings.model_validate(organization.settings_json)
        work.session.flush()
        work.audit("organization", organization.id, "paper_settings", **changed)
    return get_paper_settings(work, GetPaperSettings(year=now().year))
