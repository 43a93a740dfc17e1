"""Starting statements for all who owe: how many there are, from which day on, and who gets theirs by e-mail."""

import streamlit as st

from clinic_core.analytics.schemas import OutstandingRowsRequest
from clinic_core.analytics.schemas.statements import StartStatements, StatementsWanted
from clinic_core.analytics.statements import count_statements, start_statements
from clinic_core.kit.calendar import local_date
from clinic_core.kit.clock import now
from clinic_core.ui.batches import BATCHES_PAGE
from clinic_core.ui.forms import date_field
from clinic_core.ui.location import reader_zone
from clinic_core.ui.page import Page
from clinic_core.ui.tiles import counted

_OPEN = "statements_filter"


def begin_statements(request: OutstandingRowsRequest) -> None:
    """Callback: open the dialog for those who owe by these filters."""
    end_statements()
    wanted = request.model_dump(include=set(StatementsWanted.model_fields))
    st.session_state[_OPEN] = (StatementsWanted.model_validate(wanted), request.as_of is not None)


def end_statements() -> None:
    """Callback: close the dialog."""
    for key in [key for key in st.session_state if str(key).startswith("statements_")]:
        del st.session_state[key]


def draw_statements(page: Page) -> None:
    """The dialog, if it is open."""
    found: tuple[StatementsWanted, bool] | None = st.session_state.get(_OPEN)
    if found is not None:
        _dialog(page, *found)


@st.dialog("Statements for all who owe", width="small", dismissible=False, icon=":material/request_quote:")
def _dialog(page: Page, wanted: StatementsWanted, is_of_a_past_day: bool) -> None:
    count = page.read(count_statements, wanted)
    reached = f", {count.by_email} can get theirs by e-mail" if count.by_email else ""
    st.markdown(f"**{counted(count.statements, 'statement')}**{reached}")
    if is_of_a_past_day:
        st.info("Statements go to those who owe today, and end today.", icon=":material/info:")
    year_began = local_date(now(), reader_zone()).replace(month=1, day=1)
    first_day = date_field("From", key="statements_from", value=year_began)
    st.caption("What was owed before is brought forward; without a day the statements begin with the first invoice.")
    email = st.toggle(
        "Send by e-mail where possible",
        key="statements_email",
        disabled=not count.by_email,
        help="To patients with an address who did not refuse e-mail. The others are put into the archive by post.",
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="statements_cancel"):
            end_statements()
            st.rerun()
        pressed = st.button("Start", type="primary", key="statements_start", disabled=not count.statements)
    if not pressed:
        return
    request = StartStatements(
        **dict(wanted), first_day=first_day, email=email, request_id=page.request_id("statements")
    )
    if page.run(start_statements, request, done="The statements are being made.") is not None:
        end_statements()
        page.go(BATCHES_PAGE)
