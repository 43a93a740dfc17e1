"""People of the clinic: invited, changed, deactivated and taken back, with the roles and locations they have."""

from collections.abc import Iterable
from uuid import UUID

from sqlmodel import col, select

from clinic_core.access import Permission, Work, use_case
from clinic_core.auth.grants import (
    clinical_reason,
    covers,
    grants_of,
    holds_role,
    is_owner,
    lock_owners,
    refuse_wider_than_own,
    refuse_without_owner,
    roles_of_organization,
)
from clinic_core.auth.people import (
    address_is_free,
    cleaned_email,
    cleaned_name,
    issue_link,
    keep_locations,
    keep_roles,
    link_to_nowhere,
    retire_links,
)
from clinic_core.auth.queries import get_user
from clinic_core.auth.schemas import ChangeUserStatus, CreateLink, GetUser, InviteUser, IssuedLink, UpdateUser, UserRow
from clinic_core.auth.sessions import EndReason, end_sessions_of
from clinic_core.errors import Conflict, PermissionDenied
from clinic_core.kit.ids import new_id
from clinic_core.models import AppUser, UserRole
from clinic_core.vocabulary import LinkPurpose, UserStatus

ADDRESS_CANNOT_BE_USED = "This e-mail address cannot be used; please choose another one."
ONLY_AN_OWNER = "Only an Owner can change an Owner or make somebody one."


@use_case(Permission.USER_MANAGE, name="auth.invite_user")
def invite_user(work: Work, request: InviteUser) -> IssuedLink:
    """Adds a person and answers with the link by which they choose a password; it is shown this once.

    An address that signs in at another organisation gets the same answer, and a link that opens nothing.

    Raises:
        PermissionDenied: a role grants more than the actor holds.
        InvalidInput: name, address or roles are missing, or the reason for clinical permissions is.
        Conflict: somebody of the clinic has the address.
        NotFound: a role or location is not the organisation's.
    """
    email, name = cleaned_email(request.email), cleaned_name(request.display_name)
    owner_role = lock_owners(work.session)
    reason = _check_new_roles(work, set(request.role_ids), owner_role, request.reason)
    if not address_is_free(work.session, work.actor.organization_id, email):
        return link_to_nowhere(name)
    user = AppUser(id=new_id(), organization_id=work.actor.organization_id, email=email, display_name=name)
    with work.constraints({"uq_app_user_email": lambda _: Conflict(ADDRESS_CANNOT_BE_USED)}):
        work.session.add(user)
    keep_roles(work.session, user, request.role_ids)
    keep_locations(work.session, user, request.location_ids)
    work.audit("app_user", user.id, "invited")
    _audit_clinical(work, user.id, request.role_ids, reason)
    return issue_link(work.session, user, LinkPurpose.INVITATION)


@use_case(Permission.USER_MANAGE, name="auth.update_user")
def update_user(work: Work, request: UpdateUser) -> UserRow:
    """Changes a person; with other roles, all their sessions end.

    Raises:
        PermissionDenied: a new role grants more than the actor holds, or an Owner is changed by somebody who is none.
        Conflict: the last active Owner would be gone, the address is taken, or the form is stale.
        InvalidInput: as for `invite_user`.
    """
    name = cleaned_name(request.display_name)
    email = cleaned_email(request.email) if request.email and request.email.strip() else None
    owner_role = lock_owners(work.session)
    user = work.lock(AppUser, request.user_id, called="user", version=request.version)
    was_owner = _refuse_unless_owner_changes_owner(work, user, owner_role)
    had = _roles_held(work, user.id)
    reason = _check_new_roles(work, set(request.role_ids) - had, owner_role, request.reason)
    if email is None and user.password_hash is not None:
        raise Conflict("Somebody who signs in needs an e-mail address; deactivate the account instead.")
    if email is not None and not address_is_free(work.session, user.organization_id, email, but_of=user.id):
        raise Conflict(ADDRESS_CANNOT_BE_USED)
    with work.constraints({"uq_app_user_email": lambda _: Conflict(ADDRESS_CANNOT_BE_USED)}):
        user.display_name, user.email = name, email
    added, taken = keep_roles(work.session, user, request.role_ids)
    keep_locations(work.session, user, request.location_ids)
    if was_owner:
        refuse_without_owner(work.session, owner_role)
    if added or taken:
        end_sessions_of(work.session, user.id, EndReason.ROLES_CHANGED)
    _audit_clinical(work, user.id, added, reason)
    return get_user(work, GetUser(user_id=user.id)).user


