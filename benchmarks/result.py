"""What a measurement says."""

from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class BenchResult:
    """A figure beside the floor it is measured against, both medians in `unit`; `scale` is how often."""

    name: str
    figure: float
    unit: str
    floor: float
    scale: int

    @property
    def ratio(self) -> float:
        """How many times the floor it takes."""
        return self.figure / self.floor


def against_floor(name: str, figures_ms: list[float], floors_ms: list[float]) -> BenchResult:
    """The medians of two series of milliseconds taken in turns."""
    return BenchResult(name, round(median(figures_ms), 3), "ms", round(median(floors_ms), 3), len(figures_ms))
