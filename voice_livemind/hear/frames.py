"""What every source of sound delivers."""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
FRAME_SAMPLES = 320
FRAME_S = FRAME_SAMPLES / RATE_HZ

Samples: TypeAlias = NDArray[np.int16]
"""Mono sound at 16 kHz."""


def as_float(samples: Samples) -> NDArray[np.float32]:
    """The same sound with full scale at 1."""
    return np.divide(samples, 32768, dtype=np.float32)


class Frame(NamedTuple):
    """20 ms of sound."""

    number: int
    """Counted from 0."""
    samples: Samples
    """Shape (320,)."""

    @property
    def start_s(self) -> float:
        """Time of the first sample."""
        return self.number * FRAME_S

    @property
    def end_s(self) -> float:
        """Time after the last sample."""
        return (self.number + 1) * FRAME_S
