"""Roles: the permission matrix, and the clinic's own roles."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.auth.queries import list_roles
from clinic_core.auth.schemas import CreateRole, DeleteRole, RoleRow, SetRolePermission, UpdateRole
from clinic_core.auth.service import create_role, delete_role, set_role_permission, update_role
from clinic_core.ui.forms import chosen, reason_field, text_field
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import Column, show_table
from clinic_core.vocabulary import Scope

page = open_page("Roles", Permission.ROLE_MANAGE)
roles = page.read(list_roles)


def reach(role: RoleRow, permission: Permission) -> str:
    """How far the role holds the permission, in the words of the matrix."""
    scope = role.grants.get(permission)
    return scope.label if scope else "–"


def column_of(role: RoleRow) -> Column[Permission]:
    """The role's column of the matrix."""
    return Column(lambda permission: reach(role, permission), role.name, width="small")


MATRIX, OWN = "Permissions", "Own roles"
part = st.radio("Part", [MATRIX, OWN], horizontal=True, key="roles_part", label_visibility="collapsed")
if part == MATRIX:
    with st.form("cell"):
        first, second, third = st.columns([1, 2, 1])
        role = first.selectbox("Role", roles, format_func=lambda one: one.name, key="cell_role")
        permission = second.selectbox(
            "Permission", list(Permission), format_func=lambda one: one.description, key="cell_permission"
        )
        scope = third.selectbox(
            "Reach", list(Scope), index=None, format_func=lambda one: one.label, key="cell_scope", placeholder="None"
        )
        reason = reason_field("Reason, where it opens clinical notes", key="cell_reason")
        is_set = st.form_submit_button("Set permission", type="primary", icon=":material/key:")
    if (
        is_set
        and page.run(
            set_role_permission,
            lambda: SetRolePermission(
                role_id=role.id,
                permission=chosen(permission, field="permission"),
                scope=scope,
                reason=reason,
                request_id=page.request_id("cell"),
            ),
            done="The permission of the role {name} is set.",
        )
        is not None
    ):
        st.rerun()
    columns: list[Column[Permission]] = [Column("description", "Permission", width="large")]
    show_table(list(Permission), [*columns, *(column_of(role) for role in roles)], key="matrix")
    st.caption("A change counts at the next action of everybody who holds the role.")

else:
    with st.form("create"):
        left, right = st.columns(2)
        with left:
            name = text_field("Name of the new role", key="create_name", limit=60)
        copied = right.selectbox(
            "With the permissions of",
            roles,
            index=None,
            format_func=lambda one: one.name,
            key="create_copy",
            placeholder="No permission yet",
        )
        create_reason = reason_field("Reason, where they open clinical notes", key="create_reason")
        is_created = st.form_submit_button("Create role", icon=":material/add:")
    if (
        is_created
        and page.run(
            create_role,
            lambda: CreateRole(
                name=name,
                copy_of=copied.id if copied else None,
                reason=create_reason,
                request_id=page.request_id("create"),
            ),
            done="The role {name} is created.",
        )
        is not None
    ):
        st.rerun()

    for mine in (role for role in roles if not role.baseline):
        with st.form(f"own_{mine.id}_{mine.version}"):
            new_name = text_field("Name", key=f"name_{mine.id}_{mine.version}", value=mine.name, limit=60)
            st.caption(f"Held by {mine.users}.")
            with st.container(horizontal=True):
                is_renamed = st.form_submit_button("Rename", icon=":material/edit:")
                is_removed = st.form_submit_button("Remove", icon=":material/delete:")
        if (
            is_renamed
            and page.run(
                update_role,
                UpdateRole(role_id=mine.id, version=mine.version, name=new_name),
                done="The role is now called {name}.",
            )
            is not None
        ):
            st.rerun()
        if (
            is_removed
            and page.run(delete_role, DeleteRole(role_id=mine.id, version=mine.version), done="The role is removed.")
            is not None
        ):
            st.rerun()
