"""One turn on its way: from its first chunk of sound to the last sample of the reply."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from voice_livemind.clock import Clock
from voice_livemind.config import Settings
from voice_livemind.mind.prompts import Exchange
from voice_livemind.mind.thinking import Thinking, Thought
from voice_livemind.modes import Mode
from voice_livemind.play.track import Track
from voice_livemind.record.turn import SegmentRecord, TurnRecord
from voice_livemind.reply.answer import Answer
from voice_livemind.segments.segmenter import Segment, Segmenter
from voice_livemind.speak.speaking import Speaking
from voice_livemind.stations import Stations
from voice_livemind.transcribe.chunks import Chunk
from voice_livemind.transcribe.hypothesis import doubt


class View(Protocol):
    """Who watches: told of each thing when it happens."""

    def segment(self, segment: SegmentRecord) -> None:
        """A sentence was heard."""

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

    def __init__(self, number: int, history: Sequence[Exchange], around: Surroundings) -> None:
        self._around = around
        self.record = TurnRecord(number, around.mode.name)
        self._history = history
        self._chunks: asyncio.Queue[Chunk | None] = asyncio.Queue()
        self._segmenter = Segmenter()
        self._committed = asyncio.Event()
        self._thinks: asyncio.Task[None] | None = None
        self._answers: asyncio.Task[None] | None = None
        stations = around.stations
        self._thinking = Thinking(
            stations.thinker, history, around.settings.mind.note_max_tokens, around.clock, around.view.note
        )
        self._speaking = Speaking(stations.synthesize, around.track, around.clock, self.record, around.view.clause)

    # Told by the loop that hears, in the order of the events:

    def started(self, speech_start_s: float) -> None:
        """Speech starts."""
        self.record.marks.speech_start = speech_start_s

    def heard(self, chunk: Chunk) -> None:
        """A chunk is ready to be transcribed."""
        self._chunks.put_nowait(chunk)

    def paused(self, speech_end_s: float) -> None:
        """The speaker is silent for a moment."""
        self.record.marks.speech_end = speech_end_s
        self.record.marks.pause = self._around.clock.now()

    def resumed(self, speech_start_s: float) -> None:
        """The speaker goes on."""
        self.record.marks.pause = None
        self._thinking.resumed(speech_start_s)

    def committed(self) -> None:
        """The turn is over: the reply may be heard."""
        self.record.marks.committed = self._around.clock.now()
        self._chunks.put_nowait(None)
        self._committed.set()

    def interrupt(self) -> None:
        """The speaker goes on over the reply: it ends, but what was said before it is still transcribed."""
        self.record.interrupted = True
        for task in (self._thinks, self._answers):
            if task is not None:
                task.cancel()

    async def run(self) -> None:
        """Listen, think, answer."""
        try:
            async with asyncio.TaskGroup() as tasks:
                if self._around.mode.notes:
                    self._thinks = tasks.create_task(self._thinking.run())
                await self._listen()
                self._thinking.close()
                if self._thinks is not None:
                    await asyncio.wait([self._thinks])
                if self.record.segments and not self.record.interrupted:
                    self._answers = tasks.create_task(self._answer())
        finally:
            self._speaking.settle()
            self.record.tokens.notes = self._thinking.tokens
            if self._thinking.failure and not self.record.fallback:
                self.record.fallback = self._thinking.failure

    async def _listen(self) -> None:
        """Transcribe chunks as they come, or all of them at the end, until the turn is committed."""
        if not self._around.mode.early_text:
            await self._committed.wait()
        while (chunk := await self._chunks.get()) is not None:
            began_s = self._around.clock.now()
            hypothesis = await self._around.stations.recognize(chunk)
            self.record.transcription.append((began_s, self._around.clock.now()))
            if doubt(hypothesis, chunk.voiced_s) is None:
                self._keep(self._segmenter.add(hypothesis.words))
            self.record.marks.text_final = self._around.clock.now()
        self._keep(self._segmenter.flush())

    def _keep(self, segments: Sequence[Segment]) -> None:
        for segment in segments:
            record = SegmentRecord(segment.index, segment.revision, segment.text, segment.start_s, segment.end_s)
            self.record.segments.append(record)
            self.record.transcript = " ".join(kept.text for kept in self.record.segments)
            self._around.view.segment(record)
            if self._around.mode.notes:
                self._thinking.add(Thought(segment, record))

    async def _answer(self) -> None:
        around = self._around
        clauses: asyncio.Queue[str | None] = asyncio.Queue()
        answer = Answer(around.mode, around.stations, around.settings.reply, around.clock, self.record, clauses)
        unthought = self._thinking.unthought if around.mode.notes else [s.text for s in self.record.segments]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._speaking.run(clauses))
            await answer.write(self._history, self._thinking.steps, unthought)
