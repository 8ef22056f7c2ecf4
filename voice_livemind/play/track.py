"""A loudspeaker that is a file: everything that is played, at its place on the sample clock of the input."""

import numpy as np
from numpy.typing import NDArray

from voice_livemind.clock import Clock
from voice_livemind.play.stretches import Stretches
from voice_livemind.record.turn import Span
from voice_livemind.sound import Sound


class Track:
    """An ``Output`` that is heard in the instant in which it is played."""

    def __init__(self, clock: Clock, rate_hz: int) -> None:
        self._clock = clock
        self._rate_hz = rate_hz
        self._samples: NDArray[np.float32] = np.zeros(0, np.float32)
        """On the sample clock, the future too."""
        self._kept: NDArray[np.float32] | None = None
        """What is to be played after a hold; ``None`` while nothing is held."""
        self._row = 0
        self._stretches = Stretches(rate_hz)

    @property
    def queued(self) -> int:
        """How many samples the row has."""
        return self._row

    @property
    def heard(self) -> int:
        """How many of them have been heard until now."""
        kept = 0 if self._kept is None else len(self._kept)
        return self._row - kept - max(0, len(self._samples) - self._now())

    @property
    def end_s(self) -> float:
        """When the last of them is over, if nothing holds it any longer."""
        if self._kept is None:
            return len(self._samples) / self._rate_hz
        return (max(self._now(), len(self._samples)) + len(self._kept)) / self._rate_hz

    def heard_at(self, sample: int) -> float:
        """When that sample of the row was heard, or will be if nothing holds it any longer."""
        kept_from = self._row if self._kept is None else self._row - len(self._kept)
        if sample < kept_from or self._kept is None:
            return self._stretches.at(sample)
        return self.end_s - (self._row - sample) / self._rate_hz

    def play(self, sound: Sound) -> Span:
        """Queue a sound; from when to when it will be heard if nothing holds it."""
        start = self._row
        self._row += len(sound.samples)
        if self._kept is None:
            self._append(start, sound.samples)
        else:
            self._kept = np.concatenate([self._kept, sound.samples])
        return self.heard_at(start), self.end_s

    def hold(self) -> None:
        """Silence at once; keep what was not heard yet."""
        if self._kept is None:
            now = self._now()
            self._samples, self._kept = self._samples[:now], self._samples[now:]

    def go_on(self) -> None:
        """Go on with the first sample that was not heard."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            self._append(self._row - len(kept), kept)

    def stop(self) -> None:
        """Silence at once: what was not played yet never will be."""
        self._row = self.heard
        self._samples = self._samples[: self._now()]
        self._kept = None

    def sound(self, seconds: float) -> Sound:
        """All that was played, padded with silence to at least ``seconds``."""
        missing = max(0, round(seconds * self._rate_hz) - len(self._samples))
        return Sound(np.pad(self._samples, (0, missing)), self._rate_hz)

    def _append(self, first: int, samples: NDArray[np.float32]) -> None:
        start = max(self._now(), len(self._samples))
        silence = np.zeros(start - len(self._samples), np.float32)
        self._samples = np.concatenate([self._samples, silence, samples])
        self._stretches.begin(first, start / self._rate_hz)

    def _now(self) -> int:
        return round(self._clock.now() * self._rate_hz)
