"""What is to be seen now. Changed only by what the conversation tells; how it looks is decided in ``view.render``."""

import math
import statistics
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from voice_livemind.hear.frames import Frame, Samples
from voice_livemind.record.turn import Marks, SegmentRecord, TurnRecord
from voice_livemind.surroundings import DeviceName, View
from voice_livemind.turns.machine import Reopen, TurnEvent
from voice_livemind.view.controls import Controls

QUIETEST_DB = -90.0
_FALL_DB = 0.6
"""A frame: the meter jumps up with the sound and falls slowly after it, or nobody could read it."""
_KEPT_TURNS = 20
_NEWS_S = 15.0

Stage: TypeAlias = Literal["listening", "hearing you", "thinking", "speaking", "muted", "microphone lost"]


class Times(NamedTuple):
    """When the parts of an answer were there: seconds after the end of speech, ``None`` where unknown.

    A first clause that was drafted before the turn was committed comes before the commitment.
    """

    commit: float | None
    first_clause: float | None
    first_audio: float | None

    @classmethod
    def of(cls, marks: Marks) -> "Times":
        """Taken from the marks of a turn."""
        moments = marks.committed, marks.first_clause, marks.first_audio
        if marks.speech_end is None:
            return cls(None, None, None)
        return cls(*(None if moment is None else moment - marks.speech_end for moment in moments))

    @classmethod
    def median(cls, turns: "Sequence[Times]") -> "Times":
        """Of each part by itself."""
        known = [[value for value in values if value is not None] for values in zip(*turns, strict=True)]
        return cls(*(statistics.median(values) if values else None for values in known))


@dataclass
class ShownTurn:
    """A turn as it is seen."""

    record: TurnRecord
    """Fills up while the turn goes on."""
    words: str = ""
    """Heard after the segments; may still change."""
    clauses: list[str] = field(default_factory=list)
    """Of the reply, as far as they were handed to the loudspeaker."""
    heard: str = ""
    """Of the reply, by now."""
    over: bool = False

    @property
    def reply(self) -> str:
        """What is known of it: all that the model wrote, once the turn is over."""
        return self.record.reply if self.over else " ".join(self.clauses)


@dataclass
class Shown(View):
    """All that is seen of a conversation."""

    controls: Controls
    mode: str
    level_db: float = QUIETEST_DB
    """Of the microphone, less than 0: decibels below full scale."""
    speech: bool = False
    turns: deque[ShownTurn] = field(default_factory=lambda: deque(maxlen=_KEPT_TURNS))
    times: list[Times] = field(default_factory=list)
    """Of each answered turn of this session."""
    lost: set[DeviceName] = field(default_factory=set)
    news: str = ""
    """What was last told of a device, for a while, or as long as it doesn't work."""
    _now_s: float = field(default=0.0, init=False)
    _old_s: float = field(default=0.0, init=False)
    """When the news are news no longer."""

    @property
    def stage(self) -> Stage:
        """Whose turn it is, or why it can be nobody's."""
        if "microphone" in self.lost:
            return "microphone lost"
        going_on = [turn for turn in self.turns if not turn.over]
        if any(turn.record.marks.committed is None for turn in going_on):
            return "hearing you"
        if going_on:
            return "speaking" if going_on[-1].clauses else "thinking"
        return "listening" if self.controls.hears else "muted"

    def frame(self, frame: Frame, speech: float) -> None:
        """Moves the meter."""
        self.level_db = max(level_db(frame.samples), self.level_db - _FALL_DB)
        self.speech = speech > 0
        self._now_s = frame.end_s
        if not self.lost and self._now_s > self._old_s:
            self.news = ""

    def begun(self, turn: TurnRecord) -> None:
        """A turn more."""
        self.turns.append(ShownTurn(turn))

    def event(self, event: TurnEvent) -> None:
        """A reopened turn has no reply yet."""
        if isinstance(event, Reopen) and self.turns:
            turn = self.turns[-1]
            turn.clauses, turn.heard = [], ""

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
        del start_s, prepared
        replying = next((turn for turn in reversed(self.turns) if turn.record.marks.committed is not None), None)
        if replying is not None:
            replying.clauses.append(text)

    def heard(self, words: str) -> None:
        """More of the reply was heard."""
        replying = next((turn for turn in reversed(self.turns) if turn.clauses and not turn.over), None)
        if replying is not None:
            replying.heard = words

    def over(self, turn: TurnRecord) -> None:
        """The turn belongs to the past; one in which nothing was said is forgotten."""
        for shown in self.turns:
            if shown.record is turn:
                shown.over, shown.words, shown.heard = True, "", turn.heard
        self.turns = deque((shown for shown in self.turns if not shown.over or shown.record.segments), _KEPT_TURNS)
        if turn.marks.first_audio is not None:
            self.times.append(Times.of(turn.marks))

    def device(self, name: DeviceName, message: str, working: bool) -> None:
        """It stays for a while."""
        self.news, self._old_s = message, self._now_s + _NEWS_S
        if working:
            self.lost.discard(name)
        else:
            self.lost.add(name)

    def forgotten(self) -> None:
        """An empty page; the median of the session stays."""
        self.turns.clear()


def level_db(samples: Samples) -> float:
    """How loud they are on average: decibels below full scale, at least ``QUIETEST_DB``."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) / 32768**2
    return max(QUIETEST_DB, 10 * math.log10(power)) if power > 0 else QUIETEST_DB
