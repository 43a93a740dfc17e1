"""The dialog in which an organisation says which payment reminders go out, when, and in which words."""

from collections.abc import Sequence

import streamlit as st

from clinic_core.access.organization import ReminderStep
from clinic_core.billing.schemas import SetReminderSteps, WantedStep
from clinic_core.billing.service import set_reminder_steps
from clinic_core.kit.formats import plain_amount
from clinic_core.ui.forms import amount_of, number_field, text_field
from clinic_core.ui.page import Page

MOST_STEPS = 9
_OPEN = "reminder_steps"
_NEW = ReminderStep(days_after=7, days_to_pay=10, title="Payment reminder", text="Please pay the open amount.")


def begin_steps(count: int) -> None:
    """Callback: open the dialog with so many steps."""
    end_steps()
    st.session_state[_OPEN] = count


def end_steps() -> None:
    """Callback: close the dialog."""
    for key in [key for key in st.session_state if str(key).startswith(_OPEN)]:
        del st.session_state[key]


def draw_steps(page: Page) -> None:
    """The dialog, if it is open."""
    if _OPEN in st.session_state:
        _dialog(page, int(st.session_state[_OPEN]))


@st.dialog("Steps of reminders", width="medium", dismissible=False, icon=":material/tune:")
def _dialog(page: Page, count: int) -> None:
    settings = page.actor.settings
    st.caption("They hold from now on. The first counts from the due date, each other from the day asked for before.")
    typed = [_draw_step(at, _step(settings.reminder_steps, at)) for at in range(count)]
    if not count:
        st.info("Without a step no reminder goes out.", icon=":material/info:")
    with st.container(horizontal=True, gap="small"):
        st.button("Add a step", icon=":material/add:", disabled=count == MOST_STEPS, on_click=_count, args=(count + 1,))
        st.button("Remove the last", icon=":material/remove:", disabled=not count, on_click=_count, args=(count - 1,))
    minimum = number_field(
        f"Least amount to remind of ({settings.currency})",
        key=f"{_OPEN}_minimum",
        value=plain_amount(settings.reminder_minimum),
    )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key=f"{_OPEN}_cancel"):
            end_steps()
            st.rerun()
        pressed = st.button("Save", type="primary", key=f"{_OPEN}_save")
    if not pressed:
        return

    def request() -> SetReminderSteps:
        return SetReminderSteps(
            steps=tuple(WantedStep.model_validate(fields) for fields in typed),
            minimum=amount_of(minimum or "0", field="least_amount"),
            request_id=page.request_id("steps"),
        )

    if page.run(set_reminder_steps, request, done="The steps are saved.") is not None:
        end_steps()
        st.rerun()


def _draw_step(at: int, step: ReminderStep) -> dict[str, object]:
    """The fields of one step, as typed."""
    since = "the due date" if not at else "the day asked for"
    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            title = text_field(f"Title of reminder {at + 1}", key=f"{_OPEN}_title_{at}", value=step.title, limit=60)
            days_after = st.number_input(
                f"Days after {since}", value=step.days_after, min_value=1, max_value=365, key=f"{_OPEN}_after_{at}"
            )
            days_to_pay = st.number_input(
                "Days to pay", value=step.days_to_pay, min_value=1, max_value=90, key=f"{_OPEN}_pay_{at}"
            )
        words = st.text_area("Text", value=step.text, key=f"{_OPEN}_text_{at}", max_chars=2000, height=100)
    return {"title": title, "text": words, "days_after": days_after, "days_to_pay": days_to_pay}


def _step(steps: Sequence[ReminderStep], at: int) -> ReminderStep:
    return steps[at] if at < len(steps) else _NEW


def _count(count: int) -> None:
    st.session_state[_OPEN] = count
