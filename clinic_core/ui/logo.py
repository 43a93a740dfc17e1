"""The logo at the head of papers: shown, set, removed."""

import streamlit as st

from clinic_core.auth.logo import find_logo
from clinic_core.auth.schemas import RemoveLogo, SetLogo
from clinic_core.auth.service import remove_logo, set_logo
from clinic_core.ui.page import Page

_WIDTH_PX = 240


def draw_logo(page: Page) -> None:
    """The logo of the organisation with what can be done to it."""
    st.subheader("Logo", anchor=False)
    st.caption("Printed at the head of invoices, receipts and day sheets of all locations. PNG or JPEG, at most 1 MB.")
    logo = page.read(find_logo)
    if logo is not None:
        st.image(
            logo.content, width=min(_WIDTH_PX, logo.width_px), caption=f"{logo.width_px} × {logo.height_px} pixels"
        )
    with st.form("logo", clear_on_submit=True):
        file = st.file_uploader("Picture", type=["png", "jpg", "jpeg"], key="logo_file", max_upload_size=1)
        pressed = st.form_submit_button("Replace logo" if logo else "Set logo")
    if pressed and file is None:
        st.warning("Choose a picture first.")
    elif pressed and file is not None:
        content = file.getvalue()
        request_id = page.request_id("logo")
        if page.run(set_logo, lambda: SetLogo(content=content, request_id=request_id), done="The logo is set."):
            st.rerun()
    if logo is not None and st.button("Remove logo", key="logo_remove"):
        remove = RemoveLogo(request_id=page.request_id("logo_remove"))
        if page.run(remove_logo, remove, done="The logo is removed."):
            st.rerun()
