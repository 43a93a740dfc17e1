"""The router: who is at the screen, what they may open, and the page they chose. Started by `clinic serve`."""

import streamlit as st

from clinic_core.auth.sessions import ANONYMOUS
from clinic_core.ui.page import START_SENTENCE, guarded
from clinic_core.ui.session import current_actor, session_id
from clinic_core.ui.shell import draw_shell
from clinic_core.ui.sign_in import draw_sign_in

# A file of our own: with an emoji the browser would fetch a picture from a font host.
st.set_page_config(page_title="Clinicboard", page_icon="/app/static/clinicboard.png", layout="wide")

found = session_id()
if found is None:
    st.error(START_SENTENCE)
elif found == ANONYMOUS:
    draw_sign_in()
else:
    guarded(lambda: draw_shell(current_actor()))
