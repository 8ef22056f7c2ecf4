"""The loop that hears: frames in, turns out, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Callable

from voice_livemind.hear.frames import Frame
from voice_livemind.mind.prompts import Exchange
from voice_livemind.record.turn import TurnRecord
from voice_livemind.transcribe.chunks import Chunker
from voice_livemind.turn import Surroundings, Turn
from voice_livemind.turns.machine import Commit, Pause, Resume, Start, TurnEvent, TurnMachine


class Conversation:
    """Owns the turns of one conversation and its history."""

    def __init__(self, around: Surroundings, is_speech: Callable[[Frame], bool]) -> None:
        """``is_speech`` judges the frames, in their order."""
        self._around = around
        self._is_speech = is_speech
        self._machine = TurnMachine(around.settings.turns)
        self._chunker = Chunker(around.settings.turns.chunk_max_s)
        self._history: list[Exchange] = []
        self._turn: Turn | None = None
        self._running: asyncio.Task[None] | None = None
        self.records: list[TurnRecord] = []

    async def listen(self, frames: AsyncIterator[Frame], until_s: float) -> None:
        """Hear frames; return after ``until_s``, when no turn is open and the last reply has been heard."""
        try:
            async for frame in frames:
                await self._hear(frame)
                if frame.end_s >= until_s and self._machine.idle and (self._running is None or self._running.done()):
                    break
            await self._end_turn()
        finally:
            if self._running is not None:
                self._running.cancel()
                await asyncio.wait([self._running])

    async def _hear(self, frame: Frame) -> None:
        is_speech = self._is_speech(frame)
        event = self._machine.step(frame.start_s, frame.end_s, is_speech)
        chunk = self._chunker.add(frame, is_speech, self._machine.speaking)
        if chunk is not None and self._turn is not None:
            self._turn.heard(chunk)
        if event is not None:
            await self._follow(event)

    async def _follow(self, event: TurnEvent) -> None:
        if isinstance(event, Start):
            await self._end_turn()
            self._turn = Turn(len(self.records) + 1, tuple(self._history), self._around)
            self._running = asyncio.create_task(self._turn.run())
            self._chunker.start(event.speech_start_s)
            self._turn.started(event.speech_start_s)
            return
        assert self._turn is not None
        match event:
            case Pause(speech_end_s):
                self._turn.paused(speech_end_s)
                chunk = self._chunker.cut(speech_end_s)
                if chunk is not None:
                    self._turn.heard(chunk)
            case Resume(speech_start_s):
                self._chunker.start(speech_start_s)
                self._turn.resumed(speech_start_s)
            case Commit():
                self._turn.committed()

    async def _end_turn(self) -> None:
        """Let go of the turn: cut its reply off if it has not been heard, and remember what was."""
        if self._running is None or self._turn is None:
            return
        running, turn = self._running, self._turn
        self._running = self._turn = None
        if not running.done():
            turn.interrupt()
        await running
        if turn.record.segments:
            self.records.append(turn.record)
            self._history.append(Exchange(turn.record.transcript, turn.record.heard))
