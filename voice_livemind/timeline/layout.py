"""Where things go on a time axis: pure geometry, in seconds and pixels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LEFT_PX = 104.0
"""The gutter for the names of the rows."""
RIGHT_PX = 112.0
"""Room for what is written beside the last mark."""
EDGE_PX = 16.0
"""What nothing is written beyond."""
MIN_WIDTH_PX = 900.0
MAX_WIDTH_PX = 4000.0
PX_PER_S = 80.0

_STEPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
_MIN_STEP_PX = 55.0


@dataclass(frozen=True)
class Scale:
    """A time axis that begins at second 0."""

    seconds: float
    px_per_s: float

    @classmethod
    def fitting(cls, seconds: float) -> "Scale":
        """Comfortable for what is short, and never wider than a picture may be."""
        seconds = max(seconds, 0.1)
        margins = LEFT_PX + RIGHT_PX
        width = min(max(seconds * PX_PER_S + margins, MIN_WIDTH_PX), MAX_WIDTH_PX)
        return cls(seconds, (width - margins) / seconds)

    @property
    def width(self) -> float:
        """Of the whole picture, in pixels."""
        return self.right + RIGHT_PX

    @property
    def right(self) -> float:
        """Where the axis ends, in pixels."""
        return self.x(self.seconds)

    def x(self, time_s: float) -> float:
        """Pixels from the left edge of the picture."""
        return LEFT_PX + time_s * self.px_per_s

    def ticks_s(self) -> list[float]:
        """Round times, far enough apart for their numbers."""
        step_s = next((step for step in _STEPS_S if step * self.px_per_s >= _MIN_STEP_PX), _STEPS_S[-1])
        return [round(index * step_s, 1) for index in range(int(self.seconds / step_s + 1e-6) + 1)]


def lanes(spans: Sequence[tuple[float, float]]) -> list[int]:
    """For each span, in the order given, the first lane that is free from its start on. Spans may touch."""
    free_from: list[float] = []
    chosen = []
    for start, end in spans:
        lane = next((lane for lane, free in enumerate(free_from) if start >= free - 1e-6), len(free_from))
        if lane == len(free_from):
            free_from.append(end)
        else:
            free_from[lane] = end
        chosen.append(lane)
    return chosen


def envelope(samples: NDArray[np.float32], columns: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The lowest and the highest sample of each of at most ``columns`` equal parts."""
    columns = min(columns, len(samples))
    if columns == 0:
        return samples[:0], samples[:0]
    starts = np.arange(columns) * len(samples) // columns
    return np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)
