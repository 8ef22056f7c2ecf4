"""Turn-taking as a state machine: no audio, no clock, no thread.

::

    speech     ▁▁▁▁██████▁▁████▁▁▁▁▁▁▁▁▁██████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    idle     ──────┐                                          ┌──
    speaking       └───────────────┐    ┌────────┐            │
    paused                         └────┘        └────────────┘
    event          Start           Pause Resume  Pause        Commit
                                 ◀─▶                     ◀────▶
                                pause_s            end_of_turn_s (from the end of speech)
"""

from dataclasses import dataclass
from typing import TypeAlias

from voice_livemind.config import Turns


@dataclass(frozen=True)
class Start:
    """A turn starts."""

    speech_start_s: float


@dataclass(frozen=True)
class Pause:
    """Silence for ``pause_s``: what was said so far can be transcribed."""

    speech_end_s: float


@dataclass(frozen=True)
class Resume:
    """The speaker goes on within the turn."""

    speech_start_s: float


@dataclass(frozen=True)
class Commit:
    """The turn is over: the reply may be heard."""

    speech_end_s: float


TurnEvent: TypeAlias = Start | Pause | Resume | Commit


class TurnMachine:
    """Takes frames in their order and says what they mean for the turn. Times are seconds on the sample clock."""

    def __init__(self, settings: Turns) -> None:
        self._settings = settings
        self._open = False
        self._paused = False
        self._burst_start_s: float | None = None
        """Start of the speech that may start or resume the turn, once it has lasted ``min_speech_s``."""
        self._speech_end_s = 0.0

    @property
    def idle(self) -> bool:
        """No turn is open and no speech is about to open one."""
        return not self._open and self._burst_start_s is None

    @property
    def speaking(self) -> bool:
        """Somebody speaks, and does not pause."""
        return self._open and not self._paused

    def step(self, start_s: float, end_s: float, is_speech: bool) -> TurnEvent | None:
        """Judge the frame from ``start_s`` to ``end_s``."""
        if self.speaking:
            if is_speech:
                self._speech_end_s = end_s
            elif _reached(end_s - self._speech_end_s, self._settings.pause_s):
                self._paused = True
                return Pause(self._speech_end_s)
            return None
        if is_speech:
            return self._begin(start_s, end_s)
        self._burst_start_s = None
        if self._open and _reached(end_s - self._speech_end_s, self._settings.end_of_turn_s):
            self._open = self._paused = False
            return Commit(self._speech_end_s)
        return None

    def _begin(self, start_s: float, end_s: float) -> Start | Resume | None:
        if self._burst_start_s is None:
            self._burst_start_s = start_s
        burst_start_s = self._burst_start_s
        if not _reached(end_s - burst_start_s, self._settings.min_speech_s):
            return None
        event = Resume(burst_start_s) if self._open else Start(burst_start_s)
        self._burst_start_s = None
        self._open, self._paused = True, False
        self._speech_end_s = end_s
        return event


def _reached(duration_s: float, limit_s: float) -> bool:
    """Frame times are sums of binary fractions: a microsecond less is enough."""
    return duration_s >= limit_s - 1e-6
