"""The way to the printed day sheet."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import streamlit as st

from clinic_core.scheduling.schemas import LocationRow


def draw_day_sheet_link(location: LocationRow, day: date, practitioner_ids: Sequence[UUID] = ()) -> None:
    """A button that opens the PDF of that day, of everybody or of the one chosen; ids and dates only."""
    whose = f"?practitioner={practitioner_ids[0]}" if len(practitioner_ids) == 1 else ""
    address = f"/docs/day-sheet/{location.id}/{day}.pdf{whose}"
    st.link_button("Day sheet", address, icon=":material/print:", help="The day as a PDF for printing")
