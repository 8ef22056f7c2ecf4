"""What the loudspeaker plays is taken out of what the microphone hears.

::

    reference ──▶ delay (found, then watched) ──▶ filter (learned) ──▶ echo
    microphone ─────────────────────────────────────────────────────▶ (-) ──▶ gate ──▶ frame

The gate keeps count of how much of the reference is left behind the filter. What is no louder than that can be echo,
and becomes the noise of the room. So the conversation is half duplex as long as the filter knows the room too little,
or for good where cancelling can't work, and full duplex as soon as it can.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

from voice_livemind.config import Echo
from voice_livemind.hear.delay import find_echo, level_db
from voice_livemind.hear.echo_filter import EchoFilter
from voice_livemind.hear.frames import FRAME_S, FRAME_SAMPLES, RATE_HZ, Frame, Samples

LEAD_S = 0.06
"""The reference is asked so much ahead of the frame: devices report latencies that are too long by as much, and no
filter takes out an echo that comes before its reference."""
_LEAD = round(LEAD_S * RATE_HZ)
LONGEST_S = 0.6
"""Delays up to this are found."""
_LOOK_S = 0.6
"""Sound in which the delay is looked for."""
_LOOK_EVERY_S = 0.2
_SURE = 2.0
_DOUBTFUL = 1.6
"""Two who speak can look so much alike for a moment: reason to wait, but not to believe in another delay."""
_DOUBT_S = 0.2
"""Of what passes the gate is looked at, for an echo that the filter missed: the delay has just changed."""
_DOUBT_EVERY = 2
"""Frames that pass: before there are enough of them to start a turn."""
_HEAD = round(0.02 * RATE_HZ)
"""The direct sound stands so far into the filter, which can follow a delay that shrinks by as much."""
_MOVED = 2
"""Samples that the filter follows by itself."""

_AUDIBLE_DB = -60.0
_TAIL_S = 0.8
"""After the last sound of the reference its echo may still be heard."""
_RECENT = round(0.3 / FRAME_S)
"""Frames of the reference that a room still sounds with."""
_KNOWN = round(2.0 / FRAME_S)
"""Frames over which the gate keeps count."""
_ENOUGH = round(2 * LONGEST_S / FRAME_S)
"""Fewer say nothing: the echo may not have come yet."""
_USUAL = 80
"""Per cent of them are below what counts."""
_MARGIN_DB = 10.0
"""Peaks of an echo above what is usually left of it."""
_ROOM_DB = -40.0
"""The loudest noise of a room."""
_RISE_DB = 6.0
"""What does not stand so far above the room's noise is no speech to the detector."""
_HOLD = round(0.2 / FRAME_S)
"""Frames that pass after one that did: words have soft ends."""
_SURPRISE_DB = 15.0
"""Above what the filter expects to leave, nobody knows what it is: that is not counted."""
_BELIEVED = round(8.0 / FRAME_S)
"""So long it is somebody who speaks over the reply; what lasts longer is an echo of a new kind, and counts."""


def passes(left_db: float, played_db: float, leak_db: float, room_db: float) -> bool:
    """Whether a frame of level ``left_db`` is more than what can be left of an echo, or too soft to matter.

    ``played_db``: the loudest of the reference lately; ``leak_db``: what is usually left of it; ``room_db``: the room.
    """
    return left_db <= room_db + _RISE_DB or left_db > played_db + leak_db + _MARGIN_DB


