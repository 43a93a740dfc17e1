"""Users: who works here, and the invitation of somebody new."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.auth.queries import list_roles, list_users, list_work_places
from clinic_core.auth.schemas import InviteUser, ListUsers
from clinic_core.auth.service import invite_user
from clinic_core.ui.accounts import draw_issued_link
from clinic_core.ui.forms import reason_field, text_field
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import Column, Wording, draw_pager, show_table
from clinic_core.vocabulary import UserStatus

page = open_page("Users", Permission.USER_MANAGE)
PAGE_SIZE = 50
locale = page.actor.settings.locale

with page.actions:
    is_inviting = st.toggle("Invite somebody", key="inviting")

if is_inviting:
    role_names = {role.id: role.name for role in page.read(list_roles)}
    place_names = {place.id: place.name for place in page.read(list_work_places)}
    with st.form("invite", clear_on_submit=False):
        left, right = st.columns(2)
        with left:
            name = text_field("Name", key="invite_name", limit=120)
            email = text_field("E-mail", key="invite_email", limit=254)
        with right:
            roles = st.multiselect(
                "Roles", list(role_names), format_func=lambda one: role_names[one], key="invite_roles"
            )
            places = st.multiselect(
                "Locations", list(place_names), format_func=lambda one: place_names[one], key="invite_places"
            )
        reason = reason_field("Reason, where a role opens clinical notes", key="invite_reason")
        is_sent = st.form_submit_button("Invite", type="primary", icon=":material/person_add:")
    if is_sent:
        link = page.run(
            invite_user,
            lambda: InviteUser(
                email=email,
                display_name=name,
                role_ids=tuple(roles),
                location_ids=tuple(places),
                reason=reason,
                request_id=page.request_id("invite"),
            ),
        )
        if link is not None:
            draw_issued_link(link, locale)

filters, states = st.columns([2, 1])
search = filters.text_input("Search", key="search", placeholder="Name or e-mail", icon=":material/search:")
status = states.selectbox(
    "Status", list(UserStatus), index=None, format_func=lambda one: one.label, key="status", placeholder="All"
)
table = st.container()
total = page.read(list_users, ListUsers(search=search, status=status, page_size=1)).total
offset = draw_pager(total, page_size=PAGE_SIZE, key="users_page")
listed = page.read(
    list_users, ListUsers(search=search, status=status, page=offset // PAGE_SIZE + 1, page_size=PAGE_SIZE)
)
with table:
    chosen = show_table(
        listed.rows,
        [
            Column("display_name", "Name"),
            Column(lambda row: row.email or "never signs in", "E-mail"),
            Column(lambda row: ", ".join(row.role_names), "Roles"),
            Column(lambda row: ", ".join(row.location_names), "Locations"),
            Column("status", "Status", width="small"),
            Column("last_login_at", "Last sign-in (UTC)"),
            Column("locked_until", "Locked until (UTC)"),
        ],
        key="users",
        select=True,
        wording=Wording(locale),
        empty="Nobody matches these filters.",
    )
if chosen is not None:
    page.go("pages/admin/user.py", user=chosen.id)
