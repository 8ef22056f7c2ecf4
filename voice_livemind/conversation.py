"""The loop that hears: frames in, turns out, one after the other."""

import asyncio
from collections.abc import AsyncIterator, Callable

from voice_livemind.hear.frames import Frame
from voice_livemind.hear.turn_sound import TurnSound
from voice_livemind.mind.prompts import Exchange
from voice_livemind.record.turn import TurnRecord
from voice_livemind.surroundings import Surroundings
from voice_livemind.transcribe.evidence import Evidence
from voice_livemind.transcribe.language import SpokenLanguage
from voice_livemind.turn import Turn
from voice_livemind.turns.machine import Commit, Lull, NoPause, Pause, Reopen, Resume, Start, TurnEvent, TurnMachine
from voice_livemind.turns.policy import Pauses, policy_named


class Conversation:
    """Owns the turns of one conversation and its history."""

    def __init__(self, around: Surroundings, speech: Callable[[Frame], float]) -> None:
        """``speech``: the probability that a frame is speech, 0 for none; asked in their order.

        Raises UserError for a policy that does not exist.
        """
        self._around = around
        self._speech = speech
        self._machine = TurnMachine(around.settings.turns)
        self._commit_after_s = policy_named(around.settings.turns.policy)
        self._pauses = Pauses()
        self._language = SpokenLanguage(around.settings.transcribe.language)
        self._sound = TurnSound()
        self._next_pass_s = 0.0
        self._history: list[Exchange] = []
        self._turn: Turn | None = None
        self._running: asyncio.Task[None] | None = None
        self.records: list[TurnRecord] = []
        self.empty: list[TurnRecord] = []
        """Turns in which nothing was said that is to be believed."""

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
        speech = self._speech(frame)
        event = self._machine.step(frame.start_s, frame.end_s, speech)
        self._sound.add(frame, speech > 0, in_turn=not self._machine.idle)
        if event is not None:
            await self._follow(event)
        elif self._turn is not None and self._machine.speaking and frame.end_s >= self._next_pass_s:
            self._turn.spoken(frame.end_s)
            self._next_pass_s = frame.end_s + self._around.settings.transcribe.pass_every_s

    async def _follow(self, event: TurnEvent) -> None:
        if isinstance(event, Reopen) and (self._turn is None or self._running is None or self._running.done()):
            event = Start(event.speech_start_s)
        if isinstance(event, Start | Resume | Reopen):
            self._next_pass_s = event.speech_start_s + self._around.settings.transcribe.pass_every_s
        if isinstance(event, Start):
            await self._start_turn(event.speech_start_s)
            return
        assert self._turn is not None
        match event:
            case Lull(speech_end_s):
                self._turn.lulled(speech_end_s)
            case NoPause(speech_start_s):
                self._turn.went_on(speech_start_s)
            case Pause(speech_end_s):
                self._pauses.begin(speech_end_s)
                self._turn.paused(speech_end_s)
            case Resume(speech_start_s):
                self._pauses.end(speech_start_s)
                self._turn.resumed(speech_start_s)
            case Commit(speech_end_s):
                self._turn.committed(speech_end_s)
            case Reopen(speech_start_s):
                self._pauses.end(speech_start_s)
                self._turn.reopened(speech_start_s)

    async def _start_turn(self, speech_start_s: float) -> None:
        await self._end_turn()
        self._sound.start(speech_start_s)
        history = tuple(self._history)
        number = len(self.records) + 1
        self._turn = Turn(number, speech_start_s, self._sound, history, self._around, self._language, self._understood)
        self._running = asyncio.create_task(self._turn.run())

    def _understood(self, evidence: Evidence, speech_end_s: float) -> None:
        """The words before a pause are known: so is how long the pause must be to end the turn."""
        self._pauses.understood(speech_end_s, evidence)
        self._machine.judge(speech_end_s, self._commit_after_s(evidence, self._pauses.lasted_s))

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
        else:
            self.empty.append(turn.record)
