"""My account: own name and address, password, and leaving everywhere."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.auth.queries import get_own_profile
from clinic_core.auth.schemas import ChangeOwnPassword, UpdateOwnProfile
from clinic_core.auth.service import change_own_password, sign_out_everywhere, update_own_profile
from clinic_core.scheduling.queries import list_practitioners
from clinic_core.scheduling.schemas import ListPractitioners
from clinic_core.ui.accounts import password_field
from clinic_core.ui.feeds import draw_feeds
from clinic_core.ui.forms import text_field
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import open_page
from clinic_core.ui.session import go_to_sign_in, session_id
from clinic_core.ui.wording import plain

page = open_page("My account")
profile = page.read(get_own_profile)
st.caption(plain(f"{profile.organization_name} · {', '.join(profile.role_names)}"))

left, right = st.columns(2)
with left:
    st.subheader("Name and address", anchor=False)
    with st.form(f"profile_{profile.version}"):
        name = text_field("Name", key=f"name_{profile.version}", value=profile.display_name, limit=120)
        email = text_field("E-mail", key=f"email_{profile.version}", value=profile.email or "", limit=254)
        confirmed = password_field("Present password, for a new e-mail address", key=f"confirm_{profile.version}")
        is_saved = st.form_submit_button("Save", type="primary", icon=":material/save:")
    if (
        is_saved
        and page.run(
            update_own_profile,
            lambda: UpdateOwnProfile(
                version=profile.version,
                display_name=name,
                email=email,
                current_password=confirmed,
                request_id=page.request_id("profile"),
            ),
            done="Your account is saved.",
        )
        is not None
    ):
        st.rerun()

with right:
    st.subheader("Password", anchor=False)
    with st.form("password", clear_on_submit=True):
        current = password_field("Present password", key="current_password")
        new = password_field("New password, at least 8 characters", key="new_password", new=True)
        again = password_field("The same again", key="new_password_again", new=True)
        is_changed = st.form_submit_button("Change password", icon=":material/password:")
    if is_changed and new != again:
        st.error("The two new passwords differ; please type them again.", icon=":material/error:")
    elif (
        is_changed
        and page.run(
            change_own_password,
            lambda: ChangeOwnPassword(current_password=current, new_password=new, session=session_id() or ""),
            done="Your password is changed; {count} other sessions ended.",
        )
        is not None
    ):
        st.rerun()

if page.actor.can(Permission.APPOINTMENT_READ):
    people = page.read(list_practitioners, ListPractitioners())
    if page.actor.user_id in {row.id for row in people}:
        draw_feeds(page, profile.id, reader_zone())

st.subheader("Sessions", anchor=False)
others = profile.live_sessions - 1
elsewhere = {0: "nowhere else", 1: "in one other browser"}.get(others, f"in {others} other browsers")
st.markdown(f"You are signed in here and {elsewhere}.")
if st.button("Sign out everywhere", icon=":material/logout:"):
    page.read(sign_out_everywhere)
    go_to_sign_in()
