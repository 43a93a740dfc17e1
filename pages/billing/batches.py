"""Print runs: many papers made at once in the background, how far they have come, and their files."""

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import count_batches
from clinic_core.billing.schemas import ListBatches
from clinic_core.ui.batches import draw_batches
from clinic_core.ui.page import open_page
from clinic_core.ui.tables import draw_pager

page = open_page("Print runs", Permission.BILLING_VIEW)

PAGE_SIZE = 20
PAGER = "batches_page"

own_only = page.actor.can(Permission.BILLING_MANAGE) and st.toggle("Only mine", key="batches_own")
total = page.read(count_batches, ListBatches(own_only=own_only))
offset = min(int(st.session_state.get(PAGER, 0)), max(0, total - 1) // PAGE_SIZE) * PAGE_SIZE
draw_batches(page, ListBatches(own_only=own_only, offset=offset, limit=PAGE_SIZE))
draw_pager(total, page_size=PAGE_SIZE, key=PAGER)
