"""Payment reminders: what is due now by step, who is not reminded and why, and the runs so far."""

from uuid import UUID

import streamlit as st

from clinic_core.access import Permission
from clinic_core.billing.queries import list_due_reminders, list_reminder_runs, list_unreminded
from clinic_core.billing.schemas import ListDueReminders, ListReminderRuns, ListUnreminded, ReminderFilter
from clinic_core.kit.formats import money
from clinic_core.scheduling.queries import list_locations
from clinic_core.scheduling.schemas import ListLocations
from clinic_core.ui.export import Export, draw_export
from clinic_core.ui.page import open_page
from clinic_core.ui.reminder_letters import (
    Chosen,
    begin_start,
    draw_left_out,
    draw_letter,
    draw_runs,
    draw_start,
    draw_unreminded,
    letters_table,
    ticked_letters,
)
from clinic_core.ui.reminder_steps import begin_steps, draw_steps
from clinic_core.ui.states import draw_empty
from clinic_core.ui.tables import draw_pager
from clinic_core.ui.tiles import counted
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import Scope

page = open_page("Payment reminders", Permission.BILLING_MANAGE)

PAGE_SIZE = 50
RUNS = 10
PAGER, LEFT_PAGER = "reminders_page", "reminders_left_page"

settings = page.actor.settings


def back_to_first_page() -> None:
    """Callback of the filters."""
    st.session_state[PAGER] = st.session_state[LEFT_PAGER] = 0


draw_left_out(page)
everywhere = page.actor.scope(Permission.BILLING_MANAGE) is Scope.ORGANISATION
places = [row for row in page.read(list_locations, ListLocations()) if everywhere or row.is_mine]
names: dict[UUID | None, str] = {None: "All locations", **{row.id: row.name for row in places}}
titles: dict[int | None, str] = {None: "All reminders"}
titles |= {at: f"{at}. {step.title}" for at, step in enumerate(settings.reminder_steps, start=1)}
with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
    place = st.selectbox(
        "Location",
        list(names),
        format_func=lambda one: names[one],
        key="reminders_location",
        on_change=back_to_first_page,
    )
    step = st.selectbox(
        "Reminder",
        list(titles),
        format_func=lambda one: titles[one],
        key="reminders_step",
        on_change=back_to_first_page,
    )

wanted = ReminderFilter(step=step, clinic_location_id=place)
offset = int(st.session_state.get(PAGER, 0)) * PAGE_SIZE
due = page.read(list_due_reminders, ListDueReminders(**dict(wanted), offset=offset, limit=PAGE_SIZE))
if due.count and not due.letters:
    # Others made letters meanwhile, so that there are fewer pages than before.
    back_to_first_page()
    st.rerun()
with st.container(horizontal=True, gap="medium"):
    for each in due.steps:
        st.metric(
            each.title, money(each.amount, settings.currency, settings.locale), width="content",
            delta=counted(each.letters, "letter"), delta_color="off", delta_arrow="off",
        )  # fmt: skip

chosen = Chosen(wanted, due.count, due.total)
if due.letters:
    st.caption("Tick letters to look at one or to make only these; without a tick all of them are made.")
    ticked = letters_table(page, due.letters, key=f"reminders_{place}_{step}_{offset}")
    if len(ticked) == 1:
        draw_letter(page, ticked[0], place)
    if ticked:
        chosen = ticked_letters(wanted, ticked)
elif settings.reminder_steps:
    draw_empty("No payment reminder is due.", "An invoice comes up here once it is overdue for the days of its step.")
else:
    draw_empty("No reminder goes out, because there is no step.", "The steps are set by who manages the settings.")
draw_pager(due.count, page_size=PAGE_SIZE, key=PAGER)

with page.actions:
    parts = {"location": place, "step": step}
    draw_export(Export("due-reminders", parts, "Letters"), Export("not-reminded", parts, "Not reminded of"))
    if page.actor.can(Permission.SETTINGS_MANAGE):
        st.button("Steps", icon=":material/tune:", on_click=begin_steps, args=(len(settings.reminder_steps),))
    if chosen.count:
        st.button(
            f"Make {counted(chosen.count, 'letter')}",
            type="primary",
            icon=":material/mail:",
            key="reminders_make",
            on_click=begin_start,
            args=(chosen,),
        )
draw_steps(page)
draw_start(page)

left_offset = int(st.session_state.get(LEFT_PAGER, 0)) * PAGE_SIZE
left = page.read(list_unreminded, ListUnreminded(clinic_location_id=place, offset=left_offset, limit=PAGE_SIZE))
if left.count:
    amount = money(left.total, settings.currency, settings.locale)
    with st.expander(plain(f"Not reminded of: {counted(left.count, 'invoice')}, {amount}")):
        draw_unreminded(page, left.rows)
        draw_pager(left.count, page_size=PAGE_SIZE, key=LEFT_PAGER)

st.subheader("Latest runs", anchor=False)
draw_runs(page, page.read(list_reminder_runs, ListReminderRuns(limit=RUNS)))
