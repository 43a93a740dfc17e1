"""Which status may follow which: the one table of legal steps of an appointment (S3), as docs/rules/scheduling.md."""

from collections.abc import Mapping
from types import MappingProxyType

from clinic_core.errors import IllegalTransition
from clinic_core.vocabulary import AppointmentStatus

_S = AppointmentStatus

# Steps back (confirmed to booked, completed to in progress …) take back what was recorded by mistake.
TRANSITIONS: Mapping[AppointmentStatus, frozenset[AppointmentStatus]] = MappingProxyType(
    {
        _S.BOOKED: frozenset({_S.CONFIRMED, _S.ARRIVED, _S.IN_PROGRESS, _S.NO_SHOW, _S.CANCELLED}),
        _S.CONFIRMED: frozenset({_S.BOOKED, _S.ARRIVED, _S.IN_PROGRESS, _S.NO_SHOW, _S.CANCELLED}),
        _S.ARRIVED: frozenset({_S.BOOKED, _S.CONFIRMED, _S.IN_PROGRESS, _S.COMPLETED, _S.CANCELLED}),
        _S.IN_PROGRESS: frozenset({_S.ARRIVED, _S.COMPLETED}),
        _S.COMPLETED: frozenset({_S.IN_PROGRESS}),
        _S.NO_SHOW: frozenset({_S.BOOKED, _S.CONFIRMED, _S.ARRIVED}),
        _S.CANCELLED: frozenset({_S.BOOKED}),
    }
)

EXPECTED = frozenset({_S.BOOKED, _S.CONFIRMED})
MOVABLE = EXPECTED | {_S.ARRIVED}
ATTENDED = frozenset({_S.ARRIVED, _S.IN_PROGRESS, _S.COMPLETED})
FINAL = frozenset({_S.COMPLETED, _S.NO_SHOW, _S.CANCELLED})


def is_legal(current: AppointmentStatus, wanted: AppointmentStatus) -> bool:
    """Whether an appointment may go from one status to the other."""
    return wanted in TRANSITIONS[current]


def check_transition(current: AppointmentStatus, wanted: AppointmentStatus) -> None:
    """Lets a legal step pass.

    Raises:
        IllegalTransition: the step is not in the table; the sentence says from and to.
    """
    if not is_legal(current, wanted):
        raise IllegalTransition(
            f"An appointment that is {_spoken(current)} cannot become {_spoken(wanted)}; reload to see where it stands."
        )


def _spoken(status: AppointmentStatus) -> str:
    return status.label.lower()
