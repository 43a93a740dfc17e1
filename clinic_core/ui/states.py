"""The states drawn on purpose: empty, filtered to nothing, refused, not allowed, stale, database away."""

import streamlit as st
from pydantic import ValidationError

from clinic_core.errors import BookingConflict, ClinicError, InvalidInput, StaleEdit, Unavailable
from clinic_core.ui.wording import plain

RETRY_SECONDS = 15


def draw_refusal(error: ClinicError) -> None:
    """What was refused and why, where the person looks; every field or obstacle with its own sentence."""
    details: list[str] = []
    if isinstance(error, InvalidInput):
        details = [sentence for sentence in error.fields.values() if sentence not in error.message]
    if isinstance(error, BookingConflict):
        details = [obstacle.sentence for obstacle in error.obstacles if obstacle.sentence not in error.message]
    lines = [plain(error.message), *(f"- {plain(sentence)}" for sentence in details)]
    icon = ":material/sync_problem:" if isinstance(error, StaleEdit | Unavailable) else ":material/error:"
    st.error("\n".join(lines) if not details else f"{lines[0]}\n\n" + "\n".join(lines[1:]), icon=icon)


def draw_empty(sentence: str, next_step: str = "") -> None:
    """Nothing is here: what belongs here, and the one next step."""
    with st.container(border=True):
        st.markdown(plain(sentence))
        if next_step:
            st.caption(plain(next_step))


def draw_not_allowed() -> None:
    """A page that is not the person's."""
    st.warning("Your role does not open this page. Ask an administrator if you need it.", icon=":material/lock:")


def draw_unexpected(reference: str) -> None:
    """Something nobody foresaw, with the code under which it is in the log."""
    st.error(
        "Something went wrong on this page. What was saved before is safe; please try again. "
        f"If it happens again, tell your administrator the reference code **{reference}**.",
        icon=":material/error:",
    )


def draw_unavailable(sentence: str) -> None:
    """The database is away: a calm page that tries again by itself."""
    st.info(
        f"{plain(sentence)} Nothing you saved is lost; this page tries again by itself.", icon=":material/cloud_off:"
    )
    _try_again()


@st.fragment(run_every=RETRY_SECONDS)
def _try_again() -> None:
    """Draws the button; each later run of this fragment alone (a click or the timer) runs the whole page again."""
    if "_database_away" in st.session_state:
        del st.session_state["_database_away"]
        st.rerun(scope="app")
    st.session_state["_database_away"] = True
    st.button("Try again", icon=":material/refresh:")


def as_invalid_input(error: ValidationError) -> InvalidInput:
    """What Pydantic refused, in sentences; the refused values are not repeated, as they may be personal data."""
    fields: dict[str, str] = {}
    for found in error.errors(include_url=False, include_input=False, include_context=False):
        name = str(found["loc"][-1]) if found["loc"] else "form"
        called = name.replace("_", " ").capitalize()
        fields[name] = f"{called}: {found['msg'].removeprefix('Value error, ').rstrip('.')}."
    first = next(iter(fields.values()), "The form cannot be right; please check it.")
    return InvalidInput(first if len(fields) < 2 else "Please check these fields.", fields=fields)