class EchoCanceller:
    """Cleans frames in their order. Holds the delay, the filter, and the gate's count."""

    def __init__(self, settings: Echo) -> None:
        self._mode = settings.mode
        self._filter = EchoFilter()
        self._gate = _Gate()
        self._delay: int | None = None
        """Samples from the time at which the reference is said to sound to that at which it is heard."""
        self._heard: Samples = np.zeros(round(_LOOK_S * RATE_HZ), np.int16)
        self._left: Samples = np.zeros(round(_DOUBT_S * RATE_HZ), np.int16)
        self._played: Samples = np.zeros(len(self._heard) + round(LONGEST_S * RATE_HZ) + _LEAD, np.int16)
        self._silent_s = _TAIL_S
        self._sounded_s = 0.0
        """Seconds of reference since the delay was last looked for."""

    @property
    def delay_s(self) -> float | None:
        """From the reference to the microphone, where it is known."""
        return None if self._delay is None else self._delay / RATE_HZ

    def clean(self, frame: Frame, reference: Samples) -> Frame:
        """The frame without what was played. ``reference``: shape (320,), what is played ``LEAD_S`` after the frame."""
        if self._mode == "off":
            return frame
        sounds = level_db(reference) > _AUDIBLE_DB
        self._silent_s = 0.0 if sounds else self._silent_s + FRAME_S
        self._heard = np.concatenate([self._heard[FRAME_SAMPLES:], frame.samples])
        self._played = np.concatenate([self._played[FRAME_SAMPLES:], reference])
        if self._delay is not None and not frame.samples.any():
            # There is an echo in this room: muted, or the device is lost.
            self._filter.go_by(self._aligned(0))
            return frame
        if self._silent_s > _TAIL_S:
            self._gate.rests(frame.samples)
            self._filter.forget_reference()
            return frame
        if self._mode == "auto":
            self._sounded_s += FRAME_S if sounds else 0.0
            left = self._subtracted(frame.samples)
            expected_db = 10 * math.log10(self._filter.expected + 1e-10)
        else:
            left, expected_db = frame.samples, 0.0
        return frame._replace(samples=self._gate.passed(left, reference, expected_db))

    def _subtracted(self, heard: Samples) -> Samples:
        """The newest frame behind the filter, if there is one yet."""
        if self._sounded_s >= _LOOK_EVERY_S:
            self._sounded_s = 0.0
            self._find(self._heard)
        if self._delay is None:
            return heard
        left = _as_samples(self._filter.subtract(heard / 32768, self._aligned(0)))
        self._left = np.concatenate([self._left[FRAME_SAMPLES:], left])
        if self._gate.loud % _DOUBT_EVERY == _DOUBT_EVERY - 1:
            self._gate.doubts = self._find(self._left)
        return left

    def _find(self, sound: Samples) -> bool:
        """Look for the delay, or for another one, in the newest ``sound``; whether there may be an echo in it."""
        # What was played may have begun earlier than it was heard by the longest delay.
        before = round(LONGEST_S * RATE_HZ)
        padded = np.concatenate([np.zeros(before, np.int16), sound])
        echo = find_echo(padded, self._played[-len(padded) - _LEAD :], -LEAD_S)
        if echo is None or echo.sureness < _DOUBTFUL or echo.delay_s > LONGEST_S:
            return False
        if echo.sureness < _SURE:
            return True
        delay = round(echo.delay_s * RATE_HZ)
        if self._delay is None:
            self._delay = delay
            self._learn_again()
        elif abs(delay - self._delay) > _MOVED:
            # What the filter knows of the room stays true.
            self._delay = delay
        return True

    def _learn_again(self) -> None:
        """What was heard until now is enough to begin with."""
        for back in range(len(self._heard) // FRAME_SAMPLES - 1, 0, -1):
            heard = self._heard[len(self._heard) - (back + 1) * FRAME_SAMPLES :][:FRAME_SAMPLES]
            self._filter.subtract(heard / 32768, self._aligned(back))

    def _aligned(self, back: int) -> NDArray[np.float64]:
        """The reference whose echo is in the frame that came ``back`` frames ago, full scale at 1."""
        assert self._delay is not None
        end = len(self._played) - back * FRAME_SAMPLES - max(0, _LEAD + self._delay - _HEAD)
        return self._played[end - FRAME_SAMPLES : end] / 32768


class _Gate:
    """Lets through what can't be echo; the rest becomes the noise of the room."""

    def __init__(self) -> None:
        self._recent_db: deque[float] = deque(maxlen=_RECENT + round(LONGEST_S / FRAME_S))
        self._leaks_db: deque[float] = deque(maxlen=_KNOWN)
        self._room_db = _ROOM_DB
        """The noise of the room."""
        self._held = 0
        self.loud = 0
        """Frames in a row that are more than what is usually left."""
        self.doubts = False
        """Whether they are an echo all the same."""
        self._open = 0
        """Frames since it opened."""
        self._random = np.random.default_rng(0)

    def rests(self, samples: Samples) -> None:
        """Nothing is played: listen to the room."""
        self._recent_db.clear()
        self._held = 0
        # It falls at once, and rises slowly, since somebody may be speaking.
        self._room_db = min(max(level_db(samples), -90.0), self._room_db + 3 * FRAME_S)

    def passed(self, left: Samples, reference: Samples, expected_db: float) -> Samples:
        """The frame behind the filter, or noise.

        ``reference``: the newest; ``expected_db``: what must be reckoned with behind the filter.
        """
        self._recent_db.append(level_db(reference))
        left_db, played_db = level_db(left), max(self._recent_db)
        # Unknown, it is as loud as it was played.
        leak_db = float(np.percentile(self._leaks_db, _USUAL)) if len(self._leaks_db) >= _ENOUGH else 0.0
        through = passes(left_db, played_db, leak_db, self._room_db)
        loud = through and left_db > self._room_db + _RISE_DB
        self.loud = self.loud + 1 if loud else 0
        self.doubts = self.doubts and loud
        if self.doubts:
            self._held = 0
        elif loud:
            self._held = _HOLD
        else:
            self._held -= 1
        self._open = self._open + 1 if self._held > 0 else 0
        if (not loud and left_db < expected_db + _SURPRISE_DB) or self._open > _BELIEVED:
            self._leaks_db.append(left_db - played_db)
        if self._held > 0 or (through and not loud):
            return left
        noise = self._random.normal(0, 32768 * 10 ** (self._room_db / 20), FRAME_SAMPLES)
        return _as_samples(noise / 32768)


def _as_samples(sound: NDArray[np.float64]) -> Samples:
    return np.clip(np.round(sound * 32768), -32768, 32767).astype(np.int16)
