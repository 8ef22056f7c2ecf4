"""Stand-ins for the models, on virtual time: each says what it is told to, after a delay that it is told."""

import asyncio
import re
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import numpy as np

from voice_livemind import clock
from voice_livemind.bench.spoken_text import Said, SpokenText
from voice_livemind.clock import Clock
from voice_livemind.config import load_settings
from voice_livemind.conversation import Conversation
from voice_livemind.hear.frames import RATE_HZ
from voice_livemind.hear.recording import play_frames
from voice_livemind.hear.turn_sound import Chunk
from voice_livemind.modes import MODES
from voice_livemind.play.track import Track
from voice_livemind.record.turn import TurnRecord
from voice_livemind.serving.chat import Completion, Message, ModelError, Usage
from voice_livemind.sound import Sound
from voice_livemind.stations import Stations
from voice_livemind.surroundings import Surroundings
from voice_livemind.transcribe.hypothesis import Hypothesis
from voice_livemind.view.controls import Controls
from voice_livemind.view.state import Shown

T = TypeVar("T")

VOICE_RATE_HZ = 1000
TIMES = ("turns.min_speech_s=0.12", "turns.pause_s=0.3", "turns.policy=fixed-1000ms")
SECONDS_A_WORD = 0.3


def on_virtual_time(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` where sleeping takes no time."""
    return clock.run(main, "stepped")


class ScriptedModel:
    """Answers with ``replies`` in turn, the last of them from then on: a word every ``token_s``."""

    def __init__(self, *replies: str, first_token_s: float = 0.2, token_s: float = 0.05) -> None:
        self.replies = replies
        self.first_token_s = first_token_s
        self.token_s = token_s
        self.asked: list[list[Message]] = []
        self.remembered: list[list[Message]] = []
        self.budgets: list[int] = []
        self.cancelled = 0

    @asynccontextmanager
    async def ask(
        self,
        messages: Sequence[Message],
        max_tokens: int,
        stop: Sequence[str] = (),
        *,
        choices: Sequence[str] = (),
        priority: int = 0,
    ) -> AsyncIterator[Completion]:
        del choices, priority
        self.asked.append(list(messages))
        self.budgets.append(max_tokens)
        try:
            yield _ScriptedCompletion(self, self.replies[min(len(self.asked), len(self.replies)) - 1], max_tokens, stop)
        except (asyncio.CancelledError, GeneratorExit):
            self.cancelled += 1
            raise

    async def remember(self, messages: Sequence[Message]) -> None:
        """It only says later what it was to remember."""
        self.remembered.append(list(messages))


class _ScriptedCompletion:
    def __init__(self, model: ScriptedModel, text: str, max_tokens: int, stop: Sequence[str]) -> None:
        self._model = model
        for end in stop:
            text = text.split(end)[0]
        self._pieces = re.findall(r"\s*\S+", text)[:max_tokens]
        self.usage = Usage()

    async def __aiter__(self) -> AsyncIterator[str]:
        await asyncio.sleep(self._model.first_token_s)
        for number, piece in enumerate(self._pieces):
            if number:
                await asyncio.sleep(self._model.token_s)
            if "DIES" in piece:
                raise ModelError("the server is gone")
            self.usage.generated_tokens += 1
            yield piece


class Lines(Shown):
    """A view that remembers."""

    def __init__(self) -> None:
        super().__init__(Controls(), "scripted")
        self.said: list[tuple[str, float]] = []

    def clause(self, text: str, start_s: float, prepared: bool) -> None:
        super().clause(text, start_s, prepared)
        self.said.append((text, start_s))


class Dialogue:
    """Somebody who says sentences at given times, and an assistant with scripted models."""

    def __init__(self, *spoken: tuple[float, float, str]) -> None:
        """Each item: from when to when somebody speaks, and what the recogniser makes of it."""
        self.spoken = SpokenText([Said(*item) for item in spoken])
        self.thinker = ScriptedModel("noted = 1")
        self.speaker = ScriptedModel("It is one.")
        self.recognition_s = 0.25
        self.judgement_s = 0.0
        self.synthesis_s = 0.1
        """Until the first word of a clause is there."""
        self.rest_s = 0.05
        """From there until its other words are."""
        self.view = Lines()
        self.track: Track | None = None

    def replay(self, mode: str, *settings: str, tail_s: float = 2.0) -> list[TurnRecord]:
        """The records of the conversation, all times exact."""
        return on_virtual_time(self._converse(mode, settings, tail_s))

    async def _converse(self, mode: str, settings: Sequence[str], tail_s: float) -> list[TurnRecord]:
        now = Clock()
        self.track = Track(now, VOICE_RATE_HZ)
        around = Surroundings(
            load_settings(None, [*TIMES, *settings]), MODES[mode], self.stations(), now, self.track, self.view
        )
        conversation = Conversation(around, self.spoken.is_speech)
        samples = self.spoken.samples(tail_s)
        await conversation.listen(play_frames(samples, now), len(samples) / RATE_HZ)
        return conversation.records

    def stations(self) -> Stations:
        """The scripted models."""
        return Stations(self._recognize, self._hear_end, self.thinker, self.speaker, self._synthesize, VOICE_RATE_HZ)

    async def _recognize(self, chunk: Chunk) -> Hypothesis:
        await asyncio.sleep(self.recognition_s)
        return await self.spoken.recognize(chunk)

    async def _hear_end(self, chunk: Chunk) -> float:
        await asyncio.sleep(self.judgement_s)
        return await self.spoken.hear_end(chunk)

    async def _synthesize(self, text: str) -> AsyncIterator[Sound]:
        await asyncio.sleep(self.synthesis_s)
        words = len(text.split())
        ends_s = tuple(SECONDS_A_WORD * number for number in range(1, words + 1))
        samples = np.full(round(words * SECONDS_A_WORD * VOICE_RATE_HZ), 0.5, np.float32)
        first = round(SECONDS_A_WORD * VOICE_RATE_HZ)
        yield Sound(samples[:first], VOICE_RATE_HZ, ends_s)
        if words > 1:
            await asyncio.sleep(self.rest_s)
            yield Sound(samples[first:], VOICE_RATE_HZ)