@use_case(Permission.USER_MANAGE, name="auth.deactivate_user")
def deactivate_user(work: Work, request: ChangeUserStatus) -> UserRow:
    """Closes an account: sessions end at once, links stop working, what the person did stays.

    Raises:
        Conflict: it is the last active Owner, or the actor.
    """
    owner_role = lock_owners(work.session)
    user = work.lock(AppUser, request.user_id, called="user", version=request.version)
    was_owner = _refuse_unless_owner_changes_owner(work, user, owner_role)
    user.status = UserStatus.INACTIVE
    if was_owner:
        refuse_without_owner(work.session, owner_role)
    if user.id == work.actor.user_id:
        raise Conflict("You cannot deactivate yourself; please ask a colleague.")
    retire_links(work.session, user.id)
    end_sessions_of(work.session, user.id, EndReason.DEACTIVATED)
    work.audit("app_user", user.id, "deactivated")
    return get_user(work, GetUser(user_id=user.id)).user


@use_case(Permission.USER_MANAGE, name="auth.reactivate_user")
def reactivate_user(work: Work, request: ChangeUserStatus) -> UserRow:
    """Opens a closed account again with the roles it had, which must not reach further than the actor's own."""
    owner_role = lock_owners(work.session)
    user = work.lock(AppUser, request.user_id, called="user", version=request.version)
    if user.status is not UserStatus.INACTIVE:
        raise Conflict("This account is not deactivated.")
    _refuse_unless_owner_changes_owner(work, user, owner_role)
    refuse_wider_than_own(work.actor, grants_of(work.session, _roles_held(work, user.id)))
    never_signs_in = user.email is None
    user.status = UserStatus.ACTIVE if never_signs_in or user.password_hash is not None else UserStatus.INVITED
    work.audit("app_user", user.id, "reactivated")
    return get_user(work, GetUser(user_id=user.id)).user


@use_case(Permission.USER_MANAGE, name="auth.create_reset_link")
def create_reset_link(work: Work, request: CreateLink) -> IssuedLink:
    """A new link by which the person chooses a password: an invitation before the first one, a reset afterwards.

    The link is handed over by whoever asked for it and opens the account to them, so it is made only by those who
    could give the person the roles they have.

    Raises:
        PermissionDenied: the person is an Owner, or may do more than the actor.
        Conflict: the account is deactivated, or has no e-mail address to sign in with.
    """
    owner_role = lock_owners(work.session)
    user = work.lock(AppUser, request.user_id, called="user")
    _refuse_unless_owner_changes_owner(work, user, owner_role)
    _refuse_to_open(work, user)
    if user.status is UserStatus.INACTIVE:
        raise Conflict("This account is deactivated; take it back before you send a link.")
    if user.email is None:
        raise Conflict("This person has no e-mail address to sign in with; enter one first.")
    if user.password_hash is None and user.status is UserStatus.ACTIVE:
        user.status = UserStatus.INVITED
    purpose = LinkPurpose.INVITATION if user.password_hash is None else LinkPurpose.PASSWORD_RESET
    work.audit("app_user", user.id, "link_created", purpose=purpose.value)
    return issue_link(work.session, user, purpose)


def _roles_held(work: Work, user_id: UUID) -> set[UUID]:
    return set(work.session.scalars(select(UserRole.role_id).where(col(UserRole.user_id) == user_id)))


def _check_new_roles(work: Work, added: set[UUID], owner_role: UUID, reason: str) -> str | None:
    """Refuses roles that the actor may not give; answers with the reason where they open clinical notes."""
    if owner_role in added and not is_owner(work.actor):
        raise PermissionDenied(ONLY_AN_OWNER)
    roles_of_organization(work.session, added)
    grants = grants_of(work.session, added)
    refuse_wider_than_own(work.actor, grants)
    return clinical_reason(grants, reason)


def _refuse_unless_owner_changes_owner(work: Work, user: AppUser, owner_role: UUID) -> bool:
    """True when the user is an Owner, whom only an Owner may change."""
    if not holds_role(work.session, user.id, owner_role):
        return False
    if not is_owner(work.actor):
        raise PermissionDenied(ONLY_AN_OWNER)
    return True


def _refuse_to_open(work: Work, user: AppUser) -> None:
    """Refuses a link to an account that may do more than the actor, who could sign in with it."""
    grants = grants_of(work.session, _roles_held(work, user.id))
    wider = (permission for permission, scope in grants.items() if not covers(work.actor.scope(permission), scope))
    if user.id != work.actor.user_id and not is_owner(work.actor) and any(wider):
        raise PermissionDenied("This person may do more than you, and the link opens their account; ask an Owner.")


def _audit_clinical(work: Work, user_id: UUID, added: Iterable[UUID], reason: str | None) -> None:
    if reason is not None:
        opened = [permission.value for permission in grants_of(work.session, added) if permission.is_clinical]
        work.audit("app_user", user_id, "clinical_permission_granted", permissions=opened, reason=reason)
