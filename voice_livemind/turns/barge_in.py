"""What speech over a reply does to it: frame by frame, no audio, no clock, no thread.

::

    a cough                  "mhm"                          a question
    speech  ▁▁███▁▁▁▁▁▁      speech  ▁▁██████▁▁▁▁▁▁▁▁▁      speech  ▁▁██████████████
    events                   events      Start  Pause       events      Start
    acts       hold  go on   acts       hold    ask dismiss   acts       hold    Interrupt
    reply   ▓▓▓░░░░░░▓▓      reply   ▓▓▓░░░░░░░░░░░░▓▓      reply   ▓▓▓░░░░░┤

The reply is silenced long before it is certain that somebody speaks, and what the speech means for the turn waits until
it is clear that it is meant: it goes on for longer than a "mhm" does, or its words are known at the first pause.
"""

from dataclasses import dataclass
from typing import TypeAlias

from voice_livemind.turns.machine import Pause, Reopen, Resume, Start, TurnEvent

_HOLD_AFTER_S = 0.08
"""Of probable speech. The detector is up to 60 ms late by itself, and the listener expects silence within 200 ms."""
_GAP_S = 0.3
"""Silence after which a sound is over."""
_MEANT_S = 0.8
"""So much speech is more than a "mhm", an "okay" or a cough."""
_LONGEST_HOLD_S = 1.5
"""Sounds that are never certain to be speech (a television next door) may not silence the reply for longer."""


@dataclass(frozen=True)
class Hold:
    """Silence, at once; nothing is lost yet."""


@dataclass(frozen=True)
class GoOn:
    """It was nothing: the reply goes on where it was."""


@dataclass(frozen=True)
class Dismiss:
    """The reply goes on where it was, and the turn that seemed to start, or to be reopened, was none."""


@dataclass(frozen=True)
class Ask:
    """The words within this span decide: call ``heard`` when they are known."""

    start_s: float
    end_s: float


@dataclass(frozen=True)
class Interrupt:
    """The reply is over. What happened since is to be followed now."""

    events: tuple[TurnEvent, ...]


Act: TypeAlias = Hold | GoOn | Dismiss | Ask | Interrupt


class BargeIn:
    """Stands between the turn machine and those who follow it while a reply is heard. Times in seconds."""

    def __init__(self) -> None:
        self._speech_end_s = -_GAP_S
        self._voiced_s = 0.0
        """Speech in the sound that began last."""
        self._held_s: float | None = None
        self._tired = False
        """This sound has held the reply for too long already."""
        self._waiting: list[TurnEvent] = []
        self._start_s = 0.0

    @property
    def undecided(self) -> bool:
        """Events are kept back."""
        return bool(self._waiting)

    def step(
        self, start_s: float, end_s: float, speech: float, event: TurnEvent | None, replying: bool
    ) -> Act | TurnEvent | None:
        """Judge the frame from ``start_s`` to ``end_s``; ``event``: what it means for the turn.

        ``replying``: a reply is heard, or would be if it were not held. Returns what is to be done, or the event where
        it may be followed.
        """
        if speech > 0:
            if start_s - self._speech_end_s > _GAP_S and not self._waiting:
                self._voiced_s, self._tired = 0.0, False
            self._voiced_s += end_s - start_s
            self._speech_end_s = end_s
        if self._waiting:
            return self._wait(event)
        if replying and isinstance(event, Start | Reopen):
            return self._begin(event)
        if event is not None:
            return event
        if not replying:
            return self._let_go() if self._held_s is not None else None
        if self._held_s is None:
            if speech > 0 and not self._tired and self._voiced_s >= _HOLD_AFTER_S - 1e-6:
                self._held_s = end_s
                return Hold()
        elif end_s - self._speech_end_s >= _GAP_S or end_s - self._held_s >= _LONGEST_HOLD_S:
            self._tired = True
            return self._let_go()
        return None

    def heard(self, meant: bool) -> Act | None:
        """The words that were asked for are known: whether they are meant to interrupt."""
        if not self._waiting:
            return None
        if meant:
            return self._interrupt()
        if [type(event) for event in self._waiting if isinstance(event, Pause | Resume)][-1:] == [Resume]:
            # There are more words by now.
            return None
        self._waiting.clear()
        self._held_s = None
        return Dismiss()

    def _begin(self, event: Start | Reopen) -> Act | None:
        """A turn starts, or is reopened: perhaps."""
        self._waiting.append(event)
        self._start_s = event.speech_start_s
        if self._held_s is not None:
            return None
        self._held_s = self._speech_end_s
        return Hold()

    def _wait(self, event: TurnEvent | None) -> Act | None:
        if event is not None:
            self._waiting.append(event)
        if self._voiced_s >= _MEANT_S - 1e-6:
            return self._interrupt()
        if isinstance(event, Pause):
            return Ask(self._start_s, event.speech_end_s)
        return None

    def _interrupt(self) -> Interrupt:
        events = tuple(self._waiting)
        self._waiting.clear()
        self._held_s = None
        return Interrupt(events)

    def _let_go(self) -> GoOn:
        self._held_s = None
        return GoOn()
