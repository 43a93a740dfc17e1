"""What is in the way of a time, in words and symbols, with the times instead and the reason to book anyway."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from clinic_core.errors import Alternative, BookingConflict, Obstacle
from clinic_core.ui.forms import reason_field
from clinic_core.ui.wording import plain
from clinic_core.vocabulary import ConflictKind, Severity

_SYMBOLS = {
    Severity.BLOCK: ":red[:material/block:]",
    Severity.OVERRIDE: ":orange[:material/warning:]",
    Severity.INFO: ":blue[:material/info:]",
}
_WORDS = {Severity.BLOCK: "Not possible", Severity.OVERRIDE: "Not free", Severity.INFO: "To know"}
_LIFTED = "Only with a reason"


@dataclass(frozen=True)
class Choice:
    """What the person makes of a conflict: another time, or reasons to book all the same; neither while they think."""

    alternative: Alternative | None = None
    double_book_reason: str | None = None
    override_reason: str | None = None

    @property
    def is_anyway(self) -> bool:
        """Whether it shall be booked in spite of what is in the way."""
        return bool(self.double_book_reason or self.override_reason)


def draw_obstacles(obstacles: Sequence[Obstacle], *, can_override: bool) -> None:
    """One line for each thing in the way: how grave it is for this person in a symbol and a word, and what it is."""
    lines = []
    for obstacle in obstacles:
        lifted = can_override and obstacle.severity is Severity.OVERRIDE
        word = _LIFTED if lifted else _WORDS[obstacle.severity]
        lines.append(f"{_SYMBOLS[obstacle.severity]} **{word}** · {plain(obstacle.sentence)}")
    st.markdown("  \n".join(lines))


def draw_conflict(conflict: BookingConflict, *, key: str, anyway: str = "Book anyway") -> Choice:
    """Everything in the way, the free times as buttons, and the reason field where a reason can lift it.

    `anyway` is the word on the button that goes ahead; the caller acts on the choice in the same run.
    """
    with st.container(border=True, gap="small", key=key):
        if conflict.obstacles:
            st.markdown(":material/event_busy: **The time is not free.**")
            draw_obstacles(conflict.obstacles, can_override=conflict.can_override)
        else:
            st.markdown(f":material/event_busy: {plain(conflict.message)}")
        alternative = _draw_alternatives(conflict.alternatives, key)
        reason = _draw_reason(key, anyway) if conflict.can_override else ""
    if alternative is not None:
        return Choice(alternative)
    return lifting(conflict.obstacles, reason) if reason else Choice()


def lifting(obstacles: Sequence[Obstacle], reason: str) -> Choice:
    """The reason under the names that lift these obstacles.

    A second booking of a practitioner lies over the buffers too; whatever else is in the way is overridden.
    """
    kinds = {one.kind for one in obstacles if one.severity is Severity.OVERRIDE}
    doubles = ConflictKind.PRACTITIONER in kinds
    others = kinds - {ConflictKind.PRACTITIONER} - ({ConflictKind.BUFFER} if doubles else set())
    return Choice(
        double_book_reason=reason if doubles else None, override_reason=reason if others or not doubles else None
    )


def _draw_alternatives(alternatives: Sequence[Alternative], key: str) -> Alternative | None:
    if not alternatives:
        return None
    st.caption("Free instead:")
    chosen = None
    with st.container(horizontal=True, gap="small"):
        for place, free in enumerate(alternatives):
            if st.button(plain(free.sentence), icon=":material/event_available:", key=f"{key}_free_{place}"):
                chosen = free
    return chosen


def _draw_reason(key: str, anyway: str) -> str:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        reason = reason_field("Reason to do it all the same", key=f"{key}_reason").strip()
        pressed = st.button(anyway, key=f"{key}_anyway")
    if pressed and not reason:
        st.warning("Say why first; the reason is kept with the appointment.", icon=":material/edit_note:")
    return reason if pressed else ""
