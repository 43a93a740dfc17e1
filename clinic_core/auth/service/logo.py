"""The organisation's logo: set, replaced, removed."""

from sqlalchemy import select

from clinic_core.access import Permission, Work, use_case
from clinic_core.auth.schemas import Done, LogoRow, RemoveLogo, SetLogo
from clinic_core.errors import ClinicError, Conflict, NotFound
from clinic_core.kit.pictures import clean_picture
from clinic_core.models import OrganizationLogo


@use_case(Permission.SETTINGS_MANAGE, name="logo.set")
def set_logo(work: Work, request: SetLogo) -> LogoRow:
    """Puts a picture at the head of every paper printed from now on; it is written anew, without its metadata.

    Raises:
        InvalidInput: it is no PNG or JPEG, it is damaged, or it is too large.
        Conflict: somebody else set the first logo at the same moment.
    """
    picture = clean_picture(request.content, field="content")
    logo = _locked(work)
    with work.constraints({"uq_organization_logo_organization_id": _set_by_another}):
        if logo is None:
            logo = OrganizationLogo(organization_id=work.actor.organization_id, **picture._asdict())
            work.session.add(logo)
        else:
            logo.media_type, logo.width_px, logo.height_px, logo.content = picture
    work.session.refresh(logo)
    return LogoRow(
        id=logo.id,
        version=logo.version,
        media_type=logo.media_type,
        width_px=logo.width_px,
        height_px=logo.height_px,
    )


@use_case(Permission.SETTINGS_MANAGE, name="logo.remove")
def remove_logo(work: Work, request: RemoveLogo) -> Done:  # noqa: ARG001 (its request id makes a repeat harmless)
    """Papers go without a logo from now on.

    Raises:
        NotFound: there is none.
    """
    logo = _locked(work)
    if logo is None:
        raise NotFound("There is no logo to remove.")
    work.session.delete(logo)
    return Done(id=logo.id)


def _locked(work: Work) -> OrganizationLogo | None:
    return work.session.scalars(
        select(OrganizationLogo).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()


def _set_by_another(_detail: object) -> ClinicError:
    return Conflict("Somebody else set a logo at the same moment; reload and look at it first.")
