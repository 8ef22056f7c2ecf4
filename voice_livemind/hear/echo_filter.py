"""The way from the loudspeaker to the microphone as a filter that is learned while it is used.

A frequency-domain Kalman filter in partitions (Enzner and Vary 2006; Kuech, Mabande and Enzner 2014): it knows how
unsure it is of each coefficient, and takes what it can't explain for noise. So it all but stops learning while somebody
speaks over the reply, and since it only subtracts, that speech stays as it is.
"""

import numpy as np
from numpy.typing import NDArray

from voice_livemind.hear.frames import FRAME_SAMPLES

_PARTS = 10
"""Of 20 ms each: a room's own echoes."""
_UNSURE = 0.1
"""Of the first part, at the start: its coefficients are about as large as their root."""
_FADES = 0.7
"""From part to part, as a room does."""
_KEEPS = 0.999
"""From frame to frame: the lower, the sooner it follows a room that changes, and the less exact it gets."""
_NOISE_KEEPS = 0.5
"""Speech changes that quickly."""
_LEAST = 1e-10


class EchoFilter:
    """Takes frames of the microphone and of the reference in their order. Both have full scale at 1."""

    def __init__(self) -> None:
        bins = FRAME_SAMPLES + 1
        self._weights: NDArray[np.complex128] = np.zeros((_PARTS, bins), np.complex128)
        self._unsure = _UNSURE * _FADES ** np.arange(_PARTS)[:, None] * np.ones(bins)
        self._noise = np.full(bins, 1e-3)
        self._spectra: NDArray[np.complex128] = np.zeros((_PARTS, bins), np.complex128)
        self._before = np.zeros(FRAME_SAMPLES)
        self.expected = 1.0
        """Mean power of the echo that must be reckoned with behind the filter, as unsure as it is."""

    def forget_reference(self) -> None:
        """Nothing was played for long."""
        self._spectra[:] = 0
        self._before = np.zeros(FRAME_SAMPLES)

    def go_by(self, played: NDArray[np.float64]) -> None:
        """A frame in which nothing could be heard: there is nothing to be learned from it."""
        self._spectra = np.roll(self._spectra, 1, axis=0)
        self._spectra[0] = np.fft.rfft(np.concatenate([self._before, played]))
        self._before = played

    def subtract(self, heard: NDArray[np.float64], played: NDArray[np.float64]) -> NDArray[np.float64]:
        """What of ``heard`` did not come from the loudspeaker. All have shape (320,)."""
        self.go_by(played)
        echo = np.fft.irfft((self._spectra * self._weights).sum(axis=0))[FRAME_SAMPLES:]
        left: NDArray[np.float64] = heard - echo
        self._learn(np.fft.rfft(np.concatenate([np.zeros(FRAME_SAMPLES), left])))
        return left

    def _learn(self, left: NDArray[np.complex128]) -> None:
        power = np.square(np.abs(self._spectra))
        self._noise = _NOISE_KEEPS * self._noise + (1 - _NOISE_KEEPS) * np.square(np.abs(left))
        unsure = (power * self._unsure).sum(axis=0)
        self.expected = float(unsure.sum()) / (2 * FRAME_SAMPLES**2)
        step = self._unsure / (unsure + 2 * self._noise + _LEAST)
        change = np.fft.irfft(step * np.conj(self._spectra) * left, axis=1)
        # A part is as long as a frame; what lies beyond belongs to the next one.
        change[:, FRAME_SAMPLES:] = 0
        self._weights += np.fft.rfft(change, axis=1)
        learned = _KEEPS**2 * (1 - 0.5 * step * power) * self._unsure
        self._unsure = np.maximum(learned + (1 - _KEEPS**2) * np.square(np.abs(self._weights)), _LEAST)
