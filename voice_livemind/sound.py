"""Sound that was made or is to be looked at; what is heard comes as frames (``hear.frames``)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

AUDIBLE = 0.003
"""Samples at or above this share of full scale (-50 dBFS) are heard."""


class Sound(NamedTuple):
    """Mono sound."""

    samples: NDArray[np.float32]
    """From -1 to 1."""
    rate_hz: int
    word_ends_s: tuple[float, ...] = ()
    """Where it is speech and that is known: when each of its words is over. Of speech in parts, the first has all."""
    after: NDArray[np.float32] = np.zeros(0, np.float32)
    """Where it is a part: the first samples of the next one, for who has to look ahead."""

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate_hz

    def followed_by(self, part: "Sound") -> "Sound":
        """Both in one."""
        return Sound(np.concatenate([self.samples, part.samples]), self.rate_hz, self.word_ends_s, part.after)

    @property
    def silence_s(self) -> float:
        """Seconds before the first audible sample; all of them if there is none."""
        audible = np.flatnonzero(np.abs(self.samples) >= AUDIBLE)
        return float(audible[0]) / self.rate_hz if len(audible) else self.seconds
