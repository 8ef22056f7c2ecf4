"""What was handed to the loudspeaker, by the time at which it is heard: what the echo is made of."""

import numpy as np

from voice_livemind.hear.frames import RATE_HZ, Samples
from voice_livemind.hear.resampling import Resampler

_KEPT = 1 << 17
"""Samples, some 8 s."""
_JUMP = round(0.02 * RATE_HZ)
"""A block that is heard so much earlier or later than the one before it lets expect does not follow it directly."""
_DRIFT = round(0.01 * RATE_HZ)
"""A crystal that is so much ahead or behind is corrected, a sample at a time."""
_CORRECT_EVERY = RATE_HZ // 2
"""Samples; as with the microphone's."""
_SMOOTHED_OVER = 10 * RATE_HZ
"""Samples: what devices say of their times is a little uneven."""


class Sent:
    """Takes blocks in their order; gives back any span of the last seconds at 16 kHz."""

    def __init__(self, rate_hz: int) -> None:
        self._kept: Samples = np.zeros(_KEPT, np.int16)
        self._end = 0
        """Where the next sample goes: counted at 16 kHz from time 0 on."""
        self.restart(rate_hz)

    def restart(self, rate_hz: int) -> None:
        """From now on blocks come at this rate."""
        self._rate_hz = rate_hz
        self._resample = Resampler(rate_hz)
        self._next = float(self._end)
        """Where the next block is expected."""
        self._off = 0.0
        """How far blocks have come from there, smoothed."""
        self._correct_from = 0.0

    def add(self, block: Samples, heard_s: float) -> None:
        """The next block, whose first sample is heard at ``heard_s``."""
        off = heard_s * RATE_HZ - self._next
        lasts = len(block) * RATE_HZ / self._rate_hz
        self._off += min(1.0, lasts / _SMOOTHED_OVER) * (off - self._off)
        if abs(off) > _JUMP:
            self._resample = Resampler(self._rate_hz)
            self._go_to(heard_s * RATE_HZ)
        resampled = self._resample(block.astype(np.float32))
        samples: Samples = np.clip(np.round(resampled), -32768, 32767).astype(np.int16)
        if abs(self._off) > _DRIFT and self._next >= self._correct_from and len(samples) > 1:
            change = 1 if self._off > 0 else -1
            samples = np.append(samples, samples[-1]) if change > 0 else samples[:-1]
            self._next += change
            self._off -= change
            self._correct_from = self._next + _CORRECT_EVERY
        self._next += lasts
        self._put(samples)

    def silence_from(self, time_s: float) -> None:
        """What was to be heard later was taken back."""
        start = max(round(time_s * RATE_HZ), self._end - _KEPT)
        if start < self._end:
            self._kept[np.arange(start, self._end) % _KEPT] = 0

    def between(self, start_s: float, end_s: float) -> Samples:
        """``round((end_s - start_s) * 16000)`` samples from ``start_s`` on; silence where nothing is known."""
        start = round(start_s * RATE_HZ)
        places = np.arange(start, start + round((end_s - start_s) * RATE_HZ))
        known = (places >= max(0, self._end - _KEPT)) & (places < self._end)
        return np.where(known, self._kept[places % _KEPT], np.int16(0))

    def _go_to(self, place: float) -> None:
        """The next block is heard from there on."""
        self._next, self._off, self._correct_from = place, 0.0, 0.0
        end = round(place - self._resample.behind_s * RATE_HZ)
        if end > self._end:
            self._put(np.zeros(min(end - self._end, _KEPT), np.int16))
        self._end = end

    def _put(self, samples: Samples) -> None:
        self._kept[np.arange(self._end, self._end + len(samples)) % _KEPT] = samples
        self._end += len(samples)
