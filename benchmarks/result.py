"""What a measurement says."""

import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class BenchResult:
    """A figure beside the floor it is measured against, both medians in `unit`; `scale` is how often, or how many rows.

    `details` are further numbers that the measurement is about.
    """

    name: str
    figure: float
    unit: str
    floor: float
    scale: int
    details: Mapping[str, object] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """How many times the floor it takes."""
        return self.figure / self.floor


def against_floor(
    name: str,
    figures_ms: list[float],
    floors_ms: list[float],
    *,
    scale: int | None = None,
    details: Mapping[str, object] | None = None,
) -> BenchResult:
    """The medians of two series of milliseconds taken in turns; `scale` is their number unless it is told."""
    return BenchResult(
        name,
        round(median(figures_ms), 3),
        "ms",
        round(median(floors_ms), 3),
        len(figures_ms) if scale is None else scale,
        details or {},
    )


def settle() -> None:
    """As the app after its start: what is loaded by now is no longer looked through for rubbish."""
    gc.collect()
    gc.freeze()
