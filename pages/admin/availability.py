"""Working hours of practitioners: the week as a grid, a look at the next four weeks, and saving all of it at once."""

from datetime import timedelta

import streamlit as st

from clinic_core.access import Permission
from clinic_core.kit.formats import minutes_text
from clinic_core.scheduling.queries import list_locations, list_practitioners, preview_availability
from clinic_core.scheduling.schemas import ListLocations, ListPractitioners, PreviewAvailability, SetAvailability
from clinic_core.scheduling.service import set_availability
from clinic_core.ui.absence_rebook import REBOOK_PAGE
from clinic_core.ui.availability_draft import draft_of, give_up
from clinic_core.ui.availability_grid import draw_grid
from clinic_core.ui.availability_people import planned_by
from clinic_core.ui.availability_preview import draw_strip, week_sums
from clinic_core.ui.availability_rule import draw_rule_dialog
from clinic_core.ui.feeds import draw_feeds
from clinic_core.ui.location import current_location, place_of, today_at
from clinic_core.ui.nav import may_open
from clinic_core.ui.page import open_page
from clinic_core.ui.states import draw_empty
from clinic_core.ui.wording import plain

page = open_page("Working hours", Permission.SCHEDULE_MANAGE)

WEEKS = 4

locale, first_weekday = page.actor.settings.locale, page.actor.settings.first_weekday
people = {row.id: row for row in planned_by(page.actor, page.read(list_practitioners, ListPractitioners()))}
if not people:
    draw_empty("There is no practitioner whose working hours you change.", "Practitioners are added in Admin, Users.")
    st.stop()
places = {place.id: place.name for place in page.read(list_locations, ListLocations())}
today = today_at(current_location())

if len(people) > 1:
    chosen = st.selectbox(
        "Practitioner",
        list(people),
        format_func=lambda found: people[found].name,
        key="availability_person",
        width=280,
    )
else:
    chosen = next(iter(people))
person = people[chosen]
draft = draft_of(person)
first = today - timedelta(days=(today.isoweekday() - first_weekday) % 7)

with page.actions:
    if draft.is_changed:
        st.button("Discard changes", on_click=give_up, args=(chosen,), key="availability_discard")
    is_saving = st.button("Save working hours", type="primary", disabled=not draft.is_changed, key="availability_save")
if is_saving:
    request = SetAvailability(
        practitioner_user_id=chosen,
        rules=draft.rules,
        version=draft.version,
        request_id=page.request_id(f"{chosen}/{draft.version}/{hash(draft.rules)}"),
    )
    if page.run(set_availability, request, done="The working hours are saved.") is not None:
        give_up(chosen)
        st.rerun()

draw_grid(draft, places, locale, first_weekday=first_weekday)
draw_rule_dialog(draft, places, today)

asked = PreviewAvailability(practitioner_user_id=chosen, rules=draft.rules, first=first, weeks=WEEKS)
preview = page.read(preview_availability, asked)
if preview.displaced:
    with st.container(horizontal=True, vertical_alignment="center"):
        verb = "would lie" if draft.is_changed else "lie"
        noun = "appointment" if preview.displaced == 1 else "appointments"
        st.warning(f"{preview.displaced} booked {noun} {verb} outside these hours.", icon=":material/event_busy:")
        can_show = not draft.is_changed and may_open(page.actor, Permission.APPOINTMENT_MANAGE)
        if can_show and st.button("Show", key="availability_show"):
            page.go(REBOOK_PAGE, practitioner=chosen)
sums = week_sums(preview.spans, first, WEEKS)
st.subheader("The next four weeks", anchor=False)
st.caption(
    plain("Less absences and closures. " + " · ".join(minutes_text(worked) for worked in sums.values()) + " by week.")
)
draw_strip(preview.spans, first, WEEKS * 7, locale, key="availability_strip")
draw_feeds(page, chosen, place_of(current_location()))
