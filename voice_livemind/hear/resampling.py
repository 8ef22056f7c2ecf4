"""From a device's rate to 16 kHz, piece by piece and without a wait: a stream of soxr keeps up to 40 ms to itself."""

from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from voice_livemind.hear.frames import RATE_HZ

_PASSED = 0.94
"""Of what the lower of the two rates can carry."""
_CROSSINGS = 16
"""Of zero by the filter, to each side of its middle."""
_KAISER_BETA = 8.0


class Resampler:
    """A windowed sine filter with a phase for each place that an output sample can have between two of the input."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        common = gcd(rate_hz, RATE_HZ)
        self._up, self._down = RATE_HZ // common, rate_hz // common
        band = _PASSED * min(rate_hz, RATE_HZ) / rate_hz
        self._half = ceil(_CROSSINGS / band)
        offsets = np.arange(1 - self._half, self._half + 1) - np.arange(self._up)[:, np.newaxis] / self._up
        inside = np.sqrt(np.maximum(0.0, 1 - (offsets / self._half) ** 2))
        phases = band * np.sinc(band * offsets) * np.i0(_KAISER_BETA * inside) / np.i0(_KAISER_BETA)
        self._phases = (phases / phases.sum(axis=1, keepdims=True)).astype(np.float32)
        self._input: NDArray[np.float32] = np.zeros(self._half - 1, np.float32)
        """What is still needed."""
        self._place = 0
        """Of the next output sample after the first of them, in steps of 1 / up input samples."""

    @property
    def behind_s(self) -> float:
        """How much less was given back than taken."""
        return (len(self._input) - (self._half - 1) - self._place / self._up) / self._rate_hz

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next piece."""
        self._input = np.concatenate([self._input, samples])
        # The window of an output sample begins at its place, rounded down.
        last = (len(self._input) - 2 * self._half) * self._up
        places = np.arange(self._place, last + self._up, self._down)
        starts, phases = np.divmod(places, self._up)
        windows = self._input[starts[:, np.newaxis] + np.arange(2 * self._half)]
        resampled: NDArray[np.float32] = np.einsum("ij,ij->i", windows, self._phases[phases])
        following = self._place + len(places) * self._down
        used = min(len(self._input), following // self._up)
        self._input = self._input[used:]
        self._place = following - used * self._up
        return resampled
