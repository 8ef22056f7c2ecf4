"""What a turn works with, and who watches it."""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.hear.frames import Frame
from voice_livemind.mind.pace import Pace
from voice_livemind.modes import Mode
from voice_livemind.play.output import Output
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations
from voice_livemind.turns.machine import TurnEvent

DeviceName: TypeAlias = Literal["microphone", "loudspeaker"]


class View:
    """Who watches: told of each thing when it happens. This one sees nothing; those that inherit see what they want."""

    def frame(self, frame: Frame, speech: float) -> None:
        """20 ms were heard; ``speech``: how probable it is that they are speech, 0 for none."""

    def begun(self, turn: TurnRecord) -> None:
        """A turn has started; its record fills up while it goes on."""

    def event(self, event: TurnEvent) -> None:
        """The turn that began last pauses, goes on, is committed or reopened; what was played of its reply is void
        where it is reopened."""

    def words(self, text: str) -> None:
        """What was last heard of the turn that began last, after its segments: it may still change."""

    def segment(self, segment: SegmentRecord) -> None:
        """A sentence was heard, or heard otherwise."""

    def note(self, segment: SegmentRecord) -> None:
        """A thought about it has ended."""

    def clause(self, text: str, start_s: float, prepared: bool) -> None:
        """A clause of the reply is played from ``start_s`` on; ``prepared``: no model wrote it."""

    def heard(self, words: str) -> None:
        """These words of the reply have been heard by now."""

    def over(self, turn: TurnRecord) -> None:
        """The turn, begun earlier, is over: its record is whole. Without segments it was none."""

    def device(self, name: DeviceName, message: str, working: bool) -> None:
        """Something has happened to a device, in words; from now on it works or it doesn't."""

    def forgotten(self) -> None:
        """A new conversation begins: nothing that was said before counts any more."""


class Prepared(NamedTuple):
    """A sentence that is said without any model."""

    text: str
    sound: Sound
    """At the rate of the voice."""


class Reception(NamedTuple):
    """How words are received."""

    answered: bool = True
    """A model answers them."""
    said: Prepared | None = None
    """Before the answer, or in its place."""
    why: str | None = None
    """Why no model answers."""


class Excuse(NamedTuple):
    """What is said where a reply is long in coming. Seconds after the end of speech."""

    wait: Prepared
    wait_after_s: float
    sorry: Prepared
    sorry_after_s: float
    """Then the reply is given up. ``sorry`` is said too where it breaks off."""


class Host:
    """Decides for each turn what is not for the models to decide. This one leaves all of it to them."""

    excuse: Excuse | None = None

    def turn(self, around: "Surroundings") -> "Surroundings":
        """A turn begins: what it works with."""
        return around

    def receive(self, words: str) -> Reception:
        """What is done about these words; asked of each draft, many of which are never heard."""
        del words
        return Reception()


@dataclass(frozen=True)
class Surroundings:
    """What a turn works with."""

    settings: Settings
    mode: Mode
    stations: Stations
    clock: Clock
    output: Output
    view: View
    pace: Pace = field(default_factory=Pace)
    """Of the thinker."""
    host: Host = field(default_factory=Host)
