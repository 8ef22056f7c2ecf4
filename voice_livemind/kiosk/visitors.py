"""Who is there: visits as a state machine; no audio, no clock.

::

    voice   ▁▁▁███▁▁▁▁▁▁▁▁▁▁▁▁▁███▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    reply   ▁▁▁▁▁▁▁██████▁▁▁▁▁▁▁▁▁▁████▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁
    visit   ────┬──────────────────────────────────────┬───────
                arrives                     ◀──────────▶ goes: all is forgotten
                                            quiet_ends_s

A farewell ends the visit as soon as it has been answered. With a wake phrase nothing counts before it; from then on, or
from the push of the button on, the visitor needs it no more. Times are seconds on one clock that never goes back.
"""

from typing import Literal, TypeAlias

from voice_livemind.config import Kiosk
from voice_livemind.kiosk.phrases import after_wake_phrase, is_farewell

Attitude: TypeAlias = Literal["answer", "help", "farewell", "ignore"]
"""To what was said: ``help`` offers it to somebody who has said the wake phrase and nothing else."""


class Visitors:
    """Serves one after the other."""

    def __init__(self, settings: Kiosk) -> None:
        self._settings = settings
        self.present = False
        """Somebody has been spoken with, or has pushed the button."""
        self.count = 0
        """Who were there until now."""
        self._greeted = False
        self._leaves = False
        self._busy_s = 0.0
        """When somebody spoke last, or was spoken to."""

    @property
    def awake(self) -> bool:
        """What is said now is answered, whatever it is."""
        return self.present or not self._settings.wake_phrase

    @property
    def to_greet(self) -> bool:
        """The visitor has not been spoken to yet."""
        return self._settings.greets and not self._greeted

    def attitude(self, words: str) -> Attitude:
        """What to do about these words."""
        if self._settings.wake_phrase:
            rest = after_wake_phrase(words, self._settings.wake_phrase)
            if rest is None and not self.present:
                return "ignore"
            if rest == []:
                return "help"
        return "farewell" if is_farewell(words, self._settings.farewells) else "answer"

    def spoke(self, words: str) -> None:
        """A turn is over, with its reply."""
        attitude = self.attitude(words)
        # What was not meant for the kiosk is forgotten at once.
        self._leaves = attitude in ("farewell", "ignore")
        if attitude != "ignore":
            self._arrive()

    def pushed(self, now_s: float) -> None:
        """The button was pushed."""
        self._busy_s, self._leaves = now_s, False
        self._arrive()

    def step(self, now_s: float, at_rest: bool, closed: bool) -> bool:
        """Whether the visitor has just gone, and all is to be forgotten. To be called again and again.

        ``at_rest``: nobody speaks, nor is spoken to; ``closed``: these are quiet hours.
        """
        if not at_rest:
            self._busy_s = now_s
        quiet = now_s - self._busy_s >= self._settings.quiet_ends_s - 1e-6
        gone = at_rest and (self._leaves or (self.present and (quiet or closed)))
        if gone:
            self.present = self._greeted = self._leaves = False
        return gone

    def _arrive(self) -> None:
        if not self.present:
            self.count += 1
        self.present = self._greeted = True
