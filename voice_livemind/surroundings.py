"""What a turn works with, and who watches it."""

from dataclasses import dataclass, field
from typing import Protocol

from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.mind.pace import Pace
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.record.turn import SegmentRecord
from voice_livemind.stations import Stations


class View(Protocol):
    """Who watches: told of each thing when it happens."""

    def segment(self, segment: SegmentRecord) -> None:
        """A sentence was heard, or heard otherwise."""

    def note(self, segment: SegmentRecord) -> None:
        """A thought about it has ended."""

    def clause(self, text: str, start_s: float) -> None:
        """A clause of the reply is played from ``start_s`` on."""


@dataclass(frozen=True)
class Surroundings:
    """What a turn works with."""

    settings: Settings
    mode: Mode
    stations: Stations
    clock: Clock
    track: Track
    view: View
    pace: Pace = field(default_factory=Pace)
    """Of the thinker."""
