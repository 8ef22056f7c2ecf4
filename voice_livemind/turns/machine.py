"""Turn-taking as a state machine: no audio, no clock, no thread.

::

    speech     ▁▁▁▁██████▁▁████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    idle     ──────┐                                                                 ┌─
    speaking       └───────────────┐    ┌────────┐             ┌───────┐             │
    paused                         └────┘        └──────┐      │       └─────┐       │
    committed                                           └──────┘             └───────┘
    event          Start           Pause Resume  Pause  Commit Reopen  Pause Commit
                                 ◀─▶           ◀───────▶                     ◀──────▶
                               pause_s       commit_after_s: by how complete  reopen_s
                                             the turn sounds (``judge``)

Before each pause comes a ``Lull``: too short a silence to mean anything, but what was said so far can be heard already,
in case that it becomes a pause; ``NoPause`` says that it did not. ``Pause`` is the soft end: everything that prepares a
reply may start. ``Commit``: the reply may be heard. Speech that goes on soon after a commitment reopens the same turn.
"""

from dataclasses import dataclass
from typing import TypeAlias

from voice_livemind.config import Turns

LULL_S = 0.1
"""Silence after which the voice is judged: the more of it is heard, the readier is the model to call any turn over. The
recogniser begins then as well: later, and its words are later; sooner, and most silences are none."""
_GAP_S = 0.3
"""Between bursts of speech that belong together."""
_BACK_S = 1.0
"""How far the first of them may lie before the one that is sure."""


@dataclass(frozen=True)
class Start:
    """A turn starts."""

    speech_start_s: float


@dataclass(frozen=True)
class Lull:
    """Silence for ``LULL_S``: a pause may come of it, or not."""

    speech_end_s: float


@dataclass(frozen=True)
class NoPause:
    """The lull became no pause."""

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


@dataclass(frozen=True)
class Reopen:
    """The speaker goes on right after the commitment: it was premature, the same turn goes on."""

    speech_start_s: float


TurnEvent: TypeAlias = Start | Lull | NoPause | Pause | Resume | Commit | Reopen


class TurnMachine:
    """Takes frames in their order and says what they mean for the turn. Times are seconds on the sample clock."""

    def __init__(self, settings: Turns) -> None:
        self._settings = settings
        self.kept_open = False
        """No silence ends the turn."""
        self._open = False
        self._paused = False
        self._lulled = False
        self._burst_start_s: float | None = None
        """Start of the speech that may start or resume the turn, once there is enough of it."""
        self._sure_s = 0.0
        """Seconds of certain speech in it."""
        self._from_s: float | None = None
        """Start of the first of several bursts with hardly a gap between them: soft first words come in pieces."""
        self._gap_since_s = 0.0
        self._speech_end_s = 0.0
        self._commit_after_s = settings.commit_max_s
        self._reopen_until_s: float | None = None
        self._reopenable_s: float | None = None
        """What ``_reopen_until_s`` was before the turn was opened last."""

    @property
    def idle(self) -> bool:
        """No turn is open or can be reopened, and no speech is about to open one."""
        return not self._open and self._from_s is None and self._reopen_until_s is None

    @property
    def speaking(self) -> bool:
        """Somebody speaks, and does not pause."""
        return self._open and not self._paused

    def judge(self, speech_end_s: float, commit_after_s: float) -> None:
        """The silence since ``speech_end_s`` ends the turn when it is this long; unjudged, ``commit_max_s`` does.

        A judgement that comes when the speaker has gone on already is of no use, and is ignored.
        """
        if self._paused and speech_end_s == self._speech_end_s:
            self._commit_after_s = min(commit_after_s, self._settings.commit_max_s)

    def forget(self) -> None:
        """What started the turn, or reopened it, was no speech: all is as it was before."""
        self._open = self._paused = False
        self._reopen_until_s = self._reopenable_s

    def finish(self, now_s: float, reopens: bool = True) -> list[TurnEvent]:
        """The turn is over at once: whoever speaks says so, by a key. What happens by that, in its order.

        ``reopens``: speech that goes on soon after still belongs to it.
        """
        if not self._open:
            return []
        events: list[TurnEvent] = [] if self._paused else [Pause(self._speech_end_s)]
        events.append(self._commit(now_s))
        if not reopens:
            self._reopen_until_s = None
        return events

    def step(self, start_s: float, end_s: float, speech: float) -> TurnEvent | None:
        """Judge the frame from ``start_s`` to ``end_s``. ``speech``: the probability that it is speech, 0 for none."""
        if self.speaking:
            return self._go_on(start_s, end_s, speech > 0)
        if speech > 0:
            return self._begin(start_s, end_s, speech)
        self._burst_start_s = None
        if self._from_s is not None and end_s - self._gap_since_s > _GAP_S:
            self._from_s = None
        if self._open and not self.kept_open and _reached(end_s - self._speech_end_s, self._commit_after_s):
            return self._commit(end_s)
        if self._reopen_until_s is not None and end_s > self._reopen_until_s:
            self._reopen_until_s = None
        return None

    def _go_on(self, start_s: float, end_s: float, is_speech: bool) -> Lull | NoPause | Pause | None:
        if is_speech:
            self._speech_end_s = end_s
            if self._lulled:
                self._lulled = False
                return NoPause(start_s)
        elif _reached(end_s - self._speech_end_s, self._settings.pause_s):
            self._paused = True
            self._commit_after_s = self._settings.commit_max_s
            return Pause(self._speech_end_s)
        elif not self._lulled and _reached(end_s - self._speech_end_s, LULL_S):
            self._lulled = True
            return Lull(self._speech_end_s)
        return None

    def _commit(self, now_s: float) -> Commit:
        self._open = self._paused = False
        self._reopen_until_s = now_s + self._settings.reopen_s
        return Commit(self._speech_end_s)

    def _begin(self, start_s: float, end_s: float, speech: float) -> Start | Resume | Reopen | None:
        if self._burst_start_s is None:
            self._burst_start_s, self._sure_s = start_s, 0.0
            if self._from_s is None or start_s - self._from_s > _BACK_S:
                self._from_s = start_s
        assert self._from_s is not None
        self._gap_since_s = end_s
        # As likely as not is no evidence: coughs look like that.
        self._sure_s += (2 * speech - 1) * (end_s - start_s)
        resumes = self._open and _reached(end_s - self._burst_start_s, self._settings.resume_speech_s)
        if not resumes and not _reached(self._sure_s, self._settings.min_speech_s):
            return None
        event: Start | Resume | Reopen
        if self._open:
            event = Resume(self._from_s)
        else:
            self._reopenable_s = self._reopen_until_s
            reopens = self._reopen_until_s is not None and self._from_s <= self._reopen_until_s
            event = Reopen(self._from_s) if reopens else Start(self._from_s)
        self._burst_start_s = self._from_s = self._reopen_until_s = None
        self._open, self._paused, self._lulled = True, False, False
        self._speech_end_s = end_s
        return event


def _reached(duration_s: float, limit_s: float) -> bool:
    """Frame times are sums of binary fractions: a microsecond less is enough."""
    return duration_s >= limit_s - 1e-6
