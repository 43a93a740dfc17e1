"""What a change of a series does with each appointment: pure, the k-th date of the old rule is the k-th of the new.

Skipped dates count along, so that what was skipped stays skipped and a date called off is not booked again.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clinic_core.kit.recurrence import Occurrence
from clinic_core.scheduling.schemas.series import MOST_AT_ONCE
from clinic_core.scheduling.series import FOREVER
from clinic_core.scheduling.series_held import Held
from clinic_core.vocabulary import SeriesStep


@dataclass(frozen=True)
class Step:
    """What becomes of one appointment; `date` is that of the new rule, None where there is none for it."""

    kind: SeriesStep
    held: Held | None
    date: Occurrence | None
    is_exception: bool = False
    why: str = ""


@dataclass(frozen=True)
class Story:
    """What is known of the old dates.

    `held` are the appointments by old date, `fixed` why some of them are not touched, `exceptions` those that differ
    from the series, `ticked` the exceptions that lose their own changes, `skipped` the dates that nobody wanted.
    """

    held: Mapping[datetime, Held]
    fixed: Mapping[UUID, str]
    exceptions: Collection[UUID]
    ticked: Collection[UUID]
    skipped: Collection[datetime]


@dataclass(frozen=True)
class Change:
    """The steps, the dates that the new series skips, and until when all of its dates are dealt with."""

    steps: tuple[Step, ...]
    exdates: tuple[datetime, ...]
    materialised_until: datetime


def new_dates_needed(old: Sequence[Occurrence]) -> int:
    """How many dates of the new rule `plan_change` must see: one more than it can deal with."""
    return len(old) + MOST_AT_ONCE + 1


def plan_change(old: Sequence[Occurrence], new: Sequence[Occurrence], story: Story, until: datetime) -> Change:
    """What becomes of every appointment when the dates `old` are replaced by `new`.

    What is missing before `until` is booked, `MOST_AT_ONCE` at the most; the rest is left to the horizon job.
    """
    steps: list[Step] = []
    exdates: list[datetime] = []
    bound = FOREVER
    booked = 0
    for place in range(max(len(old), len(new))):
        was = old[place] if place < len(old) else None
        date = new[place] if place < len(new) else None
        held = story.held.get(was.instant) if was else None
        if held is not None:
            step = _step(held, date, story)
            steps.append(step)
            if step.kind is SeriesStep.STAY and date is not None:
                exdates.append(date.wall)
        elif date is not None and was is not None and was.instant in story.skipped:
            exdates.append(date.wall)
        elif date is not None:
            if bound is FOREVER and booked < MOST_AT_ONCE and date.instant < until:
                steps.append(Step(SeriesStep.BOOK, None, date))
                booked += 1
            else:
                bound = min(bound, date.instant)
    named = {one.instant for one in old}
    for original, held in story.held.items():
        if original not in named:
            why = story.fixed.get(held.id) or "no longer a date of the rule"
            steps.append(Step(SeriesStep.STAY, held, None, held.id in story.exceptions, why))
    return Change(tuple(steps), tuple(exdates), bound)


def _step(held: Held, date: Occurrence | None, story: Story) -> Step:
    is_exception = held.id in story.exceptions
    if held.id in story.fixed:
        return Step(SeriesStep.STAY, held, date, is_exception, story.fixed[held.id])
    if date is None:
        return Step(SeriesStep.CANCEL, held, None, is_exception)
    kind = SeriesStep.KEEP if is_exception and held.id not in story.ticked else SeriesStep.MOVE
    return Step(kind, held, date, is_exception)
