"""What was done about appointments that cannot take place: who was told, whom to call, what was refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import streamlit as st

from clinic_core.kit.calendar import to_wall, zone
from clinic_core.kit.formats import Locale, date_text, time_text
from clinic_core.notifications.schemas import NotificationRow, Rebooked, StepOutcome
from clinic_core.scheduling.schemas import AppointmentRow, SlotRow
from clinic_core.ui.page import Page
from clinic_core.ui.patient_search import PATIENT_PAGE
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import AppointmentStatus, NotificationChannel, NotificationStatus

Kind = Literal["told", "call", "refused"]

_OUTCOMES = "rebook_outcomes"
_REFUSED: Kind = "refused"
_SPOKEN = {NotificationChannel.EMAIL: "e-mail", NotificationChannel.SMS: "SMS"}


@dataclass(frozen=True)
class Outcome:
    """One appointment that was dealt with, in words."""

    appointment_id: UUID
    patient_id: UUID
    patient: str
    before: str
    sentence: str
    kind: Kind


def when_text(row: AppointmentRow | SlotRow, locale: Locale) -> str:
    """Weekday, date and time on the wall of its location: Mon 3 Mar 2031, 09:00."""
    place = zone(row.timezone)
    wall = to_wall(row.starts_at, place)
    return f"{wall:%a} {date_text(wall.date(), locale)}, {time_text(row.starts_at, place)}"


def remember(page: Page, before: AppointmentRow, result: Rebooked | StepOutcome) -> None:
    """Keep what became of an appointment for the list on the page."""
    found: dict[UUID, Outcome] = st.session_state.setdefault(_OUTCOMES, {})
    rebooked = result if isinstance(result, Rebooked) else result.rebooked
    if rebooked is None:
        sentence, kind = (result.refusal if isinstance(result, StepOutcome) else ""), _REFUSED
    else:
        sentence, kind = _said(rebooked, before, page.actor.settings.locale)
    found[before.id] = Outcome(
        appointment_id=before.id,
        patient_id=before.patient_id,
        patient=before.patient_name,
        before=when_text(before, page.actor.settings.locale),
        sentence=sentence,
        kind=kind,
    )


def draw_outcomes(page: Page) -> None:
    """What was done since the list was last cleared: first what was refused, then whom to call, then who was told."""
    found: dict[UUID, Outcome] = st.session_state.get(_OUTCOMES, {})
    if not found:
        return
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**Done just now: {sum(one.kind != 'refused' for one in found.values())}**", width="stretch")
            if st.button("Clear list", key="rebook_clear", type="tertiary"):
                del st.session_state[_OUTCOMES]
                st.rerun()
        _draw_kind(page, found.values(), "refused", "Not possible; these stay as they were:", ":material/block:")
        _draw_kind(page, found.values(), "call", "Could not be written to; please call:", ":material/call:")
        _draw_kind(page, found.values(), "told", "Told:", ":material/check:")


def _draw_kind(page: Page, outcomes: Iterable[Outcome], kind: str, heading: str, icon: str) -> None:
    chosen = [one for one in outcomes if one.kind == kind]
    if chosen:
        st.caption(heading)
    for one in chosen:
        _draw_outcome(page, one, icon)


def _draw_outcome(page: Page, one: Outcome, icon: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        with st.container(width=190):
            is_asked = st.button(plain(one.patient), key=f"outcome_{one.appointment_id}", type="tertiary")
        st.markdown(f"{icon} {plain(f'{one.before}: {one.sentence}')}", width="stretch")
    if is_asked:
        page.go(PATIENT_PAGE, patient=one.patient_id)


def _said(rebooked: Rebooked, before: AppointmentRow, locale: Locale) -> tuple[str, Kind]:
    now_is = rebooked.appointment
    if now_is.status is AppointmentStatus.CANCELLED:
        what = "cancelled"
    elif now_is.starts_at != before.starts_at:
        what = f"moved to {when_text(now_is, locale)}"
    elif now_is.practitioner_user_id != before.practitioner_user_id:
        what = f"with {now_is.practitioner}"
    else:
        what = f"in {', '.join(resource.name for resource in now_is.resources)}"
    return _told(rebooked.message, what)


def _told(message: NotificationRow, what: str) -> tuple[str, Kind]:
    if message.status is NotificationStatus.WITHDRAWN:
        reason = message.withdrawn_reason.label.lower() if message.withdrawn_reason else "not possible"
        return f"{what} ({reason})", "call"
    return f"{what}, by {_SPOKEN[message.channel]}", "told"
