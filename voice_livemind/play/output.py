"""What a reply is played on: a loudspeaker, or a track that stands in for one."""

from typing import Protocol

from voice_livemind.record.turn import Span
from voice_livemind.sound import Sound


class Output(Protocol):
    """Plays sounds one after the other, each as soon as it comes and the one before it is over.

    All sounds that were ever given to ``play`` are one row of samples, without the silence between them::

        row       A A A A A A A A A B B B B B
        heard     ···A A A A A·····A A A A B B B B B···
                            hold  go_on

    Times are seconds on the sample clock of the input, at the listener's ear: what the device adds is part of them. A
    device that is lost holds by itself, and goes on when it is back.
    """

    @property
    def queued(self) -> int:
        """How many samples the row has."""

    @property
    def heard(self) -> int:
        """How many of them have been heard until now. Final at once after ``hold`` and ``stop``: what the device can't
        take back any more counts as heard."""

    @property
    def end_s(self) -> float:
        """When the last sample of the row is over, if nothing holds it any longer; in the past, where it is over."""

    def heard_at(self, sample: int) -> float:
        """When that sample of the row was heard, or will be if nothing holds it any longer."""

    def play(self, sound: Sound) -> Span:
        """Queue a sound; from when to when it will be heard if nothing holds it. While held it is only queued."""

    def hold(self) -> None:
        """Silence at once; keep what was not heard yet. Nothing happens if it is held already."""

    def go_on(self) -> None:
        """Go on with the first sample that was not heard. Nothing happens if it is not held."""

    def stop(self) -> None:
        """Silence at once, and drop what was not heard yet: the row ends there. It is not held any more."""
