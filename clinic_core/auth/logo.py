"""Reading the organisation's logo; its picture is kept in this process until a newer one is set."""

from threading import Lock
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from clinic_core.access import Permission, Work, query
from clinic_core.auth.schemas import Logo
from clinic_core.models import OrganizationLogo

_KEPT_ORGANIZATIONS = 16
_kept: dict[UUID, Logo] = {}
_keeping = Lock()


@query(Permission.BILLING_VIEW, Permission.APPOINTMENT_READ, Permission.SETTINGS_MANAGE, name="logo.find")
def find_logo(work: Work) -> Logo | None:
    """The logo as it is now, or None; the picture is read only when its version is not the one known here."""
    found = work.session.execute(select(col(OrganizationLogo.id), col(OrganizationLogo.version))).one_or_none()
    if found is None:
        return None
    organization_id = work.actor.organization_id
    with _keeping:
        known = _kept.get(organization_id)
    if known is not None and (known.id, known.version) == tuple(found):
        return known
    logo = Logo.model_validate(work.get(OrganizationLogo, found.id, called="logo"), from_attributes=True)
    with _keeping:
        _kept.pop(organization_id, None)
        while len(_kept) >= _KEPT_ORGANIZATIONS:
            del _kept[next(iter(_kept))]
        _kept[organization_id] = logo
    return logo
