"""One user: name, address, roles and locations, profiles, links, and closing the account."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.auth.queries import get_user, list_roles, list_work_places
from clinic_core.auth.schemas import (
    ChangeUserStatus,
    CreateLink,
    GetUser,
    UpdateAssistantProfile,
    UpdatePractitionerProfile,
    UpdateUser,
)
from clinic_core.auth.service import (
    create_reset_link,
    deactivate_user,
    reactivate_user,
    update_assistant_profile,
    update_practitioner_profile,
    update_user,
)
from clinic_core.ui.accounts import draw_issued_link
from clinic_core.ui.feeds import draw_feeds
from clinic_core.ui.forms import reason_field, text_field
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import UserStatus

page = open_page("User", Permission.USER_MANAGE)
user_id = page.id("user")
if user_id is None:
    draw_empty("No user is chosen.", "Choose one in the list of users.")
    st.stop()

detail = page.read(get_user, GetUser(user_id=user_id))
user = detail.user
role_names = {role.id: role.name for role in page.read(list_roles)}
place_names = {place.id: place.name for place in page.read(list_work_places)}
form = f"{user.id}_{user.version}"
st.subheader(plain(f"{user.display_name} · {user.status.label}"), anchor=False)

with st.form(f"user_{form}"):
    left, right = st.columns(2)
    with left:
        name = text_field("Name", key=f"name_{form}", value=user.display_name, limit=120)
        email = text_field("E-mail", key=f"email_{form}", value=user.email or "", limit=254)
    with right:
        roles = st.multiselect(
            "Roles",
            list(role_names),
            default=list(user.role_ids),
            format_func=lambda one: role_names[one],
            key=f"roles_{form}",
        )
        known_places = [place for place in user.location_ids if place in place_names]
        places = st.multiselect(
            "Locations",
            list(place_names),
            default=known_places,
            format_func=lambda one: place_names[one],
            key=f"places_{form}",
        )
    reason = reason_field("Reason, where a new role opens clinical notes", key=f"reason_{form}")
    is_saved = st.form_submit_button("Save", type="primary", icon=":material/save:")
if (
    is_saved
    and page.run(
        update_user,
        lambda: UpdateUser(
            user_id=user.id,
            version=user.version,
            display_name=name,
            email=email or None,
            role_ids=tuple(roles),
            location_ids=tuple(places),
            reason=reason,
            request_id=page.request_id(f"save_{form}"),
        ),
        done="The user is saved.",
    )
    is not None
):
    st.rerun()

ACCOUNT, PRACTITIONER, ASSISTANT = "Account", "Practitioner", "Assistant"
part = st.radio(
    "Part", [ACCOUNT, PRACTITIONER, ASSISTANT], horizontal=True, key="user_part", label_visibility="collapsed"
)
if part == ACCOUNT:
    if user.status is UserStatus.INACTIVE:
        change = ChangeUserStatus(user_id=user.id, version=user.version)
        if (
            st.button("Take back", icon=":material/person_check:")
            and page.run(reactivate_user, change, done="The account is open again.") is not None
        ):
            st.rerun()
    else:
        st.caption(
            "A new link lets the person choose a password; links given out before stop working. Where an account may do"
            " more than yours, only an Owner can make its link, because the link opens the account."
        )
        if st.button("Make a link", icon=":material/link:"):
            link = page.run(create_reset_link, CreateLink(user_id=user.id, request_id=page.request_id("link")))
            if link is not None:
                draw_issued_link(link, page.actor.settings.locale)
        is_sure = st.checkbox("Close this account: all sessions end at once", key=f"sure_{form}")
        change = ChangeUserStatus(user_id=user.id)
        if (
            st.button("Deactivate", icon=":material/person_off:", disabled=not is_sure)
            and page.run(deactivate_user, change, done="The account is deactivated.") is not None
        ):
            st.rerun()
elif part == PRACTITIONER:
    with st.form(f"practitioner_{user.id}_{detail.practitioner.version}"):
        specialties = st.text_input(
            "Specialties, with commas between", value=", ".join(detail.practitioner.specialties), max_chars=1000
        )
        license_number = st.text_input("Licence number", value=detail.practitioner.license_number, max_chars=100)
        if (
            st.form_submit_button("Save profile", icon=":material/save:")
            and page.run(
                update_practitioner_profile,
                lambda: UpdatePractitionerProfile(
                    user_id=user.id,
                    version=detail.practitioner.version,
                    specialties=tuple(specialties.split(",")),
                    license_number=license_number,
                    request_id=page.request_id(f"practitioner_{form}"),
                ),
                done="The profile is saved.",
            )
            is not None
        ):
            st.rerun()
    if detail.practitioner.id is not None and user.status is not UserStatus.INACTIVE:
        draw_feeds(page, user.id, reader_zone())
else:
    with st.form(f"assistant_{user.id}_{detail.assistant.version}"):
        department = st.text_input("Department", value=detail.assistant.department, max_chars=100)
        duties = st.text_input("Duties, with commas between", value=", ".join(detail.assistant.duties), max_chars=1000)
        if (
            st.form_submit_button("Save profile", icon=":material/save:")
            and page.run(
                update_assistant_profile,
                lambda: UpdateAssistantProfile(
                    user_id=user.id,
                    version=detail.assistant.version,
                    department=department,
                    duties=tuple(duties.split(",")),
                    request_id=page.request_id(f"assistant_{form}"),
                ),
                done="The profile is saved.",
            )
            is not None
        ):
            st.rerun()
