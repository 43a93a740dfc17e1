"""Working hours that are being edited: kept for each practitioner until they are saved or given up."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from uuid import UUID

import streamlit as st

from clinic_core.scheduling.schemas import AvailabilityRule, PractitionerRow

_DRAFTS = "availability_drafts"
Rules = tuple[AvailabilityRule, ...]


@dataclass(frozen=True)
class Draft:
    """The rules as stored when the editing began, that version, and the rules as they are wanted."""

    practitioner_id: UUID
    version: int
    stored: Rules
    rules: Rules = field(default=())

    @property
    def is_changed(self) -> bool:
        """Whether something is not saved yet."""
        return self.rules != self.stored


def draft_of(row: PractitionerRow) -> Draft:
    """What is being edited for the practitioner; anew from what is stored while nothing was changed."""
    drafts: dict[UUID, Draft] = st.session_state.setdefault(_DRAFTS, {})
    found = drafts.get(row.id)
    if found is None or not found.is_changed:
        rules = in_order(row.availability)
        found = drafts[row.id] = Draft(row.id, row.profile_version, rules, rules)
    return found


def keep(draft: Draft, rules: Iterable[AvailabilityRule]) -> None:
    """The rules as they are wanted now; the same one twice is one."""
    drafts: dict[UUID, Draft] = st.session_state.setdefault(_DRAFTS, {})
    drafts[draft.practitioner_id] = replace(draft, rules=in_order(dict.fromkeys(rules)))


def give_up(practitioner_id: UUID) -> None:
    """Forget what was not saved; also a callback."""
    drafts: dict[UUID, Draft] = st.session_state.setdefault(_DRAFTS, {})
    drafts.pop(practitioner_id, None)


def copied(rules: Rules, weekday: int, onto: Iterable[int]) -> list[AvailabilityRule]:
    """The rules with those weekdays as the one is; what stood there before is replaced."""
    targets = set(onto) - {weekday}
    model = [rule for rule in rules if rule.weekday == weekday]
    kept = [rule for rule in rules if rule.weekday not in targets]
    return [*kept, *(rule.model_copy(update={"weekday": target}) for target in targets for rule in model)]


def in_order(rules: Iterable[AvailabilityRule]) -> Rules:
    """By weekday and start, as the week shows them."""
    return tuple(sorted(rules, key=lambda rule: (rule.weekday, rule.starts, rule.ends, str(rule.clinic_location_id))))
