"""One turn on its way: from its first chunk of sound to the last sample of the reply."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.hear.turn_sound import TurnSound
from voice_livemind.mind.prompts import Exchange
from voice_livemind.mind.thinking import Thinking
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.reply.answer import Answer
from voice_livemind.segments.segment import Segment
from voice_livemind.segments.sentences import sounds_whole
from voice_livemind.segments.settling import Settling
from voice_livemind.speak.speaking import Speaking
from voice_livemind.stations import Stations
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.transcribe.listening import Listening


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


class Turn:
    """Owns the record of one turn and every task that works for it. ``run`` ends when the reply was heard."""

    def __init__(
        self,
        number: int,
        speech_start_s: float,
        sound: TurnSound,
        history: Sequence[Exchange],
        around: Surroundings,
        understood: Callable[[Evidence, float], None],
    ) -> None:
        """``understood`` is called at each pause, with what is known by then and the end of speech."""
        self.record = TurnRecord(number, around.mode.name)
        self.record.marks.speech_start = speech_start_s
        self._around = around
        self._history = history
        clock, stations = around.clock, around.stations
        settling = Settling(sound.start_s, sound.quietest, sounds_whole)
        language = around.settings.transcribe.language
        self._listening = Listening(
            stations.recognize,
            stations.hear_end,
            sound,
            settling,
            clock,
            self.record,
            language,
            self._segment_changed,
            understood,
        )
        self._thinking = Thinking(
            stations.thinker, history, around.settings.mind.note_max_tokens, clock, around.view.note
        )
        self._speaking = Speaking(stations.synthesize, around.track, clock, self.record, around.view.clause)
        self._answers: asyncio.Task[None] | None = None
        self._reopened = False

    # Told by the loop that hears, in the order of the events:

    def spoken(self, until_s: float) -> None:
        """The speaker has been speaking for long without a pause."""
        self._listening.spoken(until_s)
        self._thinking.goes_on(until_s)

    def paused(self, speech_end_s: float) -> None:
        """The speaker is silent for a moment."""
        self.record.marks.speech_end = speech_end_s
        self.record.marks.pause = self._around.clock.now()
        self._listening.paused(speech_end_s)

    def resumed(self, speech_start_s: float) -> None:
        """The speaker goes on."""
        self.record.marks.pause = None
        self._listening.resumed(speech_start_s)
        self._thinking.goes_on(speech_start_s)

    def committed(self, speech_end_s: float) -> None:
        """The turn is over: the reply may be heard."""
        self.record.marks.committed = self._around.clock.now()
        self.record.commits.append(self._around.clock.now())
        self._listening.committed(speech_end_s)

    def reopened(self, speech_start_s: float) -> None:
        """The speaker goes on right after the commitment: the reply is taken back, what was thought is kept."""
        self.record.marks.committed = None
        self._reopened = True
        if self._answers is not None:
            self._answers.cancel()
        self.resumed(speech_start_s)

    def interrupt(self) -> None:
        """The speaker talks over the reply: it ends, but what was said before it is still transcribed."""
        self.record.interrupted = True
        self._thinking.stop()
        if self._answers is not None:
            self._answers.cancel()

    async def run(self) -> None:
        """Listen, think, answer."""
        try:
            async with asyncio.TaskGroup() as tasks:
                thinks = tasks.create_task(self._thinking.run())
                await self._listen_and_answer(tasks)
                thinks.cancel()
        finally:
            self._speaking.settle()
            self.record.tokens.notes = self._thinking.tokens
            if self._thinking.failure and not self.record.fallback:
                self.record.fallback = self._thinking.failure

    async def _listen_and_answer(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            await self._listening.until_committed()
            self._reopened = False
            if self.record.segments:
                self._answers = tasks.create_task(self._answer())
                await asyncio.wait([self._answers])
            if not self._reopened or self.record.interrupted:
                return
            self._take_back()

    def _segment_changed(self, segment: Segment) -> None:
        """A segment is new, or replaces its earlier revision."""
        record = SegmentRecord(segment.index, segment.revision, segment.text, segment.start_s, segment.end_s)
        record.heard_s = self._around.clock.now()
        for earlier in self.record.segments:
            if earlier.index == segment.index and earlier.fate == "used":
                earlier.fate = "stale"
        self.record.segments.append(record)
        self.record.segments.sort(key=lambda kept: (kept.index, kept.revision))
        latest = {kept.index: kept.text for kept in self.record.segments}
        self.record.transcript = " ".join(text for text in latest.values() if text)
        if self._around.mode.early_text:
            self._around.view.segment(record)
        if self._around.mode.notes:
            self._thinking.add(segment, record)

    async def _answer(self) -> None:
        around = self._around
        clauses: asyncio.Queue[str | None] = asyncio.Queue()
        answer = Answer(around.mode, around.stations, around.settings.reply, around.clock, self.record, clauses)
        if around.mode.notes:
            await self._thinking.rest()
            steps, unthought = self._thinking.steps, self._thinking.unthought
        else:
            steps, unthought = [], [self.record.transcript]
        if not around.mode.early_text:
            unthought = [await self._transcribe_again()]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._speaking.run(clauses))
            await answer.write(self._history, steps, unthought)

    async def _transcribe_again(self) -> str:
        """The conventional way: nothing is transcribed before the turn is over. (That it sounded complete was still
        judged by its words: when a turn ends is not what the modes differ in.)"""
        marks = self.record.marks
        assert marks.speech_start is not None and marks.speech_end is not None
        text = await self._listening.all_at_once(marks.speech_start, marks.speech_end)
        for segment in self.record.segments:
            self._around.view.segment(segment)
        return text or self.record.transcript

    def _take_back(self) -> None:
        """Nothing of a reply that was taken back is kept but what it cost."""
        self._speaking.settle()
        record = self.record
        record.tokens.wasted += record.tokens.reply
        record.tokens.reply = 0
        record.reply = record.heard = ""
        record.clauses.clear()
        record.generation = record.fallback = None
        marks = record.marks
        marks.first_token = marks.first_clause = marks.first_audio = marks.reply_end = None
        self._thinking.go_on()
