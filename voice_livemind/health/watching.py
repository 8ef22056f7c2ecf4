"""What the page shows of the conversation: the current turn and the last ones."""

from collections import deque
from dataclasses import dataclass, field

from voice_livemind.hear.frames import Frame
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.surroundings import View
from voice_livemind.turns.machine import Reopen, TurnEvent

_KEPT_TURNS = 6


@dataclass
class WatchedTurn:
    """A turn as it is seen."""

    number: int
    """Counted from 1 since the start of the kiosk."""
    record: TurnRecord
    """Fills up while the turn goes on."""
    words: str = ""
    """Heard after the segments; may still change."""
    clauses: list[tuple[str, float]] = field(default_factory=list)
    """Of the reply, as far as they were handed to the loudspeaker, and from when on each is played."""
    answer_s: float | None = None
    """From when on the first of them is played that is no prepared sentence."""
    heard: str = ""
    """Of the reply, by now."""
    over: bool = False


class Watching(View):
    """Keeps what is seen; ``health.events`` looks at it."""

    def __init__(self) -> None:
        self.now_s = 0.0
        """On the sample clock."""
        self.turns: deque[WatchedTurn] = deque(maxlen=_KEPT_TURNS)
        self._begun = 0

    def frame(self, frame: Frame, speech: float) -> None:
        """Time passes."""
        del speech
        self.now_s = frame.end_s

    def begun(self, turn: TurnRecord) -> None:
        """A turn more."""
        self._begun += 1
        self.turns.append(WatchedTurn(self._begun, turn))

    def event(self, event: TurnEvent) -> None:
        """A reopened turn has no reply yet."""
        if isinstance(event, Reopen) and self.turns:
            self.turns[-1].clauses, self.turns[-1].answer_s, self.turns[-1].heard = [], None, ""

    def words(self, text: str) -> None:
        """They follow the segments."""
        if self.turns:
            self.turns[-1].words = text

    def segment(self, segment: SegmentRecord) -> None:
        """It stands in the record; the words that were not settled are in it."""
        del segment
        self.words("")

    def clause(self, text: str, start_s: float, prepared: bool) -> None:
        """The reply grows."""
        replying = next((turn for turn in reversed(self.turns) if turn.record.marks.committed is not None), None)
        if replying is not None:
            replying.clauses.append((text, start_s))
            if replying.answer_s is None and not prepared:
                replying.answer_s = start_s

    def heard(self, words: str) -> None:
        """More of the reply was heard."""
        replying = next((turn for turn in reversed(self.turns) if turn.clauses and not turn.over), None)
        if replying is not None:
            replying.heard = words

    def over(self, turn: TurnRecord) -> None:
        """The turn belongs to the past; one in which nothing was said is forgotten."""
        for watched in list(self.turns):
            if watched.record is turn:
                watched.over, watched.words, watched.heard = True, "", turn.heard
                if not turn.segments:
                    self.turns.remove(watched)

    def forgotten(self) -> None:
        """The visitor has gone, and nobody is to see what was said."""
        self.turns.clear()
