"""What the pages about accounts share: password fields, and a one-time link shown this once."""

from urllib.parse import urlsplit

import streamlit as st
from pydantic import SecretStr

from clinic_core.auth.schemas import IssuedLink
from clinic_core.kit.formats import Locale, date_text


def password_field(label: str, *, key: str, new: bool = False) -> SecretStr:
    """A password as typed; its letters never show and no log has them."""
    known = "new-password" if new else "current-password"
    return SecretStr(st.text_input(label, type="password", key=key, max_chars=128, autocomplete=known))


def draw_issued_link(link: IssuedLink, locale: Locale) -> None:
    """The link for handing over; the next run of the page no longer has it."""
    if link.was_shown:
        st.info("This link was shown already. If it was not handed over, make a new one; the old one stops working.")
        return
    here = urlsplit(st.context.url or "")
    origin = f"{here.scheme}://{here.netloc}" if here.netloc else ""
    st.success(
        "Hand this link over yourself. It works once, until "
        f"{date_text(link.expires_at.date(), locale)}, and is not shown again.",
        icon=":material/link:",
    )
    st.code(origin + link.path.get_secret_value(), language=None)
