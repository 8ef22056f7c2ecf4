"""A loudspeaker that is a file: everything that is played, at its place on the sample clock of the input."""

import numpy as np
from numpy.typing import NDArray

from voice_livemind.clock import Clock
from voice_livemind.record.turn import Span
from voice_livemind.sound import Sound


class Track:
    """Plays sounds one after the other, each as soon as it comes and the one before it is over."""

    def __init__(self, clock: Clock, rate_hz: int) -> None:
        self._clock = clock
        self._rate_hz = rate_hz
        self._samples: NDArray[np.float32] = np.zeros(0, np.float32)

    @property
    def end_s(self) -> float:
        """When the last sound is over."""
        return len(self._samples) / self._rate_hz

    def play(self, sound: Sound) -> Span:
        """Queue a sound; from when to when it is played."""
        start = max(round(self._clock.now() * self._rate_hz), len(self._samples))
        silence = np.zeros(start - len(self._samples), np.float32)
        self._samples = np.concatenate([self._samples, silence, sound.samples])
        return start / self._rate_hz, self.end_s

    def stop(self) -> None:
        """Silence at once: what was not played yet never will be."""
        self._samples = self._samples[: round(self._clock.now() * self._rate_hz)]

    def sound(self, seconds: float) -> Sound:
        """All that was played, padded with silence to at least ``seconds``."""
        missing = max(0, round(seconds * self._rate_hz) - len(self._samples))
        return Sound(np.pad(self._samples, (0, missing)), self._rate_hz)
