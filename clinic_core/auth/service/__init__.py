"""The use cases of sign-in, users, roles and one's own account; each takes `(work, request)` but for signing in."""

from clinic_core.auth.service.account import change_own_password, sign_out_everywhere, update_own_profile
from clinic_core.auth.service.logo import remove_logo, set_logo
from clinic_core.auth.service.profiles import update_assistant_profile, update_practitioner_profile
from clinic_core.auth.service.roles import create_role, delete_role, set_role_permission, update_role
from clinic_core.auth.service.users import (
    create_reset_link,
    deactivate_user,
    invite_user,
    reactivate_user,
    update_user,
)
from clinic_core.auth.sessions import sign_out
from clinic_core.auth.sign_in import authenticate, set_password

__all__ = [
    "authenticate",
    "change_own_password",
    "create_reset_link",
    "create_role",
    "deactivate_user",
    "delete_role",
    "invite_user",
    "reactivate_user",
    "remove_logo",
    "set_logo",
    "set_password",
    "set_role_permission",
    "sign_out",
    "sign_out_everywhere",
    "update_assistant_profile",
    "update_own_profile",
    "update_practitioner_profile",
    "update_role",
    "update_user",
]
