"""Puts what a microphone delivers at its place on the clock: no gap, no overlap, no drift."""

from collections import deque

import numpy as np

from voice_livemind.hear.frames import FRAME_SAMPLES, RATE_HZ, Frame, Samples

_JUMP = round(0.06 * RATE_HZ)
"""Sound that comes so much earlier or later than it should leaves a gap, or repeats time that is over."""
_DRIFT = round(0.01 * RATE_HZ)
"""A crystal that is so much ahead or behind is corrected, a sample at a time."""
_CORRECT_EVERY = RATE_HZ // 2
"""Samples: 125 millionths, what crystals differ by at most. An echo canceller can't follow more."""
_SETTLED = 20
_WINDOW = 400
"""Pieces over which the drift is judged, some 10 s: the times of single pieces are uncertain."""


class Placing:
    """Takes pieces of sound with the times at which they sounded; gives frames in their order."""

    def __init__(self) -> None:
        self.filled_s = 0.0
        """Time for which there was no sound, the time before the first piece not counted; it is silence now."""
        self.dropped_s = 0.0
        """Sound that came when its time was filled already."""
        self._end = 0
        """Samples that were placed."""
        self._number = 0
        self._pieces: list[Samples] = []
        self._began = False
        self._late: deque[int] = deque(maxlen=_WINDOW)
        self._correct_from = 0

    def add(self, samples: Samples, end_s: float) -> None:
        """The next piece, whose last sample sounded at ``end_s``."""
        late = round(end_s * RATE_HZ) - len(samples) - self._end
        self._late.append(late)
        if not self._began or abs(late) > _JUMP:
            samples = self._jump(samples, late)
        elif len(self._late) == _SETTLED and abs(median := round(float(np.median(self._late)))) > _DRIFT:
            # The first times of a stream are the least certain, and one of them was believed.
            samples = self._jump(samples, median)
        else:
            samples = self._steer(samples)
        self._began = True
        self._place(samples)

    def fill(self, until_s: float) -> None:
        """Nothing came: there is silence up to ``until_s``."""
        self._silence(round(until_s * RATE_HZ) - self._end)

    def frames(self) -> list[Frame]:
        """Those that are whole now, each once."""
        whole = (self._end - self._number * FRAME_SAMPLES) // FRAME_SAMPLES
        if whole <= 0:
            return []
        joined = np.concatenate(self._pieces)
        frames = [
            Frame(self._number + place, joined[place * FRAME_SAMPLES : (place + 1) * FRAME_SAMPLES])
            for place in range(whole)
        ]
        self._number += whole
        self._pieces = [joined[whole * FRAME_SAMPLES :]]
        return frames

    @property
    def end_s(self) -> float:
        """The time after the last sample that was placed."""
        return self._end / RATE_HZ

    def _silence(self, count: int) -> None:
        if count > 0:
            self.filled_s += count / RATE_HZ if self._began else 0.0
            self._place(np.zeros(count, np.int16))

    def _place(self, samples: Samples) -> None:
        self._pieces.append(samples)
        self._end += len(samples)

    def _jump(self, samples: Samples, late: int) -> Samples:
        """Leave a gap, or leave out what repeats time that is over."""
        self._late.clear()
        self._silence(late)
        over = min(len(samples), max(0, -late))
        if self._began:
            self.dropped_s += over / RATE_HZ
        return samples[over:]

    def _steer(self, samples: Samples) -> Samples:
        """One sample more or fewer, where the device's clock has drifted from the assistant's."""
        if self._end < self._correct_from or len(self._late) < _WINDOW or len(samples) < 2:
            return samples
        self._correct_from = self._end + _CORRECT_EVERY
        drift = float(np.median(self._late))
        if abs(drift) <= _DRIFT:
            return samples
        change = 1 if drift > 0 else -1
        self._late = deque((past - change for past in self._late), maxlen=_WINDOW)
        places = np.linspace(0, len(samples) - 1, len(samples) + change)
        return np.interp(places, np.arange(len(samples)), samples).round().astype(np.int16)
